#include "feed/keyframe_cache.h"

#include "core/keyframe.h"

#include <algorithm>
#include <utility>

namespace touchline {
namespace {

constexpr std::size_t message_bytes = 56;  // of a keyframe without its data, about

}  // namespace

KeyframeCache::Bytes KeyframeCache::frames(const LiveEvent& event, Offset head) {
  Cached& cached = cached_[event.handle];
  if (cached.frames && cached.seq == event.state.seq && cached.head <= head) return cached.frames;
  std::string frames;
  const std::size_t data_bytes = put_keyframe(frames, event.handle, event.state, head);
  const auto cells = static_cast<double>(std::max<std::size_t>(event.state.cell_count(), 1));
  bytes_per_cell_ += (static_cast<double>(data_bytes) / cells - bytes_per_cell_) / 16;
  if (cached.frames) bytes_ -= cached.frames->size();
  bytes_ += frames.size();
  auto bytes = std::make_shared<const std::string>(std::move(frames));
  cached = {event.state.seq, head, bytes};
  if (bytes_ > bytes_max_) {
    cached_.clear();
    bytes_ = 0;
  }
  return bytes;
}

void KeyframeCache::drop(EventHandle event) {
  const auto cached = cached_.find(event);
  if (cached == cached_.end()) return;
  if (cached->second.frames) bytes_ -= cached->second.frames->size();
  cached_.erase(cached);
}

std::size_t KeyframeCache::expected_bytes(const LiveEvent& event) const {
  const auto cached = cached_.find(event.handle);
  if (cached != cached_.end() && cached->second.frames) return cached->second.frames->size();
  return message_bytes +
         static_cast<std::size_t>(bytes_per_cell_ * static_cast<double>(event.state.cell_count()));
}

}  // namespace touchline
