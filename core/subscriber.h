// A subscriber without a socket: bytes of a publisher in, states out, and what happened told as it happens.
//
// Owns the states that its receiver brings up to date, and saves them. `tail` and the tests stand on it; a relay has an
// end of its own (feed/relay). Knows nothing of frames. Single-threaded.
#pragma once

#include "core/receiver.h"
#include "core/receiving_end.h"

#include <cstdint>
#include <functional>
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

class Subscriber : public ReceivingEnd, private ReceiverOwner {
 public:
  Subscriber(Hello hello, SubscriberEvents events);
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  std::string take_output() override { return receiver_.take_output(); }
  bool has_output() const override { return receiver_.has_output(); }
  Result<void> receive(std::string_view bytes) override { return receiver_.receive(bytes); }

  // From within an event: what follows is neither looked at nor counted. The connection is to be closed then.
  void stop() { receiver_.stop(); }

  // A new connection to the same publisher: states and position are kept and offered.
  void reconnect() { receiver_.reconnect(); }
  void acknowledge() { receiver_.acknowledge(); }

  // Everything that a later subscriber with the same filter needs to go on from here, as bytes; none: a position
  // may not be offered now (PROTOCOL.md, "Positions").
  std::optional<std::string> save() const;
  // Takes up what save() gave, before anything was sent or received. What is no such thing is refused whole.
  Result<void> restore(std::string_view saved);

  Position position() const { return receiver_.position(); }
  std::uint32_t heartbeat_ms() const override { return receiver_.heartbeat_ms(); }
  std::uint64_t whole_bytes() const override { return receiver_.whole_bytes(); }
  bool welcomed() const override { return receiver_.welcomed(); }
  const std::unordered_map<EventHandle, EventState>& states() const { return states_; }
  const ReceiverCounts& counts() const { return receiver_.counts(); }

 private:
  EventState* find(EventHandle event) override;
  EventState& set(EventHandle event, EventState state) override;
  void drop(EventHandle event) override { states_.erase(event); }
  void welcomed(const Welcome& welcome) override;
  void keyframe(EventHandle event, const EventState& state, Offset as_of) override;
  void item(ReceivedItem& item) override;
  void heartbeat(const Heartbeat& heartbeat) override;
  void resync(EventHandle event, std::string_view why) override;
  void goodbye(const Goodbye& goodbye) override;
  void error(const ErrorMessage& error) override;

  Hello hello_;
  SubscriberEvents events_;
  std::unordered_map<EventHandle, EventState> states_;
  Receiver receiver_;
};

}  // namespace touchline
