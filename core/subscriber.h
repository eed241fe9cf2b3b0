// The subscriber's side of the delta protocol, without a socket: bytes in, states out.
//
// Keeps every event's state, counts offsets, checks sequence numbers and digests, and asks for a keyframe where
// it disagrees. `tail` and the tests stand on it; a relay has an end of its own (feed/relay). Sans I/O; what it wants
// to send gathers in output(). Single-threaded.
#pragma once

#include "core/coded/live_models.h"
#include "core/coded/model.h"
#include "core/coded_frame.h"
#include "core/delta.h"
#include "core/event_state.h"
#include "core/frame.h"
#include "core/messages.h"
#include "core/receiving_end.h"
#include "core/result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace touchline {

// What happens, as it happens; each may be left empty.
struct SubscriberEvents {
  std::function<void(const Welcome&)> welcome;
  std::function<void(EventHandle, const EventState&, Offset)> keyframe;
  std::function<void(EventHandle, const EventState&, const Delta&, Offset)> delta;  // the state after it
  std::function<void(const Heartbeat&)> heartbeat;
  std::function<void(EventHandle, std::string_view why)> resync;
  std::function<void(const Goodbye&)> goodbye;
  std::function<void(const ErrorMessage&)> error;
};

struct SubscriberCounts {
  std::uint64_t bytes = 0;
  std::uint64_t frames = 0;
  std::uint64_t delta_frames = 0;
  std::uint64_t delta_bytes = 0;  // of deltas frames, headers included
  std::uint64_t deltas = 0;
  std::uint64_t coded = 0;  // deltas that came as coded updates
  std::uint64_t keyframes = 0;
  std::uint64_t keyframe_bytes = 0;
  std::uint64_t digests_checked = 0;
  std::uint64_t digests_differed = 0;
  std::uint64_t resyncs = 0;
};

class Subscriber : public ReceivingEnd {
 public:
  Subscriber(Hello hello, SubscriberEvents events);

  std::string take_output() override { return std::exchange(output_, {}); }
  bool has_output() const override { return !output_.empty(); }
  Result<void> receive(std::string_view bytes) override;

  // From within an event: what follows is neither looked at nor counted. The connection is to be closed then.
  void stop() { stopped_ = true; }

  // A new connection to the same publisher: states and position are kept and offered.
  void reconnect();
  void acknowledge();

  // Everything that a later subscriber with the same filter needs to go on from here, as bytes; none: a position
  // may not be offered now (PROTOCOL.md, "Positions").
  std::optional<std::string> save() const;
  // Takes up what save() gave, before anything was sent or received. What is no such thing is refused whole.
  Result<void> restore(std::string_view saved);

  Position position() const { return position_; }
  std::uint32_t heartbeat_ms() const override { return heartbeat_ms_; }
  bool welcomed() const override { return welcomed_; }
  const std::unordered_map<EventHandle, EventState>& states() const { return states_; }
  const SubscriberCounts& counts() const { return counts_; }

 private:
  Result<void> on_frame(const Frame& frame);
  Result<void> on_welcome(std::string_view body);
  Result<void> on_keyframe(std::string_view body);
  Result<void> on_deltas(const Frame& frame);
  Result<void> on_items(std::string_view body);
  Result<void> on_coded_items(const Frame& frame);
  Result<void> on_block(EventHandle event, std::string_view block);
  Result<void> on_update(const CodedItem& item);
  Result<void> on_skip(std::uint64_t count);
  bool is_wanted(EventHandle event);
  void take(EventHandle event, const Result<Delta>& delta);
  Result<void> on_checkpoint(std::string_view body);
  Result<void> on_heartbeat(std::string_view body);
  void ask_again(EventHandle event, std::string why);

  struct Partial {
    KeyframeChunk head;
    std::string data;
  };

  Hello hello_;
  std::uint8_t coded_prior_;  // that may be offered
  SubscriberEvents events_;
  SubscriberCounts counts_;
  FrameReader reader_;
  std::string output_;
  Position position_;
  std::uint32_t heartbeat_ms_ = 0;
  std::size_t partial_bytes_ = 0;
  bool stopped_ = false;
  bool merged_in_frame_ = false;  // the count may be past an offset that was to come later
  bool welcomed_ = false;
  bool complete_ = false;  // all states up to the position are held, so it may be offered
  std::unordered_map<EventHandle, EventState> states_;
  std::unordered_map<EventHandle, Offset> keyframe_offsets_;  // deltas up to there are in the state already
  std::unordered_map<EventHandle, Partial> partial_;
  std::unordered_map<EventHandle, std::uint64_t> awaiting_;  // events whose keyframe was asked for
  std::optional<coded::LiveModels<coded::Model>> models_;    // while coded updates come
  std::shared_ptr<const coded::Prior> prior_;
  EventHandle last_event_;  // of the last item of a deltas frame
};

}  // namespace touchline
