// One event's state as one line of JSON, the form of `touchline export`.
//
// The keys and their order are an interface that scripts rely on. Knows which key a cell stands under; units,
// names and visibility come from core/state_names.h. Does not know where the state comes from: what a state
// cannot tell of itself is given with it.
#pragma once

#include "core/event_state.h"
#include "core/ids.h"

#include <cstdint>
#include <string>

namespace touchline {

// A state and what is known of its place in the journal; 0 where that is not known, and the key is left out.
struct StateView {
  const EventState& state;
  Epoch epoch;
  Offset offset;
  std::int64_t published_ms = 0;  // since 1970
};

// Appends one JSON object without a line feed. Linear in the cells of the state.
void append_state_json(std::string& out, const StateView& view);

}  // namespace touchline
