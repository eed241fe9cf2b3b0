// A relay without a socket: bytes of one publisher in, a hub with the same history for any number of readers.
//
// Owns the states that its receiver brings up to date (core/receiver), and publishes every frame of deltas once, at the
// same offsets: as blocks, and coded for readers that agreed on it, whichever it came as. Where the publisher leaves
// deltas out, so does the hub, and its readers are given keyframes of what changed. Nobody is given a state while one is
// missing here. Knows no socket and no clock: the time is passed in. Loop thread.
#pragma once

#include "core/coded/streams.h"
#include "core/messages.h"
#include "core/receiver.h"
#include "core/receiving_end.h"
#include "core/result.h"
#include "feed/hub.h"
#include "feed/mirrored_events.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace touchline {

// What happens, as it happens; each may be left empty but the first, if the hub has readers.
struct RelayEvents {
  // What readers hold leads nowhere: none is in the hub when this returns.
  std::function<void(const std::string& why)> send_away;
  std::function<void()> begun_anew;  // no event is known any more, all are told again
  std::function<void(const Welcome&)> welcome;
  std::function<void(EventHandle, const EventState&, Offset)> keyframe;  // the state is another one
  // A delta was applied, with the state behind it. It is published with the rest of its frame, or left out.
  std::function<void(EventHandle, const EventState&, const Delta&, Offset)> delta;
  std::function<void()> frame_begins;                     // of deltas
  std::function<void(Offset from, Offset to)> published;  // its deltas, behind `from`
  std::function<void(const Heartbeat&)> heartbeat;
  std::function<void(Offset from, Offset to)> jump;  // deltas were left out
  std::function<void(EventHandle, std::string_view why)> resync;
  std::function<void(const Goodbye&)> goodbye;
  std::function<void(const ErrorMessage&)> error;
};

struct RelayCounts {
  std::uint64_t deltas = 0;  // forwarded
  std::uint64_t jumps = 0;
};

class Relay : public ReceivingEnd, private ReceiverOwner {
 public:
  // The filter of the hello is empty: a relay follows everything.
  Relay(Hello hello, HubOptions options, RelayEvents events);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // Behind an error nothing more is taken, and no position is offered to the next connection.
  Result<void> receive(std::string_view bytes) override;
  std::string take_output() override { return receiver_.take_output(); }
  bool has_output() const override { return receiver_.has_output(); }
  bool welcomed() const override { return receiver_.welcomed(); }
  std::uint32_t heartbeat_ms() const override { return receiver_.heartbeat_ms(); }
  std::uint64_t whole_bytes() const override { return receiver_.whole_bytes(); }

  // A new connection to the same publisher, or to another one of the same history.
  void reconnect() { receiver_.reconnect(); }
  void set_token(std::string token) { receiver_.set_token(std::move(token)); }
  // The connection has ended.
  void lost() { receiver_.lost(); }
  void acknowledge() { receiver_.acknowledge(); }
  // Looks at what time has done, several times a second. An error ends the connection.
  Result<void> tick(std::int64_t now_ms);

  // Takes up what a newcomer was given once (StateKeeper), before anything was sent or received. An error's text says
  // at which byte.
  Result<void> restore(std::string_view saved);

  // All states of the position are here, so they may be given to others.
  bool is_whole() const;
  // Gives them to whoever waits, if they are.
  void serve_waiting();

  Hub& hub() { return hub_; }
  const MirroredEvents& events() const { return mirrored_; }
  Position position() const { return receiver_.position(); }
  const RelayCounts& counts() const { return counts_; }
  const ReceiverCounts& received() const { return receiver_.counts(); }
  // How the publisher's sources are, as far as it is known, and how the publisher is.
  std::vector<SourceHealth> sources(std::int64_t now_ms) const;

 private:
  EventState* find(EventHandle event) override;
  EventState& set(EventHandle event, EventState state) override;
  void changes(EventHandle event) override { hub_.keep_as_it_was(mirrored_.event(event)); }
  void drop(EventHandle) override {}  // its keyframe is asked for, and nobody is given a state before
  void welcomed(const Welcome& welcome) override;
  void keyframe(EventHandle event, const EventState& state, Offset as_of) override;
  void frame_begins(std::size_t bytes) override;
  void item(ReceivedItem& item) override;
  void frame_ends() override;
  void heartbeat(const Heartbeat& heartbeat) override;
  void checkpoint(std::string_view body) override;
  void resync(EventHandle event, std::string_view why) override;
  void goodbye(const Goodbye& goodbye) override;
  void error(const ErrorMessage& error) override;
  void begin_anew(const Welcome& welcome);
  void code_for_readers();
  void forward(ReceivedItem& item);

  RelayEvents events_;
  RelayCounts counts_;
  MirroredEvents mirrored_;
  Receiver receiver_;
  Hub hub_;
  std::int64_t awaiting_since_ms_ = 0;  // 0: for no keyframe
  std::int64_t heard_ms_ = 0;
  std::uint64_t heard_bytes_ = 0;
  std::vector<SourceHealth> sources_;  // as the last heartbeat had them,
  std::int64_t sources_at_ms_ = 0;     // and when that was; 0: at the next tick

  std::unique_ptr<coded::Streams> streams_;  // null: no reader wants coded updates

  // The frame of deltas at work.
  Batch batch_;
  std::string block_;
  std::vector<EventHandle> touched_;
  bool keeps_deltas_ = false;
  bool forwardable_ = false;  // every item is one delta, and has what readers need
};

}  // namespace touchline
