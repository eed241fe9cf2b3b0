// Somebody else's events: states by the handles that the publisher gave them.
//
// Handles are dense there, but not all are told: what was forgotten before we came leaves a gap. Such a gap is an
// event that is forgotten and has no id, so that nobody is given it. Knows no protocol. Owned by the relay; loop
// thread.
#pragma once

#include "core/delta.h"
#include "core/live_events.h"
#include "core/retention.h"

#include <utility>

namespace touchline {

class MirroredEvents : public LiveEvents {
 public:
  // The event of that handle, a gap where it is not known. All in front of it are there then, too.
  LiveEvent& reach(EventHandle handle) {
    while (events_.size() < handle.value) {
      auto event = std::make_unique<LiveEvent>();
      event->handle = EventHandle(static_cast<std::uint32_t>(events_.size() + 1));
      write(event->state, status_of_event, forgotten);
      events_.push_back(std::move(event));
    }
    return event(handle);
  }

  // null: it is not known.
  LiveEvent* find(EventHandle handle) {
    if (handle.value == 0 || handle.value > events_.size()) return nullptr;
    LiveEvent& found = event(handle);
    return is_gap(found) ? nullptr : &found;
  }

  static bool is_gap(const LiveEvent& event) { return event.id.empty(); }

  static void set(LiveEvent& event, EventState state) {
    event.id = std::string(state.get(Address(0, 0, Field::id)).text);
    event.state = std::move(state);
  }

  void clear() { events_.clear(); }
};

}  // namespace touchline
