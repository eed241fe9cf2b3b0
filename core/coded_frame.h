// How coded updates travel: items and frames of a connection that has agreed on the codec `coded`.
//
// PROTOCOL.md, "Frames of coded updates". A deltas frame may leave out what its one item would say of its event; an
// item is a later update of a group unless a mark says otherwise. Knows no codec and no session.
#pragma once

#include "core/frame.h"
#include "core/ids.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace touchline {

// What an item of a coded connection holds.
enum class ItemForm : std::uint8_t { block, first_of_group, later };

// Appends a frame of one coded update. `same_event`: the last item of the deltas frame before was of this event.
void put_coded_frame(std::string& out, EventHandle event, std::string_view update, bool first_of_group,
                     bool same_event);

}  // namespace touchline
