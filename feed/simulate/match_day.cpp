#include "feed/simulate/match_day.h"

#include "core/check.h"
#include "feed/simulate/fixtures.h"
#include "feed/simulate/match.h"
#include "feed/simulate/update_line.h"

#include <algorithm>

namespace touchline::simulate {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::int64_t gap_max_ns = std::int64_t{4} * 3'600 * 1'000 * ns_per_ms;

static_assert(events_max == fixtures_max);

// One division of doubles, which every machine rounds alike.
std::int64_t mean_gap_ns(const MatchDayOptions& options) {
  constexpr double ns_per_second = 1e9;
  if (!options.updates_per_second) return static_cast<std::int64_t>(ns_per_second);
  const double gap_ns = ns_per_second * options.events / *options.updates_per_second;
  return std::min(gap_max_ns, static_cast<std::int64_t>(gap_ns));
}

bool are_in_bounds(const MatchDayOptions& options) {
  const double rate = options.updates_per_second.value_or(1.0);
  return options.events >= 1 && options.events <= events_max && rate >= updates_per_second_min &&
         rate <= updates_per_second_max && options.first_kick_off_ms >= 0 &&
         options.first_kick_off_ms <= first_kick_off_ms_max;
}

}  // namespace

MatchDay::MatchDay(const MatchDayOptions& options) {
  TL_CHECK(are_in_bounds(options));
  const auto fixtures = draw_fixtures(options.events, options.first_kick_off_ms, options.seed);
  matches_.reserve(fixtures.size());
  for (std::size_t i = 0; i < fixtures.size(); ++i) {
    matches_.emplace_back(fixtures[i], options.seed, i, mean_gap_ns(options));
    due_.emplace(matches_[i].next_at_ns().value(), i);
  }
  next_heartbeat_ms_ = due_.top().first / ns_per_ms;
}

MatchDay::~MatchDay() = default;

bool MatchDay::next(std::string& line, std::int64_t& at_ms) {
  if (due_.empty()) return false;
  const auto [at_ns, index] = due_.top();
  line.clear();
  at_ms = at_ns / ns_per_ms;
  if (next_heartbeat_ms_ <= at_ms) {
    at_ms = next_heartbeat_ms_;
    append_heartbeat(line, at_ms);
    next_heartbeat_ms_ += heartbeat_every_ms;
    return true;
  }
  due_.pop();
  matches_[index].write_next(line);
  if (const auto next_ns = matches_[index].next_at_ns()) due_.emplace(*next_ns, index);
  return true;
}

}  // namespace touchline::simulate
