// How a match's time goes by, and how it bears on the goals still to come.
//
// Knows periods, the match clock and what a sending-off does to either side's scoring. It is what the story of a match
// and its prices have in common; everything else about the story the prices do not know before it happens.
#pragma once

#include "feed/simulate/score_odds.h"
#include "feed/simulate/sides.h"

#include <cstdint>
#include <string_view>

namespace touchline::simulate {

inline constexpr std::int64_t second_ms = 1'000;
inline constexpr std::int64_t minute_ms = 60 * second_ms;
inline constexpr std::int64_t half_ms = 45 * minute_ms;
// Both halves with the time that is usually added.
inline constexpr std::int64_t playing_time_ms = 2 * half_ms + 6 * minute_ms;

enum class Period : std::uint8_t { not_started, first_half, half_time, second_half, full_time };
std::string_view name_of(Period period);
constexpr bool is_played(Period period) {
  return period == Period::first_half || period == Period::second_half;
}

// The playing time that someone who sees the clock (which stands at 45:00 again when the second half begins) still
// counts on.
std::int64_t remaining_play_ms(Period period, std::int64_t clock_ms);

// The goals that either side would score in the given playing time with the men that it has left.
GoalsExpected goals_in(std::int64_t play_ms, const GoalsExpected& full_match, SentOff sent_off);

}  // namespace touchline::simulate
