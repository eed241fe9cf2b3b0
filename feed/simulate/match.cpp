#include "feed/simulate/match.h"

#include <algorithm>
#include <limits>

namespace touchline::simulate {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::int64_t bet_delay_in_play_s = 5;
constexpr std::int64_t clock_every_ms = 10 * second_ms;
constexpr std::int64_t quiet_factor = 6;  // how much longer gaps are while the ball does not roll
constexpr std::int64_t never_ns = std::numeric_limits<std::int64_t>::max();

// Each match draws from streams of its own, so that none hears of another's chances.
enum class Stream : std::uint64_t { story, pace, book, mood, count };

Random stream(std::uint64_t seed, std::uint64_t number, Stream which) {
  constexpr std::uint64_t after_the_fixtures = 1;
  const auto count = static_cast<std::uint64_t>(Stream::count);
  return Random(seed, after_the_fixtures + number * count + static_cast<std::uint64_t>(which));
}

}  // namespace

Match::Match(const Fixture& fixture, std::uint64_t seed, std::uint64_t number, std::int64_t mean_gap_ns)
    : fixture_(fixture),
      random_(stream(seed, number, Stream::pace)),
      plan_(plan_match(fixture, stream(seed, number, Stream::story))),
      book_(fixture, stream(seed, number, Stream::book)),
      mood_(stream(seed, number, Stream::mood), plan_.front().at_ms),
      mean_gap_ns_(mean_gap_ns) {}

std::optional<std::int64_t> Match::next_at_ns() const {
  if (next_incident_ == plan_.size()) return std::nullopt;
  return std::min(plan_[next_incident_].at_ms * ns_per_ms, next_move_ns_.value_or(never_ns));
}

void Match::write_next(std::string& out) {
  const Incident& incident = plan_[next_incident_];
  if (next_move_ns_ && *next_move_ns_ < incident.at_ms * ns_per_ms) {
    const std::int64_t at_ns = *next_move_ns_;
    move(at_ns / ns_per_ms, out);
    schedule_move(at_ns);
    return;
  }
  ++next_incident_;
  happen(incident, out);
}

void Match::happen(const Incident& incident, std::string& out) {
  UpdateLine line(out, fixture_.event_id, ++seq_, incident.at_ms);
  tell(incident, line);
  line.end();
}

void Match::tell(const Incident& incident, UpdateLine& line) {
  switch (incident.kind) {
    case IncidentKind::announced:
      return announce(line);
    case IncidentKind::betting_opened:
      return open(incident, line);
    case IncidentKind::kicked_off:
      return kick_off(incident, line);
    case IncidentKind::betting_suspended:
      return suspend(line);
    case IncidentKind::betting_reopened:
      return reopen(incident, line);
    case IncidentKind::goal:
      return goal(incident, line);
    case IncidentKind::review_began:
      return line.attribute("review/status", "checking the goal");
    case IncidentKind::goal_stands:
      return line.erase_attribute("review/status");
    case IncidentKind::goal_taken_back:
      return take_goal_back(incident, line);
    case IncidentKind::corner:
      return corner(incident, line);
    case IncidentKind::yellow_card:
      return yellow_card(incident, line);
    case IncidentKind::red_card:
      return red_card(incident, line);
    case IncidentKind::half_time:
      return write_period(Period::half_time, line);
    case IncidentKind::second_half_began:
      return begin_second_half(incident, line);
    case IncidentKind::full_time:
      return full_time(incident, line);
    case IncidentKind::bets_settled:
      return book_.settle(score_, line);
    case IncidentKind::event_settled:
      return write_status(EventStatus::settled, line);
    case IncidentKind::delayed:
      return delay(line);
    case IncidentKind::postponed:
      return write_status(EventStatus::postponed, line);
    case IncidentKind::interrupted:
      return interrupt(incident, line);
    case IncidentKind::abandoned:
      return write_status(EventStatus::abandoned, line);
    case IncidentKind::bets_cancelled:
      return book_.cancel(line);
  }
}

void Match::move(std::int64_t at_ms, std::string& out) {
  UpdateLine line(out, fixture_.event_id, ++seq_, at_ms);
  if (is_played(period_) && clock_ms(at_ms) >= clock_written_ms_ + clock_every_ms) write_clock(at_ms, line);
  book_.move(outlook(at_ms), line);
  line.end();
}

void Match::announce(UpdateLine& line) {
  line.text("sport", "football");
  line.text("competition", fixture_.competition);
  line.text("name", fixture_.home + " v " + fixture_.away);
  line.integer("start_time", fixture_.kick_off_ms);
  write_status(EventStatus::scheduled, line);
  write_period(Period::not_started, line);
  line.attribute("venue", fixture_.venue);
  book_.describe(line);
}

void Match::open(const Incident& incident, UpdateLine& line) {
  book_.open(outlook(incident.at_ms), line);
  schedule_move(incident.at_ms * ns_per_ms);
}

