#include "core/subscriber.h"

#include "core/keyframe.h"

#include <utility>

namespace touchline {

Subscriber::Subscriber(Hello hello, SubscriberEvents events)
    : hello_(std::move(hello)), events_(std::move(events)), receiver_(*this, hello_, 0) {}

EventState* Subscriber::find(EventHandle event) {
  const auto state = states_.find(event);
  return state == states_.end() ? nullptr : &state->second;
}

EventState& Subscriber::set(EventHandle event, EventState state) { return states_[event] = std::move(state); }

void Subscriber::welcomed(const Welcome& welcome) {
  if (welcome.resume != ResumeKind::tail) states_.clear();
  if (events_.welcome) events_.welcome(welcome);
}

void Subscriber::keyframe(EventHandle event, const EventState& state, Offset as_of) {
  if (events_.keyframe) events_.keyframe(event, state, as_of);
}

void Subscriber::item(ReceivedItem& item) {
  if (item.delta != nullptr && events_.delta)
    events_.delta(item.event, *item.after, *item.delta, position().offset);
}

void Subscriber::heartbeat(const Heartbeat& heartbeat) {
  if (events_.heartbeat) events_.heartbeat(heartbeat);
}

void Subscriber::resync(EventHandle event, std::string_view why) {
  if (events_.resync) events_.resync(event, why);
}

void Subscriber::goodbye(const Goodbye& goodbye) {
  if (events_.goodbye) events_.goodbye(goodbye);
}

void Subscriber::error(const ErrorMessage& error) {
  if (events_.error) events_.error(error);
}

// The frames that a publisher would send; so the same code reads them.
std::optional<std::string> Subscriber::save() const {
  if (!receiver_.may_offer_position() || receiver_.awaits_keyframe()) return std::nullopt;
  std::string saved;
  put(saved,
      Welcome{protocol_version, position(), Durability::durable, 0, 0, ResumeKind::keyframes, "saved", ""});
  for (const auto& [event, state] : states_)
    put_keyframe(saved, event, state, receiver_.state_offset(event));
  put(saved, Heartbeat{position().offset, 0, {}});  // the end: nothing was cut off
  return saved;
}

Result<void> Subscriber::restore(std::string_view saved) {
  Subscriber reader(hello_, {});
  if (const auto taken = reader.receiver_.take_up(saved); !taken) return taken.error();
  states_ = std::move(reader.states_);
  receiver_.go_on_from(reader.receiver_);
  return {};
}

}  // namespace touchline
