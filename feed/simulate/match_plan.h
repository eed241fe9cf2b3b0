// The story of one match, told beforehand: what happens, when, and to whom.
//
// Knows goals, cards, video reviews, suspensions of betting around them, and how a match can fail to be played.
// Does not know markets or prices: whoever prices the match learns of an incident when its time has come.
#pragma once

#include "feed/simulate/fixtures.h"
#include "feed/simulate/random.h"
#include "feed/simulate/tempo.h"

#include <cstdint>
#include <vector>

namespace touchline::simulate {

enum class IncidentKind : std::uint8_t {
  announced,
  betting_opened,
  kicked_off,  // suspends betting
  betting_suspended,
  betting_reopened,
  goal,          // suspends betting, if that has not happened yet
  review_began,  // of the last goal
  goal_stands,
  goal_taken_back,
  corner,
  yellow_card,
  red_card,  // suspends betting
  half_time,
  second_half_began,
  full_time,  // closes betting
  bets_settled,
  event_settled,
  delayed,  // suspends betting
  postponed,
  interrupted,  // suspends betting
  abandoned,
  bets_cancelled,
};

struct Incident {
  std::int64_t at_ms = 0;  // since 1970
  IncidentKind kind = IncidentKind::announced;
  Side side = Side::home;  // whose goal, card or corner
};

// In order of time, strictly increasing. Betting that was suspended is always opened, closed or cancelled later.
std::vector<Incident> plan_match(const Fixture& fixture, Random random);

}  // namespace touchline::simulate
