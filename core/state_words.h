// What changed, and how an event stands, in words for a terminal.
//
// Knows how a change is said; units, names and visibility come from core/state_names.h. Names come from
// sources: what could steer a terminal is taken out of them. For people: scripts read core/state_json.h.
#pragma once

#include "core/delta.h"
#include "core/event_state.h"
#include "core/fields.h"

#include <string>
#include <vector>

namespace touchline {

// One line a change, in the order of the delta, which is in normal form. Names are taken from `names_from`,
// the state before or after the delta, and else from the delta itself.
std::vector<std::string> describe(const EventState& names_from, const Delta& delta);

// What the source says; where it says nothing, live if a market is in play and not over, settled if all
// markets are over, else scheduled.
EventStatus shown_status(const EventState& state);

// "31573045  Netherlands v Papua New Guinea  live  2-1  3 markets  MATCH_ODDS: Netherlands 1.57/1.58, ...":
// the best back and lay, or the price, of the first three outcomes of the first open market. Without a line
// feed.
std::string summary_line(const EventState& state);

}  // namespace touchline
