// A keyframe: one event's whole state as frames of at most 1 MiB of data each, and back.
//
// PROTOCOL.md, "Keyframes". Knows the message and the codec, no reader and no session.
#pragma once

#include "core/coded/model.h"
#include "core/event_state.h"
#include "core/ids.h"
#include "core/messages.h"
#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace touchline {

// What the reader can read.
enum class KeyframeCodec : std::uint8_t { blocks, coded };

// Whether the state is small enough to be coded: a large one would take milliseconds.
bool may_be_coded(const EventState& state);

// Appends the frames. `head`: the position that the state is of. Returns the bytes of data in them. A state that may not
// be coded is a block, whatever the reader can read.
std::size_t put_keyframe(std::string& out, EventHandle event, const EventState& state, Offset head,
                         KeyframeCodec codec = KeyframeCodec::blocks);

// The state as the first update of a group, for a reader of this prior.
std::string coded_state(const EventState& state, const coded::Prior& prior);

// The state in all of a keyframe's data, checked against what its chunks say of it.
Result<EventState> state_in_keyframe(const KeyframeChunk& head, std::string_view data);

}  // namespace touchline
