// Somebody else's events: states by the handles that the publisher gave them.
//
// Handles are dense there, but not all are told: what was forgotten before we came leaves a gap, and a publisher that
// lies may name any. So a gap is a null pointer, and an event is made when there is something to put in it. An event
// without an id is one that the publisher itself knows nothing of; nobody is given it. Knows no protocol. Owned by the
// relay; loop thread.
#pragma once

#include "core/delta.h"
#include "core/live_events.h"

#include <memory>
#include <string>
#include <utility>

namespace touchline {

class MirroredEvents : public LiveEvents {
 public:
  // The handle is there then, and all in front of it: those that are not known as gaps.
  void extend(EventHandle handle) {
    if (events_.size() < handle.value) events_.resize(handle.value);
  }

  // The event of that handle, to be set.
  LiveEvent& reach(EventHandle handle) {
    extend(handle);
    std::unique_ptr<LiveEvent>& event = events_[handle.value - 1];
    if (!event) event = std::make_unique<LiveEvent>(LiveEvent::gap(handle));
    return *event;
  }

  // null: it is not known.
  LiveEvent* find(EventHandle handle) {
    if (handle.value == 0 || handle.value > events_.size()) return nullptr;
    LiveEvent* const found = events_[handle.value - 1].get();
    return found == nullptr || is_gap(*found) ? nullptr : found;
  }

  static bool is_gap(const LiveEvent& event) { return event.id.empty(); }

  static void set(LiveEvent& event, EventState state) {
    event.id = std::string(state.get(Address(0, 0, Field::id)).text);
    event.state = std::move(state);
  }

  void clear() { events_.clear(); }
};

}  // namespace touchline
