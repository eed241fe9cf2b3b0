// An origin's batches as a reader sees them, without hub and socket: bytes out, states from bytes.
//
// Stream writes the frames that a publisher would send. Follower is the plainest reader there is: it decodes
// items against states of its own, so that an origin can be tested without a subscriber and a subscriber
// without a hub. Helpers of tests only.
#pragma once

#include "core/block.h"
#include "core/compress.h"
#include "core/messages.h"
#include "core/origin.h"
#include "core/varint.h"
#include "tests/core/state_fixture.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace touchline::test {

// States by handle, from the items of batches alone.
struct Follower {
  std::map<std::uint32_t, EventState> states;
  std::uint64_t offset = 0;
  std::vector<Delta> deltas;

  void take(const Batch& batch) {
    if (batch.count == 0) return;
    EXPECT_EQ(batch.first.value, offset + 1) << "offsets are dense";
    ByteReader times(batch.ingest_times);
    std::int64_t ingest_time_ms = 0;
    std::size_t at = 0;
    DeltaItems items(batch.items);
    DeltaItem item;
    std::uint64_t count = 0;
    for (; items.next(item).value(); ++count) {
      EXPECT_TRUE(count + 1 != batch.count || batch.last_item == at);
      at = items.at();
      EventState& state = states[item.event.value];
      auto delta = decode_block(state, item.block);
      ASSERT_TRUE(delta) << delta.error().text;
      EXPECT_EQ(delta->seq, state.seq.next()) << "sequence numbers are dense";
      ingest_time_ms += times.signed_varint();
      delta->ingest_time_ms = ingest_time_ms;
      apply(state, *delta);
      deltas.push_back(std::move(*delta));
      ++offset;
    }
    EXPECT_EQ(count, batch.count);
    EXPECT_TRUE(times.done());
    EXPECT_EQ(batch.last().value, offset);
  }

  void expect_states_of(const Origin& origin) const {
    ASSERT_EQ(states.size(), origin.table().events().size());
    for (const auto& event : origin.table().events()) {
      const EventState& state = states.at(event->handle.value);
      EXPECT_TRUE(same_cells(state, event->state)) << event->id;
      EXPECT_EQ(state.seq, event->state.seq);
      EXPECT_EQ(state.source_time_ms, event->state.source_time_ms);
    }
  }
};

template <class Message>
std::string frame_of(const Message& message) {
  std::string frame;
  put(frame, message);
  return frame;
}

// What a publisher of one source's updates would send.
struct Stream {
  Origin origin;
  LineRef line = origin.add_line(origin.add_source());

  void take(Update update, std::int64_t now_ms = 1'000) {
    const auto taken = origin.take(line, update, now_ms);
    ASSERT_TRUE(taken) << taken.error().text;
  }

  std::string welcome(ResumeKind resume = ResumeKind::keyframes) { return welcome_at(origin.head(), resume); }
  static std::string welcome_at(Offset offset, ResumeKind resume = ResumeKind::keyframes) {
    return frame_of(Welcome{protocol_version,
                            {Epoch(1), offset},
                            Durability::durable,
                            1'000,
                            static_cast<std::uint32_t>(limits::frame_bytes),
                            resume,
                            "test",
                            "test"});
  }

  std::string keyframe(std::uint32_t handle, std::size_t chunk_bytes = limits::keyframe_chunk_bytes) {
    const EventState& state = origin.table().event(EventHandle(handle)).state;
    std::string block;
    encode_state(block, state);
    const std::string packed = compress(block);
    KeyframeChunk chunk{EventHandle(handle),
                        state.seq,
                        origin.head(),
                        state.digest(),
                        state.source_time_ms,
                        0,
                        0,
                        KeyframeForm::zstd,
                        block.size(),
                        {}};
    chunk.chunks = static_cast<std::uint32_t>((packed.size() + chunk_bytes - 1) / chunk_bytes);
    std::string frames;
    for (; chunk.chunk < chunk.chunks; ++chunk.chunk) {
      chunk.data = packed.substr(chunk.chunk * chunk_bytes, chunk_bytes);
      put(frames, chunk);
    }
    return frames;
  }
  std::string keyframes() {
    std::string frames;
    for (const auto& event : origin.table().events())
      frames += keyframe(event->handle.value);
    return frames;
  }

  // Everything since the last time, as one frame.
  std::string deltas() {
    std::string frame;
    put_frame(frame, FrameKind::deltas, origin.take_batch().items);
    return frame;
  }

  std::string heartbeat() { return frame_of(Heartbeat{origin.head(), 5, {}}); }
  std::string checkpoint() {
    Checkpoint checkpoint{origin.head(), {}};
    for (const auto& event : origin.table().events())
      checkpoint.events.push_back({event->handle, event->state.seq, event->state.digest()});
    return frame_of(checkpoint);
  }
};

}  // namespace touchline::test
