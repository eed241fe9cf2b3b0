#include "feed/keyframe_cache.h"

#include "core/block.h"
#include "core/compress.h"
#include "core/limits.h"
#include "core/messages.h"

#include <algorithm>
#include <utility>

namespace touchline {
namespace {

constexpr std::size_t message_bytes = 56;  // of a keyframe without its data, about

}  // namespace

KeyframeCache::Bytes KeyframeCache::frames(const LiveEvent& event, Offset head) {
  Cached& cached = cached_[event.handle];
  if (cached.frames && cached.seq == event.state.seq) return cached.frames;
  std::string block;
  encode_state(block, event.state);
  const std::string packed = compress(block);
  const bool compressed = packed.size() < block.size();
  const std::string& data = compressed ? packed : block;
  KeyframeChunk chunk{
      event.handle, event.state.seq, head, event.state.digest(), event.state.source_time_ms, 0, 0,
      compressed,   block.size(),    {}};
  chunk.chunks = static_cast<std::uint32_t>((data.size() + limits::keyframe_chunk_bytes - 1) /
                                            limits::keyframe_chunk_bytes);
  std::string frames;
  for (; chunk.chunk < chunk.chunks; ++chunk.chunk) {
    chunk.data = data.substr(chunk.chunk * limits::keyframe_chunk_bytes, limits::keyframe_chunk_bytes);
    put(frames, chunk);
  }
  const auto cells = static_cast<double>(std::max<std::size_t>(event.state.cell_count(), 1));
  bytes_per_cell_ += (static_cast<double>(data.size()) / cells - bytes_per_cell_) / 16;
  if (cached.frames) bytes_ -= cached.frames->size();
  bytes_ += frames.size();
  auto bytes = std::make_shared<const std::string>(std::move(frames));
  cached = {event.state.seq, bytes};
  if (bytes_ > bytes_max_) {
    cached_.clear();
    bytes_ = 0;
  }
  return bytes;
}

std::size_t KeyframeCache::expected_bytes(const LiveEvent& event) const {
  const auto cached = cached_.find(event.handle);
  if (cached != cached_.end() && cached->second.frames) return cached->second.frames->size();
  return message_bytes +
         static_cast<std::size_t>(bytes_per_cell_ * static_cast<double>(event.state.cell_count()));
}

}  // namespace touchline
