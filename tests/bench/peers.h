// What the peers are measured by: the lines to publish, and what becomes of them.
//
// JetStream and Redis streams are given the lines of a file as they stand, one message each, and counted as
// persisted when their server says so. No part of Touchline but its histogram is in here.
#pragma once

#include "core/histogram.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace touchline::peers {

struct Task {
  std::vector<std::string> lines;
  std::string host = "127.0.0.1";
  int port = 0;
  double rate = 10'000;  // messages a second, due by the clock
  int subscribers = 16;
};

struct Published {
  std::size_t messages = 0;
  double seconds = 0;  // until the last one was persisted
};

// From due to received, of all subscribers.
using Latencies = Histogram;

Published publish_to_nats(const Task& task);
Latencies latency_of_nats(const Task& task);
Published publish_to_redis(const Task& task);
Latencies latency_of_redis(const Task& task);

// Ends the program with a message on standard error.
[[noreturn]] void fail(const std::string& what);

inline std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Messages of the measurement of latency begin with the time at which they were due, in as many digits.
inline constexpr std::size_t due_digits = 20;
std::string stamped(std::int64_t due_ns, const std::string& line);
std::int64_t due_in(const char* message, std::size_t size);

}  // namespace touchline::peers
