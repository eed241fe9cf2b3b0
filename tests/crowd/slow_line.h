// A long line between two network namespaces: every packet takes a while, and one in a hundred gets lost.
//
// What netem does, for machines whose kernel has none: a TUN device at each end, and packets carried between them in
// user space. SIGUSR1 cuts it, so that packets vanish as on a real outage; SIGUSR2 mends it. Needs the right to make
// devices there. One thread, until its input ends.
#pragma once

#include <cstdint>
#include <string>

namespace touchline::crowd {

struct SlowLineOptions {
  std::string device = "wan";  // at both ends
  std::string far_end;         // the file of the other namespace, such as /run/netns/edge
  double delay_ms = 100;       // each way
  double loss = 0.01;
  std::uint64_t seed = 1;
};

// Says `line: up` once both devices are there.
int run_slow_line(const SlowLineOptions& options);

}  // namespace touchline::crowd
