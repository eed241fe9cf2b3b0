#include "tests/crowd/match_feed.h"

#include "feed/simulate/match_day.h"

#include <algorithm>
#include <set>

namespace touchline::crowd {
namespace {

// A day of all matches at one update a second is about so many, wherever it is thinned out.
constexpr double updates_each_match = 660;

std::string with_answer(const std::string& line) { return "{\"ack\":\"end\"," + line.substr(1); }

}  // namespace

MatchFeed::MatchFeed(const MatchFeedOptions& options) {
  simulate::MatchDayOptions day_options;
  day_options.events = options.events;
  day_options.seed = options.seed;
  day_options.updates_per_second =
      std::max(simulate::updates_per_second_min, options.updates / updates_each_match / options.events);
  simulate::MatchDay day(day_options);
  std::set<std::string> events;
  std::string line;
  for (std::int64_t at_ms = 0; day.next(line, at_ms);) {
    constexpr std::string_view begin = "{\"event\":\"";
    if (!line.starts_with(begin)) continue;
    events.insert(line.substr(begin.size(), line.find('"', begin.size()) - begin.size()));
    lines_.push_back({at_ms, line});
  }
  events_.assign(events.begin(), events.end());
  const std::int64_t first_ms = lines_.front().due_ns;
  const auto whole_ms = static_cast<double>(lines_.back().due_ns - first_ms);
  for (Dated& dated : lines_) {
    opening_ += dated.due_ns == first_ms ? 1 : 0;
    const double share = static_cast<double>(dated.due_ns - first_ms) / whole_ms;
    dated.due_ns = static_cast<std::int64_t>(share * options.seconds * 1e9);
  }
  at_ = opening_;
}

std::string MatchFeed::opening() const {
  std::string lines;
  for (std::size_t i = 0; i < opening_; ++i)
    lines += (i + 1 == opening_ ? with_answer(lines_[i].line) : lines_[i].line) + "\n";
  return lines;
}

std::string MatchFeed::take_due(std::int64_t now_ns) {
  std::string lines;
  for (; at_ < lines_.size() && began_ns_ + lines_[at_].due_ns <= now_ns; ++at_)
    lines += (at_ + 1 == lines_.size() ? with_answer(lines_[at_].line) : lines_[at_].line) + "\n";
  return lines;
}

std::optional<std::int64_t> MatchFeed::next_due_ns() const {
  if (at_ == lines_.size()) return std::nullopt;
  return began_ns_ + lines_[at_].due_ns;
}

}  // namespace touchline::crowd
