// How long to wait before the next try at a connection: longer with each failure, and never all at one moment.
//
// Half a second and a random part of another, doubled up to a longest wait (PROTOCOL.md, "The conversation"). Along
// a chain each waits for the one before it, so the longest wait of a link is what an outage costs at most behind its
// end. Knows no clock and no socket.
#pragma once

#include "core/digest.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace touchline {

class Backoff {
 public:
  explicit Backoff(std::uint64_t seed, std::chrono::milliseconds base = std::chrono::milliseconds(500),
                   std::chrono::milliseconds longest = std::chrono::milliseconds(4000))
      : seed_(seed), base_ms_(std::max<std::int64_t>(base.count(), 1)), longest_ms_(longest.count()) {}

  // At least `asked_for`, if the peer said when; but no peer keeps anybody away for hours.
  std::chrono::milliseconds next(std::chrono::milliseconds asked_for = {}) {
    const std::int64_t base = std::max(std::min(base_ms_ << std::min(failures_++, 6), longest_ms_), base_ms_);
    const auto random = static_cast<std::int64_t>(mix64(++seed_) % static_cast<std::uint64_t>(base));
    constexpr std::chrono::milliseconds asked_max = std::chrono::minutes(10);
    return std::max(std::chrono::milliseconds(base + random), std::min(asked_for, asked_max));
  }
  void worked() { failures_ = 0; }

 private:
  std::uint64_t seed_;
  std::int64_t base_ms_;
  std::int64_t longest_ms_;
  int failures_ = 0;
};

}  // namespace touchline
