// What the codec `coded` tells apart when it guesses: the numbers of its contexts, and how they are mixed.
//
// A context is 32 bits made of what is asked for and of what both ends know at that place; its slot is found by a
// multiplication. PROTOCOL.md, "Contexts", has the same numbers. Knows no state and no coder.
#pragma once

#include "core/fields.h"

#include <cstdint>

namespace touchline::coded {

enum class Ask : std::uint32_t {
  time = 1,
  has_texts = 2,
  extended = 3,
  critical = 4,
  cause = 5,
  best_ranks = 6,
  last_market = 9,
  market = 10,
  more_markets = 11,
  more_rows = 12,
  outcome = 13,
  market_row = 14,
  field = 15,
  more_levels = 16,
  level = 17,
  far_level = 18,
  next_level = 19,
  erased = 20,
  undone = 21,
  recent = 22,
  which_recent = 23,
  size_step = 24,
  new_size = 25,
  less = 26,
  traded_twice = 27,
  traded_once = 28,
  last_on_tick = 29,
  last_step = 30,
  total = 31,
  market_total = 32,
  scalar = 33,
  derived = 34,
  raw_level = 35,
  rank_price = 36,
  listed_level = 37,
  whole = 38,
  moved = 39,
  next_outcome = 51,
  payout = 52,
  field_beside = 53,
  text_count = 40,
  text_market = 41,
  text_outcome = 42,
  text_field = 43,
  text_level = 44,
  text_erased = 45,
  text_prefix = 46,
  text_suffix = 47,
  text_as_guessed = 48,
  text_ends = 49,
  text_byte = 50,
};

constexpr std::uint32_t context(Ask ask, std::uint32_t a = 0, std::uint32_t b = 0) {
  return (static_cast<std::uint32_t>(ask) * 0x01000193U + a * 0x9E3779B1U) ^ ((b + 1) * 0x85EBCA77U);
}

constexpr std::uint32_t mixed(std::uint32_t a, std::uint32_t b) {
  const std::uint32_t h = (a ^ (b * 0x2C1B3C6DU)) * 0x85EBCA6BU;
  return h ^ (h >> 15);
}

// Slots for cells, and behind them those for the bytes of texts.
inline constexpr unsigned cell_slot_bits = 14;
inline constexpr unsigned text_slot_bits = 12;
inline constexpr std::uint32_t text_slots_at = 1U << cell_slot_bits;
inline constexpr std::uint32_t slot_count = text_slots_at + (1U << text_slot_bits);
constexpr std::uint32_t slot_of(std::uint32_t context, unsigned bits) {
  return (context * 0x9E3779B1U) >> (32 - bits);
}

template <class Number>
constexpr Number within(Number value, Number low, Number high) {
  return value < low ? low : value > high ? high : value;
}

}  // namespace touchline::coded
