// Constants and rules of the codec `blocks` that its writer and its reader share.
//
// The format alone: PROTOCOL.md, "Blocks", says the same in words. Knows no state and no delta.
#pragma once

#include "core/fields.h"

#include <cstdint>

namespace touchline::block_layout {

// First varint: zigzag(time step) << 2 | extended << 1 | has_texts.
inline constexpr unsigned time_shift = 2;
inline constexpr std::uint64_t extended = 2;
inline constexpr std::uint64_t has_texts = 1;

// The byte that follows when `extended` is set.
inline constexpr unsigned flag_critical = 1;
inline constexpr unsigned flag_merged = 2;
inline constexpr unsigned cause_shift = 2;  // three bits
inline constexpr unsigned cause_mask = 7;

// A row's varint: outcome << 2 | other_market << 1 | last_row.
inline constexpr std::uint64_t last_row = 1;
inline constexpr std::uint64_t other_market = 2;
inline constexpr unsigned outcome_shift = 2;
inline constexpr std::uint32_t first_market = 1;  // where the market count of a block starts

// A group's varint: code | last_group << 5 | several << 6.
inline constexpr std::uint64_t code_mask = 31;
inline constexpr std::uint64_t code_escape = 31;  // the field's number follows
inline constexpr std::uint64_t last_group = 32;
inline constexpr std::uint64_t several = 64;
inline constexpr unsigned raw_twin = 14;  // added to a price ladder's field: levels are prices, not ticks

// Whether cells of the field are told apart by level; the others have the level 0 and code none.
constexpr bool has_levels(Field f) {
  return is_ladder(f) || f == Field::attribute || f == Field::feed || f == Field::attribute_name ||
         f == Field::exact_price || f == Field::owner;
}

}  // namespace touchline::block_layout
