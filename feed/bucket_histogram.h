// A histogram with the buckets of a metric: how many values were at most each bound.
//
// Values are whole numbers of whatever unit (microseconds, deltas); the metric's page scales them. Bounds are shared and
// outlive it. A value costs a few comparisons and no lock. Knows no metric.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace touchline {

class BucketHistogram {
 public:
  // Ascending, from 0 on; what is above the last one is counted in a bucket of its own.
  explicit BucketHistogram(std::span<const std::int64_t> bounds)
      : bounds_(bounds), counts_(bounds.size() + 1) {
    for (std::size_t bits = 1; bits < first_.size(); ++bits) {
      const std::uint64_t least = std::uint64_t{1} << (bits - 1);
      const auto holds = [&](std::int64_t bound) { return static_cast<std::uint64_t>(bound) >= least; };
      first_[bits] = static_cast<std::uint8_t>(std::ranges::find_if(bounds, holds) - bounds.begin());
    }
  }

  void add(std::int64_t value) {
    value = std::max<std::int64_t>(value, 0);
    std::size_t bucket = first_[static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(value)))];
    while (bucket < bounds_.size() && value > bounds_[bucket])
      ++bucket;
    ++counts_[bucket];
    ++count_;
    sum_ += value;
  }

  std::span<const std::int64_t> bounds() const { return bounds_; }
  // One more than there are bounds, each without those below it.
  std::span<const std::uint64_t> counts() const { return counts_; }
  std::uint64_t count() const { return count_; }
  std::int64_t sum() const { return sum_; }

 private:
  std::span<const std::int64_t> bounds_;
  std::array<std::uint8_t, 64> first_{};  // bucket that may hold a value, by how many bits it has
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::int64_t sum_ = 0;
};

// How many deltas a commit holds.
inline constexpr std::array<std::int64_t, 11> batch_bounds{0, 1, 2, 5, 10, 25, 50, 100, 500, 1'000, 5'000};

// In microseconds: of what should take milliseconds, and of what comes from afar.
inline constexpr std::array<std::int64_t, 15> short_bounds_us{
    250,     500,     1'000,   2'500,     5'000,     10'000,    25'000,    50'000,
    100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000};
inline constexpr std::array<std::int64_t, 15> long_bounds_us{
    5'000,     10'000,    25'000,    50'000,     100'000,    250'000,    500'000,    1'000'000,
    2'000'000, 3'000'000, 5'000'000, 10'000'000, 30'000'000, 60'000'000, 300'000'000};

}  // namespace touchline
