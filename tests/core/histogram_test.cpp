#include "core/histogram.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace touchline {
namespace {

TEST(Histogram, NamesPercentilesAtMostOneBucketTooHigh) {
  Histogram histogram;
  for (std::int64_t us = 1; us <= 10'000; ++us)
    histogram.add(us * 1'000);
  EXPECT_EQ(histogram.count(), 10'000U);
  for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    const double exact_ms = share * 10;
    EXPECT_GE(histogram.percentile_ms(share), exact_ms) << share;
    EXPECT_LE(histogram.percentile_ms(share), exact_ms * 1.016) << share;
  }
  EXPECT_EQ(histogram.percentile_ms(1), 10);
  EXPECT_EQ(histogram.max_ms(), 10);
}

TEST(Histogram, CountsWhatIsAddedSeveralTimesAsOften) {
  Histogram histogram;
  histogram.add(1'000'000, 99);
  histogram.add(500'000'000);
  EXPECT_LE(histogram.percentile_ms(0.99), 1.016);
  EXPECT_EQ(histogram.percentile_ms(0.995), 500);
}

TEST(Histogram, AddsUpWithAnother) {
  Histogram one;
  Histogram other;
  one.add(1'000'000);
  other.add(3'000'000, 2);
  one.add(other);
  EXPECT_EQ(one.count(), 3U);
  EXPECT_EQ(one.max_ms(), 3);
  EXPECT_LE(one.percentile_ms(0.33), 1.016);
}

TEST(Histogram, HoldsZeroAndTheLongestDuration) {
  Histogram histogram;
  EXPECT_EQ(histogram.percentile_ms(0.5), 0);
  histogram.add(-5);  // a clock of two threads
  EXPECT_EQ(histogram.percentile_ms(1), 0);
  histogram.add(INT64_MAX);
  EXPECT_GT(histogram.percentile_ms(1), 9e12);
}

}  // namespace
}  // namespace touchline
