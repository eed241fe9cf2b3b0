#include "core/subscriber.h"

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

}  // namespace

Subscriber::Subscriber(Hello hello, SubscriberEvents events)
    : hello_(std::move(hello)), coded_prior_(hello_.coded_prior), events_(std::move(events)) {
  put(output_, hello_);
}

void Subscriber::reconnect() {
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
  const bool ahead =
      complete_ && std::any_of(keyframe_offsets_.begin(), keyframe_offsets_.end(),
                               [this](const auto& keyframe) { return keyframe.second > position_.offset; });
  hello_.coded_prior = ahead ? std::uint8_t{0} : coded_prior_;
  welcomed_ = false;
  put(output_, hello_);
}

void Subscriber::acknowledge() { put(output_, Ack{position_.offset}); }

Result<void> Subscriber::receive(std::string_view bytes) {
  counts_.bytes += bytes.size();
  reader_.append(bytes);
  Frame frame;
  while (!stopped_) {
    const std::uint64_t at = reader_.at_byte();
    const auto more = reader_.next(frame);
    if (!more) return more.error();
    if (!*more) return {};
    ++counts_.frames;
    if (auto taken = on_frame(frame); !taken) {
      Error error = taken.error();
      error.text = "byte " + number(at) + ", " + std::string(name_of(frame.kind)) + ": " + error.text;
      return error;
    }
    if (frame.kind == FrameKind::deltas) {
      ++counts_.delta_frames;
      counts_.delta_bytes += reader_.at_byte() - at;
    } else if (frame.kind == FrameKind::keyframe) {
      counts_.keyframe_bytes += reader_.at_byte() - at;
    }
  }
  return {};
}

