// A match day of made-up matches, played in as long as is wanted: which lines are due, and when.
//
// The same lines as `touchline simulate` makes. Knows no socket; the time is passed in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace touchline::crowd {

struct MatchFeedOptions {
  int events = 8;
  double updates = 1'000;  // about so many; there are never less than what happens in the matches
  double seconds = 30;
  std::uint64_t seed = 1;
};

class MatchFeed {
 public:
  explicit MatchFeed(const MatchFeedOptions& options);

  const std::vector<std::string>& events() const { return events_; }
  std::size_t updates() const { return lines_.size(); }
  // What is there before the day begins.
  std::string opening() const;
  void start(std::int64_t now_ns) { began_ns_ = now_ns; }
  // Lines that are due by then; the last one of the day asks for an answer.
  std::string take_due(std::int64_t now_ns);
  std::optional<std::int64_t> next_due_ns() const;  // none: the day is over
  double played() const { return static_cast<double>(at_) / static_cast<double>(lines_.size()); }

 private:
  struct Dated {
    std::int64_t due_ns;  // from the start
    std::string line;
  };
  std::vector<std::string> events_;
  std::vector<Dated> lines_;
  std::size_t opening_ = 0;
  std::size_t at_ = 0;
  std::int64_t began_ns_ = 0;
};

}  // namespace touchline::crowd
