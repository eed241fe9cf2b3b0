// The benchmark of the return: readers that had everything, missed some of it, and all come back at once.
//
// Whole pipeline, real SQLite file, real loopback sockets. With a restart the publisher comes back with nothing
// in memory, as after a crash, and what the readers lack is in the journal.
#pragma once

#include "core/result.h"

#include <cstddef>
#include <string>

namespace touchline {

struct BenchHerdOptions {
  std::size_t relays = 1'000;
  std::size_t missed = 5'000;  // updates
  int events = 200;
  bool restart = false;
  std::string folder = "/tmp";
  bool json = false;
};

// One that was away for long.
struct BenchResumeOptions : BenchHerdOptions {
  BenchResumeOptions() {
    relays = 1;
    missed = 100'000;
  }
};

Result<void> bench_herd(const BenchHerdOptions& options);
Result<void> bench_resume(const BenchResumeOptions& options);

}  // namespace touchline
