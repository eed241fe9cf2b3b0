#include "core/arbiter.h"

#include <algorithm>

namespace touchline {

LineId Arbiter::add_line() {
  // Of what came while there was one line only, the updates were not kept: to the new line it is old.
  if (lines_.size() == 1) {
    while (!entries_.empty())
      forget_oldest();
  }
  lines_.push_back({});
  const LineId line(static_cast<std::uint32_t>(lines_.size() - 1));
  lines_.back().next_untimed = untimed_start(line);
  return line;
}

void Arbiter::restart_line(LineId line) {
  lines_[line.value] = {};
  lines_[line.value].next_untimed = untimed_start(line);
}

bool Arbiter::has_open_line() const {
  return std::any_of(lines_.begin(), lines_.end(), [](const Line& line) { return line.open; });
}

// Where a line that starts is looked for. Beside another one it may be behind. Alone it is all there is: what it
// says is the latest, though it were the same as long ago, and what it repeats ends where it ended before.
std::uint64_t Arbiter::untimed_start(LineId line) const {
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    if (i != line.value && lines_[i].open) return first_untimed_;
  }
  return first_untimed_ + untimed_.size();
}

Arbiter::Verdict Arbiter::judge(LineId id, Update& update) {
  Line& line = lines_[id.value];
  const std::uint64_t identity = identity_of(update);
  const std::int64_t time = update.source_time_ms;
  // The line says the same twice running, which changes nothing the second time.
  if (identity == std::exchange(line.last_identity, identity)) return Verdict::copy;
  if (time == 0) return judge_untimed(line, identity);
  const bool ahead = leads(line, time);
  go_to_time(line, time);
  const Range range = ahead ? Range{entries_.size() - line.brought.size(), entries_.size()} : at_time(time);
  if (find_copy(line, range, identity)) return Verdict::copy;
  if (!ahead && time <= forgotten_ms_) return Verdict::old;
  // What it has not brought of the same time is newer, unless it has just come back and lacks what is older.
  std::size_t at = range.end;
  if (lines_.size() > 1 && !line.came_back) at = range.begin + first_open(line, range);
  const bool late = lines_.size() > 1 && at != entries_.size();
  insert(line, at, range, update, identity);
  if (late) say_newer_again(at + 1, update);
  if (entries_.size() > remembered_max_ || kept_bytes_ > limits::arbiter_bytes) forget_oldest();
  return late ? Verdict::late : Verdict::news;
}

// A quick yes, without a search: whether the line has brought all that is remembered of this time, and
// nothing newer is.
bool Arbiter::leads(const Line& line, std::int64_t time_ms) const {
  if (entries_.empty()) return time_ms > forgotten_ms_;
  if (time_ms > entries_.back().time_ms) return true;
  return time_ms == line.time_ms && entries_.back().serial == line.last_serial &&
         line.first_open == line.brought.size();
}

Arbiter::Range Arbiter::at_time(std::int64_t time_ms) const {
  const auto before = [](const Entry& entry, std::int64_t time) { return entry.time_ms < time; };
  const auto after = [](std::int64_t time, const Entry& entry) { return time < entry.time_ms; };
  const auto begin = std::lower_bound(entries_.begin(), entries_.end(), time_ms, before);
  const auto end = std::upper_bound(begin, entries_.end(), time_ms, after);
  return {static_cast<std::size_t>(begin - entries_.begin()),
          static_cast<std::size_t>(end - entries_.begin())};
}

void Arbiter::go_to_time(Line& line, std::int64_t time_ms) {
  if (line.time_ms == time_ms) return;
  if (line.time_ms == 0 || time_ms < line.time_ms) {
    line.came_back = true;
  } else if (!entries_.empty() && entries_.back().serial == line.last_serial) {
    line.came_back = false;
  } else {
    // It goes on from where it was if it lacks nothing between.
    const Range was = at_time(line.time_ms);
    bool lacks = at_time(time_ms).begin != was.end;
    for (std::size_t i = line.brought.empty() ? 0 : line.last + 1; i < was.size(); ++i) {
      lacks = lacks || i >= line.brought.size() || !line.brought[i];
    }
    line.came_back = lacks;
  }
  line.time_ms = time_ms;
  line.brought.clear();
  line.first_open = 0;
  line.last = 0;
}

std::size_t Arbiter::first_open(Line& line, Range range) {
  while (line.first_open < line.brought.size() && line.brought[line.first_open])
    ++line.first_open;
  return std::min(line.first_open, range.size());
}

bool Arbiter::find_copy(Line& line, Range range, std::uint64_t identity) {
  for (std::size_t i = first_open(line, range); i < range.size(); ++i) {
    const Entry& entry = entries_[range.begin + i];
    if (entry.identity != identity || (i < line.brought.size() && line.brought[i])) continue;
    mark(line, i, entry);
    return true;
  }
  return false;
}

void Arbiter::mark(Line& line, std::size_t index, const Entry& entry) {
  if (line.brought.size() <= index) line.brought.resize(index + 1, false);
  line.brought[index] = true;
  if (line.first_open == index) ++line.first_open;
  line.last = index;
  line.last_serial = entry.serial;
}

Arbiter::Verdict Arbiter::judge_untimed(Line& line, std::uint64_t identity) {
  const std::uint64_t from = std::max(line.next_untimed, first_untimed_);
  const auto begin = untimed_.begin() + static_cast<std::ptrdiff_t>(from - first_untimed_);
  const auto found = std::find(begin, untimed_.end(), identity);
  if (found != untimed_.end()) {
    line.next_untimed = from + static_cast<std::uint64_t>(found - begin) + 1;
    return Verdict::copy;
  }
  untimed_.push_back(identity);
  line.next_untimed = first_untimed_ + untimed_.size();
  if (untimed_.size() > remembered_max_) {
    untimed_.pop_front();
    ++first_untimed_;
  }
  return Verdict::news;
}

void Arbiter::insert(Line& line, std::size_t at, Range range, const Update& update, std::uint64_t identity) {
  Entry entry{identity, update.source_time_ms, ++last_serial_, nullptr};
  if (lines_.size() > 1) {
    kept_bytes_ += update.bytes();
    entry.kept = std::make_unique<const Kept>(Kept{update, scopes_of(update)});
  }
  const std::size_t index = at - range.begin;
  entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(at), std::move(entry));
  for (Line& other : lines_) {
    if (other.time_ms != update.source_time_ms || index >= other.brought.size()) continue;
    other.brought.insert(other.brought.begin() + static_cast<std::ptrdiff_t>(index), false);
    other.first_open = std::min(other.first_open, index);
    if (index <= other.last) ++other.last;
  }
  mark(line, index, entries_[at]);
}

void Arbiter::forget_oldest() {
  const Entry& oldest = entries_.front();
  if (oldest.kept) kept_bytes_ -= oldest.kept->update.bytes();
  forgotten_ms_ = oldest.time_ms;
  for (Line& line : lines_) {
    if (line.time_ms != oldest.time_ms || line.brought.empty()) continue;
    line.brought.erase(line.brought.begin());
    if (line.first_open > 0) --line.first_open;
    if (line.last > 0) --line.last;
  }
  entries_.pop_front();
}

void Arbiter::say_newer_again(std::size_t from, Update& update) const {
  Scopes scopes = scopes_of(update);
  for (std::size_t i = from; i < entries_.size(); ++i) {
    const Kept& newer = *entries_[i].kept;
    if (share(newer.scopes, scopes)) append_newer(update, scopes, newer.update);
  }
}

}  // namespace touchline
