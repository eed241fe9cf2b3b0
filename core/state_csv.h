// One event's state as long CSV for spreadsheets: one row a cell.
//
// Knows the columns and RFC 4180's quoting (lines end in LF). Bookkeeping cells have no row of their own:
// they are the columns. Does not know where the state comes from; units, names and visibility come from
// core/state_names.h.
#pragma once

#include "core/event_state.h"

#include <string>
#include <string_view>

namespace touchline {

// market, outcome and handicap are empty for cells of the event, outcome and handicap for cells of a market.
// level: of a ladder keyed by price the price, of one keyed by rank the rank (its field is then
// best_back_price or best_back_size, and so on), of an attribute its path, of feed the number of the source,
// else empty.
inline constexpr std::string_view state_csv_header = "event,seq,market,outcome,handicap,field,level,value\n";

// Appends the rows, without the header, so that many events go into one table.
void append_state_csv(std::string& out, const EventState& state);

}  // namespace touchline
