// How often an event is written in full: often enough for its past to be cheap, not so often that it is what costs.

#include "core/origin.h"
#include "tests/core/update_fixture.h"

#include <gtest/gtest.h>

#include <string>

namespace touchline {
namespace {

using test::updated;

// Deltas between two snapshots of an event with so many outcomes.
std::uint64_t deltas_between_snapshots(int outcomes) {
  Origin origin;
  const LineRef line = origin.add_line(origin.add_source());
  std::int64_t now_ms = 1'786'802'400'000;
  for (int o = 0; o < outcomes; ++o) {
    Update update = updated()
                        .at_ms(++now_ms)
                        .event("e")
                        .market("m")
                        .outcome("o" + std::to_string(o))
                        .set(Field::price, 150);
    EXPECT_TRUE(origin.take(line, update, now_ms));
  }
  std::uint64_t first = 0;
  (void)origin.take_batch();
  for (int i = 0; i < 20'000; ++i) {
    Update update =
        updated().at_ms(++now_ms).event("e").market("m").outcome("o0").set(Field::price, 150 + i % 7 + 1);
    EXPECT_TRUE(origin.take(line, update, now_ms));
    const Batch batch = origin.take_batch();
    if (batch.snapshots.empty()) continue;
    const std::uint64_t at = batch.snapshots.front().seq.value;
    if (first != 0) return at - first;
    first = at;
  }
  ADD_FAILURE() << "no two snapshots";
  return 0;
}

TEST(SnapshotPace, OfASmallEventIsAThousandDeltas) {
  EXPECT_EQ(deltas_between_snapshots(3), 1'000U);
  EXPECT_EQ(deltas_between_snapshots(1'500), 1'000U);
}

TEST(SnapshotPace, OfALargeEventGrowsWithItsCells) {
  // Two cells an outcome, and two of the event and its market.
  EXPECT_EQ(deltas_between_snapshots(2'000), 2'000U);
  EXPECT_EQ(deltas_between_snapshots(4'000), 3'000U);
}

}  // namespace
}  // namespace touchline
