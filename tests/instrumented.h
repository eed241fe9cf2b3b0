// Whether this build looks for faults of its own (AddressSanitizer, ThreadSanitizer).
//
// Such a program takes about ten times as long: tests that do a thing again and again do it less often.
#pragma once

namespace touchline {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool is_instrumented = true;
#else
inline constexpr bool is_instrumented = false;
#endif

}  // namespace touchline
