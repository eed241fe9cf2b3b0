// One cell of an event's table: its address and its value.
//
// An address is (market, outcome, field, level), packed so that numeric order is table order: market 0 is the
// event itself, outcome 0 the market itself. A value is an integer in the field's unit or a text; an address
// holds one or the other, never both. Knows nothing of where cells are kept.
#pragma once

#include "core/fields.h"

#include <compare>
#include <cstdint>
#include <string_view>

namespace touchline {

// A row is (market, outcome); within it a key is (field, level).
struct RowKey {
  std::uint32_t packed = 0;  // field << 24 | level

  constexpr RowKey() = default;
  constexpr RowKey(Field field, std::uint32_t level)
      : packed(static_cast<std::uint32_t>(field) << 24 | (level & 0xFFFFFFU)) {}
  constexpr Field field() const { return static_cast<Field>(packed >> 24); }
  constexpr std::uint32_t level() const { return packed & 0xFFFFFFU; }
  constexpr auto operator<=>(const RowKey&) const = default;
};

struct Address {
  std::uint64_t packed = 0;  // market:20 outcome:12 field:8 level:24

  constexpr Address() = default;
  constexpr Address(std::uint32_t market, std::uint32_t outcome, RowKey key)
      : packed(static_cast<std::uint64_t>(market) << 44 | static_cast<std::uint64_t>(outcome & 0xFFFU) << 32 |
               key.packed) {}
  constexpr Address(std::uint32_t market, std::uint32_t outcome, Field field, std::uint32_t level = 0)
      : Address(market, outcome, RowKey(field, level)) {}

  constexpr std::uint32_t market() const { return static_cast<std::uint32_t>(packed >> 44); }
  constexpr std::uint32_t outcome() const { return static_cast<std::uint32_t>(packed >> 32) & 0xFFFU; }
  constexpr Field field() const { return key().field(); }
  constexpr std::uint32_t level() const { return key().level(); }
  constexpr RowKey key() const {
    RowKey key;
    key.packed = static_cast<std::uint32_t>(packed);
    return key;
  }
  constexpr auto operator<=>(const Address&) const = default;
};

// Ladder levels from here on are numbers of exact_price literals, not prices.
inline constexpr std::uint32_t exact_price_level = 1U << 23;

// The level of the event's owner cell that speaks of another of its own cells: a field's number, or an attribute's
// number above all of those.
inline constexpr std::uint32_t attribute_owner_level = 256;
constexpr std::uint32_t owner_level(Address at) {
  return at.field() == Field::attribute ? attribute_owner_level + at.level()
                                        : static_cast<std::uint32_t>(at.field());
}

enum class ValueKind : std::uint8_t { none, integer, text };

// A value as it is looked at: a text is borrowed from whoever holds it.
struct Value {
  ValueKind kind = ValueKind::none;
  std::int64_t integer = 0;
  std::string_view text;

  static Value of(std::int64_t integer) { return {ValueKind::integer, integer, {}}; }
  static Value of(std::string_view text) { return {ValueKind::text, 0, text}; }
  explicit operator bool() const { return kind != ValueKind::none; }
  bool operator==(const Value&) const = default;
};

}  // namespace touchline
