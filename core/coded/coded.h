// The codec `coded`: one event's delta as a few guessed bits, and back.
//
// The same delta as the codec `blocks` carries, told by an adaptive range coder. The updates of a group share a model
// that starts from a prior trained on recordings; whoever has the event's state in front of a group's first update and
// reads the group from there needs nothing else. An update that cannot be read leaves the model of no use until the
// next group. PROTOCOL.md, "Coded updates".
#pragma once

#include "core/coded/model.h"
#include "core/delta.h"
#include "core/event_state.h"
#include "core/limits.h"
#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace touchline::coded {

enum class Place : std::uint8_t { first_of_group, later };

// Appends the update of a delta in normal form, which is not merged. `after` is the event's state with the delta
// applied. The first of a group starts the model.
void encode_update(std::string& out, Model& model, const Prior& prior, Place place, const EventState& after,
                   const Delta& delta, std::int64_t source_time_before_ms);

// What an update may hold at most, so that a few bytes cannot cost much time or memory.
struct Bounds {
  std::size_t cells = SIZE_MAX;
  std::size_t text_bytes = 2 * limits::event_text_bytes;  // with those of the state before
};

// The delta that leads on from `before`, in normal form. Refuses by name what cannot have been written.
Result<Delta> decode_update(Model& model, const Prior& prior, Place place, const EventState& before,
                            std::string_view bytes, Bounds bounds = {});

}  // namespace touchline::coded
