// One match as a source sees it: its story, its prices and its state, told update by update.
//
// Knows what an incident changes in the event, and when prices move in between. Does not know other matches. Owned by
// the match day; holds its own future, a few dozen incidents, and nothing of its past.
#pragma once

#include "core/fields.h"
#include "feed/simulate/book.h"
#include "feed/simulate/fixtures.h"
#include "feed/simulate/match_plan.h"
#include "feed/simulate/mood.h"
#include "feed/simulate/sides.h"
#include "feed/simulate/tempo.h"
#include "feed/simulate/update_line.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace touchline::simulate {

class Match {
 public:
  // `number` tells apart the matches of one seed. In play, updates are `mean_gap_ns` apart on average, and several
  // times that before kick-off and at half time.
  Match(const Fixture& fixture, std::uint64_t seed, std::uint64_t number, std::int64_t mean_gap_ns);

  // When the next update is due, in ns since 1970; nothing once the match is over.
  std::optional<std::int64_t> next_at_ns() const;

  // Appends that update, without a line end.
  void write_next(std::string& out);

 private:
  void happen(const Incident& incident, std::string& out);
  void move(std::int64_t at_ms, std::string& out);

  void tell(const Incident& incident, UpdateLine& line);
  void announce(UpdateLine& line);
  void open(const Incident& incident, UpdateLine& line);
  void kick_off(const Incident& incident, UpdateLine& line);
  void goal(const Incident& incident, UpdateLine& line);
  void take_goal_back(const Incident& incident, UpdateLine& line);
  void yellow_card(const Incident& incident, UpdateLine& line);
  void red_card(const Incident& incident, UpdateLine& line);
  void card(const Incident& incident, std::string_view colour, PerSide& cards, UpdateLine& line);
  void corner(const Incident& incident, UpdateLine& line);
  void begin_second_half(const Incident& incident, UpdateLine& line);
  void full_time(const Incident& incident, UpdateLine& line);
  void delay(UpdateLine& line);
  void interrupt(const Incident& incident, UpdateLine& line);

  void suspend(UpdateLine& line);
  void reopen(const Incident& incident, UpdateLine& line);
  static void write_status(EventStatus status, UpdateLine& line);
  void write_period(Period period, UpdateLine& line);
  void write_clock(std::int64_t at_ms, UpdateLine& line);
  void write_score(UpdateLine& line) const;

  const std::string& club(Side side) const;
  std::int64_t clock_ms(std::int64_t at_ms) const;
  std::string minute(std::int64_t at_ms) const;
  Outlook outlook(std::int64_t at_ms);
  void schedule_move(std::int64_t after_ns);

  Fixture fixture_;
  Random random_;
  std::vector<Incident> plan_;
  std::size_t next_incident_ = 0;
  Book book_;
  Mood mood_;
  std::int64_t mean_gap_ns_;
  std::optional<std::int64_t> next_move_ns_;  // none while betting is suspended

  std::int64_t seq_ = 0;
  Period period_ = Period::not_started;
  std::int64_t period_began_ms_ = 0;
  std::int64_t clock_written_ms_ = 0;
  Score score_;
  SentOff sent_off_;
  PerSide cautioned_;
  PerSide corners_;
  int incidents_told_ = 0;
  std::string last_goal_;       // as it was told
  std::string last_goal_path_;  // and where
};

}  // namespace touchline::simulate
