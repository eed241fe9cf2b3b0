// The codec `blocks`: one event's delta as a run of varints, and back.
//
// A block is a pure function of the state before and the delta: values travel as differences from what both
// ends hold, ladder levels as distances from the best price. No other context exists, so whoever has the state
// at sequence number n can decode block n + 1, and every block is encoded once for everybody. The layout is
// specified in PROTOCOL.md, "Blocks", byte by byte; nothing here may change it without a new version.
#pragma once

#include "core/delta.h"
#include "core/event_state.h"
#include "core/result.h"

#include <string>
#include <string_view>

namespace touchline {

// Appends the block of a delta in normal form. `after` is the event's state with the delta applied.
void encode_block(std::string& out, const EventState& after, const Delta& delta,
                  std::int64_t source_time_before_ms);

// Appends the block of a merged delta for a reader that stands further back: values are absolute, so that the
// state it holds need not be known.
void encode_merged_block(std::string& out, const Delta& delta, std::int64_t source_time_before_ms);

// The delta that leads on from `before`, in normal form, with sequence numbers counted on from before.seq.
// Refuses, by name and byte, whatever does not follow the layout or would leave numbers out.
Result<Delta> decode_block(const EventState& before, std::string_view block);

// What a router may want to know without decoding.
struct BlockHeader {
  DeltaClass kind = DeltaClass::price;
  std::uint64_t merged = 1;
};
Result<BlockHeader> peek_block(std::string_view block);

// The whole state as one block that decodes against the empty state.
void encode_state(std::string& out, const EventState& state);

}  // namespace touchline
