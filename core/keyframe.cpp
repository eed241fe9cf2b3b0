#include "core/keyframe.h"

#include "core/block.h"
#include "core/coded/coded.h"
#include "core/coded/prior.h"
#include "core/compress.h"
#include "core/delta.h"
#include "core/limits.h"

#include <utility>

namespace touchline {
namespace {

constexpr coded::Bounds bounds{limits::coded_keyframe_cells, limits::coded_keyframe_text_bytes};

Error wrong(const char* what) { return {ErrorKind::mismatch, what, 0}; }

Result<Delta> delta_in_keyframe(const KeyframeChunk& head, std::string_view data) {
  if (head.form == KeyframeForm::coded) {
    if (data.size() > limits::coded_keyframe_bytes) return wrong("has more coded bytes than it may");
    coded::Model model;
    return coded::decode_update(model, *coded::shipped_prior(), coded::Place::first_of_group, EventState(),
                                data, bounds);
  }
  if (head.form == KeyframeForm::block) return decode_block(EventState(), data);
  const auto block = decompress(data, head.state_bytes);
  if (!block) return block.error();
  if (block->size() != head.state_bytes) return wrong("has a state of another size than it says");
  return decode_block(EventState(), *block);
}

}  // namespace

bool may_be_coded(const EventState& state) {
  return state.cell_count() <= limits::coded_keyframe_cells &&
         state.text_bytes() <= limits::coded_keyframe_text_bytes;
}

std::string coded_state(const EventState& state, const coded::Prior& prior) {
  Delta delta;  // in normal form as it is: every cell once, in table order
  delta.changes.reserve(state.cell_count());
  delta.arena.reserve(state.text_bytes());
  state.for_each([&](Address at, const Value& value) { delta.add(at, {}, value); });
  delta.source_time_ms = state.source_time_ms;
  delta.kind = class_of(delta);
  std::string update;
  coded::Model model;
  coded::encode_update(update, model, prior, coded::Place::first_of_group, state, delta, 0);
  return update;
}

std::size_t put_keyframe(std::string& out, EventHandle event, const EventState& state, Offset head,
                         KeyframeCodec codec) {
  KeyframeChunk chunk{event, state.seq, head, state.digest(), state.source_time_ms, 0, 0, {}, 0, {}};
  std::string data;
  if (codec == KeyframeCodec::coded && may_be_coded(state)) {
    data = coded_state(state, *coded::shipped_prior());
    chunk.form = KeyframeForm::coded;
    chunk.state_bytes = data.size();
  }
  if (chunk.form == KeyframeForm::block || data.size() > limits::coded_keyframe_bytes) {
    data.clear();
    encode_state(data, state);
    chunk.form = KeyframeForm::block;
    chunk.state_bytes = data.size();
    if (std::string packed = compress(data); packed.size() < data.size()) {
      chunk.form = KeyframeForm::zstd;
      data = std::move(packed);
    }
  }
  chunk.chunks = static_cast<std::uint32_t>((data.size() + limits::keyframe_chunk_bytes - 1) /
                                            limits::keyframe_chunk_bytes);
  for (; chunk.chunk < chunk.chunks; ++chunk.chunk) {
    chunk.data = data.substr(chunk.chunk * limits::keyframe_chunk_bytes, limits::keyframe_chunk_bytes);
    put(out, chunk);
  }
  return data.size();
}

Result<EventState> state_in_keyframe(const KeyframeChunk& head, std::string_view data) {
  if (head.form != KeyframeForm::zstd && data.size() != head.state_bytes)
    return wrong("has a state of another size than it says");
  auto delta = delta_in_keyframe(head, data);
  if (!delta) return delta.error();
  EventState state;
  delta->seq = head.seq;
  apply(state, *delta);
  if (state.digest() != head.digest) return wrong("has a state that does not fit its digest");
  return state;
}

}  // namespace touchline
