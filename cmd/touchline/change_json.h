// One change of a delta as JSON, for the commands that show deltas to programs.
//
// Knows the keys; units, names and spelling come from core/state_names.h. Reads no store.
#pragma once

#include "core/delta.h"
#include "core/event_state.h"

#include <string>

namespace touchline {

// Appends an array of {"market":id,"outcome":id,"handicap":1,"field":"back","level":1.5,"before":2,"now":3}:
// what does not apply is left out: no market for a cell of the event, no level where the field has none, no
// `before` where nothing was set, no `now` where it was erased. A level is a price, a rank, an attribute's
// path or a source's number. The state is that behind the delta, which knows every name in it.
void append_changes_json(std::string& out, const EventState& after, const Delta& delta);

// The changes in words, each a JSON text.
void append_words_json(std::string& out, const EventState& after, const Delta& delta);

}  // namespace touchline
