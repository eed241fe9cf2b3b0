// What an outcome bets on, how likely it is, and when it has won or lost.
//
// Knows the rules of the simulated football markets, all of which follow from the score. Does not know prices, ladders
// or how markets are written.
#pragma once

#include "feed/simulate/score_odds.h"
#include "feed/simulate/sides.h"

#include <cstdint>

namespace touchline::simulate {

enum class Selection : std::uint8_t {
  home,
  draw,
  away,
  over,
  under,
  both_score,
  not_both_score,
  home_with_handicap,
  away_with_handicap,
  exact_score,
  other_home_win,
  other_draw,
  other_away_win,
};

// A side's goals up to which scores are outcomes of their own; every other score falls under "any other".
inline constexpr int exact_goals_max = 3;

struct Bet {
  Selection selection = Selection::home;
  int line_halves =
      0;  // of goals: over 2.5 is 5, a handicap of -1.5 is -3; odd, so that no bet is ever refunded
  Score exact;
};

// In parts of 2^30. `to_come` is about the goals after `now`.
std::int64_t fair_q30(const Bet& bet, const ScoreOdds& to_come, Score now);

enum class Verdict : std::uint8_t { undecided, wins, loses };

// What no further goal can change any more.
Verdict verdict_in_play(const Bet& bet, Score now);

// Never undecided.
Verdict verdict_at_end(const Bet& bet, Score final_score);

}  // namespace touchline::simulate
