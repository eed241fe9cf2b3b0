// The benchmark of the fan-out: many readers at a steady rate, one of them stuck, some coming back all the time.
//
// Whole pipeline, real SQLite file, real loopback sockets; origin and readers share the machine. What counts is
// the latency of those who are neither stuck nor coming back, and that nothing came to them conflated.
#pragma once

#include "core/messages.h"
#include "core/result.h"

#include <cstddef>
#include <string>

namespace touchline {

struct BenchFanoutOptions {
  std::size_t relays = 1'000;
  double rate = 20'000;  // updates a second
  double seconds = 10;
  int events = 200;
  std::size_t stalled = 1;
  double returning_per_s = 10;
  std::string durability = "durable";
  std::string folder = "/tmp";
  bool json = false;
};

Result<void> bench_fanout(const BenchFanoutOptions& options);

}  // namespace touchline
