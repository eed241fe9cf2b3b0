// How likely each further course of a match is, from the goals that either side is still expected to score.
//
// Knows two independent Poisson counts and the sums over them that markets ask for, in integer arithmetic, because a
// floating-point exp() may differ in its last bit between machines. Does not know markets, prices or the score so far.
// Probabilities are in parts of 2^30 (`_q30`), expected goals in millionths.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace touchline::simulate {

inline constexpr std::int64_t certain_q30 = std::int64_t{1} << 30;

struct GoalsExpected {
  std::int64_t home_micro = 0;
  std::int64_t away_micro = 0;
};

class ScoreOdds {
 public:
  // More than 7 expected goals a side count as 7.
  explicit ScoreOdds(const GoalsExpected& to_come);

  // That the home side's further goals exceed the away side's by more than `lead`, which may be negative.
  std::int64_t lead_above_q30(int lead) const;
  // That more than `goals` further goals fall.
  std::int64_t total_above_q30(int goals) const;
  // That the sides score exactly so many more.
  std::int64_t exactly_q30(int home, int away) const;
  std::int64_t home_scores_q30() const { return certain_q30 - home_[0]; }
  std::int64_t away_scores_q30() const { return certain_q30 - away_[0]; }

 private:
  // The last count stands for itself and everything above.
  static constexpr std::size_t counts = 11;
  using Counts = std::array<std::int64_t, counts>;

  static Counts poisson_q30(std::int64_t expected_micro);

  Counts home_;
  Counts away_;
  std::array<std::int64_t, 2 * counts - 1> lead_{};   // [lead + counts - 1]
  std::array<std::int64_t, 2 * counts - 1> total_{};  // [goals]
};

}  // namespace touchline::simulate
