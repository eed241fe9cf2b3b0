// The clocks: the wall's, which may be set at any moment; the steady one, which measures; and the running one for
// everything that has a deadline and a date.
//
// For what holds a socket or the command line. Core, hub and sessions are told the time.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace touchline {

// ms since 1970.
inline std::int64_t wall_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

// ms since 1970 as the wall's clock had it when the process first asked, and from there on by a clock that nobody sets
// and that counts while the machine sleeps: a deadline neither comes early nor stays away when the wall's clock is put
// on or back.
inline std::int64_t running_ms() {
  const auto since_boot_ms = [] {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return std::int64_t{now.tv_sec} * 1'000 + now.tv_nsec / 1'000'000;
  };
  static const std::int64_t offset_ms = wall_ms() - since_boot_ms();
  return offset_ms + since_boot_ms();
}

// Whether the wall's clock was put on or back since the process began, so that neither can be trusted for days.
inline bool clock_was_set() {
  constexpr std::int64_t ordinary_ms = 10 * 60'000;  // what a time server may mend
  return std::abs(wall_ms() - running_ms()) > ordinary_ms;
}

// us since 1970.
inline std::int64_t wall_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

// ms since some moment of this machine.
inline std::int64_t steady_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace touchline
