// Events that are forgotten, and those that begin anew (core/retention.h).
#include "core/event_table.h"
#include "core/retention.h"

#include <utility>

namespace touchline {

EventTable::Changed* EventTable::forget(LiveEvent& event) {
  if (before_change) before_change(event);
  changed_count_ = 0;
  replaced_.clear();
  rewritten_.clear();
  if (changed_.empty()) changed_.emplace_back();
  Changed& changed = changed_.front();
  changed.event = &event;
  changed.delta.clear();
  for (std::uint32_t m = 1; m < event.state.market_count(); ++m) {
    const auto home = homes_.find(event.state.get(Address(m, 0, Field::id)).text);
    if (home != homes_.end() && home->second.event == &event) homes_.erase(home);
  }
  event.state.for_each([&](Address at, const Value& value) {
    if (at == Address(0, 0, Field::id)) return;
    changed.delta.add(at, value, at == status_of_event ? forgotten : Value{});
  });
  if (!event.state.get(status_of_event)) changed.delta.add(status_of_event, {}, forgotten);
  // From behind, where what was added last is taken away cheaply.
  for (auto change = changed.delta.changes.rbegin(); change != changed.delta.changes.rend(); ++change)
    touchline::write(event.state, change->at, changed.delta.now(*change));
  changed_count_ = 1;
  finish();
  return changed_count_ == 0 ? nullptr : &changed_.front();
}

void EventTable::let_go(LiveEvent& event) {
  event.state.release_empty_rows();
  event.names = EventNames();
}

// It begins anew with the first thing that is said of it.
void EventTable::wake(LiveEvent& event) {
  changed_[current_].delta.add(status_of_event, forgotten, {});
  event.state.erase(status_of_event);
}

// Named, but nothing was said of it.
bool EventTable::only_woken(const Changed& changed) const {
  if (changed.delta.changes.size() != 1) return false;
  const Change& change = changed.delta.changes.front();
  return change.at == status_of_event && changed.delta.before(change) == forgotten &&
         changed.delta.now(change).kind == ValueKind::none;
}

}  // namespace touchline
