// The digest of an event's state: 64 bits that both ends can compare.
//
// It is the sum, modulo 2^64, of a mixed hash of every cell, so a change costs by the cells that changed. The
// functions are part of the protocol (PROTOCOL.md, "Digest") and may never change under one protocol version.
#pragma once

#include "core/cell.h"

#include <cstdint>
#include <string_view>

namespace touchline {

// The finaliser of splitmix64 (Steele, Lea, Flood 2014).
constexpr std::uint64_t mix64(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xBF58476D1CE4E5B9U;
  x ^= x >> 27;
  x *= 0x94D049BB133111EBU;
  x ^= x >> 31;
  return x;
}

constexpr std::uint64_t fnv1a64(std::string_view bytes, std::uint64_t hash = 0xCBF29CE484222325U) {
  for (const char byte : bytes) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 0x100000001B3U;
  }
  return hash;
}

constexpr std::uint64_t cell_hash(Address at, std::int64_t value) {
  return mix64(mix64(at.packed + 0x9E3779B97F4A7C15U) + static_cast<std::uint64_t>(value));
}

constexpr std::uint64_t cell_hash(Address at, std::string_view text) {
  return mix64(mix64(at.packed + 0x3C6EF372FE94F82AU) + fnv1a64(text));
}

}  // namespace touchline
