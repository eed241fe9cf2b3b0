#include "core/event_state.h"

#include "tests/core/state_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

namespace touchline {
namespace {

using test::PlainTable;
using test::PlainValue;
using test::Random;
using test::RandomCells;
using test::same_cells;
using test::table_of;

constexpr Address price(1, 1, Field::back, 157);

std::optional<PlainValue> plain_of(const EventState::Before& before) {
  if (before.kind == ValueKind::integer) return before.integer;
  if (before.kind == ValueKind::text) return before.text;
  return std::nullopt;
}

// The plainest table there is, doing the same.
struct Model {
  std::optional<PlainValue> set(Address at, PlainValue value) {
    const auto before = get(at);
    cells.insert_or_assign(at, std::move(value));
    return before;
  }
  std::optional<PlainValue> erase(Address at) {
    const auto before = get(at);
    cells.erase(at);
    return before;
  }
  std::optional<PlainValue> get(Address at) const {
    const auto found = cells.find(at);
    return found == cells.end() ? std::nullopt : std::optional(found->second);
  }
  PlainTable cells;
};

TEST(EventState, HoldsWhatWasWrittenAndSaysWhatWasThere) {
  EventState state;
  EXPECT_FALSE(state.get(price));
  EXPECT_EQ(state.set(price, 5).kind, ValueKind::none);
  EXPECT_EQ(state.get(price), Value::of(5));
  EXPECT_EQ(state.set(price, 6).integer, 5);
  const auto integer = state.set(price, "12.345");
  EXPECT_EQ(integer.kind, ValueKind::integer);
  EXPECT_EQ(integer.integer, 6);
  EXPECT_EQ(state.get(price), Value::of("12.345"));
  EXPECT_EQ(state.integer(price), std::nullopt);
  EXPECT_EQ(state.set(price, 7).text, "12.345");
  EXPECT_EQ(state.erase(price).integer, 7);
  EXPECT_FALSE(state.get(price));
  EXPECT_EQ(state.erase(price).kind, ValueKind::none);
}

TEST(EventState, AnAddressHoldsAnIntegerOrATextAndNeverBoth) {
  EventState state;
  state.set(price, 5);
  state.set(price, "five");
  EXPECT_EQ(state.cell_count(), 1U);
  EXPECT_TRUE(state.cells(1, 1).keys.empty());
  state.set(price, 5);
  EXPECT_EQ(state.cell_count(), 1U);
  EXPECT_TRUE(state.texts(1, 1).empty());
}

TEST(EventState, DoesWhatAPlainTableDoes) {
  Random random(1);
  for (int run = 0; run < 400; ++run) {
    RandomCells cells(random);
    EventState state;
    Model model;
    state.set(Address(2, 2, Field::id), "x");
    model.set(Address(2, 2, Field::id), std::string("x"));
    for (std::uint32_t step = 0; step < 60; ++step) {
      const auto row = static_cast<std::uint32_t>(random.below(9));
      const Field field = random.one_in(3) ? cells.field() : Field::back;
      const Address at(row / 3, row % 3, field, random.one_in(3) ? cells.level(field) : 150 + step % 5);
      switch (random.below(3)) {
        case 0: {
          const std::int64_t value = random.integer();
          ASSERT_EQ(plain_of(state.set(at, value)), model.set(at, value));
          break;
        }
        case 1: {
          const std::string text = random.text();
          ASSERT_EQ(plain_of(state.set(at, text)), model.set(at, text));
          break;
        }
        default:
          ASSERT_EQ(plain_of(state.erase(at)), model.erase(at));
          break;
      }
      const auto now = model.get(at);
      ASSERT_EQ(state.get(at), now ? test::value_of(*now) : Value{});
    }
    ASSERT_EQ(table_of(state), model.cells) << "run " << run;
    ASSERT_EQ(state.cell_count(), model.cells.size());
    ASSERT_EQ(state.digest(), state.digest_from_scratch());
    std::size_t text_bytes = 0;
    for (const auto& [at, value] : model.cells) {
      if (const auto* text = std::get_if<std::string>(&value)) text_bytes += text->size();
    }
    ASSERT_EQ(state.text_bytes(), text_bytes);
  }
}

TEST(EventState, VisitsItsCellsInTheOrderOfTheTable) {
  Random random(2);
  for (int run = 0; run < 200; ++run) {
    const EventState state = RandomCells(random).state();
    std::vector<Address> visited;
    state.for_each([&](Address at, const Value& /*value*/) { visited.push_back(at); });
    EXPECT_TRUE(std::is_sorted(visited.begin(), visited.end()));
    EXPECT_EQ(std::adjacent_find(visited.begin(), visited.end()), visited.end());
    EXPECT_EQ(visited.size(), state.cell_count());
  }
}

TEST(EventState, CutsTheCellsOfOneFieldOutOfARow) {
  EventState state;
  state.set(Address(1, 1, Field::last_price), 150);
  for (const std::uint32_t level : {160U, 150U, 155U, (1U << 24) - 1, 0U}) {
    state.set(Address(1, 1, Field::back, level), std::int64_t{level} * 10);
  }
  state.set(Address(1, 1, Field::back, 152), "12.345");
  state.set(Address(1, 1, Field::lay, 0), 1);
  const auto ladder = state.cells(1, 1).field(Field::back);
  std::vector<std::uint32_t> levels;
  for (std::size_t i = 0; i < ladder.keys.size(); ++i) {
    levels.push_back(ladder.keys[i].level());
    EXPECT_EQ(ladder.keys[i].field(), Field::back);
    EXPECT_EQ(ladder.values[i], std::int64_t{levels[i]} * 10);
  }
  EXPECT_EQ(levels, (std::vector<std::uint32_t>{0, 150, 155, 160, (1U << 24) - 1}));
  EXPECT_TRUE(state.cells(1, 1).field(Field::traded).keys.empty());
  EXPECT_TRUE(state.cells(1, 1).field(Field::attribute).keys.empty());
  EXPECT_TRUE(state.cells(7, 0).field(Field::back).keys.empty());
}

TEST(EventState, CountsMarketsAndOutcomesUpToTheHighestNumber) {
  EventState state;
  EXPECT_EQ(state.market_count(), 0U);
  EXPECT_EQ(state.outcome_count(0), 0U);
  state.set(Address(3, 2, Field::price), 1);
  EXPECT_EQ(state.market_count(), 4U);
  EXPECT_EQ(state.outcome_count(3), 3U);
  EXPECT_EQ(state.outcome_count(2), 0U);
  state.erase(Address(3, 2, Field::price));
  EXPECT_EQ(state.market_count(), 4U);
}

TEST(EventState, LookingAndErasingMakeNoRows) {
  EventState state;
  state.set(Address(1, 1, Field::price), 1);
  EXPECT_FALSE(state.get(Address(5, 9, Field::price)));
  state.erase(Address(5, 9, Field::price));
  state.erase(Address(1, 9, Field::price));
  EXPECT_EQ(state.market_count(), 2U);
  EXPECT_EQ(state.outcome_count(1), 2U);
}

TEST(EventState, CopiesAreIndependent) {
  EventState state;
  state.set(price, 5);
  state.set(Address(0, 0, Field::name), "A v B");
  EventState copy = state;
  copy.set(price, 6);
  copy.set(Address(0, 0, Field::name), "C v D");
  EXPECT_EQ(state.get(price), Value::of(5));
  EXPECT_EQ(state.get(Address(0, 0, Field::name)), Value::of("A v B"));
  copy.set(price, 5);
  copy.set(Address(0, 0, Field::name), "A v B");
  EXPECT_TRUE(same_cells(state, copy));
}

TEST(EventState, HoldsTheEndsOfTheRange) {
  EventState state;
  for (const std::int64_t value :
       {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    state.set(price, value);
    EXPECT_EQ(state.integer(price), value);
    EXPECT_EQ(state.digest(), state.digest_from_scratch());
  }
  const Address last((1U << 20) - 1, (1U << 12) - 1, Field::owner, (1U << 24) - 1);
  EXPECT_EQ(last.market(), (1U << 20) - 1);
  EXPECT_EQ(last.outcome(), (1U << 12) - 1);
  EXPECT_EQ(last.field(), Field::owner);
  EXPECT_EQ(last.level(), (1U << 24) - 1);
}

TEST(EventState, ALiveCellOfALadderIsCheap) {
  EventState state;
  for (std::uint32_t market = 1; market <= 10; ++market) {
    for (std::uint32_t outcome = 1; outcome <= 10; ++outcome) {
      for (std::uint32_t level = 0; level < 100; ++level) {
        state.set(Address(market, outcome, Field::back, 101 + level), 1'000);
      }
    }
  }
  EXPECT_LE(state.memory_bytes(), 48 * state.cell_count());
}

}  // namespace
}  // namespace touchline
