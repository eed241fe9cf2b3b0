// Lines of one source (A and B): each update once, from whichever line brings it first.
//
// For sources without numbers. The arbiter remembers, in order, what was applied; a line's next update is looked
// for behind that line's last match. Found, it is a copy. Not found, the line is ahead and its update is news;
// or, where the source's own time says that newer things were applied already, it is late: of it only what
// nothing newer has touched may still be applied. Identity is content and source time at a place in one line's
// order, never content alone, because prices flip back and forth.
//
// Knows updates and nothing of events. The memory is bounded (limits::arbiter_updates); a line that falls out of
// it starts over, and what it then brings is `old`: news only for events that have seen nothing newer.
#pragma once

#include "core/ids.h"
#include "core/limits.h"
#include "core/update.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace touchline {

class Arbiter {
 public:
  enum class Verdict : std::uint8_t { news, copy, late, old };

  explicit Arbiter(std::size_t remembered_max = limits::arbiter_updates) : remembered_max_(remembered_max) {}

  LineId add_line();
  // The line was connected anew: it may repeat what it brought before.
  void restart_line(LineId line);

  // Judges the next update of a line and remembers it. What is late loses the ops that newer updates overrule.
  Verdict judge(LineId line, Update& update);

 private:
  struct Line {
    std::uint64_t next = 0;  // number of the entry behind its last match
    std::int64_t last_time_ms = 0;
  };
  struct Entry {
    std::uint64_t identity;
    std::int64_t time_ms;
    std::vector<std::uint64_t> keys;  // what the update touched; kept only while there are several lines
  };

  std::uint64_t end() const { return first_ + entries_.size(); }
  Entry& entry(std::uint64_t number) { return entries_[number - first_]; }
  // The number of the matching entry at or behind `from`, or end().
  std::uint64_t search(std::uint64_t from, std::uint64_t identity) const;
  std::uint64_t search_time(std::int64_t time_ms, std::uint64_t identity) const;
  void remember(Line& line, const Update& update, std::uint64_t identity);
  void remember_late(Line& line, const Update& update, std::uint64_t identity);
  void drop_overruled(std::uint64_t from, Update& update) const;

  std::size_t remembered_max_;
  std::vector<Line> lines_;
  std::deque<Entry> entries_;
  std::uint64_t first_ = 0;  // number of the oldest entry
  std::int64_t newest_ms_ = 0;
};

}  // namespace touchline
