#include "tests/simulation/checker.h"

#include "core/block.h"
#include "core/frame.h"
#include "core/retention.h"

namespace touchline::simulation {
namespace {

std::string text(std::uint64_t number) { return std::to_string(number); }

std::string place(EventHandle event, Seq seq) {
  return "event " + text(event.value) + " seq " + text(seq.value);
}

std::int64_t clock_of(const EventState& state) {
  return state.integer(Address(0, 0, Field::clock_ms)).value_or(0);
}

}  // namespace

void Checker::look(Epoch epoch, EventHandle event, const EventState& state, const char* who) {
  ++observations_;
  require(state.digest() == state.digest_from_scratch(),
          std::string(who) + ": a digest that is not its state's");
  const auto [known, fresh] =
      digests_.try_emplace({epoch.value, event.value, state.seq.value}, state.digest());
  require(fresh || known->second == state.digest(),
          std::string(who) + ": " + place(event, state.seq) + " is not what it was elsewhere");
}

void Checker::committed(Epoch epoch, const Batch& batch) {
  if (batch.count == 0) return;
  require(batch.first == durable_.next(),
          "offset " + text(batch.first.value) + " was committed behind " + text(durable_.value));
  DeltaItems items(batch.items);
  DeltaItem item;
  while (true) {
    const auto more = items.next(item);
    if (!more || !*more) break;
    EventState& state = states_[item.event];
    const auto delta = decode_block(state, item.block);
    require(static_cast<bool>(delta),
            "a committed block of event " + text(item.event.value) + " does not decode");
    if (!delta) return;
    require(!delta->empty(), "a committed delta changes nothing");
    const std::int64_t clock_before = clock_of(state);
    apply(state, *delta);
    // Behind a restart the last moment of a source without numbers may be said again.
    require(restarts_ > 1 || is_forgotten(state) || clock_of(state) >= clock_before,
            place(item.event, state.seq) + " goes back behind what was said before");
    durable_ = durable_.next();
    if (delta->kind == DeltaClass::critical)
      critical_.insert({epoch.value, item.event.value, delta->seq.value});
    look(epoch, item.event, state, "the journal");
  }
  require(durable_ == batch.last(), "a batch does not hold what it counts");
}

void Checker::restarted(Epoch, Offset head) {
  ++restarts_;
  require(head == durable_,
          "committed up to offset " + text(durable_.value) + ", taken up at " + text(head.value));
}

void Checker::saw_keyframe(Epoch epoch, EventHandle event, const EventState& state, Offset offset) {
  require(relaxed_ || offset <= durable_,
          "a keyframe of offset " + text(offset.value) + " was shown, durable is " + text(durable_.value));
  look(epoch, event, state, "a keyframe");
}

void Checker::saw_delta(Epoch epoch, EventHandle event, const EventState& state, const Delta& delta,
                        Offset offset) {
  require(relaxed_ || delta.merged != 1 || offset <= durable_,
          "offset " + text(offset.value) + " was shown, durable is " + text(durable_.value));
  if (delta.merged > 1) {
    ++merged_;
    for (std::uint64_t i = 0; i < delta.merged; ++i) {
      require(!critical_.contains({epoch.value, event.value, delta.seq.value - i}),
              place(event, Seq(delta.seq.value - i)) + " is critical and was conflated");
    }
  }
  look(epoch, event, state, "a relay");
}

}  // namespace touchline::simulation
