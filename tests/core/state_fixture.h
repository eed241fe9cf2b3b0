// States and deltas for tests: made at random, compared cell by cell, and shown in words.
//
// Knows the cells that an event may have and that markets and outcomes are numbered densely with their ids.
// The comparison is by value and by its own means (a plain map), so that diff and digest can be tested with
// it. Helpers of tests only.
#pragma once

#include "core/block_layout.h"
#include "core/delta.h"
#include "core/event_state.h"
#include "core/ticks.h"
#include "tests/core/random_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace touchline::test {

using PlainValue = std::variant<std::int64_t, std::string>;
using PlainTable = std::map<Address, PlainValue>;

inline std::string words(Address at) {
  std::string words = "(";
  words += std::to_string(at.market()) + "," + std::to_string(at.outcome()) + ",";
  return words.append(name_of(at.field())) + "," + std::to_string(at.level()) + ")";
}

inline std::string words(const Value& value) {
  switch (value.kind) {
    case ValueKind::none:
      return "nothing";
    case ValueKind::integer:
      return std::to_string(value.integer);
    case ValueKind::text:
      return std::string("'").append(value.text) + "'";
  }
  return "unknown";
}

inline PlainTable table_of(const EventState& state) {
  PlainTable table;
  state.for_each([&](Address at, const Value& value) {
    if (value.kind == ValueKind::integer) {
      table.emplace(at, value.integer);
    } else {
      table.emplace(at, std::string(value.text));
    }
  });
  return table;
}

inline Value value_of(const PlainValue& plain) {
  const auto* integer = std::get_if<std::int64_t>(&plain);
  return integer != nullptr ? Value::of(*integer) : Value::of(std::string_view(std::get<std::string>(plain)));
}

// The same cells, and digests that agree with them.
inline testing::AssertionResult same_cells(const EventState& a, const EventState& b) {
  const PlainTable left = table_of(a);
  const PlainTable right = table_of(b);
  for (const auto& [at, value] : left) {
    const auto found = right.find(at);
    const std::string other = found == right.end() ? "nothing" : words(value_of(found->second));
    if (found == right.end() || found->second != value) {
      return testing::AssertionFailure() << words(at) << " is " << words(value_of(value)) << " and " << other;
    }
  }
  for (const auto& [at, value] : right) {
    if (!left.contains(at)) {
      return testing::AssertionFailure() << words(at) << " is nothing and " << words(value_of(value));
    }
  }
  if (a.digest() != b.digest()) return testing::AssertionFailure() << "digests differ over the same cells";
  if (a.digest() != a.digest_from_scratch()) return testing::AssertionFailure() << "digest not kept up";
  return testing::AssertionSuccess();
}

inline std::vector<std::string> words(const Delta& delta) {
  std::vector<std::string> lines;
  for (const Change& change : delta.changes) {
    lines.push_back(words(change.at) + ": " + words(delta.before(change)) + " -> " +
                    words(delta.now(change)));
  }
  return lines;
}

// Equal in every field that travels: all but the ingest time.
inline testing::AssertionResult same_delta(const Delta& a, const Delta& b) {
  const auto differ = [](const char* what) { return testing::AssertionFailure() << what << " differs"; };
  if (a.seq != b.seq) return differ("seq");
  if (a.merged != b.merged) return differ("merged");
  if (a.source_time_ms != b.source_time_ms) return differ("source time");
  if (a.kind != b.kind) return differ("class");
  if (a.cause != b.cause) return differ("cause");
  const auto left = words(a);
  const auto right = words(b);
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    const std::string one = i < left.size() ? left[i] : "no change";
    const std::string other = i < right.size() ? right[i] : "no change";
    if (one != other) return testing::AssertionFailure() << one << " against " << other;
  }
  return testing::AssertionSuccess();
}

inline testing::AssertionResult is_normal(const Delta& delta) {
  for (std::size_t i = 0; i < delta.changes.size(); ++i) {
    const Change& change = delta.changes[i];
    if (i != 0 && !(delta.changes[i - 1].at < change.at)) {
      return testing::AssertionFailure() << words(change.at) << " is out of order or there twice";
    }
    if (delta.before(change) == delta.now(change)) {
      return testing::AssertionFailure() << words(change.at) << " does not change";
    }
  }
  return testing::AssertionSuccess();
}

