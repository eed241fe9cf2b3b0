// One run of many readers at a steady rate, for the benchmarks of fan-out and of latency.
//
// Whole pipeline, real SQLite file, real loopback sockets; origin and readers share the machine. Updates are due by
// the clock. Knows no figure's meaning and prints nothing.
#pragma once

#include "cmd/touchline/bench_crowd.h"
#include "core/messages.h"
#include "core/result.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace touchline {

struct FanoutOptions {
  std::size_t relays = 1'000;
  double rate = 20'000;  // updates a second
  double seconds = 10;
  int events = 200;
  std::size_t stalled = 0;     // readers that read nothing any more
  double returning_per_s = 0;  // readers that go and come back
  Durability durability = Durability::durable;
  std::chrono::microseconds turn{1'000};  // what is due meanwhile is taken at once
};

struct FanoutFigures {
  BenchCrowd::Result crowd;
  std::string failure;  // of the first connection that was lost
  std::uint64_t updates = 0;
  std::uint64_t commits = 0;
  double seconds = 0;
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
};

// Makes the store there.
Result<FanoutFigures> run_fanout(const FanoutOptions& options, const std::string& store);

}  // namespace touchline
