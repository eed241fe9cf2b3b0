#include "core/coded/streams.h"

#include "core/coded/coded.h"
#include "core/coded/prior.h"

namespace touchline::coded {

Streams::Streams(std::size_t events_max) : prior_(shipped_prior()), groups_(events_max) {}

void Streams::add(CodedUpdates& out, EventHandle event, const EventState& after, const Delta& delta,
                  std::int64_t source_time_before_ms, Offset at, std::size_t block_bytes) {
  Group* group = groups_.use(event);
  const bool first = group == nullptr || group->model.updates >= updates_per_group ||
                     (group->wanted && group->model.updates >= updates_per_group_min);
  if (first) {
    group = &groups_.start(event);
    group->start = at;
    group->wanted = false;
  }
  const std::size_t begin = out.bytes.size();
  encode_update(out.bytes, group->model, *prior_, first ? Place::first_of_group : Place::later, after, delta,
                source_time_before_ms);
  Offset start = group->start;
  if (out.bytes.size() - begin > 2 * block_bytes + 64) {
    out.bytes.resize(begin);
    groups_.drop(event);
    start = Offset();
  }
  out.updates.push_back({out.bytes.size(), event, start, first});
}

void Streams::leave_out(CodedUpdates& out, EventHandle event) {
  groups_.drop(event);
  out.updates.push_back({out.bytes.size(), event, Offset(), false});
}

void Streams::want_group(EventHandle event) {
  if (Group* group = groups_.find(event)) group->wanted = true;
}

}  // namespace touchline::coded
