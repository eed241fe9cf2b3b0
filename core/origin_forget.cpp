// Events that are forgotten, in sequence (core/retention.h).

#include "core/origin.h"
#include "core/retention.h"

#include <algorithm>

namespace touchline {

std::size_t Origin::forget(std::int64_t after_ms, std::int64_t now_ms, const ForgetBounds& bounds) {
  const std::size_t events = table_.events().size();
  std::size_t count = 0;
  for (std::size_t i = 0; i < std::min(events, bounds.looked_at) && count < bounds.forgotten; ++i) {
    if (next_to_forget_ >= events) next_to_forget_ = 0;
    LiveEvent& event = *table_.events()[next_to_forget_++];
    Bookkeeping& book = books(event.handle);
    if (book.seen != event.state.seq) {
      book.seen = event.state.seq;
      book.seen_ms = now_ms;
    }
    if (!may_forget(event.state, book.seen_ms, after_ms, now_ms)) continue;
    forget_event(event, now_ms);
    ++count;
  }
  return count;
}

void Origin::forget_event(LiveEvent& event, std::int64_t now_ms) {
  EventTable::Changed* changed = table_.forget(event);
  if (changed == nullptr) return;
  changed->delta.cause = Cause::operator_;
  publish(*changed, event.state.source_time_ms, now_ms);
  EventTable::let_go(event);
  // What is left is small, and whoever takes it up need not read what was before.
  Bookkeeping& book = books(event.handle);
  if (book.deltas_since_snapshot != 0) snapshot(event, now_ms);
  book.snapshot_at_end = false;
  ++counts_.forgotten;
}

}  // namespace touchline
