// A histogram of durations with a bounded relative error, as HdrHistogram has it.
//
// 64 buckets for every power of two: a percentile is at most 1.6% too high. Nanoseconds from 0 to 2^63. Values
// add and copy; no lock, no clock.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace touchline {

class Histogram {
 public:
  void add(std::int64_t duration_ns, std::uint64_t times = 1) {
    const std::uint64_t value = duration_ns > 0 ? static_cast<std::uint64_t>(duration_ns) : 0;
    counts_[bucket(value)] += times;
    count_ += times;
    if (value > max_) max_ = value;
  }

  void add(const Histogram& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i)
      counts_[i] += other.counts_[i];
    count_ += other.count_;
    if (other.max_ > max_) max_ = other.max_;
  }

  std::uint64_t count() const { return count_; }
  double max_ms() const { return static_cast<double>(max_) / 1e6; }

  // The least duration in ms that a share of all of them, from 0 to 1, does not pass; 0 when there are none.
  double percentile_ms(double share) const {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size() && count_ != 0; ++i) {
      seen += counts_[i];
      if (seen >= wanted && seen != 0)
        return static_cast<double>(most_of(i) < max_ ? most_of(i) : max_) / 1e6;
    }
    return 0;
  }

 private:
  static constexpr unsigned precision_bits = 6;
  static constexpr std::uint64_t per_power = 1U << precision_bits;

  static std::size_t bucket(std::uint64_t value) {
    if (value < per_power) return value;
    const auto power = static_cast<unsigned>(std::bit_width(value)) - precision_bits - 1;
    return static_cast<std::size_t>((std::uint64_t{power} << precision_bits) + (value >> power));
  }
  static std::uint64_t most_of(std::size_t bucket) {
    if (bucket < per_power) return bucket;
    const auto power = (bucket >> precision_bits) - 1;
    return ((std::uint64_t{per_power} + (bucket & (per_power - 1)) + 1) << power) - 1;
  }

  std::array<std::uint64_t, (64 - precision_bits + 1) * per_power> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace touchline
