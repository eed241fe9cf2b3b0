#include "core/arbiter.h"

#include "core/digest.h"

#include <algorithm>
#include <unordered_set>

namespace touchline {
namespace {

// Walks an update's ops with a key for what each one touches. A wide key stands for many cells at once.
class KeyWalk {
 public:
  explicit KeyWalk(const Update& update) : update_(update) {}

  struct Keys {
    std::uint64_t cell = 0;  // 0: only says where the following ops apply
    std::uint64_t wide[3] = {0, 0, 0};
  };

  Keys step(const Op& op) {
    const auto text = [&] { return fnv1a64(update_.look(op.text)); };
    const auto extra = [&] { return fnv1a64(update_.look(op.extra)); };
    switch (op.kind) {
      case OpKind::event:
      case OpKind::market:
        market_ = mix64(text() + (op.kind == OpKind::event ? 1U : 2U));
        outcome_ = market_;
        return {};
      case OpKind::outcome:
        outcome_ = mix64(market_ + text() + static_cast<std::uint64_t>(op.number));
        return {};
      case OpKind::image: return {image_key(), {}};
      case OpKind::definition: return {definition_key(), {}};
      case OpKind::clear: return {field_key(op.field), {image_key(), 0, 0}};
      case OpKind::set_number:
      case OpKind::set_text:
      case OpKind::erase:
        return {mix64(field_key(op.field) + op.level + 1), {image_key(), definition_of(op.field), field_key(op.field)}};
      case OpKind::set_exact_level:
      case OpKind::erase_exact_level:
        return {mix64(field_key(op.field) + extra()), {image_key(), field_key(op.field), 0}};
      case OpKind::its_event: return {mix64(market_ + 7 + static_cast<std::uint64_t>(op.field)), {}};
      case OpKind::attribute_number:
      case OpKind::attribute_text:
      case OpKind::attribute_erase:
        return {mix64(outcome_ + text() + 9), {section_key(update_.look(op.text)), definition_of(Field::attribute), 0}};
      case OpKind::attribute_section: return {section_key(update_.look(op.text)), {}};
    }
    return {};
  }

 private:
  std::uint64_t image_key() const { return mix64(market_ + 3); }
  std::uint64_t definition_key() const { return mix64(market_ + 4); }
  std::uint64_t definition_of(Field field) const { return is_definition(field) ? definition_key() : 0; }
  std::uint64_t field_key(Field field) const { return mix64(outcome_ + 5 + (static_cast<std::uint64_t>(field) << 8)); }
  // Sections are the first step of a path: adapters replace nothing deeper.
  std::uint64_t section_key(std::string_view path) const {
    return mix64(outcome_ + 6 + fnv1a64(path.substr(0, path.find('/'))));
  }

  const Update& update_;
  std::uint64_t market_ = 0;
  std::uint64_t outcome_ = 0;
};

}  // namespace

LineId Arbiter::add_line() {
  lines_.push_back({first_, 0});
  return LineId(static_cast<std::uint32_t>(lines_.size() - 1));
}

void Arbiter::restart_line(LineId line) { lines_[line.value] = {first_, 0}; }

Arbiter::Verdict Arbiter::judge(LineId id, Update& update) {
  Line& line = lines_[id.value];
  const std::uint64_t identity = identity_of(update);
  const std::int64_t time = update.source_time_ms;
  const bool backwards = time != 0 && time < line.last_time_ms;
  std::uint64_t match = search(std::max(line.next, first_), identity);
  // A line's time never runs backwards by itself: this one was started again, further back.
  if (match == end() && backwards) match = search_time(time, identity);
  // The line says the same twice running, which changes nothing the second time.
  if (match == end() && line.next > first_ && entry(line.next - 1).identity == identity) match = line.next - 1;
  if (time != 0) line.last_time_ms = time;
  if (match != end()) {
    line.next = match + 1;
    return Verdict::copy;
  }
  const bool forgotten = first_ != 0 && (entries_.empty() || time < entries_.front().time_ms);
  if (time != 0 && forgotten) return Verdict::old;
  const bool behind = std::max(line.next, first_) != end();
  if (lines_.size() > 1 && time != 0 && (behind ? time <= newest_ms_ : time < newest_ms_)) {
    drop_overruled(std::max(line.next, first_), update);
    remember_late(line, update, identity);
    return Verdict::late;
  }
  remember(line, update, identity);
  return Verdict::news;
}

std::uint64_t Arbiter::search(std::uint64_t from, std::uint64_t identity) const {
  for (std::uint64_t number = from; number < end(); ++number) {
    if (entries_[number - first_].identity == identity) return number;
  }
  return end();
}

std::uint64_t Arbiter::search_time(std::int64_t time_ms, std::uint64_t identity) const {
  const auto earliest = std::lower_bound(entries_.begin(), entries_.end(), time_ms,
                                         [](const Entry& entry, std::int64_t t) { return entry.time_ms < t; });
  for (auto at = earliest; at != entries_.end() && at->time_ms == time_ms; ++at) {
    if (at->identity == identity) return first_ + static_cast<std::uint64_t>(at - entries_.begin());
  }
  return end();
}

void Arbiter::remember(Line& line, const Update& update, std::uint64_t identity) {
  Entry& added = entries_.emplace_back(Entry{identity, update.source_time_ms, {}});
  if (lines_.size() > 1) {
    KeyWalk walk(update);
    for (const Op& op : update.ops) {
      if (const auto keys = walk.step(op); keys.cell != 0) added.keys.push_back(keys.cell);
    }
  }
  newest_ms_ = std::max(newest_ms_, update.source_time_ms);
  line.next = end();
  if (entries_.size() <= remembered_max_) return;
  entries_.pop_front();
  ++first_;
}

void Arbiter::remember_late(Line& line, const Update& update, std::uint64_t identity) {
  // At its place by time, so that a copy of it from a line further back is recognised.
  const auto place = std::upper_bound(entries_.begin(), entries_.end(), update.source_time_ms,
                                      [](std::int64_t t, const Entry& entry) { return t < entry.time_ms; });
  std::uint64_t number = first_ + static_cast<std::uint64_t>(place - entries_.begin());
  number = std::min(number, std::max(line.next, first_));
  entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(number - first_),
                  Entry{identity, update.source_time_ms, {}});
  for (Line& other : lines_) {
    if (other.next > number) ++other.next;
  }
  line.next = number + 1;
}

void Arbiter::drop_overruled(std::uint64_t from, Update& update) const {
  std::unordered_set<std::uint64_t> newer;
  for (std::uint64_t number = first_; number < end(); ++number) {
    const Entry& entry = entries_[number - first_];
    const bool after = entry.time_ms > update.source_time_ms || (entry.time_ms == update.source_time_ms && number >= from);
    if (after) newer.insert(entry.keys.begin(), entry.keys.end());
  }
  KeyWalk walk(update);
  std::erase_if(update.ops, [&](const Op& op) {
    // A late replacement cannot tell what came after it from what it would replace: only its values count.
    const bool replaces = op.kind == OpKind::image || op.kind == OpKind::definition || op.kind == OpKind::clear ||
                          op.kind == OpKind::attribute_section;
    const auto keys = walk.step(op);
    if (keys.cell == 0) return false;
    if (replaces) return true;
    const auto overruled = [&](std::uint64_t key) { return key != 0 && newer.contains(key); };
    return overruled(keys.cell) || overruled(keys.wide[0]) || overruled(keys.wide[1]) || overruled(keys.wide[2]);
  });
}

}  // namespace touchline
