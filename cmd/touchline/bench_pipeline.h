// The benchmark of the whole pipeline: recordings through parser, origin, journal, hub and one subscriber.
//
// Real SQLite file with the default durability, real loopback socket, a subscriber that decodes on a thread of
// its own. Decompression is done before the clock starts.
#pragma once

#include "core/result.h"

#include <string>
#include <vector>

namespace touchline {

struct BenchPipelineOptions {
  std::vector<std::string> recordings;
  int runs = 5;
  std::string encoding = "blocks";  // what the subscriber asks for
  std::string folder = "/tmp";
  bool json = false;
};

Result<void> bench_pipeline(const BenchPipelineOptions& options);

}  // namespace touchline
