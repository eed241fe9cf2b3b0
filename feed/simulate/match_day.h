// A day of made-up football matches, as the updates of one source: the door to the simulator.
//
// Same options, same bytes, on every machine. Knows matches and their order in time; does no I/O and looks at no clock:
// whoever asks for lines decides how fast the day goes by. Holds every match of the day, never the lines; a resource,
// used by one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

namespace touchline::simulate {

class Match;

inline constexpr int events_max = 5'000;
inline constexpr double updates_per_second_min = 0.001;
inline constexpr double updates_per_second_max = 1'000'000.0;
inline constexpr std::int64_t first_kick_off_ms_max = 7'258'118'400'000;  // the year 2200
inline constexpr std::int64_t heartbeat_every_ms = 10'000;

// Each within the bounds above: whoever takes them from a user checks first.
struct MatchDayOptions {
  int events = 8;
  // Over all matches, while all of them are in play; without it, one a second for each match.
  std::optional<double> updates_per_second;
  std::uint64_t seed = 1;
  std::int64_t first_kick_off_ms = 1'786'802'400'000;  // 2026-08-15T14:00:00Z
};

class MatchDay {
 public:
  explicit MatchDay(const MatchDayOptions& options);
  ~MatchDay();
  MatchDay(const MatchDay&) = delete;
  MatchDay& operator=(const MatchDay&) = delete;

  // The next line, without its line end, and its time in ms since 1970, which never runs backwards. False when the day
  // is over; `line` is left as it was then.
  bool next(std::string& line, std::int64_t& at_ms);

 private:
  using Due = std::pair<std::int64_t, std::size_t>;  // ns since 1970, index of the match

  std::vector<Match> matches_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::int64_t next_heartbeat_ms_ = 0;
};

}  // namespace touchline::simulate
