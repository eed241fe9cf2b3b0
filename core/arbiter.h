// Lines of one source (A and B): each update once, from whichever line brings it first.
//
// For sources without numbers. The arbiter remembers, in order, what was applied. What a line brings is
// looked for among what has the same source time and was not brought by that line yet: found, it is a copy.
// Not found, it is news; and if others have passed its time already it is late: it is put in its place, and
// what is newer and speaks of the same things is said again behind it. Identity is content and source time at
// a place in one line's order, never content alone: prices flip back and forth. Where a line's time runs
// backwards the line was started again. Updates without a time are told apart by their place in the line's
// order alone.
#pragma once

#include "core/ids.h"
#include "core/late_update.h"
#include "core/limits.h"
#include "core/update.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

namespace touchline {

class Arbiter {
 public:
  // old: from before the memory; news only for events that have seen nothing newer.
  enum class Verdict : std::uint8_t { news, copy, late, old };

  explicit Arbiter(std::size_t remembered_max = limits::arbiter_updates) : remembered_max_(remembered_max) {}
  Arbiter(Arbiter&&) = default;
  Arbiter(const Arbiter&) = delete;
  Arbiter& operator=(const Arbiter&) = delete;
  ~Arbiter() = default;

  LineId add_line();
  // The line was connected anew: it may repeat what it brought before.
  void restart_line(LineId line);
  // It brings nothing more until it is started again.
  void end_line(LineId line) { lines_[line.value].open = false; }
  // It goes on exactly behind what it brought last: nothing is repeated, nothing left out.
  void continue_line(LineId line) { lines_[line.value].open = true; }
  bool has_open_line() const;

  // Judges the next update of a line and remembers it. To what is late, the newer ops are appended.
  Verdict judge(LineId line, Update& update);

 private:
  // What is remembered of an update whole, while there are several lines.
  struct Kept {
    Update update;
    Scopes scopes;
  };
  struct Entry {
    std::uint64_t identity = 0;
    std::int64_t time_ms = 0;
    std::uint64_t serial = 0;  // in order of arrival, from 1
    std::unique_ptr<const Kept> kept;
  };
  // Where a line stands among the updates of its last source time, counted from the first of them.
  struct Line {
    std::int64_t time_ms = 0;    // 0: it has brought nothing since it was started
    std::vector<bool> brought;   // those behind its end were not
    std::size_t first_open = 0;  // none before it is open
    std::size_t last = 0;        // the one that it brought last
    std::uint64_t last_serial = 0;
    std::uint64_t last_identity = 0;
    bool came_back = false;  // it lacks what was there right before this time: it may lack some of it, too
    std::uint64_t next_untimed = 0;
    bool open = true;
  };
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t size() const { return end - begin; }
  };

  Range at_time(std::int64_t time_ms) const;
  bool leads(const Line& line, std::int64_t time_ms) const;
  void go_to_time(Line& line, std::int64_t time_ms);
  bool find_copy(Line& line, Range range, std::uint64_t identity);
  std::size_t first_open(Line& line, Range range);
  void mark(Line& line, std::size_t index, const Entry& entry);
  std::uint64_t untimed_start(LineId line) const;
  Verdict judge_untimed(Line& line, std::uint64_t identity);
  void insert(Line& line, std::size_t at, Range range, const Update& update, std::uint64_t identity);
  void say_newer_again(std::size_t from, Update& update) const;
  void forget_oldest();

  std::size_t remembered_max_;
  std::vector<Line> lines_;
  std::deque<Entry> entries_;  // by source time; of one time in the order in which they take effect
  std::uint64_t last_serial_ = 0;
  std::size_t kept_bytes_ = 0;
  std::int64_t forgotten_ms_ = 0;      // the newest source time of which something was forgotten
  std::deque<std::uint64_t> untimed_;  // identities, in order of arrival
  std::uint64_t first_untimed_ = 0;
};

}  // namespace touchline
