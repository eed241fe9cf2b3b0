// The benchmark of growth: what an update, an event and a store cost as there is more of everything.
//
// Each dimension by itself, in steps of ten: events, cells of an event, deltas in the journal. What should be flat is
// seen to be flat. Prints text or JSON, and draws the charts if it is told where.
#pragma once

#include "core/result.h"

#include <cstdint>
#include <string>

namespace touchline {

struct BenchGrowthOptions {
  std::uint64_t events_max = 10'000;
  std::uint64_t cells_max = 100'000;
  std::uint64_t deltas_max = 10'000'000;
  std::string svg;  // empty: no charts
  std::string folder = "/tmp";
  bool json = false;
};

Result<void> bench_growth(const BenchGrowthOptions& options);

}  // namespace touchline
