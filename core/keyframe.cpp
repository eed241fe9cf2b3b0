#include "core/keyframe.h"

#include "core/block.h"
#include "core/compress.h"
#include "core/limits.h"

namespace touchline {

std::size_t put_keyframe(std::string& out, EventHandle event, const EventState& state, Offset head) {
  std::string block;
  encode_state(block, state);
  const std::string packed = compress(block);
  const bool compressed = packed.size() < block.size();
  const std::string& data = compressed ? packed : block;
  KeyframeChunk chunk{event, state.seq, head,       state.digest(), state.source_time_ms,
                      0,     0,         compressed, block.size(),   {}};
  chunk.chunks = static_cast<std::uint32_t>((data.size() + limits::keyframe_chunk_bytes - 1) /
                                            limits::keyframe_chunk_bytes);
  for (; chunk.chunk < chunk.chunks; ++chunk.chunk) {
    chunk.data = data.substr(chunk.chunk * limits::keyframe_chunk_bytes, limits::keyframe_chunk_bytes);
    put(out, chunk);
  }
  return data.size();
}

Result<EventState> state_in_keyframe(const KeyframeChunk& head, std::string_view data) {
  const auto wrong = [](const char* what) { return Error{ErrorKind::mismatch, what, 0}; };
  const auto block =
      head.compressed ? decompress(data, head.state_bytes) : Result<std::string>(std::string(data));
  if (!block) return block.error();
  if (block->size() != head.state_bytes) return wrong("has a state of another size than it says");
  auto delta = decode_block(EventState{}, *block);
  if (!delta) return delta.error();
  EventState state;
  delta->seq = head.seq;
  apply(state, *delta);
  if (state.digest() != head.digest) return wrong("has a state that does not fit its digest");
  return state;
}

}  // namespace touchline
