// How long to wait before the next try at a connection: longer with each failure, and never all at one moment.
//
// Half a second and a random part of another, doubled up to half a minute (PROTOCOL.md, "The conversation").
// Knows no clock and no socket.
#pragma once

#include "core/digest.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace touchline {

class Backoff {
 public:
  explicit Backoff(std::uint64_t seed) : seed_(seed) {}

  // At least `asked_for`, if the peer said when.
  std::chrono::milliseconds next(std::chrono::milliseconds asked_for = {}) {
    const std::int64_t base = std::min<std::int64_t>(500LL << std::min(failures_++, 6), 30'000);
    const auto random = static_cast<std::int64_t>(mix64(++seed_) % static_cast<std::uint64_t>(base));
    return std::max(std::chrono::milliseconds(base + random), asked_for);
  }
  void worked() { failures_ = 0; }

 private:
  std::uint64_t seed_;
  int failures_ = 0;
};

}  // namespace touchline