// Where every cell is that an event can have: all fields, prices on and off the ticks, exact ones and ranks.
class RandomCells {
 public:
  explicit RandomCells(Random& random) : random_(random) {}

  std::uint32_t level(Field field) {
    if (is_price_ladder(field)) {
      switch (random_.below(6)) {
        case 0:
          return static_cast<std::uint32_t>(random_.below(120'000));
        case 1:
          return exact_price_level + static_cast<std::uint32_t>(random_.below(4));
        case 2:
          return random_.one_in(2) ? exact_price_level - 1 : (1U << 24) - 1;
        default:
          return price_of_tick(static_cast<std::uint32_t>(random_.below(tick_count)));
      }
    }
    if (!block_layout::has_levels(field)) return 0;
    if (field == Field::owner || field == Field::attribute)
      return static_cast<std::uint32_t>(random_.below(400));
    return static_cast<std::uint32_t>(random_.below(field == Field::feed ? 4 : 12));
  }

  Field field() {
    constexpr std::array fields{Field::attribute,
                                Field::status,
                                Field::in_play,
                                Field::version,
                                Field::bet_delay,
                                Field::total_matched,
                                Field::price,
                                Field::last_price,
                                Field::back,
                                Field::lay,
                                Field::traded,
                                Field::sp_back,
                                Field::sp_lay,
                                Field::best_back,
                                Field::best_lay,
                                Field::best_display_back,
                                Field::best_display_lay,
                                Field::sp_near,
                                Field::sp_far,
                                Field::handicap,
                                Field::home_score,
                                Field::away_score,
                                Field::clock_ms,
                                Field::start_time,
                                Field::feed,
                                Field::name,
                                Field::type,
                                Field::sport,
                                Field::competition,
                                Field::period,
                                Field::attribute_name,
                                Field::exact_price,
                                Field::owner};
    // Ladders are most of what moves.
    return random_.one_in(2) ? random_.pick(fields) : random_.pick(ladders);
  }

  Address address(const EventState& state) {
    const auto market = static_cast<std::uint32_t>(random_.below(state.market_count()));
    const auto outcome = static_cast<std::uint32_t>(random_.below(state.outcome_count(market)));
    const Field in = field();
    return {market, outcome, in, level(in)};
  }

  // One more change: mostly integers, some texts, some erasures, also of one kind over the other.
  void change(EventState& state) {
    if (random_.one_in(12)) return grow(state);
    const Address at = random_.one_in(2) ? some_cell(state) : address(state);
    if (at.field() == Field::id) return;
    switch (random_.below(8)) {
      case 0:
      case 1:
        state.erase(at);
        break;
      case 2:
        state.set(at, random_.text());
        break;
      default:
        state.set(at, random_.integer());
        break;
    }
  }

  // A further market or outcome, with its id, as numbers are given: densely.
  void grow(EventState& state) {
    const auto market = static_cast<std::uint32_t>(random_.below(state.market_count() + 1));
    if (market != state.market_count() && market != 0) {
      return name(state, Address(market, state.outcome_count(market), Field::id));
    }
    name(state, Address(state.market_count(), 0, Field::id));
  }

  EventState state() {
    EventState state;
    name(state, Address(0, 0, Field::id));
    for (std::uint64_t left = random_.below(30); left != 0; --left)
      change(state);
    state.seq = Seq(random_.below(1'000'000));
    state.source_time_ms = random_.between(0, 1'800'000'000'000);
    return state;
  }

  // A few changes more, a seq and a source time of its own.
  EventState after(const EventState& before) {
    EventState state = before;
    for (std::uint64_t left = 1 + random_.below(12); left != 0; --left)
      change(state);
    state.seq = before.seq.next();
    state.source_time_ms += random_.one_in(4) ? random_.between(-100'000, 100'000) : random_.between(0, 500);
    return state;
  }

 private:
  static constexpr std::array ladders{Field::back,   Field::lay,       Field::traded,   Field::sp_back,
                                      Field::sp_lay, Field::best_back, Field::best_lay, Field::last_price};

  void name(EventState& state, Address at) { state.set(at, "id " + std::to_string(at.packed >> 32)); }

  Address some_cell(const EventState& state) {
    Address found = address(state);
    std::uint64_t left = random_.below(state.cell_count());
    state.for_each([&](Address at, const Value&) {
      if (left-- == 0) found = at;
    });
    return found;
  }

  Random& random_;
};

}  // namespace touchline::test
