#include "core/receiver.h"

#include "core/block.h"
#include "core/coded/coded.h"
#include "core/coded/prior.h"
#include "core/keyframe.h"
#include "core/limits.h"

#include <algorithm>

namespace touchline {
namespace {

constexpr std::uint64_t offset_max = 1ULL << 62;

Error disorder(std::string text) { return {ErrorKind::mismatch, std::move(text), 0}; }

std::string number(std::uint64_t value) { return std::to_string(value); }

// An error says itself where it was: its own byte is one within a frame.
Error at_byte(std::uint64_t at, std::string_view where, Error error) {
  error.text = "byte " + number(at) + std::string(where) + ": " + error.text;
  error.at_byte = at;
  return error;
}

}  // namespace

Receiver::Receiver(ReceiverOwner& owner, Hello hello, std::uint32_t event_max)
    : owner_(owner), hello_(std::move(hello)), event_max_(event_max), coded_prior_(hello_.coded_prior) {
  put(output_, hello_);
}

void Receiver::reconnect() {
  reader_ = FrameReader();
  partial_.clear();
  partial_bytes_ = 0;
  merged_in_frame_ = false;
  models_.reset();
  last_event_ = EventHandle();
  output_.clear();
  hello_.position.reset();
  if (complete_) hello_.position = position_;
  // A group that begins in front of a keyframe that is here already could not be read from its beginning.
  hello_.coded_prior = complete_ && is_ahead() ? std::uint8_t{0} : coded_prior_;
  welcomed_ = false;
  put(output_, hello_);
}

Result<void> Receiver::receive(std::string_view bytes) {
  counts_.bytes += bytes.size();
  reader_.append(bytes);
  auto taken = take_frames();
  if (!taken) complete_ = false;
  return taken;
}

Result<void> Receiver::take_frames() {
  Frame frame;
  while (!stopped_) {
    const std::uint64_t at = reader_.at_byte();
    const auto more = reader_.next(frame);
    if (!more) return at_byte(at, "", more.error());
    if (!*more) return {};
    ++counts_.frames;
    if (const auto taken = on_frame(frame); !taken)
      return at_byte(at, ", " + std::string(name_of(frame.kind)), taken.error());
    if (frame.kind == FrameKind::deltas) {
      ++counts_.delta_frames;
      counts_.delta_bytes += reader_.at_byte() - at;
    } else if (frame.kind == FrameKind::keyframe) {
      counts_.keyframe_bytes += reader_.at_byte() - at;
    }
  }
  return {};
}

Result<void> Receiver::on_frame(const Frame& frame) {
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
      return on_deltas(frame);
    case FrameKind::heartbeat:
      return on_heartbeat(frame.body);
    case FrameKind::checkpoint:
      return on_checkpoint(frame.body);
    case FrameKind::goodbye: {
      const auto goodbye = read_goodbye(frame.body);
      if (!goodbye) return goodbye.error();
      owner_.goodbye(*goodbye);
      return {};
    }
    case FrameKind::error: {
      const auto error = read_error(frame.body);
      if (!error) return error.error();
      owner_.error(*error);
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

Result<void> Receiver::on_welcome(std::string_view body) {
  const auto welcome = read_welcome(body);
  if (!welcome) return welcome.error();
  if (welcomed_) return disorder("came twice");
  if (welcome->version != protocol_version) {
    return Error{ErrorKind::unsupported, "protocol version " + number(welcome->version), 0};
  }
  const bool tail = welcome->resume == ResumeKind::tail;
  if (tail && (!hello_.position || *hello_.position != welcome->position)) {
    return disorder("goes on from a position that was not offered");
  }
  if (welcome->position.offset.value > offset_max) return disorder("names an offset past any");
  if (const auto agreed = agree_on_coded(*welcome); !agreed) return agreed;
  welcomed_ = true;
  heartbeat_ms_ = welcome->heartbeat_ms;
  // Keyframes come before anything that counts offsets: until then the position stands for nothing.
  complete_ = tail;
  if (!tail) {
    keyframe_offsets_.clear();
    awaiting_.clear();
    ahead_ = Offset();
  }
  for (const EventHandle event : awaiting_)
    put(output_, Resync{event, "asked for before the line was lost"});
  position_ = welcome->position;
  if (welcome->frame_bytes_max != 0)
    reader_.limit(std::min<std::size_t>(welcome->frame_bytes_max, limits::frame_bytes));
  owner_.welcomed(*welcome);
  return {};
}

Result<void> Receiver::agree_on_coded(const Welcome& welcome) {
  if (welcome.coded_prior == 0) return {};
  const bool bounded = welcome.coded_events_log2 <= limits::coded_events_log2;
  if (welcome.coded_prior != hello_.coded_prior || !bounded)
    return disorder("agrees on what was not offered");
  prior_ = coded::shipped_prior();
  models_.emplace(std::size_t{1} << welcome.coded_events_log2);
  reader_.expect_coded(true);
  return {};
}

Result<void> Receiver::on_keyframe(std::string_view body) {
  auto chunk = read_keyframe(body);
  if (!chunk) return chunk.error();
  if (chunk->form == KeyframeForm::coded && !models_) return disorder("is coded, which was not agreed");
  if (const auto bounded = check_event(chunk->event); !bounded) return bounded;
  const EventHandle event = chunk->event;
  const auto whole = put_together(std::move(*chunk));
  if (!whole) return whole.error();
  if (!*whole) return {};
  const KeyframeChunk& head = (*whole)->head;
  auto state = state_in_keyframe(head, (*whole)->data);
  if (!state) return state.error();
  if (head.offset.value > offset_max) return disorder("names an offset past any");
  ++counts_.keyframes;
  awaiting_.erase(event);
  if (models_) models_->drop(event);
  keyframe_offsets_[event] = head.offset;
  ahead_ = std::max(ahead_, head.offset);
  owner_.keyframe(event, owner_.set(event, std::move(*state)), head.offset);
  return {};
}

// All chunks of a keyframe, with the last one of them.
Result<std::optional<Receiver::Partial>> Receiver::put_together(KeyframeChunk chunk) {
  const EventHandle event = chunk.event;
  Partial& partial = partial_[event];
  if (chunk.chunk == 0) {
    partial_bytes_ -= partial.data.size();
    partial = {std::move(chunk), {}};
    partial.data = std::move(partial.head.data);
    partial_bytes_ += partial.data.size();
  } else {
    if (partial.head.seq != chunk.seq || partial.head.chunk + 1 != chunk.chunk)
      return disorder("lacks a chunk");
    partial.head.chunk = chunk.chunk;
    partial.data += chunk.data;
    partial_bytes_ += chunk.data.size();
  }
  if (partial_bytes_ > limits::state_bytes || partial_.size() > limits::partial_keyframes ||
      partial.head.state_bytes > limits::state_bytes) {
    return Error{ErrorKind::limit, "is larger than any state may be, or one of too many unfinished ones", 0};
  }
  if (partial.head.chunk + 1 < partial.head.chunks) return std::nullopt;
  std::optional<Partial> whole = std::move(partial);
  partial_.erase(event);
  partial_bytes_ -= whole->data.size();
  return whole;
}

Result<void> Receiver::on_deltas(const Frame& frame) {
  complete_ = true;
  merged_in_frame_ = false;
  owner_.frame_begins(frame.body.size());
  const auto taken = models_ ? on_coded_items(frame) : on_items(frame.body);
  if (!taken || stopped_) return taken;
  merged_in_frame_ = false;
  owner_.frame_ends();
  return {};
}

Result<void> Receiver::on_items(std::string_view body) {
  DeltaItems items(body);
  DeltaItem item;
  while (!stopped_) {
    const auto more = items.next(item);
    if (!more) return more.error();
    if (!*more) break;
    const auto taken = item.event.value == 0 ? on_skip(item.skipped) : on_block(item.event, item.block);
    if (!taken) return taken;
  }
  return {};
}

Result<void> Receiver::on_coded_items(const Frame& frame) {
  if (frame.same_event) {
    if (last_event_.value == 0) return disorder("leaves out an event that was not told");
    if (frame.body.empty()) return disorder("has no update");
    return on_update({last_event_, ItemForm::later, 0, frame.body});
  }
  CodedItems items(frame.body);
  CodedItem item;
  while (!stopped_) {
    const auto more = items.next(item);
    if (!more) return more.error();
    if (!*more) break;
    if (item.event.value != 0) last_event_ = item.event;
    const auto taken = item.event.value == 0          ? on_skip(item.skipped)
                       : item.form == ItemForm::block ? on_block(item.event, item.bytes)
                                                      : on_update(item);
    if (!taken) return taken;
  }
  return {};
}

Result<void> Receiver::on_skip(std::uint64_t count) {
  if (count > offset_max - position_.offset.value) return disorder("skips past any offset");
  position_.offset = Offset(position_.offset.value + count);
  ReceivedItem skip{EventHandle(), count, {}};
  owner_.item(skip);
  return {};
}

Result<void> Receiver::on_block(EventHandle event, std::string_view block) {
  const auto header = peek_block(block);
  if (!header) return header.error();
  if (const auto bounded = check_event(event); !bounded) return bounded;
  if (header->merged > offset_max - position_.offset.value) return disorder("merges past any offset");
  position_.offset = Offset(position_.offset.value + header->merged);
  merged_in_frame_ = merged_in_frame_ || header->merged != 1;
  // The group that was under way goes on without this delta.
  if (models_) models_->drop(event);
  ReceivedItem item{event, header->merged, block};
  if (is_wanted(event)) {
    apply_item(item, [&](const EventState& before) { return decode_block(before, block); });
  } else {
    owner_.item(item);
  }
  return {};
}

Result<void> Receiver::on_update(const CodedItem& update) {
  if (const auto bounded = check_event(update.event); !bounded) return bounded;
  if (position_.offset.value >= offset_max) return disorder("counts past any offset");
  position_.offset = position_.offset.next();
  ReceivedItem item{update.event, 1, {}};
  if (!is_wanted(update.event)) {
    models_->drop(update.event);
    owner_.item(item);
    return {};
  }
  const bool first = update.form == ItemForm::first_of_group;
  coded::Model* model = first ? &models_->start(update.event) : models_->use(update.event);
  if (model == nullptr) {
    ask_again(update.event, "an update came without the first one of its group");
    owner_.item(item);
    return {};
  }
  const coded::Place place = first ? coded::Place::first_of_group : coded::Place::later;
  const std::uint64_t before = counts_.deltas;
  apply_item(item, [&](const EventState& state) {
    return coded::decode_update(*model, *prior_, place, state, update.bytes);
  });
  counts_.coded += counts_.deltas - before;
  return {};
}

// Whether the delta that ends at the position is to be applied.
bool Receiver::is_wanted(EventHandle event) {
  if (awaiting_.contains(event)) return false;
  const auto keyframe = keyframe_offsets_.find(event);
  if (keyframe == keyframe_offsets_.end()) return true;
  if (position_.offset <= keyframe->second) return false;
  keyframe_offsets_.erase(keyframe);
  return true;
}

template <class Decode>
void Receiver::apply_item(ReceivedItem& item, Decode&& decode) {
  EventState begun;
  EventState* const known = owner_.find(item.event);
  EventState& state = known != nullptr ? *known : begun;
  Result<Delta> delta = decode(state);
  if (!delta) {
    // Either side may be wrong; a keyframe settles it.
    ask_again(item.event, delta.error().text);
    return owner_.item(item);
  }
  if (known != nullptr) owner_.changes(item.event);
  item.source_time_before_ms = state.source_time_ms;
  apply(state, *delta);
  if (state.get(Address(0, 0, Field::id)).kind != ValueKind::text) {
    // An event that began before this end knew of it, or was forgotten then.
    if (known != nullptr) owner_.drop(item.event);
    ask_again(item.event, "it has no id");
    return owner_.item(item);
  }
  item.after = known != nullptr ? known : &owner_.set(item.event, std::move(begun));
  item.delta = &*delta;
  ++counts_.deltas;
  owner_.item(item);
}

Result<void> Receiver::on_heartbeat(std::string_view body) {
  const auto heartbeat = read_heartbeat(body);
  if (!heartbeat) return heartbeat.error();
  if (const auto counted = check_position(heartbeat->offset); !counted) return counted;
  complete_ = true;
  owner_.heartbeat(*heartbeat);
  return {};
}

Result<void> Receiver::on_checkpoint(std::string_view body) {
  const auto checkpoint = read_checkpoint(body);
  if (!checkpoint) return checkpoint.error();
  if (const auto counted = check_position(checkpoint->offset); !counted) return counted;
  complete_ = true;
  for (const EventDigest& digest : checkpoint->events) {
    if (const auto bounded = check_event(digest.event); !bounded) return bounded;
    if (!awaiting_.contains(digest.event)) compare(digest);
  }
  owner_.checkpoint(body);
  return {};
}

void Receiver::compare(const EventDigest& digest) {
  const EventState* state = owner_.find(digest.event);
  if (state == nullptr) {
    // Else it is outside the filter.
    if (hello_.filter.all()) ask_again(digest.event, "it is unknown here");
    return;
  }
  // Its keyframe may be newer than the checkpoint.
  if (state->seq > digest.seq) return;
  ++counts_.digests_checked;
  if (state->seq == digest.seq && state->digest() == digest.digest) return;
  ++counts_.digests_differed;
  if (state->seq != digest.seq) {
    ask_again(digest.event,
              "at seq " + number(state->seq.value) + ", the publisher at " + number(digest.seq.value));
  } else {
    ask_again(digest.event, "digest differs at seq " + number(digest.seq.value));
  }
}

Result<void> Receiver::check_event(EventHandle event) const {
  if (event_max_ == 0 || (event.value != 0 && event.value <= event_max_)) return {};
  return Error{ErrorKind::limit, "has event " + number(event.value) + ", past any", 0};
}

Result<void> Receiver::check_position(Offset named) const {
  if (named == position_.offset) return {};
  return disorder("names offset " + number(named.value) + ", counted here " + number(position_.offset.value));
}

void Receiver::ask_again(EventHandle event, std::string why) {
  ++counts_.resyncs;
  if (models_) models_->drop(event);
  awaiting_.insert(event);
  put(output_, Resync{event, why});
  owner_.resync(event, why);
}

Offset Receiver::state_offset(EventHandle event) const {
  const auto keyframe = keyframe_offsets_.find(event);
  return keyframe == keyframe_offsets_.end() ? position_.offset : keyframe->second;
}

Result<void> Receiver::take_up(std::string_view saved) {
  if (const auto taken = receive(saved); !taken) return taken;
  if (!complete_ || !partial_.empty() || reader_.at_byte() != saved.size()) {
    return at_byte(reader_.at_byte(), "", malformed("saved states that are not whole"));
  }
  counts_ = {};
  reconnect();
  return {};
}

void Receiver::go_on_from(const Receiver& other) {
  keyframe_offsets_ = other.keyframe_offsets_;
  ahead_ = other.ahead_;
  position_ = other.position_;
  complete_ = true;
  reconnect();
}

}  // namespace touchline
