#include "core/delta.h"

#include "core/check.h"

#include <algorithm>
#include <map>

namespace touchline {
namespace {

std::map<Address, Value> table_of(const EventState& state) {
  std::map<Address, Value> table;
  state.for_each([&](Address at, const Value& value) { table.emplace(at, value); });
  return table;
}

// Stable. Most deltas have a handful of changes, nearly in order already.
void sort_by_address(std::vector<Change>& changes) {
  constexpr std::size_t few = 32;
  const auto by_address = [](const Change& a, const Change& b) { return a.at < b.at; };
  if (changes.size() > few) return std::stable_sort(changes.begin(), changes.end(), by_address);
  for (std::size_t i = 1; i < changes.size(); ++i) {
    if (!by_address(changes[i], changes[i - 1])) continue;
    const Change moved = changes[i];
    std::size_t to = i;
    for (; to > 0 && by_address(moved, changes[to - 1]); --to)
      changes[to] = changes[to - 1];
    changes[to] = moved;
  }
}

}  // namespace

std::string_view name_of(Cause cause) {
  switch (cause) {
    case Cause::source:
      return "source";
    case Cause::recovery:
      return "recovery";
    case Cause::conflated_upstream:
      return "conflated_upstream";
    case Cause::operator_:
      return "operator";
    case Cause::feed_health:
      return "feed_health";
  }
  return "unknown";
}

HeldValue Delta::hold(const Value& value) {
  if (value.kind != ValueKind::text) return {value.kind, value.integer};
  const auto offset = static_cast<std::int64_t>(arena.size());
  arena.append(value.text);
  return {ValueKind::text, offset << 32 | static_cast<std::int64_t>(value.text.size())};
}

Value Delta::look(const HeldValue& held) const {
  if (held.kind != ValueKind::text) return {held.kind, held.integer, {}};
  const auto offset = static_cast<std::size_t>(held.integer >> 32);
  const auto size = static_cast<std::size_t>(held.integer & 0xFFFFFFFF);
  return Value::of(std::string_view(arena).substr(offset, size));
}

void Delta::clear() {
  changes.clear();
  arena.clear();
  seq = {};
  merged = 1;
  source_time_ms = ingest_time_ms = 0;
  kind = DeltaClass::price;
  cause = Cause::source;
}

void Delta::normalise() {
  sort_by_address(changes);
  auto kept = changes.begin();
  for (auto first = changes.begin(); first != changes.end();) {
    auto last = first;
    while (last + 1 != changes.end() && (last + 1)->at == first->at)
      ++last;
    const Change change{first->at, first->before, last->now};
    first = last + 1;
    if (!(before(change) == now(change))) *kept++ = change;
  }
  changes.erase(kept, changes.end());
}

DeltaClass class_of(Address at) {
  // Everything of the event itself, but for the clock that ticks by itself.
  if (at.market() == 0) return at.field() == Field::clock_ms ? DeltaClass::price : DeltaClass::critical;
  switch (at.field()) {
    case Field::status:
    case Field::in_play:
    case Field::id:
      return DeltaClass::critical;
    case Field::attribute:
    case Field::version:
    case Field::bet_delay:
    case Field::total_matched:
    case Field::price:
    case Field::last_price:
    case Field::back:
    case Field::lay:
    case Field::traded:
    case Field::sp_back:
    case Field::sp_lay:
    case Field::best_back:
    case Field::best_lay:
    case Field::best_display_back:
    case Field::best_display_lay:
    case Field::sp_near:
    case Field::sp_far:
    case Field::handicap:
    case Field::home_score:
    case Field::away_score:
    case Field::clock_ms:
    case Field::start_time:
    case Field::feed:
    case Field::name:
    case Field::type:
    case Field::sport:
    case Field::competition:
    case Field::period:
    case Field::attribute_name:
    case Field::exact_price:
    case Field::owner:
      break;
  }
  return DeltaClass::price;
}

DeltaClass class_of(const Delta& delta) {
  for (const Change& change : delta.changes) {
    if (class_of(change.at) == DeltaClass::critical) return DeltaClass::critical;
  }
  return DeltaClass::price;
}

Delta diff(const EventState& a, const EventState& b) {
  const auto from = table_of(a);
  const auto to = table_of(b);
  Delta delta;
  delta.seq = b.seq;
  delta.merged = b.seq.value - a.seq.value;
  delta.source_time_ms = b.source_time_ms;
  for (const auto& [at, value] : from) {
    if (const auto found = to.find(at); found == to.end()) {
      delta.add(at, value, {});
    } else if (!(found->second == value)) {
      delta.add(at, value, found->second);
    }
  }
  for (const auto& [at, value] : to) {
    if (!from.contains(at)) delta.add(at, {}, value);
  }
  delta.normalise();
  delta.kind = class_of(delta);
  return delta;
}

void write(EventState& state, Address at, const Value& value) {
  switch (value.kind) {
    case ValueKind::none:
      state.erase(at);
      break;
    case ValueKind::integer:
      state.set(at, value.integer);
      break;
    case ValueKind::text:
      state.set(at, value.text);
      break;
  }
}

void apply(EventState& state, const Delta& delta) {
  for (const Change& change : delta.changes)
    write(state, change.at, delta.now(change));
  if (delta.cause == Cause::operator_) state.release_empty_rows();
  state.seq = delta.seq;
  state.source_time_ms = delta.source_time_ms;
}

Delta merge(const Delta& a, const Delta& b) {
  Delta merged;
  merged.seq = b.seq;
  merged.merged = a.merged + b.merged;
  merged.source_time_ms = b.source_time_ms;
  merged.ingest_time_ms = b.ingest_time_ms;
  merged.kind = std::max(a.kind, b.kind);
  merged.cause = b.cause;
  for (const Delta* part : {&a, &b}) {
    for (const Change& change : part->changes)
      merged.add(change.at, part->before(change), part->now(change));
  }
  merged.normalise();
  return merged;
}

}  // namespace touchline
