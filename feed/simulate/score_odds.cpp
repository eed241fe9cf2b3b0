#include "feed/simulate/score_odds.h"

#include <algorithm>

namespace touchline::simulate {
namespace {

constexpr std::int64_t micro = 1'000'000;
constexpr std::int64_t expected_max_micro = 7 * micro;

// e^-n in parts of 2^30, for the whole part of an exponent.
constexpr std::array<std::int64_t, 8> exp_of_whole_q30 = {1073741824, 395007542, 145315154, 53458458,
                                                          19666268,   7234816,   2661540,   979126};

std::int64_t exp_of_minus_q30(std::int64_t exponent_micro) {
  const std::int64_t fraction_q30 = (exponent_micro % micro << 30) / micro;
  std::int64_t sum = certain_q30;
  std::int64_t term = certain_q30;
  for (int k = 1; k <= 12; ++k) {
    term = (term * fraction_q30 >> 30) / k;
    sum += k % 2 == 0 ? term : -term;
  }
  return exp_of_whole_q30[static_cast<std::size_t>(exponent_micro / micro)] * sum >> 30;
}

}  // namespace

ScoreOdds::Counts ScoreOdds::poisson_q30(std::int64_t expected_micro) {
  const std::int64_t expected = std::clamp<std::int64_t>(expected_micro, 0, expected_max_micro);
  Counts chances{};
  std::int64_t chance = exp_of_minus_q30(expected);
  std::int64_t rest = certain_q30;
  for (std::size_t goals = 0; goals + 1 < counts; ++goals) {
    chances[goals] = chance;
    rest -= chance;
    chance = chance * expected / micro / static_cast<std::int64_t>(goals + 1);
  }
  chances.back() = std::max<std::int64_t>(0, rest);
  return chances;
}

ScoreOdds::ScoreOdds(const GoalsExpected& to_come)
    : home_(poisson_q30(to_come.home_micro)), away_(poisson_q30(to_come.away_micro)) {
  for (std::size_t home = 0; home < counts; ++home) {
    for (std::size_t away = 0; away < counts; ++away) {
      const std::int64_t both = home_[home] * away_[away] >> 30;
      lead_[home + counts - 1 - away] += both;
      total_[home + away] += both;
    }
  }
}

std::int64_t ScoreOdds::lead_above_q30(int lead) const {
  constexpr int least = -static_cast<int>(counts) + 1;
  std::int64_t sum = 0;
  for (int i = std::max(lead + 1, least); i <= -least; ++i)
    sum += lead_[static_cast<std::size_t>(i - least)];
  return sum;
}

std::int64_t ScoreOdds::total_above_q30(int goals) const {
  std::int64_t sum = 0;
  for (auto i = static_cast<std::size_t>(std::max(goals + 1, 0)); i < total_.size(); ++i)
    sum += total_[i];
  return sum;
}

std::int64_t ScoreOdds::exactly_q30(int home, int away) const {
  constexpr int limit = static_cast<int>(counts);
  if (home < 0 || away < 0 || home >= limit || away >= limit) return 0;
  return home_[static_cast<std::size_t>(home)] * away_[static_cast<std::size_t>(away)] >> 30;
}

}  // namespace touchline::simulate
