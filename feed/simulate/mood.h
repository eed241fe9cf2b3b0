// How the market's opinion of the two sides drifts while nothing happens.
//
// Knows a walk that is drawn back to where it began, by the time that went by and not by the number of looks at it, so
// that a feed with many updates is not wilder than one with few. Does not know what moves opinions, nor prices.
#pragma once

#include "feed/simulate/random.h"
#include "feed/simulate/score_odds.h"

#include <cstdint>

namespace touchline::simulate {

class Mood {
 public:
  Mood(const Random& random, std::int64_t began_ms) : random_(random), stepped_ms_(began_ms) {}

  // What the market now expects of a match of which it expected `at_first`. Time never runs backwards.
  GoalsExpected shifted(const GoalsExpected& at_first, std::int64_t now_ms);

 private:
  Random random_;
  std::int64_t stepped_ms_;
  std::int64_t home_ppm_ = 0;
  std::int64_t away_ppm_ = 0;
};

}  // namespace touchline::simulate
