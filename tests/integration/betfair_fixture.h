// Made-up lines in the vendor's format with everything in them that the recordings have: images in mid-stream, lists
// that clear, padding, a market or a runner twice in one message, handicaps, NaN, equal publish times, prices that
// flip back and forth, definitions that change, come late, or go over to another event.
//
// The same seed gives the same lines. Beside them stand the books that they should lead to, by a model of its own.
#pragma once

#include "tests/integration/books.h"
#include "tests/integration/files.h"

#include <cstdint>
#include <vector>

namespace touchline::integration {

struct BetfairOptions {
  std::uint64_t seed = 1;
  int events = 2;
  int markets_per_event = 3;
  int messages = 800;
  std::int64_t first_event = 30'000'000;
  std::int64_t first_market = 100;  // market "1.100"
  std::int64_t start_ms = 1'700'000'000'000;
  std::int64_t step_ms_max = 2'000;  // from one publish time to the next
};

struct BetfairDay {
  struct Moment {
    std::int64_t at_ms = 0;  // behind the last message of this publish time
    Books books;
  };
  Lines lines;
  std::vector<Moment> moments;  // the last one is the end
  std::uint64_t changes = 0;    // lines that are neither heartbeats nor the transport's
};

BetfairDay make_betfair_day(const BetfairOptions& options);

}  // namespace touchline::integration
