// How events stand, for a terminal: one line each, drawn over in place.
//
// Where there is no terminal the same lines are printed when they change, now and then. Knows states and the
// words for them; knows no connection.
#pragma once

#include "core/event_state.h"
#include "core/ids.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace touchline {

class Board {
 public:
  explicit Board(bool terminal) : terminal_(terminal) {}
  std::int64_t interval_ms() const { return terminal_ ? 200 : 2'000; }
  void show(const std::unordered_map<EventHandle, EventState>& states);

 private:
  bool terminal_;
  std::size_t lines_drawn_ = 0;
  std::unordered_map<EventHandle, std::string> printed_;
};

}  // namespace touchline
