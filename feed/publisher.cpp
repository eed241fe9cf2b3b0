#include "feed/publisher.h"

#include "core/check.h"
#include "core/frame.h"
#include "core/retention.h"
#include "core/state_names.h"

#include <algorithm>
#include <utility>

namespace touchline {

Publisher::Publisher(Origin& origin, Hub& hub, std::function<void(Batch)> commit, PublisherOptions options)
    : origin_(origin), hub_(hub), commit_(std::move(commit)), options_(options) {
  origin_.table().before_change = [this](const LiveEvent& event) { hub_.keep_as_it_was(event); };
}

Publisher::~Publisher() { origin_.table().before_change = {}; }

Result<Origin::Outcome> Publisher::take(LineRef line, Update& update, std::int64_t now_ms) {
  return origin_.take(line, update, now_ms);
}

void Publisher::reject(Rejected rejected, SourceId source) {
  refused_.push_back(rejected);
  if (refused_.size() > refused_kept_max) refused_.pop_front();
  origin_.reject(std::move(rejected), source);
}

void Publisher::took_live(SourceId source, std::int64_t source_time_ms, std::int64_t now_us) {
  times_.took(source, source_time_ms, now_us);
  if (!tracer || !tracer->wants(origin_.head())) return;
  DeltaItem last;
  const auto found =
      DeltaItems(std::string_view(origin_.pending().items).substr(origin_.pending().last_item)).next(last);
  TL_CHECK(found && *found);
  const EventState& state = origin_.table().event(last.event).state;
  tracer->took({origin_.head(), std::string(text_at(state, Address(0, 0, Field::id))), source, source_time_ms,
                now_us});
}

bool Publisher::full() const {
  const Batch& pending = origin_.pending();
  return failure_ || pending.count >= options_.pending_deltas_max ||
         pending.items.size() >= options_.pending_bytes_max ||
         pending.rejected.size() >= options_.pending_rejected_max;
}

void Publisher::flush(std::int64_t now_ms) {
  if (in_flight_ || failure_) return;
  if (before_commit) before_commit(origin_);
  origin_.keep_coded(hub_.wants_coded());
  for (const EventHandle event : hub_.take_wanted_groups())
    origin_.want_group(event);
  if (origin_.pending().empty()) {
    serve_waiting();
    if (checkpoint_wanted_) publish_wanted_checkpoint();
    return;
  }
  Batch batch = origin_.take_batch();
  times_.handed_over();
  in_flight_ = true;
  note_touched(batch);
  origin_.keep_deltas(hub_.wants_deltas());
  // The table stands exactly at the end of the batch now.
  serve_waiting();
  checkpoint_if_due(now_ms);
  if (hub_.options().durability == Durability::relaxed && batch.count != 0) {
    hub_.publish(batch, std::make_shared<const std::string>(batch.items), std::exchange(batch.coded, {}));
    if (checkpoint_) hub_.publish_control(std::exchange(checkpoint_, {}));
  }
  commit_(std::move(batch));
}

void Publisher::serve_waiting() {
  if (hub_.has_waiting()) hub_.capture(origin_.head());
}

void Publisher::note_touched(const Batch& batch) {
  hub_.note_changed(batch);
  for (const Batch::Touch& touch : batch.touches)
    touched_.insert(touch.event);
}

void Publisher::checkpoint_if_due(std::int64_t now_ms) {
  const bool due = checkpoint_wanted_ || now_ms - last_checkpoint_ms_ >= options_.checkpoint_interval_ms;
  if (touched_.empty() || !due) return;
  checkpoint_wanted_ = false;
  last_checkpoint_ms_ = now_ms;
  std::vector<EventHandle> events(touched_.begin(), touched_.end());
  touched_.clear();
  // Not everybody holds what is forgotten.
  std::erase_if(events, [&](EventHandle event) { return is_forgotten(origin_.table().event(event).state); });
  std::sort(events.begin(), events.end());
  std::string frames;
  for (std::size_t from = 0; from < events.size(); from += limits::checkpoint_events) {
    Checkpoint checkpoint{origin_.head(), {}};
    const std::size_t until = std::min(events.size(), from + limits::checkpoint_events);
    for (std::size_t i = from; i < until; ++i) {
      const EventState& state = origin_.table().event(events[i]).state;
      checkpoint.events.push_back({events[i], state.seq, state.digest()});
    }
    put(frames, checkpoint);
  }
  checkpoint_ = std::make_shared<const std::string>(std::move(frames));
}

void Publisher::checkpoint_all() {
  for (const auto& event : origin_.table().events())
    touched_.insert(event->handle);
  checkpoint_wanted_ = true;
  if (idle() && !failure_) publish_wanted_checkpoint();
}

// Only while nothing gathered and nothing is under way: the table stands at what was published.
void Publisher::publish_wanted_checkpoint() {
  checkpoint_if_due(last_checkpoint_ms_);
  if (checkpoint_) hub_.publish_control(std::exchange(checkpoint_, {}));
}

void Publisher::fail(const Error& error) {
  if (failure_) return;
  failure_ = error;
  if (on_failure) on_failure();
}

void Publisher::committed(Batch batch, const Result<void>& result, std::int64_t now_ms) {
  in_flight_ = false;
  if (!result) fail(result.error());
  if (failure_) return;
  ++commits_;
  if (hub_.options().durability == Durability::durable && batch.count != 0) {
    hub_.publish(batch, std::make_shared<const std::string>(std::move(batch.items)),
                 std::exchange(batch.coded, {}));
  }
  if (checkpoint_) hub_.publish_control(std::exchange(checkpoint_, {}));
  flush(now_ms);
  if (on_durable) on_durable();
  if (!full() && on_room) on_room();
}

}  // namespace touchline
