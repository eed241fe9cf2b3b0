// Every limit of the system by name, in one place.
//
// A limit says what happens past it in the comment beside it. Nothing here may depend on a run: what an
// operator may change stands in the configuration and is bounded by these.
#pragma once

#include <cstddef>
#include <cstdint>

namespace touchline::limits {

// One event's table of cells. An update past one of these is refused by name.
inline constexpr std::uint32_t markets_per_event = 1U << 18;
inline constexpr std::uint32_t outcomes_per_market = (1U << 12) - 1;
inline constexpr std::uint32_t levels_per_field = 1U << 24;
inline constexpr std::size_t text_bytes = 1U << 20;
// All texts of one event together. A block that would lead past twice as much is refused as malformed.
inline constexpr std::size_t event_text_bytes = 64U << 20;

// One delta, every cell in full. What one update changes beyond it goes out as several deltas.
inline constexpr std::size_t delta_bytes = 4U << 20;

// One line of a source. A longer one is skipped to its end and refused by name.
inline constexpr std::size_t line_bytes = 16U << 20;

// One change that a vendor sends in several lines, joined. A larger one is refused as a whole.
inline constexpr std::size_t joined_bytes = 64U << 20;

// One source's arbiter remembers this many applied updates; a line that falls further behind starts over.
inline constexpr std::size_t arbiter_updates = 1U << 16;
// And, while it has several lines, so many bytes of them.
inline constexpr std::size_t arbiter_bytes = 64U << 20;

// A numbered source's out-of-order updates held back per event; past it the gap is declared.
inline constexpr std::size_t held_updates = 1024;
// And of all events of one source together, in bytes; past it the event that just grew declares its gap.
inline constexpr std::size_t held_bytes = 64U << 20;
inline constexpr std::int64_t held_ms = 2'000;
// How far a number may be ahead of the last one; past it the update is refused, for no gap is that wide.
inline constexpr std::uint64_t number_jump = 1'000'000;
// How far a source's time may be ahead of the clock when it comes in live; past it the update is refused.
inline constexpr std::int64_t ahead_ms = 366LL * 86'400'000;
// Message ids remembered per source; an id older than that is no longer recognised as a repeat.
inline constexpr std::size_t remembered_message_ids = 1U << 16;

// One frame on the wire. A peer that announces more is sent away.
inline constexpr std::size_t frame_bytes = 16U << 20;
inline constexpr std::size_t handshake_frame_bytes = 64U << 10;
inline constexpr std::size_t keyframe_chunk_bytes = 1U << 20;
// What a subscriber takes for one event's state, and for all keyframes whose chunks are not all there.
inline constexpr std::size_t state_bytes = 1U << 30;
inline constexpr std::size_t partial_keyframes = 1U << 10;
// The highest number of an event that a relay takes from its publisher; a frame with a higher one is refused.
inline constexpr std::uint32_t relayed_events = 1U << 22;
// Digests in one checkpoint frame; more go into further frames.
inline constexpr std::size_t checkpoint_events = 1U << 16;
// Answers to one connection of a source that it has not read yet; past it no more of its lines are read.
inline constexpr std::size_t answer_bytes = 256U << 10;
// Answers to one peer's pings that it has not read; past it the peer is sent away.
inline constexpr std::size_t control_bytes = 64U << 10;

// Events whose coded groups may be under way at one connection: 2 to this power; a publisher that announces more is
// refused.
inline constexpr std::uint8_t coded_events_log2 = 13;

// Tokens in one file; a file with more is refused.
inline constexpr std::size_t relay_tokens = 1U << 12;

// A coded keyframe: its cells, the bytes of their texts, and its own. A state past one of these is sent as a block; a
// coded keyframe past one is refused.
inline constexpr std::size_t coded_keyframe_cells = 1U << 12;
inline constexpr std::size_t coded_keyframe_text_bytes = 1U << 15;
inline constexpr std::size_t coded_keyframe_bytes = 1U << 18;

}  // namespace touchline::limits
