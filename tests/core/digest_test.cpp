#include "core/digest.h"

#include "tests/core/state_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <unordered_set>
#include <vector>

namespace touchline {
namespace {

using test::Random;
using test::RandomCells;

// Golden values: peers compute the same, so these may never change under one protocol version.
TEST(Digest, IsTheOneOfTheProtocol) {
  EXPECT_EQ(mix64(1), 0x5692161D100B05E5U);
  EXPECT_EQ(fnv1a64("a"), 0xAF63DC4C8601EC8CU);
  EXPECT_EQ(fnv1a64("foobar"), 0x85944171F73967E8U);
  EXPECT_EQ(cell_hash(Address(1, 1, Field::back, 157), std::int64_t{12'050}), 0x0BB2D8E249CEAA9DU);
  EXPECT_EQ(cell_hash(Address(0, 0, Field::id), std::string_view("31573045")), 0x7B8BD24A1A1F70B3U);
}

TEST(Digest, OfAnEmptyStateIsZero) {
  EXPECT_EQ(EventState().digest(), 0U);
  EXPECT_EQ(EventState().digest_from_scratch(), 0U);
}

TEST(Digest, KeptStepByStepEqualsTheOneFromScratch) {
  Random random(1);
  for (int run = 0; run < 300; ++run) {
    RandomCells cells(random);
    EventState state = cells.state();
    for (int step = 0; step < 40; ++step) {
      cells.change(state);
      ASSERT_EQ(state.digest(), state.digest_from_scratch()) << "run " << run << " step " << step;
    }
  }
}

TEST(Digest, DoesNotDependOnTheOrderOfWriting) {
  Random random(2);
  for (int run = 0; run < 200; ++run) {
    const EventState state = RandomCells(random).state();
    std::vector<Address> order;
    state.for_each([&](Address at, const Value&) { order.push_back(at); });
    for (std::size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[random.below(i)]);
    EventState other;
    for (const Address at : order) {
      const Value value = state.get(at);
      // Detours leave no trace.
      other.set(at, random.integer());
      if (value.kind == ValueKind::integer) {
        other.set(at, value.integer);
      } else {
        other.set(at, value.text);
      }
    }
    EXPECT_EQ(other.digest(), state.digest());
  }
}

TEST(Digest, IsAnotherForEveryOtherCell) {
  std::unordered_set<std::uint64_t> seen;
  const auto is_new = [&](Address at, const Value& value) {
    EventState state;
    if (value.kind == ValueKind::integer) {
      state.set(at, value.integer);
    } else {
      state.set(at, value.text);
    }
    return seen.insert(state.digest()).second;
  };
  for (std::uint32_t market = 0; market < 4; ++market) {
    for (std::uint32_t outcome = 0; outcome < 4; ++outcome) {
      for (const Field field : {Field::attribute, Field::back, Field::lay, Field::name}) {
        for (std::uint32_t level = 0; level < 8; ++level) {
          const Address at(market, outcome, field, level);
          for (std::int64_t value = -4; value < 4; ++value)
            ASSERT_TRUE(is_new(at, Value::of(value)));
          for (const std::string_view text : {"", "0", "1", "a", "b"})
            ASSERT_TRUE(is_new(at, Value::of(text)));
        }
      }
    }
  }
}

TEST(Digest, OfAZeroIsNotThatOfNothing) {
  EventState state;
  state.set(Address(0, 0, Field::home_score), 0);
  EXPECT_NE(state.digest(), 0U);
  state.erase(Address(0, 0, Field::home_score));
  EXPECT_EQ(state.digest(), 0U);
}

}  // namespace
}  // namespace touchline
