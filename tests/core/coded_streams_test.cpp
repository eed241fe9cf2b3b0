// The groups that a publisher of coded updates has under way.

#include "core/coded/streams.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace touchline {
namespace {

constexpr EventHandle event(1);

// One event whose price goes up and up.
struct Prices {
  Prices() { state.set(Address(0, 0, Field::id), "e"); }

  void add() {
    Delta delta;
    const Address at(0, 0, Field::home_score);
    delta.add(at, state.get(at), Value::of(++price));
    delta.kind = class_of(delta);
    state.set(at, price);
    streams.add(coded, event, state, delta, 0, Offset(++offset), 100);
  }
  void leave_out() {
    ++offset;
    streams.leave_out(coded, event);
  }
  // Of each update, the offset that its group begins at.
  std::vector<std::uint64_t> groups() const {
    std::vector<std::uint64_t> groups;
    for (const auto& update : coded.updates)
      groups.push_back(update.group.value);
    return groups;
  }

  coded::Streams streams{4};
  CodedUpdates coded;
  EventState state;
  std::int64_t price = 0;
  std::uint64_t offset = 0;
};

TEST(CodedStreams, BeginANewGroupBehindADeltaThatIsLeftOut) {
  Prices prices;
  prices.add();
  prices.add();
  prices.leave_out();
  prices.add();
  prices.add();
  EXPECT_EQ(prices.groups(), (std::vector<std::uint64_t>{1, 1, 0, 4, 4}));
  EXPECT_TRUE(prices.coded.updates[3].first);
  EXPECT_TRUE(prices.coded.update(2).empty());
}

TEST(CodedStreams, BeginANewGroupWhereTheStateWasReplaced) {
  Prices prices;
  prices.add();
  prices.streams.end_group(event);
  prices.add();
  EXPECT_EQ(prices.groups(), (std::vector<std::uint64_t>{1, 2}));
}

TEST(CodedStreams, EndAGroupSoonerWhereItIsWanted) {
  Prices prices;
  prices.add();
  prices.streams.want_group(event);
  for (std::uint32_t i = 0; i < coded::updates_per_group_min; ++i)
    prices.add();
  EXPECT_EQ(prices.coded.updates[coded::updates_per_group_min - 1].group, Offset(1));
  EXPECT_TRUE(prices.coded.updates.back().first);
}

}  // namespace
}  // namespace touchline
