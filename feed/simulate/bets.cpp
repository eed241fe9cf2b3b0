#include "feed/simulate/bets.h"

#include <algorithm>

namespace touchline::simulate {
namespace {

// The greatest whole number of goals below an odd number of halves.
constexpr int below(int line_halves) { return line_halves >> 1; }
static_assert(below(5) == 2 && below(1) == 0 && below(-1) == -1 && below(-3) == -2);

bool is_exact(Score score) { return std::max(score.home, score.away) <= exact_goals_max; }

int total(Score score) { return score.home + score.away; }

std::int64_t both_score_q30(const ScoreOdds& to_come, Score now) {
  const std::int64_t home = now.home > 0 ? certain_q30 : to_come.home_scores_q30();
  const std::int64_t away = now.away > 0 ? certain_q30 : to_come.away_scores_q30();
  return home * away >> 30;
}

// What of a result's probability lies in scores that are no outcome of their own.
std::int64_t other_q30(std::int64_t result_q30, int sign_of_lead, const ScoreOdds& to_come, Score now) {
  for (int home = now.home; home <= exact_goals_max; ++home) {
    for (int away = now.away; away <= exact_goals_max; ++away) {
      const int sign = (home > away ? 1 : 0) - (home < away ? 1 : 0);
      if (sign == sign_of_lead) result_q30 -= to_come.exactly_q30(home - now.home, away - now.away);
    }
  }
  return std::max<std::int64_t>(0, result_q30);
}

}  // namespace

std::int64_t fair_q30(const Bet& bet, const ScoreOdds& to_come, Score now) {
  const int lead = now.home - now.away;
  const std::int64_t home = to_come.lead_above_q30(-lead);
  const std::int64_t not_away = to_come.lead_above_q30(-lead - 1);
  const std::int64_t away = certain_q30 - not_away;
  switch (bet.selection) {
    case Selection::home:
      return home;
    case Selection::draw:
      return not_away - home;
    case Selection::away:
      return away;
    case Selection::over:
      return to_come.total_above_q30(below(bet.line_halves) - total(now));
    case Selection::under:
      return certain_q30 - to_come.total_above_q30(below(bet.line_halves) - total(now));
    case Selection::both_score:
      return both_score_q30(to_come, now);
    case Selection::not_both_score:
      return certain_q30 - both_score_q30(to_come, now);
    case Selection::home_with_handicap:
      return to_come.lead_above_q30(below(-bet.line_halves) - lead);
    case Selection::away_with_handicap:
      return certain_q30 - to_come.lead_above_q30(below(bet.line_halves) - lead);
    case Selection::exact_score:
      return to_come.exactly_q30(bet.exact.home - now.home, bet.exact.away - now.away);
    case Selection::other_home_win:
      return other_q30(home, 1, to_come, now);
    case Selection::other_draw:
      return other_q30(not_away - home, 0, to_come, now);
    case Selection::other_away_win:
      return other_q30(away, -1, to_come, now);
  }
  return 0;
}

Verdict verdict_in_play(const Bet& bet, Score now) {
  const bool past_line = 2 * total(now) > bet.line_halves;
  const bool both = now.home > 0 && now.away > 0;
  switch (bet.selection) {
    case Selection::over:
      return past_line ? Verdict::wins : Verdict::undecided;
    case Selection::under:
      return past_line ? Verdict::loses : Verdict::undecided;
    case Selection::both_score:
      return both ? Verdict::wins : Verdict::undecided;
    case Selection::not_both_score:
      return both ? Verdict::loses : Verdict::undecided;
    case Selection::exact_score:
      return now.home > bet.exact.home || now.away > bet.exact.away ? Verdict::loses : Verdict::undecided;
    case Selection::home:
    case Selection::draw:
    case Selection::away:
    case Selection::home_with_handicap:
    case Selection::away_with_handicap:
    case Selection::other_home_win:
    case Selection::other_draw:
    case Selection::other_away_win:
      return Verdict::undecided;
  }
  return Verdict::undecided;
}

Verdict verdict_at_end(const Bet& bet, Score final_score) {
  const int lead = final_score.home - final_score.away;
  const bool past_line = 2 * total(final_score) > bet.line_halves;
  const bool both = final_score.home > 0 && final_score.away > 0;
  const auto wins_if = [](bool won) { return won ? Verdict::wins : Verdict::loses; };
  switch (bet.selection) {
    case Selection::home:
      return wins_if(lead > 0);
    case Selection::draw:
      return wins_if(lead == 0);
    case Selection::away:
      return wins_if(lead < 0);
    case Selection::over:
      return wins_if(past_line);
    case Selection::under:
      return wins_if(!past_line);
    case Selection::both_score:
      return wins_if(both);
    case Selection::not_both_score:
      return wins_if(!both);
    case Selection::home_with_handicap:
      return wins_if(2 * lead + bet.line_halves > 0);
    case Selection::away_with_handicap:
      return wins_if(-2 * lead + bet.line_halves > 0);
    case Selection::exact_score:
      return wins_if(final_score.home == bet.exact.home && final_score.away == bet.exact.away);
    case Selection::other_home_win:
      return wins_if(lead > 0 && !is_exact(final_score));
    case Selection::other_draw:
      return wins_if(lead == 0 && !is_exact(final_score));
    case Selection::other_away_win:
      return wins_if(lead < 0 && !is_exact(final_score));
  }
  return Verdict::loses;
}

}  // namespace touchline::simulate
