// A keyframe: one event's whole state as frames of at most 1 MiB of data each, and back.
//
// PROTOCOL.md, "Keyframes". Knows the message and the codec, no reader and no session.
#pragma once

#include "core/event_state.h"
#include "core/ids.h"
#include "core/messages.h"
#include "core/result.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace touchline {

// Appends the frames. `head`: the position that the state is of. Returns the bytes of data in them.
std::size_t put_keyframe(std::string& out, EventHandle event, const EventState& state, Offset head);

// The state in all of a keyframe's data, checked against what its chunks say of it.
Result<EventState> state_in_keyframe(const KeyframeChunk& head, std::string_view data);

}  // namespace touchline
