// One process of the crowd, as the measurement talks to it: commands on standard input, lines on standard output.
//
//   until EVENT SEQ     what the origin has come to; `report` follows
//   report              what became of everything, ended by `done`
//
// The end of the input is the end of the process. Meanwhile, several times a second, a line `progress` with numbers:
// joined, reached, stale, deltas, refused, ended, lost, faults.
#pragma once

#include "tests/crowd/web_crowd.h"

namespace touchline::crowd {

int run_clients(const WebCrowdOptions& options);

}  // namespace touchline::crowd