void Match::kick_off(const Incident& incident, UpdateLine& line) {
  period_began_ms_ = incident.at_ms;
  write_status(EventStatus::live, line);
  write_period(Period::first_half, line);
  write_clock(incident.at_ms, line);
  write_score(line);
  next_move_ns_.reset();
  book_.suspend_and_turn_in_play(bet_delay_in_play_s, line);
}

void Match::goal(const Incident& incident, UpdateLine& line) {
  ++score_.of(incident.side);
  write_clock(incident.at_ms, line);
  write_score(line);
  last_goal_ = minute(incident.at_ms) + " goal, " + club(incident.side);
  last_goal_path_ = "incidents/" + std::to_string(++incidents_told_);
  line.attribute(last_goal_path_, last_goal_);
  suspend(line);
}

void Match::take_goal_back(const Incident& incident, UpdateLine& line) {
  --score_.of(incident.side);
  write_clock(incident.at_ms, line);
  write_score(line);
  line.attribute(last_goal_path_, last_goal_ + ", taken back after video review");
  line.erase_attribute("review/status");
}

void Match::card(const Incident& incident, std::string_view colour, PerSide& cards, UpdateLine& line) {
  const std::string of_colour(colour);
  line.attribute("cards/" + std::string(name_of(incident.side)) + "/" + of_colour, ++cards.of(incident.side));
  line.attribute("incidents/" + std::to_string(++incidents_told_),
                 minute(incident.at_ms) + " " + of_colour + " card, " + club(incident.side));
}

void Match::yellow_card(const Incident& incident, UpdateLine& line) {
  card(incident, "yellow", cautioned_, line);
}

void Match::red_card(const Incident& incident, UpdateLine& line) {
  card(incident, "red", sent_off_, line);
  suspend(line);
}

void Match::corner(const Incident& incident, UpdateLine& line) {
  line.attribute("corners/" + std::string(name_of(incident.side)), ++corners_.of(incident.side));
}

void Match::begin_second_half(const Incident& incident, UpdateLine& line) {
  period_began_ms_ = incident.at_ms;
  write_period(Period::second_half, line);
  write_clock(incident.at_ms, line);
}

void Match::full_time(const Incident& incident, UpdateLine& line) {
  write_status(EventStatus::finished, line);
  write_clock(incident.at_ms, line);
  write_period(Period::full_time, line);
  next_move_ns_.reset();
  book_.close(line);
}

void Match::delay(UpdateLine& line) {
  write_status(EventStatus::delayed, line);
  line.attribute("delay/reason", "waterlogged pitch");
  suspend(line);
}

void Match::interrupt(const Incident& incident, UpdateLine& line) {
  write_status(EventStatus::interrupted, line);
  write_clock(incident.at_ms, line);
  line.attribute("interruption/reason", "floodlight failure");
  suspend(line);
}

void Match::suspend(UpdateLine& line) {
  next_move_ns_.reset();
  book_.suspend(line);
}

void Match::reopen(const Incident& incident, UpdateLine& line) {
  book_.reopen(outlook(incident.at_ms), line);
  schedule_move(incident.at_ms * ns_per_ms);
}

void Match::write_status(EventStatus status, UpdateLine& line) { line.text("status", name_of(status)); }

void Match::write_period(Period period, UpdateLine& line) {
  period_ = period;
  line.text("period", name_of(period));
}

void Match::write_clock(std::int64_t at_ms, UpdateLine& line) {
  clock_written_ms_ = clock_ms(at_ms);
  line.integer("clock_ms", clock_written_ms_);
}

void Match::write_score(UpdateLine& line) const {
  line.integer("home_score", score_.home);
  line.integer("away_score", score_.away);
}

const std::string& Match::club(Side side) const { return side == Side::home ? fixture_.home : fixture_.away; }

// In whole seconds, as a stadium shows it.
std::int64_t Match::clock_ms(std::int64_t at_ms) const {
  if (!is_played(period_)) return period_ == Period::not_started ? 0 : half_ms;
  const std::int64_t since_ms = at_ms - period_began_ms_;
  return since_ms - since_ms % second_ms + (period_ == Period::second_half ? half_ms : 0);
}

// "12'", or "45+2'" in the time added to a half.
std::string Match::minute(std::int64_t at_ms) const {
  const std::int64_t minute = clock_ms(at_ms) / minute_ms + 1;
  const std::int64_t last = period_ == Period::second_half ? 90 : 45;
  if (minute <= last) return std::to_string(minute) + "'";
  return std::to_string(last) + "+" + std::to_string(minute - last) + "'";
}

Outlook Match::outlook(std::int64_t at_ms) {
  const GoalsExpected full_match = mood_.shifted(fixture_.expected, at_ms);
  return {ScoreOdds(goals_in(remaining_play_ms(period_, clock_ms(at_ms)), full_match, sent_off_)), score_};
}

void Match::schedule_move(std::int64_t after_ns) {
  next_move_ns_ = after_ns + random_.waiting(is_played(period_) ? mean_gap_ns_ : quiet_factor * mean_gap_ns_);
}

}  // namespace touchline::simulate
