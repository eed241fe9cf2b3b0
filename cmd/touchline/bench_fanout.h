// The benchmark of the fan-out: many readers at a steady rate, one of them stuck, some coming back all the time.
//
// What counts is the latency of those who are neither stuck nor coming back, and that nothing came to them
// conflated. Prints text or one JSON object.
#pragma once

#include "cmd/touchline/fanout_run.h"
#include "core/result.h"

#include <string>

namespace touchline {

struct BenchFanoutOptions {
  FanoutOptions run{.stalled = 1, .returning_per_s = 10};
  std::string durability = "durable";
  std::string folder = "/tmp";
  bool json = false;
};

Result<void> bench_fanout(const BenchFanoutOptions& options);

}  // namespace touchline