Result<void> Subscriber::on_frame(const Frame& frame) {
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

Result<void> Subscriber::on_welcome(std::string_view body) {
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
  if (welcome->coded_prior != 0) {
    const bool bounded = welcome->coded_events_log2 <= limits::coded_events_log2;
    if (welcome->coded_prior != hello_.coded_prior || !bounded)
      return disorder("agrees on what was not offered");
    prior_ = coded::shipped_prior();
    models_.emplace(std::size_t{1} << welcome->coded_events_log2);
    reader_.expect_coded(true);
  }
  welcomed_ = true;
  heartbeat_ms_ = welcome->heartbeat_ms;
  // Keyframes come before anything that counts offsets: until then the position stands for nothing.
  complete_ = tail;
  if (!tail) {
    states_.clear();
    keyframe_offsets_.clear();
    awaiting_.clear();
  }
  for (const auto& [event, since] : awaiting_)
    put(output_, Resync{event, "asked for before the line was lost"});
  position_ = welcome->position;
  if (welcome->frame_bytes_max != 0)
    reader_.limit(std::min<std::size_t>(welcome->frame_bytes_max, limits::frame_bytes));
  if (events_.welcome) events_.welcome(*welcome);
  return {};
}

Result<void> Subscriber::on_keyframe(std::string_view body) {
  auto chunk = read_keyframe(body);
  if (!chunk) return chunk.error();
  if (chunk->form == KeyframeForm::coded && !models_) return disorder("is coded, which was not agreed");
  const EventHandle event = chunk->event;
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
  ++counts_.keyframes;
  awaiting_.erase(event);
  if (models_) models_->drop(event);
  keyframe_offsets_[event] = whole.head.offset;
  EventState& kept = states_[event];
  kept = std::move(*state);
  if (events_.keyframe) events_.keyframe(event, kept, whole.head.offset);
  return {};
}

Result<void> Subscriber::on_deltas(const Frame& frame) {
  complete_ = true;
  merged_in_frame_ = false;
  const auto taken = models_ ? on_coded_items(frame) : on_items(frame.body);
  if (!taken || stopped_) return taken;
  merged_in_frame_ = false;
  return {};
}

Result<void> Subscriber::on_items(std::string_view body) {
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

Result<void> Subscriber::on_coded_items(const Frame& frame) {
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

Result<void> Subscriber::on_skip(std::uint64_t count) {
  if (count > offset_max - position_.offset.value) return disorder("skips past any offset");
  position_.offset = Offset(position_.offset.value + count);
  return {};
}

Result<void> Subscriber::on_block(EventHandle event, std::string_view block) {
  const auto header = peek_block(block);
  if (!header) return header.error();
  if (header->merged > offset_max - position_.offset.value) return disorder("merges past any offset");
  position_.offset = Offset(position_.offset.value + header->merged);
  merged_in_frame_ = merged_in_frame_ || header->merged != 1;
  // The group that was under way goes on without this delta.
  if (models_) models_->drop(event);
  if (is_wanted(event)) take(event, decode_block(states_[event], block));
  return {};
}

Result<void> Subscriber::on_update(const CodedItem& item) {
  if (position_.offset.value >= offset_max) return disorder("counts past any offset");
  position_.offset = position_.offset.next();
  if (!is_wanted(item.event)) {
    models_->drop(item.event);
    return {};
  }
  const bool first = item.form == ItemForm::first_of_group;
  coded::Model* model = first ? &models_->start(item.event) : models_->use(item.event);
  if (model == nullptr) {
    ask_again(item.event, "an update came without the first one of its group");
    return {};
  }
  const std::uint64_t before = counts_.deltas;
  take(item.event,
       coded::decode_update(*model, *prior_, first ? coded::Place::first_of_group : coded::Place::later,
                            states_[item.event], item.bytes));
  counts_.coded += counts_.deltas - before;
  return {};
}

// Whether the delta that ends at the position is to be applied.
bool Subscriber::is_wanted(EventHandle event) {
  if (awaiting_.contains(event)) return false;
  const auto keyframe = keyframe_offsets_.find(event);
  if (keyframe == keyframe_offsets_.end()) return true;
  if (position_.offset <= keyframe->second) return false;
  keyframe_offsets_.erase(keyframe);
  return true;
}

void Subscriber::take(EventHandle event, const Result<Delta>& delta) {
  // Either side may be wrong; a keyframe settles it.
  if (!delta) return ask_again(event, delta.error().text);
  EventState& state = states_[event];
  apply(state, *delta);
  if (state.get(Address(0, 0, Field::id)).kind != ValueKind::text) {
    // An event that began before this reader knew of it.
    states_.erase(event);
    return ask_again(event, "it has no id");
  }
  ++counts_.deltas;
  if (events_.delta) events_.delta(event, state, *delta, position_.offset);
}

Result<void> Subscriber::on_heartbeat(std::string_view body) {
  const auto heartbeat = read_heartbeat(body);
  if (!heartbeat) return heartbeat.error();
  if (heartbeat->offset != position_.offset) {
    return disorder("names offset " + number(heartbeat->offset.value) + ", counted here " +
                    number(position_.offset.value));
  }
  complete_ = true;
  if (events_.heartbeat) events_.heartbeat(*heartbeat);
  return {};
}

Result<void> Subscriber::on_checkpoint(std::string_view body) {
  const auto checkpoint = read_checkpoint(body);
  if (!checkpoint) return checkpoint.error();
  if (checkpoint->offset != position_.offset) {
    return disorder("names offset " + number(checkpoint->offset.value) + ", counted here " +
                    number(position_.offset.value));
  }
  complete_ = true;
  for (const EventDigest& digest : checkpoint->events) {
    const auto state = states_.find(digest.event);
    if (awaiting_.contains(digest.event)) continue;
    if (state == states_.end()) {
      if (hello_.filter.all()) ask_again(digest.event, "it is unknown here");
      continue;  // else it is outside the filter
    }
    // Its keyframe may be newer than the checkpoint.
    if (state->second.seq > digest.seq) continue;
    ++counts_.digests_checked;
    if (state->second.seq != digest.seq || state->second.digest() != digest.digest)
      ++counts_.digests_differed;
    if (state->second.seq != digest.seq) {
      ask_again(digest.event, "at seq " + number(state->second.seq.value) + ", the publisher at " +
                                  number(digest.seq.value));
    } else if (state->second.digest() != digest.digest) {
      ask_again(digest.event, "digest differs at seq " + number(digest.seq.value));
    }
  }
  return {};
}

void Subscriber::ask_again(EventHandle event, std::string why) {
  ++counts_.resyncs;
  if (models_) models_->drop(event);
  awaiting_[event] = position_.offset.value;
  put(output_, Resync{event, why});
  if (events_.resync) events_.resync(event, why);
}

// The frames that a publisher would send; so the same code reads them.
std::optional<std::string> Subscriber::save() const {
  if (!complete_ || merged_in_frame_ || !awaiting_.empty()) return std::nullopt;
  std::string saved;
  put(saved,
      Welcome{protocol_version, position_, Durability::durable, 0, 0, ResumeKind::keyframes, "saved", ""});
  for (const auto& [event, state] : states_) {
    const auto ahead = keyframe_offsets_.find(event);
    put_keyframe(saved, event, state, ahead == keyframe_offsets_.end() ? position_.offset : ahead->second);
  }
  put(saved, Heartbeat{position_.offset, 0, {}});  // the end: nothing was cut off
  return saved;
}

Result<void> Subscriber::restore(std::string_view saved) {
  Subscriber reader(hello_, {});
  if (const auto taken = reader.receive(saved); !taken) return taken.error();
  if (!reader.complete_ || !reader.partial_.empty() || reader.reader_.at_byte() != saved.size()) {
    return malformed("saved states that are not whole", reader.reader_.at_byte());
  }
  states_ = std::move(reader.states_);
  keyframe_offsets_ = std::move(reader.keyframe_offsets_);
  position_ = reader.position_;
  complete_ = true;
  reconnect();
  return {};
}

}  // namespace touchline
