// The two clocks: the wall's, which is written down and may be set, and the steady one, which measures.
//
// For what holds a socket or the command line. Core, hub and sessions are told the time.
#pragma once

#include <chrono>
#include <cstdint>

namespace touchline {

// ms since 1970.
inline std::int64_t wall_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

// ms since some moment of this machine.
inline std::int64_t steady_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace touchline
