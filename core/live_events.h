// Events as they stand, by handle: what is published is read here.
//
// Two stand behind it: the event table, which changes them by updates, and a relay's mirror of somebody else's events.
// Knows neither updates nor readers. Single-threaded.
#pragma once

#include "core/event_names.h"
#include "core/event_state.h"
#include "core/ids.h"

#include <deque>
#include <memory>
#include <string>

namespace touchline {

struct LiveEvent {
  EventHandle handle;
  std::string id;
  EventState state;
  EventNames names;
};

class LiveEvents {
 public:
  // All of them; handle n stands at n - 1.
  const std::deque<std::unique_ptr<LiveEvent>>& events() const { return events_; }
  LiveEvent& event(EventHandle handle) { return *events_[handle.value - 1]; }

 protected:
  LiveEvents() = default;
  LiveEvents(LiveEvents&&) = default;
  LiveEvents& operator=(LiveEvents&&) = default;
  ~LiveEvents() = default;

  std::deque<std::unique_ptr<LiveEvent>> events_;
};

}  // namespace touchline
