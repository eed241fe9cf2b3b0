// A fingerprint of a stream of bytes, whatever pieces it comes in.
//
// Eight bytes at a time: what stands in front of a cursor is hashed on the hot path, byte for byte. Tells whether a
// recording is still what it was; no protection against somebody who means harm. Values copy.
#pragma once

#include "core/digest.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace touchline {

class StreamHash {
 public:
  void append(std::string_view bytes) {
    size_ += bytes.size();
    if (held_ != 0) {
      const std::size_t more = std::min(bytes.size(), sizeof(word_) - held_);
      hold(bytes.substr(0, more));
      if (held_ != sizeof(word_)) return;
      take(word_);
      word_ = held_ = 0;
      bytes.remove_prefix(more);
    }
    for (; bytes.size() >= sizeof(word_); bytes.remove_prefix(sizeof(word_))) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data(), sizeof(word));
      take(word);
    }
    hold(bytes);
  }

  // Of everything appended so far.
  std::uint64_t value() const { return mix64(hash_ ^ mix64(word_ + size_)); }

 private:
  static_assert(std::endian::native == std::endian::little, "a store may be carried to another machine");

  void take(std::uint64_t word) { hash_ = mix64(hash_ + 0x9E3779B97F4A7C15U) ^ word; }
  void hold(std::string_view bytes) {
    for (const char byte : bytes)
      word_ |= std::uint64_t{static_cast<unsigned char>(byte)} << (8 * held_++);
  }

  std::uint64_t hash_ = 0x243F6A8885A308D3U;
  std::uint64_t word_ = 0;  // what is held until it is a whole one
  std::uint64_t size_ = 0;
  std::size_t held_ = 0;
};

}  // namespace touchline
