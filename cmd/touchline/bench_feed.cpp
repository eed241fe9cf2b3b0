#include "cmd/touchline/bench_feed.h"

#include "feed/clock.h"
#include "feed/simulate/match_day.h"

#include <algorithm>
#include <chrono>

namespace touchline {
namespace {

constexpr std::size_t parser_padding = 64;

}  // namespace

std::int64_t steady_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// A day's lines, and when it is over another day's of other matches.
BenchFeed::BenchFeed(const BenchFeedOptions& options)
    : updates_per_s_(options.updates_per_s), due_ns_(2 * options.updates + 4096) {
  simulate::MatchDayOptions day_options;
  day_options.events = options.events;
  day_options.updates_per_second = options.updates_per_s;
  simulate::MatchDay day(day_options);
  std::string line;
  std::int64_t at_ms = 0;
  lines_.reserve(options.updates);
  while (lines_.size() < options.updates && day.next(line, at_ms)) {
    lines_.push_back(line);
    lines_.back().reserve(line.size() + parser_padding);
  }
}

Result<void> BenchFeed::take_one(Publisher& publisher, LineRef line, std::int64_t due_ns) {
  const std::string& text = lines_[next_];
  if (const auto parsed = parser_.parse(text, update_); !parsed) return parsed.error();
  const std::uint64_t before = publisher.origin().head().value;
  if (const auto taken = publisher.take(line, update_, running_ms()); !taken) return taken.error();
  const std::uint64_t after = publisher.origin().head().value;
  for (std::uint64_t offset = before + 1; offset <= after && offset < due_ns_.size(); ++offset)
    due_ns_[offset].store(due_ns, std::memory_order_relaxed);
  ++next_;
  return {};
}

Result<void> BenchFeed::take_ahead(Publisher& publisher, LineRef line, std::size_t updates) {
  const std::size_t until = std::min(lines_.size(), next_ + updates);
  while (next_ < until && !publisher.full()) {
    if (auto taken = take_one(publisher, line, 0); !taken) return taken;
  }
  first_due_ = next_;
  return {};
}

Result<bool> BenchFeed::take_due(Publisher& publisher, LineRef line, std::int64_t now_ns) {
  const double ns_each = 1e9 / updates_per_s_;
  while (next_ < lines_.size() && !publisher.full()) {
    const std::int64_t due =
        start_ns_ + static_cast<std::int64_t>(ns_each * static_cast<double>(next_ - first_due_));
    if (due > now_ns) break;
    if (const auto taken = take_one(publisher, line, due); !taken) return taken.error();
  }
  return next_ < lines_.size();
}

}  // namespace touchline
