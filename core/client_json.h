// One event's state as clients see it, and what changed in it as a JSON Merge Patch (RFC 7396).
//
// Markets, outcomes, ladders and attributes are objects by id, price or path, because under a merge patch an array is
// replaced as a whole. Applied in their order to a state's form, the patches give the form of the newest state, member
// for member. CLIENTS.md describes it. Knows cells and JSON; not messages, positions and clients.
#pragma once

#include "core/delta.h"
#include "core/event_state.h"

#include <string>

namespace touchline {

// Appends one JSON object without a line feed. Linear in the cells of the state.
void append_client_state(std::string& out, const EventState& state);

// Appends the patch that leads to `after` from the state before the delta. False, and nothing is appended, where no
// patch can say it and the whole state is to be given instead: the event appears, is forgotten or begins anew, a name of
// what is there already changes, or an attribute that is an object gives way to another (members would be merged) or
// holds a null. Costs by the changes and the outcomes of their markets.
bool append_client_patch(std::string& out, const EventState& after, const Delta& delta);

}  // namespace touchline
