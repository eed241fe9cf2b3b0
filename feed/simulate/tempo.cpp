#include "feed/simulate/tempo.h"

#include <algorithm>

namespace touchline::simulate {
namespace {

constexpr std::int64_t first_half_end_ms = 47 * minute_ms;
constexpr std::int64_t second_half_end_ms = 94 * minute_ms;
static_assert(first_half_end_ms + second_half_end_ms - half_ms == playing_time_ms);
// When the expected end is near or past, this much is still thought to be left.
constexpr std::int64_t least_left_ms = 30 * second_ms;

// A side a man short scores less, its opponent more.
std::int64_t with_sendings_off(std::int64_t goals_micro, int own, int opponents) {
  for (int i = 0; i < own; ++i)
    goals_micro = goals_micro * 7 / 10;
  for (int i = 0; i < opponents; ++i)
    goals_micro = goals_micro * 5 / 4;
  return goals_micro;
}

}  // namespace

std::string_view name_of(Period period) {
  switch (period) {
    case Period::not_started:
      return "not_started";
    case Period::first_half:
      return "first_half";
    case Period::half_time:
      return "half_time";
    case Period::second_half:
      return "second_half";
    case Period::full_time:
      return "full_time";
  }
  return "";
}

std::int64_t remaining_play_ms(Period period, std::int64_t clock_ms) {
  constexpr std::int64_t second_half_ms = second_half_end_ms - half_ms;
  switch (period) {
    case Period::not_started:
      return playing_time_ms;
    case Period::first_half:
      return std::max(first_half_end_ms - clock_ms, least_left_ms) + second_half_ms;
    case Period::half_time:
      return second_half_ms;
    case Period::second_half:
      return std::max(second_half_end_ms - clock_ms, least_left_ms);
    case Period::full_time:
      return 0;
  }
  return 0;
}

GoalsExpected goals_in(std::int64_t play_ms, const GoalsExpected& full_match, SentOff sent_off) {
  const std::int64_t home = with_sendings_off(full_match.home_micro, sent_off.home, sent_off.away);
  const std::int64_t away = with_sendings_off(full_match.away_micro, sent_off.away, sent_off.home);
  return {home * play_ms / playing_time_ms, away * play_ms / playing_time_ms};
}

}  // namespace touchline::simulate
