#include "feed/relay.h"

#include "core/block.h"
#include "core/fields.h"
#include "core/limits.h"

#include <algorithm>
#include <utility>

namespace touchline {
namespace {

constexpr std::int64_t resync_ms_max = 30'000;                    // for a keyframe that was asked for
constexpr std::size_t block_bytes_max = 2 * limits::delta_bytes;  // of a coded update; no origin makes such
constexpr std::string_view own_name = "upstream";
constexpr std::size_t relays_in_chain_max = 8;
constexpr std::size_t sources_max = 256;  // passed on; a publisher with more has its first ones named

// "upstream/upstream" has come over two.
std::size_t relays_before(std::string_view source) {
  std::size_t relays = 0;
  for (; source.starts_with(own_name); ++relays) {
    source.remove_prefix(own_name.size());
    if (source.starts_with('/')) source.remove_prefix(1);
  }
  return relays;
}

Hello hello_of(Hello hello) {
  hello.filter = {};
  return hello;
}

}  // namespace

Relay::Relay(Hello hello, HubOptions options, RelayEvents events)
    : events_(std::move(events)),
      receiver_(*this, hello_of(std::move(hello)), limits::relayed_events),
      hub_(mirrored_, Epoch(0), std::move(options)) {
  hub_.sources = [this](std::int64_t now_ms) { return sources(now_ms); };
}

bool Relay::is_whole() const {
  return receiver_.may_offer_position() && !receiver_.awaits_keyframe() && !receiver_.is_ahead();
}

void Relay::serve_waiting() {
  if (is_whole() && hub_.has_waiting()) hub_.capture(position().offset);
}

Result<void> Relay::tick(std::int64_t now_ms) {
  const std::uint64_t bytes = received().bytes;
  if (heard_ms_ == 0 || heard_bytes_ != bytes) heard_ms_ = now_ms;
  heard_bytes_ = bytes;
  if (sources_at_ms_ == 0) sources_at_ms_ = now_ms;
  for (const SourceHealth& source : sources_) {
    if (relays_before(source.name) < relays_in_chain_max) continue;
    sources_.clear();
    return Error{ErrorKind::mismatch,
                 "comes over more than " + std::to_string(relays_in_chain_max) +
                     " relays: do they follow each other in a ring?",
                 0};
  }
  if (!receiver_.awaits_keyframe() || !welcomed()) {
    awaiting_since_ms_ = 0;
  } else if (awaiting_since_ms_ == 0) {
    awaiting_since_ms_ = now_ms;
  } else if (now_ms - awaiting_since_ms_ > resync_ms_max) {
    receiver_.forget_position();
    return Error{ErrorKind::mismatch,
                 "no keyframe came for " + std::to_string(resync_ms_max) + " ms after it was asked for", 0};
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
  const FeedHealth health = welcomed() ? FeedHealth::live : FeedHealth::stale;
  healths.push_back({std::string(own_name), static_cast<std::uint8_t>(health), since(heard_ms_)});
  return healths;
}

Result<void> Relay::receive(std::string_view bytes) {
  auto taken = receiver_.receive(bytes);
  if (taken) serve_waiting();
  return taken;
}

EventState* Relay::find(EventHandle event) {
  LiveEvent* const known = mirrored_.find(event);
  return known == nullptr ? nullptr : &known->state;
}

EventState& Relay::set(EventHandle event, EventState state) {
  LiveEvent& live = mirrored_.reach(event);
  hub_.keep_as_it_was(live);
  MirroredEvents::set(live, std::move(state));
  return live.state;
}

void Relay::welcomed(const Welcome& welcome) {
  if (welcome.resume == ResumeKind::tail) {
    hub_.set_durability(welcome.durability);
  } else {
    begin_anew(welcome);
  }
  if (events_.welcome) events_.welcome(welcome);
}

void Relay::begin_anew(const Welcome& welcome) {
  // Of what was forgotten meanwhile nothing is told: not even readers of the same epoch can be brought here from where
  // they stand.
  if (hub_.reader_count() != 0 && events_.send_away) {
    events_.send_away("the publisher that this relay follows has begun anew, at epoch " +
                      std::to_string(welcome.position.epoch.value));
  }
  mirrored_.clear();
  streams_.reset();
  hub_.begin_anew(welcome.position.epoch, welcome.position.offset, welcome.durability);
  if (events_.begun_anew) events_.begun_anew();
}

void Relay::keyframe(EventHandle event, const EventState& state, Offset as_of) {
  hub_.replaced(event, as_of);
  if (streams_) streams_->end_group(event);
  if (events_.keyframe) events_.keyframe(event, state, as_of);
}

void Relay::frame_begins(std::size_t bytes) {
  if (events_.frame_begins) events_.frame_begins();
  batch_ = {};
  batch_.first = position().offset.next();
  batch_.items.reserve(bytes + 4);
  touched_.clear();
  forwardable_ = true;
  keeps_deltas_ = hub_.wants_deltas();
  code_for_readers();
}

void Relay::code_for_readers() {
  const std::size_t events = hub_.wants_coded();
  if (events == 0) {
    streams_.reset();
  } else if (!streams_) {
    streams_ = std::make_unique<coded::Streams>(events);
  }
  for (const EventHandle event : hub_.take_wanted_groups()) {
    if (streams_) streams_->want_group(event);
  }
}

void Relay::item(ReceivedItem& item) {
  if (item.event.value == 0) {
    forwardable_ = false;
    return;
  }
  mirrored_.extend(item.event);
  touched_.push_back(item.event);
  if (item.delta != nullptr && events_.delta)
    events_.delta(item.event, *item.after, *item.delta, position().offset);
  // Without its delta, what came coded says nothing to anybody who is not in the middle of its group; and readers whose
  // deltas are being merged need them all.
  const bool says_all = item.delta != nullptr || (!item.block.empty() && !keeps_deltas_);
  if (item.offsets != 1 || !says_all) forwardable_ = false;
  if (forwardable_) forward(item);
}

void Relay::forward(ReceivedItem& item) {
  std::string_view block = item.block;
  if (block.empty()) {
    block_.clear();
    encode_block(block_, *item.after, *item.delta, item.source_time_before_ms);
    block = block_;
    if (block.size() > block_bytes_max) {
      forwardable_ = false;
      return;
    }
  }
  ++batch_.count;
  batch_.last_item = batch_.items.size();
  put_item(batch_.items, item.event, block);
  const bool says_something = item.delta != nullptr && !item.delta->empty();
  if (streams_ && says_something) {
    streams_->add(batch_.coded, item.event, *item.after, *item.delta, item.source_time_before_ms,
                  position().offset, block.size());
  } else if (streams_) {
    streams_->leave_out(batch_.coded, item.event);
  }
  if (keeps_deltas_)
    batch_.deltas.push_back({item.event, item.source_time_before_ms, std::move(*item.delta)});
}

void Relay::frame_ends() {
  const Offset before(batch_.first.value - 1);
  if (position().offset == before) return;
  for (const EventHandle event : touched_)
    hub_.restore_event(event, position().offset);
  if (forwardable_) {
    counts_.deltas += batch_.count;
    auto bytes = std::make_shared<const std::string>(std::move(batch_.items));
    hub_.publish(batch_, std::move(bytes), std::exchange(batch_.coded, {}));
    if (events_.published) events_.published(before, position().offset);
  } else {
    ++counts_.jumps;
    streams_.reset();  // groups do not go on over what is left out
    hub_.jump(position().offset);
    if (events_.jump) events_.jump(before, position().offset);
  }
}

void Relay::heartbeat(const Heartbeat& heartbeat) {
  sources_ = heartbeat.sources;
  if (sources_.size() > sources_max) sources_.resize(sources_max);
  sources_at_ms_ = 0;
  if (events_.heartbeat) events_.heartbeat(heartbeat);
}

// Goes on to readers as it is: it speaks of deltas that they have from here, at the same offset.
void Relay::checkpoint(std::string_view body) {
  std::string frame;
  put_frame(frame, FrameKind::checkpoint, body);
  hub_.publish_control(std::make_shared<const std::string>(std::move(frame)));
}

void Relay::resync(EventHandle event, std::string_view why) {
  mirrored_.extend(event);
  if (events_.resync) events_.resync(event, why);
}

void Relay::goodbye(const Goodbye& goodbye) {
  if (events_.goodbye) events_.goodbye(goodbye);
}

void Relay::error(const ErrorMessage& error) {
  if (events_.error) events_.error(error);
}

Result<void> Relay::restore(std::string_view saved) {
  // States and their position are told. What stands there besides is no word of the publisher's, who may be gone.
  RelayEvents listeners = events_;
  events_.welcome = {};
  events_.heartbeat = {};
  events_.resync = {};
  events_.goodbye = {};
  events_.error = {};
  const auto taken = receiver_.take_up(saved);
  events_ = std::move(listeners);
  if (!taken) return taken;
  if (!is_whole()) {
    return malformed("byte " + std::to_string(saved.size()) + ": saved states that are not whole",
                     saved.size());
  }
  counts_ = {};
  sources_.clear();
  return {};
}

}  // namespace touchline
