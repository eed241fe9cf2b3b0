// The day's fixtures: who plays whom, where, when, in which competition, and how strong the sides are.
//
// Knows invented names only; none is a real club's. Does not know what happens in a match, except that of a day of
// four or more one is postponed, one is abandoned and one sees a goal taken back.
#pragma once

#include "feed/simulate/score_odds.h"

#include <cstdint>
#include <string>
#include <vector>

namespace touchline::simulate {

enum class Fate : std::uint8_t { played, postponed, abandoned };
enum class VideoReview : std::uint8_t { by_chance, takes_a_goal_back };

struct Fixture {
  std::string event_id;
  std::string competition;
  std::string home;
  std::string away;
  std::string venue;
  std::int64_t kick_off_ms = 0;  // as announced, since 1970
  GoalsExpected expected;        // over the whole match, as the market sees it at first
  Fate fate = Fate::played;
  VideoReview review = VideoReview::by_chance;
};

// There are names for 5,000 matches.
inline constexpr int fixtures_max = 5'000;

std::vector<Fixture> draw_fixtures(int count, std::int64_t first_kick_off_ms, std::uint64_t seed);

}  // namespace touchline::simulate
