#include "feed/simulate/markets.h"

#include "core/check.h"
#include "core/decimal.h"

#include <cstdlib>
#include <string_view>
#include <utility>

namespace touchline::simulate {
namespace {

Outcome outcome(std::string_view id, std::string_view name, const Bet& bet) {
  Outcome made;
  made.id = id;
  made.name = name;
  made.bet = bet;
  return made;
}

Outcome outcome(std::string_view id, std::string_view name, Selection selection, int line_halves = 0) {
  return outcome(id, name, Bet{selection, line_halves, {}});
}

std::string halves(int line_halves) {
  std::string text;
  append_hundredths(text, line_halves * std::int64_t{50});
  return text;
}

Market match_odds(const Fixture& fixture) {
  Market market;
  market.id = fixture.event_id + "/match_odds";
  market.type = "MATCH_ODDS";
  market.name = "Match odds";
  market.display = Display::prices_and_ladders;
  market.book_milli = 1'008;
  market.share_percent = 44;
  market.outcomes = {outcome("home", fixture.home, Selection::home), outcome("draw", "Draw", Selection::draw),
                     outcome("away", fixture.away, Selection::away)};
  return market;
}

Market over_under(const Fixture& fixture, int line_halves) {
  constexpr int main_line_halves = 5;
  const bool main_line = line_halves == main_line_halves;
  const std::string line = halves(line_halves);
  Market market;
  market.id = fixture.event_id + "/over_under_" + line;
  market.type = "OVER_UNDER";
  market.name = "Over/under " + line + " goals";
  market.line_halves = line_halves;
  market.display = main_line ? Display::prices_and_ladders : Display::prices;
  market.book_milli = main_line ? 1'010 : 1'045;
  market.share_percent = main_line ? 20 : 5;
  market.outcomes = {outcome("over", "Over " + line, Selection::over, line_halves),
                     outcome("under", "Under " + line, Selection::under, line_halves)};
  return market;
}

Market both_to_score(const Fixture& fixture) {
  Market market;
  market.id = fixture.event_id + "/both_to_score";
  market.type = "BOTH_TEAMS_TO_SCORE";
  market.name = "Both teams to score";
  market.book_milli = 1'050;
  market.share_percent = 6;
  market.outcomes = {outcome("yes", "Yes", Selection::both_score),
                     outcome("no", "No", Selection::not_both_score)};
  return market;
}

// The line, in half goals and odd, at which the sides are nearest to even.
int home_handicap_halves(const GoalsExpected& expected) {
  constexpr std::int64_t goal_micro = 1'000'000;
  const std::int64_t lead_micro = expected.home_micro - expected.away_micro;
  int best = -3;
  for (const int candidate : {-1, 1, 3}) {
    const auto miss = [&](int line) { return std::abs(lead_micro + line * goal_micro / 2); };
    if (miss(candidate) < miss(best)) best = candidate;
  }
  return best;
}

Market asian_handicap(const Fixture& fixture) {
  const int line = home_handicap_halves(fixture.expected);
  Market market;
  market.id = fixture.event_id + "/asian_handicap";
  market.type = "ASIAN_HANDICAP";
  market.name = "Asian handicap";
  market.book_milli = 1'030;
  market.share_percent = 6;
  market.outcomes = {outcome("home", fixture.home, Selection::home_with_handicap, line),
                     outcome("away", fixture.away, Selection::away_with_handicap, -line)};
  return market;
}

Market correct_score(const Fixture& fixture) {
  Market market;
  market.id = fixture.event_id + "/correct_score";
  market.type = "CORRECT_SCORE";
  market.name = "Correct score";
  market.book_milli = 1'120;
  market.share_percent = 4;
  for (int home = 0; home <= exact_goals_max; ++home) {
    for (int away = 0; away <= exact_goals_max; ++away) {
      const std::string score = std::to_string(home) + "-" + std::to_string(away);
      market.outcomes.push_back(outcome(score, score, Bet{Selection::exact_score, 0, {home, away}}));
    }
  }
  market.outcomes.push_back(outcome("other_home_win", "Any other home win", Selection::other_home_win));
  market.outcomes.push_back(outcome("other_draw", "Any other draw", Selection::other_draw));
  market.outcomes.push_back(outcome("other_away_win", "Any other away win", Selection::other_away_win));
  return market;
}

}  // namespace

std::vector<Market> draw_up_markets(const Fixture& fixture) {
  std::vector<Market> markets;
  markets.push_back(match_odds(fixture));
  for (const int line_halves : {1, 3, 5, 7, 9})
    markets.push_back(over_under(fixture, line_halves));
  markets.push_back(both_to_score(fixture));
  markets.push_back(asian_handicap(fixture));
  markets.push_back(correct_score(fixture));
  std::int64_t shares_percent = 0;
  for (const Market& market : markets) {
    TL_CHECK(market.outcomes.size() <= outcomes_max);
    shares_percent += market.share_percent;
  }
  TL_CHECK(shares_percent == 100);
  return markets;
}

}  // namespace touchline::simulate
