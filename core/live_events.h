// Events as they stand, by handle: what is published is read here.
//
// Two stand behind it: the event table, which changes them by updates, and a relay's mirror of somebody else's events.
// The mirror may have gaps, which cost a pointer each. Knows neither updates nor readers. Single-threaded.
#pragma once

#include "core/event_names.h"
#include "core/event_state.h"
#include "core/ids.h"
#include "core/retention.h"

#include <deque>
#include <memory>
#include <string>

namespace touchline {

struct LiveEvent {
  EventHandle handle;
  std::string id;
  EventState state;
  EventNames names;

  // A handle of which nothing is known, for who asks what stands there: an event that is forgotten and has no id.
  static LiveEvent gap(EventHandle handle) {
    LiveEvent event;
    event.handle = handle;
    event.state.set(status_of_event, forgotten.integer);
    return event;
  }
};

class LiveEvents {
 public:
  // All of them; handle n stands at n - 1. Null, in a mirror alone: nothing is known of it.
  const std::deque<std::unique_ptr<LiveEvent>>& events() const { return events_; }
  // Null: nothing is known of it.
  const LiveEvent* known(EventHandle handle) const {
    return handle.value == 0 || handle.value > events_.size() ? nullptr : events_[handle.value - 1].get();
  }
  LiveEvent& event(EventHandle handle) { return *events_[handle.value - 1]; }

 protected:
  LiveEvents() = default;
  LiveEvents(LiveEvents&&) = default;
  LiveEvents& operator=(LiveEvents&&) = default;
  ~LiveEvents() = default;

  std::deque<std::unique_ptr<LiveEvent>> events_;
};

}  // namespace touchline
