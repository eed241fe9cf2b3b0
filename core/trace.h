// Which deltas are traced, and what their traces are called.
//
// A trace is named by its delta's position, so that nothing has to be carried: the publisher, every relay and whoever
// reads the store come to the same name by themselves. Ids and their spelling are those of W3C Trace Context (16 and 8
// bytes, lower-case hex, never all zeros). Knows no clock and no collector.
#pragma once

#include "core/digest.h"
#include "core/ids.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace touchline {

struct TraceId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(const TraceId&) const = default;
};

constexpr TraceId trace_of(Position position) {
  const std::uint64_t high = mix64(mix64(position.epoch.value + 1) + position.offset.value);
  return {high, mix64(high) | 1};
}

// One delta in `every`; 0: none. Who traces one in n has all that those have who trace one in a multiple of n.
constexpr bool is_traced(Position position, std::uint32_t every) {
  return every != 0 && trace_of(position).high % every == 0;
}

// What a hop did with a delta. A hop that several do, as relays do, is told apart by who does it.
inline std::uint64_t span_of(TraceId trace, std::string_view hop, std::string_view who = {}) {
  return mix64(mix64(trace.low ^ fnv1a64(hop)) + fnv1a64(who)) | 1;
}

// The span that all hops hang from.
inline std::uint64_t root_span_of(TraceId trace) { return span_of(trace, "delta"); }

inline std::string hex16_of(std::uint64_t value) {
  std::string text(16, '0');
  for (std::size_t i = text.size(); i-- > 0; value >>= 4)
    text[i] = "0123456789abcdef"[value & 15];
  return text;
}

inline std::string text_of(TraceId trace) { return hex16_of(trace.high) + hex16_of(trace.low); }

}  // namespace touchline
