#include "core/sequencer.h"

#include "core/check.h"
#include "core/digest.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace touchline {
namespace {

bool is_image(const Update& update) {
  return std::any_of(update.ops.begin(), update.ops.end(),
                     [](const Op& op) { return op.kind == OpKind::image; }) &&
         update.ops.size() > 1 && update.ops[0].kind == OpKind::event && update.ops[1].kind == OpKind::image;
}

}  // namespace

Sequencer::Verdict Sequencer::judge(Update& update, std::int64_t now_ms) {
  TL_CHECK(update.number.has_value());
  const std::string event(update.look(update.event));
  Stream& stream = streams_[event];
  const std::uint64_t number = *update.number;
  if (update.source_time_ms != 0 && update.source_time_ms < stream.began_ms) return Verdict::repeat;
  if (begins_anew(stream, update)) {
    stream.began_ms = update.source_time_ms;
    forget(stream, stream.held.end());
  } else if (stream.started && number <= stream.last) {
    return Verdict::repeat;
  } else if (stream.started && number != stream.last + 1 && !is_image(update)) {
    if (number - stream.last > limits::number_jump) return Verdict::too_far;
    return hold(stream, update, now_ms);
  }
  stream.started = true;
  stream.last = number;
  stream.source_time_ms = std::max(stream.source_time_ms, update.source_time_ms);
  forget(stream, stream.held.upper_bound(number));
  return Verdict::in_order;
}

bool Sequencer::begins_anew(const Stream& stream, const Update& update) {
  return stream.started && *update.number <= stream.last && stream.source_time_ms != 0 &&
         update.source_time_ms > stream.source_time_ms && is_image(update);
}

Sequencer::Verdict Sequencer::hold(Stream& stream, Update& update, std::int64_t now_ms) {
  if (stream.held.empty()) stream.oldest_ms = now_ms;
  const auto [place, fresh] = stream.held.try_emplace(*update.number);
  if (!fresh) return Verdict::repeat;
  const std::size_t bytes = update.bytes();
  place->second = {std::move(update), now_ms, bytes};
  ++held_count_;
  held_bytes_ += bytes;
  return Verdict::held;
}

bool Sequencer::release(std::string_view event, Update& released) {
  const auto found = streams_.find(event);
  if (found == streams_.end()) return false;
  Stream& stream = found->second;
  if (stream.held.empty() || stream.held.begin()->first != stream.last + 1) return false;
  stream.last = stream.held.begin()->first;
  released = std::move(stream.held.begin()->second.update);
  stream.source_time_ms = std::max(stream.source_time_ms, released.source_time_ms);
  forget(stream, std::next(stream.held.begin()));
  return true;
}

void Sequencer::forget(Stream& stream, std::map<std::uint64_t, Held>::iterator end) {
  for (auto held = stream.held.begin(); held != end; held = stream.held.erase(held)) {
    --held_count_;
    held_bytes_ -= held->second.bytes;
  }
}

Sequencer::Gap Sequencer::open_gap(const std::string& event, Stream& stream) {
  const std::uint64_t next = stream.held.begin()->first;
  Gap gap{event, stream.last + 1, next - 1};
  stream.last = next - 1;
  return gap;
}

std::vector<Sequencer::Gap> Sequencer::expire(std::int64_t now_ms) {
  std::vector<Gap> gaps;
  if (held_count_ == 0) return gaps;
  for (auto& [event, stream] : streams_) {
    if (stream.held.empty() || now_ms - stream.oldest_ms < limits::held_ms) continue;
    const auto younger = [](const auto& a, const auto& b) { return a.second.since_ms < b.second.since_ms; };
    stream.oldest_ms = std::min_element(stream.held.begin(), stream.held.end(), younger)->second.since_ms;
    if (now_ms - stream.oldest_ms < limits::held_ms) continue;
    gaps.push_back(open_gap(event, stream));
  }
  std::sort(gaps.begin(), gaps.end(), [](const Gap& a, const Gap& b) { return a.event < b.event; });
  return gaps;
}

bool Sequencer::overflowed(std::string_view event, Gap& gap) {
  const auto found = streams_.find(event);
  if (found == streams_.end() || found->second.held.empty()) return false;
  if (found->second.held.size() < limits::held_updates && held_bytes_ <= limits::held_bytes) return false;
  gap = open_gap(found->first, found->second);
  return true;
}

std::uint64_t Sequencer::last_number(std::string_view event) const {
  const auto found = streams_.find(event);
  return found == streams_.end() ? 0 : found->second.last;
}

void Sequencer::restore(std::string_view event, std::uint64_t last_number, std::int64_t source_time_ms) {
  Stream& stream = streams_[std::string(event)];
  stream.started = true;
  stream.last = last_number;
  stream.source_time_ms = source_time_ms;
}

bool MessageIds::insert(std::string_view id) {
  const std::uint64_t hash = mix64(fnv1a64(id));
  if (!known_.insert(hash).second) return false;
  order_.push_back(hash);
  if (order_.size() > remembered_max_) {
    known_.erase(order_.front());
    order_.pop_front();
  }
  return true;
}

}  // namespace touchline
