#include "feed/simulate/match_plan.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace touchline::simulate {
namespace {

constexpr std::int64_t opening_before_kick_off_ms = 20 * minute_ms;
// Play is cut into slots, in each of which at most one thing happens.
constexpr std::int64_t slot_ms = 10 * second_ms;
constexpr std::int64_t chance_of_corner_ppm = 17'000;
constexpr std::int64_t chance_of_yellow_card_ppm = 6'000;
constexpr std::int64_t chance_of_red_card_ppm = 260;
constexpr std::int64_t chance_of_suspension_before_goal_ppm = 600'000;
constexpr std::int64_t chance_of_review_that_stands_ppm = 120'000;
constexpr std::int64_t chance_of_goal_taken_back_ppm = 150'000;  // in a match, where it is left to chance

class Planner {
 public:
  Planner(const Fixture& fixture, const Random& random)
      : fixture_(fixture), random_(random), now_ms_(fixture.kick_off_ms - opening_before_kick_off_ms) {}

  std::vector<Incident> run() && {
    add(IncidentKind::announced);
    add_later(IncidentKind::betting_opened, 15, 45);
    meet_fate();
    return std::move(incidents_);
  }

 private:
  void meet_fate() {
    switch (fixture_.fate) {
      case Fate::played:
        return play();
      case Fate::postponed:
        return postpone();
      case Fate::abandoned:
        return abandon();
    }
  }

  void add(IncidentKind kind, Side side = Side::home) { incidents_.push_back({now_ms_, kind, side}); }

  // Some seconds after the last thing that happened.
  void add_later(IncidentKind kind, std::int64_t least_seconds, std::int64_t most_seconds,
                 Side side = Side::home) {
    now_ms_ += random_.between(least_seconds * second_ms, most_seconds * second_ms);
    add(kind, side);
  }

  void play() {
    draw_goal_taken_back(85);
    first_half_and_break();
    const std::int64_t added_ms = random_.between(3 * minute_ms, 7 * minute_ms);
    play_until(now_ms_ + half_ms + added_ms);
    add_later(IncidentKind::full_time, 1, 9);
    add_later(IncidentKind::bets_settled, 60, 180);
    add_later(IncidentKind::event_settled, 20, 120);
  }

  void postpone() {
    now_ms_ = fixture_.kick_off_ms - random_.between(1 * minute_ms, 5 * minute_ms);
    add(IncidentKind::delayed);
    add_later(IncidentKind::postponed, 1200, 2100);
    add_later(IncidentKind::bets_cancelled, 60, 240);
  }

  void abandon() {
    draw_goal_taken_back(50);
    first_half_and_break();
    play_until(now_ms_ + random_.between(8 * minute_ms, 35 * minute_ms));
    add_later(IncidentKind::interrupted, 1, 9);
    add_later(IncidentKind::abandoned, 720, 1500);
    add_later(IncidentKind::bets_cancelled, 60, 240);
  }

  void first_half_and_break() {
    now_ms_ = fixture_.kick_off_ms + random_.between(0, 90 * second_ms);
    add(IncidentKind::kicked_off);
    period_began_ms_ = now_ms_;
    add_later(IncidentKind::betting_reopened, 8, 15);
    play_until(period_began_ms_ + half_ms + random_.between(1 * minute_ms, 4 * minute_ms));
    add_later(IncidentKind::half_time, 1, 9);
    add_later(IncidentKind::second_half_began, 840, 1020);
    period_began_ms_ = now_ms_;
    clock_at_period_ms_ = half_ms;
  }

  // Betting is open when a half ends, even where that makes it longer.
  void play_until(std::int64_t end_ms) {
    while (now_ms_ + slot_ms <= end_ms) {
      const std::int64_t slot_end_ms = now_ms_ + slot_ms;
      now_ms_ += random_.between(1, slot_ms - 1);
      play_slot();
      now_ms_ = std::max(now_ms_, slot_end_ms);
    }
    now_ms_ = std::max(now_ms_, end_ms);
  }

  void play_slot() {
    const std::int64_t clock_ms = clock_at_period_ms_ + now_ms_ - period_began_ms_;
    if (goal_taken_back_at_ms_ && clock_ms >= *goal_taken_back_at_ms_) {
      goal_taken_back_at_ms_.reset();
      return goal_that_is_taken_back(random_side());
    }
    const GoalsExpected chance_ppm = goals_in(slot_ms, fixture_.expected, sent_off_);
    if (random_.chance_ppm(chance_ppm.home_micro)) return goal(Side::home);
    if (random_.chance_ppm(chance_ppm.away_micro)) return goal(Side::away);
    if (random_.chance_ppm(chance_of_red_card_ppm)) return red_card(random_side());
    if (random_.chance_ppm(chance_of_yellow_card_ppm)) return add(IncidentKind::yellow_card, random_side());
    if (random_.chance_ppm(chance_of_corner_ppm)) return add(IncidentKind::corner, random_side());
  }

  void goal(Side side) {
    goal_itself(side);
    if (random_.chance_ppm(chance_of_review_that_stands_ppm)) {
      add_later(IncidentKind::review_began, 8, 25, side);
      add_later(IncidentKind::goal_stands, 25, 80, side);
    }
    reopen(20, 60);
  }

  void goal_that_is_taken_back(Side side) {
    goal_itself(side);
    add_later(IncidentKind::review_began, 8, 25, side);
    add_later(IncidentKind::goal_taken_back, 35, 110, side);
    reopen(20, 45);
  }

  void goal_itself(Side side) {
    if (random_.chance_ppm(chance_of_suspension_before_goal_ppm)) {
      add(IncidentKind::betting_suspended);
      add_later(IncidentKind::goal, 1, 6, side);
    } else {
      add(IncidentKind::goal, side);
    }
  }

  void red_card(Side side) {
    add(IncidentKind::red_card, side);
    ++sent_off_.of(side);
    reopen(20, 45);
  }

  void reopen(std::int64_t least_seconds, std::int64_t most_seconds) {
    add_later(IncidentKind::betting_reopened, least_seconds, most_seconds);
    now_ms_ += slot_ms;
  }

  void draw_goal_taken_back(std::int64_t last_minute) {
    const std::int64_t at_ms = random_.between(5 * minute_ms, last_minute * minute_ms);
    const bool by_chance = random_.chance_ppm(chance_of_goal_taken_back_ppm);
    if (by_chance || fixture_.review == VideoReview::takes_a_goal_back) goal_taken_back_at_ms_ = at_ms;
  }

  Side random_side() { return random_.chance_ppm(500'000) ? Side::home : Side::away; }

  const Fixture& fixture_;
  Random random_;
  std::int64_t now_ms_;
  std::int64_t period_began_ms_ = 0;
  std::int64_t clock_at_period_ms_ = 0;
  SentOff sent_off_;
  std::optional<std::int64_t> goal_taken_back_at_ms_;  // on the match clock
  std::vector<Incident> incidents_;
};

}  // namespace

std::vector<Incident> plan_match(const Fixture& fixture, Random random) {
  return Planner(fixture, random).run();
}

}  // namespace touchline::simulate
