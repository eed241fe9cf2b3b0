// The beginning of a coded update, for both ends: its time, its kind and its texts.
//
// Written once like the rows (update_walk.h): with an encoder values are told, with a decoder they are read. What is a
// text is told before all rows, in order of address. Knows no group.
#pragma once

#include "core/coded/contexts.h"
#include "core/coded/model.h"
#include "core/coded/symbols.h"
#include "core/coded/update_walk.h"
#include "core/delta.h"
#include "core/limits.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace touchline::coded {

// Texts of one kind are guessed from each other. `called` is what AttributeNames says of an attribute. Names of attributes
// follow each other in the same order, from another number on.
inline std::uint32_t text_kind(Address at, bool has_old, std::uint32_t called) {
  const std::uint32_t row = at.market() == 0 ? 0U : at.outcome() == 0 ? 1U : 2U;
  std::uint32_t level = at.level();
  if (at.field() == Field::attribute_name) level = 0;
  if (at.field() == Field::attribute) level = called >> 8;
  return static_cast<std::uint32_t>(at.field()) | (level & 0xFFFFU) << 6 | row << 24 |
         (has_old ? 1U << 31 : 0);
}

template <class Coder>
struct HeaderWalk {
  Coder& coder;
  Model& model;
  Symbols<Coder> symbols{coder, model.slots()};

  // Best prices that a ladder of them has; told once in a group.
  void best_ranks(std::uint32_t told) {
    model.best_ranks = symbols.tree(context(Ask::best_ranks), 5, std::min(told, best_ranks_max));
  }

  std::int64_t time_step(std::int64_t told) { return symbols.step(context(Ask::time), 8, told); }
  bool has_texts(bool told) { return symbols.bit(context(Ask::has_texts), told); }

  // The cause, and whether the class is another than its changes say; false: neither is as usual.
  struct Kind {
    bool other_class = false;
    Cause cause = Cause::source;
  };
  Kind kind(Kind told) {
    const bool usual = !told.other_class && told.cause == Cause::source;
    if (!symbols.bit(context(Ask::extended), !usual)) return {};
    told.other_class = symbols.bit(context(Ask::critical), told.other_class);
    told.cause =
        static_cast<Cause>(symbols.tree(context(Ask::cause), 3, static_cast<std::uint32_t>(told.cause)));
    return told;
  }

  std::uint64_t text_count(std::uint64_t told) {
    return 1 + symbols.number(context(Ask::text_count), 12, told - 1);
  }

  // The address behind `previous`; none: there cannot be such a one.
  std::optional<Address> text_address(Address previous, bool first, Address told) {
    const std::uint32_t market_step = told.market() - previous.market();
    const auto row_kind = [](Address at) {
      return (at.market() == 0    ? 0U
              : at.outcome() == 0 ? 1U
                                  : 2U)
                 << 6 |
             static_cast<std::uint32_t>(at.field());
    };
    const std::uint32_t from = first ? 0 : 1 + row_kind(previous);
    const std::uint64_t market =
        previous.market() + symbols.number(context(Ask::text_market, from), 12, market_step);
    if (market >= limits::markets_per_event) return std::nullopt;
    const bool same_market = market == previous.market();
    const std::uint64_t outcome_before = same_market ? previous.outcome() : 0;
    const std::uint64_t outcome =
        outcome_before + symbols.number(context(Ask::text_outcome, from, same_market ? 1 : 0), 12,
                                        told.outcome() - outcome_before);
    if (outcome > limits::outcomes_per_market) return std::nullopt;
    const bool same_row = same_market && outcome == outcome_before && !first;
    const std::uint32_t field = symbols.tree(context(Ask::text_field, from, same_row ? 1 : 0), 6,
                                             static_cast<std::uint32_t>(told.field()));
    if (field >= field_count) return std::nullopt;
    const bool same_field = same_row && field == static_cast<std::uint32_t>(previous.field());
    const std::uint64_t level_before = same_field ? std::uint64_t{previous.level()} + 1 : 0;
    const std::uint32_t near = same_field ? 1 + std::min(previous.level(), 62U) : 0;
    const std::uint64_t level =
        level_before + symbols.number(context(Ask::text_level, field, near), 12, told.level() - level_before);
    if (level >= limits::levels_per_field) return std::nullopt;
    const Address at(static_cast<std::uint32_t>(market), static_cast<std::uint32_t>(outcome),
                     static_cast<Field>(field), static_cast<std::uint32_t>(level));
    if (!first && at <= previous) return std::nullopt;
    return at;
  }

  bool text_erased(Address at, bool told) {
    return symbols.bit(context(Ask::text_erased, static_cast<std::uint32_t>(at.field())), told);
  }

  // A text that stands in for another: what they share at the beginning and at the end, and what is new between.
  // False: it cannot be.
  bool text(Address at, std::uint32_t called, std::string_view old, bool has_old, std::string_view told,
            std::string& read, std::size_t bytes_max = limits::text_bytes) {
    const auto field = static_cast<std::uint32_t>(at.field());
    std::uint64_t prefix = 0;
    std::uint64_t suffix = 0;
    if (has_old) {
      const std::size_t shorter = std::min(old.size(), told.size());
      while (prefix < shorter && old[prefix] == told[prefix])
        ++prefix;
      while (suffix < shorter - prefix && old[old.size() - 1 - suffix] == told[told.size() - 1 - suffix])
        ++suffix;
      prefix = symbols.number(context(Ask::text_prefix, field), 12, prefix);
      suffix = symbols.number(context(Ask::text_suffix, field), 12, suffix);
      if (prefix > old.size() || suffix > old.size() - prefix || prefix + suffix > bytes_max) return false;
    }
    std::string_view middle;
    if (Symbols<Coder>::encoding) middle = told.substr(prefix, told.size() - prefix - suffix);
    read.assign(old.substr(0, prefix));
    const bool said = model.texts().say(coder, model.slots() + text_slots_at, text_kind(at, has_old, called),
                                        middle, read, bytes_max - suffix);
    if (!said) return false;
    read.append(old.substr(old.size() - suffix));
    return true;
  }
};

}  // namespace touchline::coded
