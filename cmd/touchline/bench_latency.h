// The benchmark of latency: a few readers at a steady rate, with either durability.
//
// From the moment at which an update is due (no coordinated omission) to its arrival at a reader over loopback,
// through parser, sequencer, journal and hub. Prints text or one JSON object.
#pragma once

#include "cmd/touchline/fanout_run.h"
#include "core/result.h"

#include <string>

namespace touchline {

struct BenchLatencyOptions {
  FanoutOptions run{.relays = 16, .rate = 10'000, .turn = std::chrono::microseconds(50)};
  std::string folder = "/tmp";
  bool json = false;
};

Result<void> bench_latency(const BenchLatencyOptions& options);

}  // namespace touchline
