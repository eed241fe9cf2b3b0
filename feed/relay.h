// A relay without a socket: bytes of one publisher in, a hub with the same history for any number of readers.
//
// Keeps the states, counts offsets, checks digests and asks for keyframes as a subscriber does, and publishes every
// frame of deltas once, its blocks unchanged, at the same offsets. Where the publisher leaves deltas out, so does the
// hub, and its readers are given keyframes of what changed. Nobody is given a state while one is missing here. Knows
// no socket and no clock: the time is passed in. Loop thread.
#pragma once

#include "core/frame.h"
#include "core/messages.h"
#include "core/receiving_end.h"
#include "core/result.h"
#include "feed/hub.h"
#include "feed/mirrored_events.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace touchline {

// What happens, as it happens; each may be left empty but the first, if the hub has readers.
struct RelayEvents {
  // What readers hold leads nowhere: none is in the hub when this returns.
  std::function<void(const std::string& why)> send_away;
  std::function<void(const Welcome&)> welcome;
  std::function<void(const Heartbeat&)> heartbeat;
  std::function<void(Offset from, Offset to)> jump;  // deltas were left out
  std::function<void(EventHandle, std::string_view why)> resync;
  std::function<void(const Goodbye&)> goodbye;
  std::function<void(const ErrorMessage&)> error;
};

struct RelayCounts {
  std::uint64_t bytes = 0;
  std::uint64_t deltas = 0;  // forwarded
  std::uint64_t keyframes = 0;
  std::uint64_t jumps = 0;
  std::uint64_t resyncs = 0;
  std::uint64_t digests_checked = 0;
  std::uint64_t digests_differed = 0;
};

class Relay : public ReceivingEnd {
 public:
  // The filter of the hello is empty: a relay follows everything.
  Relay(Hello hello, HubOptions options, RelayEvents events);

  // Behind an error nothing more is taken, and no position is offered to the next connection.
  Result<void> receive(std::string_view bytes) override;
  std::string take_output() override { return std::exchange(output_, {}); }
  bool has_output() const override { return !output_.empty(); }
  bool welcomed() const override { return welcomed_; }
  std::uint32_t heartbeat_ms() const override { return heartbeat_ms_; }

  // A new connection to the same publisher, or to another one of the same history.
  void reconnect();
  void set_token(std::string token) { hello_.token = std::move(token); }
  // The connection has ended.
  void lost() { welcomed_ = false; }
  void acknowledge() { put(output_, Ack{position_.offset}); }
  // Looks at what time has done, several times a second. An error ends the connection.
  Result<void> tick(std::int64_t now_ms);

  // Takes up what a newcomer was given once (StateKeeper), before anything was sent or received.
  Result<void> restore(std::string_view saved);

  // All states of the position are here, so they may be given to others.
  bool is_whole() const;
  // Gives them to whoever waits, if they are.
  void serve_waiting();

  Hub& hub() { return hub_; }
  const MirroredEvents& events() const { return mirrored_; }
  Position position() const { return position_; }
  const RelayCounts& counts() const { return counts_; }
  // How the publisher's sources are, as far as it is known, and how the publisher is.
  std::vector<SourceHealth> sources(std::int64_t now_ms) const;

 private:
  struct Partial {
    KeyframeChunk head;
    std::string data;
  };

  Result<void> take_frames();
  Result<void> on_frame(const Frame& frame);
  Result<void> on_welcome(std::string_view body);
  Result<void> on_keyframe(std::string_view body);
  Result<void> on_deltas(std::string_view body);
  Result<void> on_item(const DeltaItem& item);
  std::optional<Delta> take_block(EventHandle event, std::string_view block);
  bool is_wanted(EventHandle event);
  Result<void> on_checkpoint(std::string_view body);
  Result<void> on_heartbeat(std::string_view body);
  Result<void> check_position(Offset named) const;
  void ask_again(EventHandle event, std::string why);

  Hello hello_;
  RelayEvents events_;
  RelayCounts counts_;
  MirroredEvents mirrored_;
  Hub hub_;
  FrameReader reader_;
  std::string output_;
  Position position_;
  std::uint32_t heartbeat_ms_ = 0;
  bool welcomed_ = false;
  bool complete_ = false;  // all states up to the position have come, so it may be offered
  Offset ahead_{};         // of the newest keyframe
  std::size_t partial_bytes_ = 0;
  std::unordered_map<EventHandle, Offset> keyframe_offsets_;  // deltas up to there are in the state already
  std::unordered_map<EventHandle, Partial> partial_;
  std::unordered_map<EventHandle, std::uint64_t> awaiting_;  // events whose keyframe was asked for
  std::int64_t awaiting_since_ms_ = 0;                       // 0: for none
  std::int64_t heard_ms_ = 0;
  std::uint64_t heard_bytes_ = 0;
  std::vector<SourceHealth> sources_;  // as the last heartbeat had them,
  std::int64_t sources_at_ms_ = 0;     // and when that was; 0: at the next tick

  // The frame of deltas at work.
  Batch batch_;
  std::vector<EventHandle> touched_;
  bool keeps_deltas_ = false;
  bool forwardable_ = false;  // every item is one delta, and has what slow readers need
};

}  // namespace touchline
