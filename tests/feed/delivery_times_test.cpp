// Times of live updates, which are counted with the commit that they are in and no sooner.

#include "feed/delivery_times.h"

#include <gtest/gtest.h>

namespace touchline {
namespace {

TEST(DeliveryTimesTest, CountsAnUpdateWhenItsCommitIsDone) {
  DeliveryTimes times;
  times.took(SourceId(2), 1'000, 1'040'000);
  times.handed_over();
  times.took(SourceId(2), 1'500, 1'540'000);  // for the next commit
  times.committed(1'043'000);
  EXPECT_EQ(times.receive_to_durable_us().count(), 1U);
  EXPECT_EQ(times.receive_to_durable_us().sum(), 3'000);
  ASSERT_EQ(times.sources().size(), 2U);
  EXPECT_EQ(times.sources()[1].to_publish_us.sum(), 43'000);
  EXPECT_EQ(times.sources()[0].to_publish_us.count(), 0U);
  times.handed_over();
  times.committed(1'550'000);
  EXPECT_EQ(times.receive_to_durable_us().sum(), 13'000);
}

TEST(DeliveryTimesTest, KnowsOfAnUpdateWithoutATimeOnlyWhenItCame) {
  DeliveryTimes times;
  times.took(SourceId(1), 0, 5'000);
  times.handed_over();
  times.committed(6'000);
  EXPECT_EQ(times.receive_to_durable_us().count(), 1U);
  EXPECT_TRUE(times.sources().empty());
}

TEST(DeliveryTimesTest, RemembersAClockThatIsAheadUntilItIsAsked) {
  DeliveryTimes times;
  times.took(SourceId(1), 9'000, 2'000'000);
  times.handed_over();
  times.committed(2'100'000);
  EXPECT_EQ(times.sources()[0].to_publish_us.sum(), 0);
  EXPECT_EQ(times.take_ahead_us(SourceId(1)), 7'000'000);
  EXPECT_EQ(times.take_ahead_us(SourceId(1)), 0);
  EXPECT_EQ(times.take_ahead_us(SourceId(7)), 0);
}

TEST(DeliveryTimesTest, KeepsABoundedNumber) {
  DeliveryTimes times;
  for (int i = 0; i < 100'000; ++i)
    times.took(SourceId(1), 0, 1);
  times.handed_over();
  times.committed(2);
  EXPECT_EQ(times.receive_to_durable_us().count(), 16'384U);
}

TEST(BucketHistogramTest, PutsAValueInTheFirstBucketThatHoldsIt) {
  BucketHistogram histogram(batch_bounds);
  for (const std::int64_t value : {-5, 0, 1, 3, 5'000, 5'001})
    histogram.add(value);
  EXPECT_EQ(histogram.counts()[0], 2U);
  EXPECT_EQ(histogram.counts()[1], 1U);
  EXPECT_EQ(histogram.counts()[3], 1U);
  EXPECT_EQ(histogram.counts()[10], 1U);
  EXPECT_EQ(histogram.counts()[11], 1U);
  EXPECT_EQ(histogram.sum(), 10'005);
}

}  // namespace
}  // namespace touchline
