#include "feed/relay.h"

#include "core/block.h"
#include "core/fields.h"
#include "core/keyframe.h"
#include "core/limits.h"

#include <algorithm>

namespace touchline {
namespace {

constexpr std::uint64_t offset_max = 1ULL << 62;
constexpr std::int64_t resync_ms_max = 30'000;  // for a keyframe that was asked for
constexpr std::string_view own_name = "upstream";

Error disorder(std::string text) { return {ErrorKind::mismatch, std::move(text), 0}; }

std::string number(std::uint64_t value) { return std::to_string(value); }

}  // namespace

Relay::Relay(Hello hello, HubOptions options, RelayEvents events)
    : hello_(std::move(hello)), events_(std::move(events)), hub_(mirrored_, Epoch(0), [&] {
        options.coded_events_max = 0;  // what comes as blocks goes out as blocks
        return options;
      }()) {
  hello_.filter = {};
  hello_.coded_prior = 0;
  hub_.sources = [this](std::int64_t now_ms) { return sources(now_ms); };
  put(output_, hello_);
}

void Relay::reconnect() {
  reader_ = FrameReader();
  partial_.clear();
  partial_bytes_ = 0;
  output_.clear();
  hello_.position.reset();
  if (complete_) hello_.position = position_;
  welcomed_ = false;
  put(output_, hello_);
}

bool Relay::is_whole() const { return complete_ && awaiting_.empty() && ahead_ <= position_.offset; }

void Relay::serve_waiting() {
  if (is_whole() && hub_.has_waiting()) hub_.capture(position_.offset);
}

Result<void> Relay::tick(std::int64_t now_ms) {
  if (heard_ms_ == 0 || heard_bytes_ != counts_.bytes) heard_ms_ = now_ms;
  heard_bytes_ = counts_.bytes;
  if (sources_at_ms_ == 0) sources_at_ms_ = now_ms;
  if (awaiting_.empty() || !welcomed_) {
    awaiting_since_ms_ = 0;
  } else if (awaiting_since_ms_ == 0) {
    awaiting_since_ms_ = now_ms;
  } else if (now_ms - awaiting_since_ms_ > resync_ms_max) {
    complete_ = false;
    return disorder("no keyframe came for " + number(resync_ms_max) + " ms after it was asked for");
  }
  return {};
}

std::vector<SourceHealth> Relay::sources(std::int64_t now_ms) const {
  const auto since = [now_ms](std::int64_t then) {
    return static_cast<std::uint64_t>(then == 0 ? 0 : std::max<std::int64_t>(now_ms - then, 0));
  };
  std::vector<SourceHealth> healths = sources_;
  for (SourceHealth& source : healths) {
    source.silent_ms += since(sources_at_ms_);
    // Along a chain each relay's own word for its upstream stays apart.
    if (source.name.starts_with(own_name)) source.name = std::string(own_name) + "/" + source.name;
  }
  const FeedHealth health = welcomed_ ? FeedHealth::live : FeedHealth::stale;
  healths.push_back({std::string(own_name), static_cast<std::uint8_t>(health), since(heard_ms_)});
  return healths;
}

Result<void> Relay::receive(std::string_view bytes) {
  counts_.bytes += bytes.size();
  reader_.append(bytes);
  auto taken = take_frames();
  if (!taken) {
    complete_ = false;
    return taken;
  }
  serve_waiting();
  return {};
}

Result<void> Relay::take_frames() {
  Frame frame;
  while (true) {
    const std::uint64_t at = reader_.at_byte();
    const auto more = reader_.next(frame);
    if (!more) return more.error();
    if (!*more) return {};
    if (auto taken = on_frame(frame); !taken) {
      Error error = taken.error();
      error.text = "byte " + number(at) + ", " + std::string(name_of(frame.kind)) + ": " + error.text;
      return error;
    }
  }
}

Result<void> Relay::on_frame(const Frame& frame) {
  if (!welcomed_ && frame.kind != FrameKind::welcome && frame.kind != FrameKind::error &&
      frame.kind != FrameKind::goodbye) {
    return disorder("came before the welcome");
  }
  switch (frame.kind) {
    case FrameKind::welcome:
      return on_welcome(frame.body);
    case FrameKind::keyframe:
      return on_keyframe(frame.body);
    case FrameKind::deltas:
      return on_deltas(frame.body);
    case FrameKind::heartbeat:
      return on_heartbeat(frame.body);
    case FrameKind::checkpoint:
      return on_checkpoint(frame.body);
    case FrameKind::goodbye: {
      const auto goodbye = read_goodbye(frame.body);
      if (!goodbye) return goodbye.error();
      if (events_.goodbye) events_.goodbye(*goodbye);
      return {};
    }
    case FrameKind::error: {
      const auto error = read_error(frame.body);
      if (!error) return error.error();
      if (events_.error) events_.error(*error);
      return {};
    }
    case FrameKind::ping: {
      const auto ping = read_ping(frame.body);
      if (!ping) return ping.error();
      if (output_.size() > limits::control_bytes) return disorder("comes faster than it can be answered");
      put(output_, *ping, FrameKind::pong);
      return {};
    }
    case FrameKind::pong:
      return {};
    case FrameKind::hello:
    case FrameKind::ack:
    case FrameKind::resync:
      break;
  }
  return disorder("is for publishers");
}

Result<void> Relay::on_welcome(std::string_view body) {
  const auto welcome = read_welcome(body);
  if (!welcome) return welcome.error();
  if (welcomed_) return disorder("came twice");
  if (welcome->version != protocol_version) {
    return Error{ErrorKind::unsupported, "protocol version " + number(welcome->version), 0};
  }
  if (welcome->coded_prior != 0) return disorder("agrees on what was not offered");
  const bool tail = welcome->resume == ResumeKind::tail;
  if (tail && (!hello_.position || *hello_.position != welcome->position)) {
    return disorder("goes on from a position that was not offered");
  }
  if (welcome->position.offset.value > offset_max) return disorder("names an offset past any");
  welcomed_ = true;
  heartbeat_ms_ = welcome->heartbeat_ms;
  complete_ = tail;
  if (tail) {
    hub_.set_durability(welcome->durability);
    for (const auto& [event, since] : awaiting_)
      put(output_, Resync{event, "asked for before the line was lost"});
  } else {
    // Of what was forgotten meanwhile nothing is told: not even readers of the same epoch can be brought here from
    // where they stand.
    if (hub_.reader_count() != 0 && events_.send_away) {
      events_.send_away("the publisher that this relay follows has begun anew, at epoch " +
                        number(welcome->position.epoch.value));
    }
    mirrored_.clear();
    keyframe_offsets_.clear();
    awaiting_.clear();
    ahead_ = Offset();
    hub_.begin_anew(welcome->position.epoch, welcome->position.offset, welcome->durability);
  }
  position_ = welcome->position;
  if (welcome->frame_bytes_max != 0)
    reader_.limit(std::min<std::size_t>(welcome->frame_bytes_max, limits::frame_bytes));
  if (events_.welcome) events_.welcome(*welcome);
  return {};
}

Result<void> Relay::on_keyframe(std::string_view body) {
  auto chunk = read_keyframe(body);
  if (!chunk) return chunk.error();
  if (chunk->form == KeyframeForm::coded) return disorder("is coded, which was not agreed");
  const EventHandle event = chunk->event;
  if (event.value == 0 || event.value > limits::relayed_events)
    return Error{ErrorKind::limit, "is of event " + number(event.value) + ", past any", 0};
  Partial& partial = partial_[event];
  if (chunk->chunk == 0) {
    partial_bytes_ -= partial.data.size();
    partial = {std::move(*chunk), {}};
    partial.data = std::move(partial.head.data);
    partial_bytes_ += partial.data.size();
  } else {
    if (partial.head.seq != chunk->seq || partial.head.chunk + 1 != chunk->chunk)
      return disorder("lacks a chunk");
    partial.head.chunk = chunk->chunk;
    partial.data += chunk->data;
    partial_bytes_ += chunk->data.size();
  }
  if (partial_bytes_ > limits::state_bytes || partial_.size() > limits::partial_keyframes ||
      partial.head.state_bytes > limits::state_bytes) {
    return Error{ErrorKind::limit, "is larger than any state may be, or one of too many unfinished ones", 0};
  }
  if (partial.head.chunk + 1 < partial.head.chunks) return {};
  const Partial whole = std::move(partial);
  partial_.erase(event);
  partial_bytes_ -= whole.data.size();

  auto state = state_in_keyframe(whole.head, whole.data);
  if (!state) return state.error();
  if (whole.head.offset.value > offset_max) return disorder("names an offset past any");
  ++counts_.keyframes;
  awaiting_.erase(event);
  keyframe_offsets_[event] = whole.head.offset;
  ahead_ = std::max(ahead_, whole.head.offset);
  LiveEvent& live = mirrored_.reach(event);
  hub_.keep_as_it_was(live);
  MirroredEvents::set(live, std::move(*state));
  hub_.replaced(event, whole.head.offset);
  return {};
}

Result<void> Relay::on_deltas(std::string_view body) {
  complete_ = true;
  const Offset before = position_.offset;
  batch_ = {};
  batch_.first = before.next();
  batch_.items.reserve(body.size() + 4);
  touched_.clear();
  forwardable_ = true;
  keeps_deltas_ = hub_.wants_deltas();
  DeltaItems items(body);
  DeltaItem item;
  while (true) {
    const auto more = items.next(item);
    if (!more) return more.error();
    if (!*more) break;
    if (const auto taken = on_item(item); !taken) return taken;
  }
  if (position_.offset == before) return {};
  for (const EventHandle event : touched_)
    hub_.restore_event(event, position_.offset);
  if (forwardable_) {
    counts_.deltas += batch_.count;
    auto bytes = std::make_shared<const std::string>(std::move(batch_.items));
    hub_.publish(batch_, std::move(bytes));
  } else {
    ++counts_.jumps;
    hub_.jump(position_.offset);
    if (events_.jump) events_.jump(before, position_.offset);
  }
  return {};
}

Result<void> Relay::on_item(const DeltaItem& item) {
  std::uint64_t offsets = item.skipped;
  if (item.event.value != 0) {
    const auto header = peek_block(item.block);
    if (!header) return header.error();
    offsets = header->merged;
    if (item.event.value > limits::relayed_events)
      return Error{ErrorKind::limit, "has event " + number(item.event.value) + ", past any", 0};
  }
  if (offsets > offset_max - position_.offset.value) return disorder("counts past any offset");
  position_.offset = Offset(position_.offset.value + offsets);
  if (item.event.value == 0) {
    forwardable_ = false;
    return {};
  }
  if (offsets != 1) forwardable_ = false;
  ++batch_.count;
  batch_.last_item = batch_.items.size();
  put_item(batch_.items, item.event, item.block);
  touched_.push_back(item.event);
  LiveEvent& event = mirrored_.reach(item.event);
  const std::int64_t time_before_ms = event.state.source_time_ms;
  auto delta = take_block(item.event, item.block);
  if (!keeps_deltas_) return {};
  if (delta) {
    batch_.deltas.push_back({item.event, time_before_ms, std::move(*delta)});
  } else {
    // Readers whose deltas are being merged need them all.
    forwardable_ = false;
  }
  return {};
}

// None: it is not applied, because the state that it belongs to is not here or it is in there already.
std::optional<Delta> Relay::take_block(EventHandle handle, std::string_view block) {
  if (!is_wanted(handle)) return std::nullopt;
  LiveEvent& event = mirrored_.event(handle);
  const bool was_gap = MirroredEvents::is_gap(event);
  EventState begun;
  EventState& state = was_gap ? begun : event.state;
  auto delta = decode_block(state, block);
  if (!delta) {
    // Either side may be wrong; a keyframe settles it.
    ask_again(handle, delta.error().text);
    return std::nullopt;
  }
  hub_.keep_as_it_was(event);
  apply(state, *delta);
  if (state.get(Address(0, 0, Field::id)).kind != ValueKind::text) {
    // An event that began before this relay knew of it, or was forgotten then.
    ask_again(handle, "it has no id");
    return std::nullopt;
  }
  if (was_gap) MirroredEvents::set(event, std::move(begun));
  return std::move(*delta);
}

// Whether the delta that ends at the position is to be applied.
bool Relay::is_wanted(EventHandle event) {
  if (awaiting_.contains(event)) return false;
  const auto keyframe = keyframe_offsets_.find(event);
  if (keyframe == keyframe_offsets_.end()) return true;
  if (position_.offset <= keyframe->second) return false;
  keyframe_offsets_.erase(keyframe);
  return true;
}

Result<void> Relay::check_position(Offset named) const {
  if (named == position_.offset) return {};
  return disorder("names offset " + number(named.value) + ", counted here " + number(position_.offset.value));
}

Result<void> Relay::on_heartbeat(std::string_view body) {
  auto heartbeat = read_heartbeat(body);
  if (!heartbeat) return heartbeat.error();
  if (const auto counted = check_position(heartbeat->offset); !counted) return counted;
  complete_ = true;
  sources_ = heartbeat->sources;
  sources_at_ms_ = 0;
  if (events_.heartbeat) events_.heartbeat(*heartbeat);
  return {};
}

// Goes on to readers as it is: it speaks of deltas that they have from here, at the same offset.
Result<void> Relay::on_checkpoint(std::string_view body) {
  const auto checkpoint = read_checkpoint(body);
  if (!checkpoint) return checkpoint.error();
  if (const auto counted = check_position(checkpoint->offset); !counted) return counted;
  complete_ = true;
  for (const EventDigest& digest : checkpoint->events) {
    if (digest.event.value == 0 || digest.event.value > limits::relayed_events)
      return Error{ErrorKind::limit, "has event " + number(digest.event.value) + ", past any", 0};
    if (awaiting_.contains(digest.event)) continue;
    const LiveEvent* event = mirrored_.find(digest.event);
    if (event == nullptr) {
      ask_again(digest.event, "it is unknown here");
      continue;
    }
    // Its keyframe may be newer than the checkpoint.
    if (event->state.seq > digest.seq) continue;
    ++counts_.digests_checked;
    const bool agrees = event->state.seq == digest.seq && event->state.digest() == digest.digest;
    if (agrees) continue;
    ++counts_.digests_differed;
    ask_again(digest.event, "the publisher at seq " + number(digest.seq.value) +
                                " has another state than is here at seq " + number(event->state.seq.value));
  }
  std::string frame;
  put_frame(frame, FrameKind::checkpoint, body);
  hub_.publish_control(std::make_shared<const std::string>(std::move(frame)));
  return {};
}

void Relay::ask_again(EventHandle event, std::string why) {
  ++counts_.resyncs;
  mirrored_.reach(event);
  awaiting_[event] = position_.offset.value;
  put(output_, Resync{event, why});
  if (events_.resync) events_.resync(event, why);
}

Result<void> Relay::restore(std::string_view saved) {
  if (const auto taken = receive(saved); !taken) return taken;
  if (!is_whole() || !partial_.empty() || reader_.at_byte() != saved.size()) {
    return malformed("saved states that are not whole", reader_.at_byte());
  }
  counts_ = {};
  sources_.clear();
  reconnect();
  return {};
}

}  // namespace touchline
