// A delta as an update: what changed, said by the source's own ids.
//
// The way back from cells to words. Knows the model's dictionaries (ids, attribute paths, exact prices) and no
// store. Applied to a state without the delta, the update gives the state with it.
#pragma once

#include "core/delta.h"
#include "core/event_state.h"
#include "core/update.h"

namespace touchline {

// `after` is the event's state with the delta applied. Feed health and owners are left out.
void fill_update(Update& update, const EventState& after, const Delta& delta);

}  // namespace touchline
