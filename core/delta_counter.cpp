#include "core/delta_counter.h"

#include "core/block.h"

#include <utility>

namespace touchline {

DeltaCounter::DeltaCounter(Hello hello, DeltaCounterEvents events)
    : hello_(std::move(hello)), events_(std::move(events)) {
  put(output_, hello_);
}

void DeltaCounter::reconnect() {
  hello_.position = position_;
  frames_ = FrameReader();
  output_.clear();
  welcomed_ = false;
  put(output_, hello_);
}

Result<void> DeltaCounter::receive(std::string_view bytes) {
  counts_.bytes += bytes.size();
  frames_.append(bytes);
  Frame frame;
  while (true) {
    const auto more = frames_.next(frame);
    if (!more) return more.error();
    if (!*more) return {};
    ++counts_.frames;
    if (auto taken = on_frame(frame); !taken) return taken;
  }
}

Result<void> DeltaCounter::on_frame(const Frame& frame) {
  if (frame.kind == FrameKind::deltas) return on_deltas(frame.body);
  if (frame.kind == FrameKind::welcome) return on_welcome(frame.body);
  if (frame.kind == FrameKind::keyframe) ++counts_.keyframes;
  if (frame.kind == FrameKind::error) {
    const auto error = read_error(frame.body);
    if (!error) return error.error();
    return Error{ErrorKind::unsupported, "refused: " + error->text, frames_.at_byte()};
  }
  if (frame.kind == FrameKind::goodbye && events_.goodbye) {
    const auto goodbye = read_goodbye(frame.body);
    if (!goodbye) return goodbye.error();
    events_.goodbye(*goodbye);
  }
  return {};
}

Result<void> DeltaCounter::on_welcome(std::string_view body) {
  const auto welcome = read_welcome(body);
  if (!welcome) return welcome.error();
  welcomed_ = true;
  heartbeat_ms_ = welcome->heartbeat_ms;
  position_ = welcome->position;
  if (events_.welcome) events_.welcome(*welcome);
  return {};
}

Result<void> DeltaCounter::on_deltas(std::string_view body) {
  const Offset before = position_.offset;
  DeltaItems items(body);
  DeltaItem item;
  while (true) {
    const auto more = items.next(item);
    if (!more) return more.error();
    if (!*more) break;
    std::uint64_t offsets = item.skipped;
    if (item.event.value == 0) {
      counts_.skipped += item.skipped;
    } else {
      const auto header = peek_block(item.block);
      if (!header) return header.error();
      offsets = header->merged;
      counts_.merged += offsets - 1;
      ++counts_.deltas;
    }
    position_.offset = Offset(position_.offset.value + offsets);
  }
  if (events_.deltas) events_.deltas(before, position_.offset);
  return {};
}

}  // namespace touchline
