// The benchmark of bytes: what a recording costs on the wire in each encoding, beside general compressors.
//
// One subscriber, connected from the start, a frame for every update. The baselines get the recording's own messages.
// What was encoded is decoded again, and the states are compared in the end. Needs no disk and no socket.
#pragma once

#include "core/result.h"

#include <string>
#include <vector>

namespace touchline {

struct BenchBytesOptions {
  std::vector<std::string> recordings;
  std::string words = {};      // for training
  bool leave_one_out = false;  // each recording with a prior that the others alone have trained
  std::string frames = {};     // a file for the coded frames of the one recording
  bool json = false;
};

Result<void> bench_bytes(const BenchBytesOptions& options);

}  // namespace touchline
