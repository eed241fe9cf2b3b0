#include "feed/keyframe_cache.h"

#include <algorithm>
#include <utility>

namespace touchline {
namespace {

constexpr std::size_t message_bytes = 56;  // of a keyframe without its data, about

}  // namespace

KeyframeCache::Bytes KeyframeCache::frames(const LiveEvent& event, Offset head, KeyframeCodec codec) {
  if (!may_be_coded(event.state)) codec = KeyframeCodec::blocks;  // so that both kinds of readers share it
  OfCodec& of = of_[static_cast<std::size_t>(codec)];
  Cached& cached = of.cached[event.handle];
  if (cached.frames && cached.seq == event.state.seq && cached.head <= head) return cached.frames;
  std::string frames;
  const std::size_t data_bytes = put_keyframe(frames, event.handle, event.state, head, codec);
  const std::size_t cells = std::max<std::size_t>(event.state.cell_count(), 1);
  if (codec == KeyframeCodec::coded) coded_cells_ += cells + event.state.text_bytes() / 2;
  of.bytes_per_cell +=
      (static_cast<double>(data_bytes) / static_cast<double>(cells) - of.bytes_per_cell) / 16;
  if (cached.frames) bytes_ -= cached.frames->size();
  bytes_ += frames.size();
  auto bytes = std::make_shared<const std::string>(std::move(frames));
  cached = {event.state.seq, head, bytes};
  if (bytes_ > bytes_max_) {
    for (OfCodec& each : of_)
      each.cached.clear();
    bytes_ = 0;
  }
  return bytes;
}

void KeyframeCache::drop(EventHandle event) {
  for (OfCodec& of : of_) {
    const auto cached = of.cached.find(event);
    if (cached == of.cached.end()) continue;
    if (cached->second.frames) bytes_ -= cached->second.frames->size();
    of.cached.erase(cached);
  }
}

std::size_t KeyframeCache::expected_bytes(const LiveEvent& event, KeyframeCodec codec) const {
  if (!may_be_coded(event.state)) codec = KeyframeCodec::blocks;
  const OfCodec& of = of_[static_cast<std::size_t>(codec)];
  const auto cached = of.cached.find(event.handle);
  if (cached != of.cached.end() && cached->second.frames) return cached->second.frames->size();
  return message_bytes +
         static_cast<std::size_t>(of.bytes_per_cell * static_cast<double>(event.state.cell_count()));
}

}  // namespace touchline
