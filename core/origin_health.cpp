// The health of sources, and what it makes of their events (core/origin.h).

#include "core/life.h"
#include "core/origin.h"

#include <algorithm>

namespace touchline {
namespace {

bool is_stale(FeedHealth health) {
  return health == FeedHealth::stale || health == FeedHealth::stale_incomplete;
}

bool is_incomplete(FeedHealth health) {
  return health == FeedHealth::incomplete || health == FeedHealth::stale_incomplete;
}

FeedHealth health_of(bool stale, bool incomplete) {
  if (stale) return incomplete ? FeedHealth::stale_incomplete : FeedHealth::stale;
  return incomplete ? FeedHealth::incomplete : FeedHealth::live;
}

FeedHealth health_in(const EventState& state, SourceId source) {
  const Value cell = state.get(Address(0, 0, Field::feed, source.value));
  return static_cast<FeedHealth>(cell.integer);
}

// Whether something that the event shows comes from the source (PROTOCOL.md, "Owner"; absent is source 1).
bool speaks_of(SourceId source, const EventState& state) {
  const auto owner = [&](std::uint32_t market, std::uint32_t level) {
    return SourceId(
        static_cast<std::uint32_t>(state.integer(Address(market, 0, Field::owner, level)).value_or(1)));
  };
  for (std::uint32_t market = 1; market < state.market_count(); ++market) {
    if (owner(market, 0) == source) return true;
  }
  bool found = false;
  state.for_each_in_row(0, 0, [&](Address at, const Value&) {
    if (is_identity(at.field()) || at.field() == Field::owner || at.field() == Field::feed) return;
    found = found || owner(0, owner_level(at)) == source;
  });
  return found;
}

bool is_over(const EventState& state) {
  return touchline::is_over(
      static_cast<EventStatus>(state.integer(Address(0, 0, Field::status)).value_or(0)));
}

}  // namespace

void Origin::watch(SourceId source, Watch watch, std::int64_t now_ms) {
  Source& watched = sources_[source.value - 1];
  watched.watch = watch;
  watched.heard_ms = now_ms;
}

Origin::Health Origin::health(SourceId source, std::int64_t now_ms) const {
  const Source& known = sources_[source.value - 1];
  return {known.stale, known.heard_ms == 0 ? 0 : now_ms - known.heard_ms};
}

void Origin::set_health(LiveEvent& event, SourceId source, FeedHealth health, std::int64_t now_ms) {
  EventTable::Changed* changed = table_.set_health(event, source, health);
  if (changed == nullptr) return;
  changed->delta.cause = Cause::feed_health;
  publish(*changed, event.state.source_time_ms, now_ms);
}

void Origin::set_incomplete(LiveEvent& event, SourceId source, bool incomplete, std::int64_t now_ms) {
  const FeedHealth now = health_in(event.state, source);
  if (is_incomplete(now) == incomplete) return;
  set_health(event, source, health_of(is_stale(now), incomplete), now_ms);
}

// Marks the source's events, but for those that are over; or takes exactly that back.
void Origin::set_stale(SourceId source, bool stale, std::int64_t now_ms) {
  sources_[source.value - 1].stale = stale;
  for (const auto& event : table_.events()) {
    const FeedHealth now = health_in(event->state, source);
    if (is_stale(now) == stale) continue;
    if (stale && (is_over(event->state) || !speaks_of(source, event->state))) continue;
    set_health(*event, source, health_of(stale, is_incomplete(now)), now_ms);
  }
}

// A journal that ends within a source's silence.
void Origin::note_stale_sources(const EventState& state) {
  const auto healths = state.cells(0, 0).field(Field::feed);
  for (std::size_t i = 0; i < healths.keys.size(); ++i) {
    const std::uint32_t source = healths.keys[i].level();
    if (source == 0 || source > sources_.size()) continue;
    if (is_stale(static_cast<FeedHealth>(healths.values[i]))) sources_[source - 1].stale = true;
  }
}

void Origin::expire_sources(std::int64_t now_ms) {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const Source& source = sources_[i];
    if (source.stale) continue;
    const Watch& watch = source.watch;
    const bool silent = watch.silent_ms != 0 && now_ms - source.heard_ms >= watch.silent_ms;
    const bool lost = watch.disconnected_ms != 0 && source.disconnected_ms != 0 &&
                      now_ms - source.disconnected_ms >= watch.disconnected_ms;
    if (silent || lost) set_stale(SourceId(static_cast<std::uint32_t>(i + 1)), true, now_ms);
  }
}

}  // namespace touchline
