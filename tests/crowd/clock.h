// The two clocks of a measurement: one for how long things take, and the one that all processes of a machine share.
#pragma once

#include <chrono>
#include <cstdint>

namespace touchline::crowd {

inline std::int64_t steady_ns() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Since 1970.
inline std::int64_t wall_ns() {
  return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace touchline::crowd
