#include "feed/conflation.h"

#include "core/block.h"
#include "core/coded_frame.h"
#include "core/frame.h"

#include <utility>

namespace touchline {
namespace {

// A guess from above that is cheap: what a cell takes in full.
std::size_t weight(const Delta& delta) { return 8 + delta.changes.size() * 12 + delta.arena.size(); }

void put_block(std::string& body, bool coded, EventHandle event, const std::string& block) {
  if (coded) {
    put_coded_item(body, event, ItemForm::block, block);
  } else {
    put_item(body, event, block);
  }
}

}  // namespace

void Conflation::add(const KeptDelta& kept, std::string_view block) {
  until_ = until_.next();
  const auto [place, fresh] = places_.try_emplace(kept.event, pending_.size());
  if (fresh) pending_.push_back({kept.event, false, {}});
  Pending& pending = pending_[place->second];
  const bool critical = kept.delta.kind == DeltaClass::critical;
  const bool merges = !critical && !pending.segments.empty() &&
                      pending.segments.back().delta.kind == DeltaClass::price &&
                      pending.segments.back().delta.cause == kept.delta.cause;
  if (merges) {
    Segment& last = pending.segments.back();
    last.delta = merge(last.delta, kept.delta);
    last.block.clear();
    bytes_ -= last.bytes;
    last.bytes = weight(last.delta);
    bytes_ += last.bytes;
    ++merged_;
    order_.clear();
    return;
  }
  if (critical) {
    pending.critical = true;
    ++critical_;
  }
  pending.segments.push_back(
      {kept.delta, std::string(block), kept.source_time_before_ms, weight(kept.delta)});
  bytes_ += pending.segments.back().bytes;
  if (merged_ == 0) order_.push_back(place->second);
}

std::string Conflation::body_in_order(bool coded) const {
  std::string body;
  std::vector<std::size_t> given(pending_.size());
  std::uint64_t skips = 0;
  for (const std::size_t place : order_) {
    if (place == skipped) {
      ++skips;
      continue;
    }
    if (skips != 0) put_skip(body, std::exchange(skips, 0));
    const Pending& pending = pending_[place];
    put_block(body, coded, pending.event, pending.segments[given[place]++].block);
  }
  if (skips != 0) put_skip(body, skips);
  return body;
}

std::string Conflation::body(bool coded) const {
  if (merged_ == 0) return body_in_order(coded);
  std::string body;
  std::string merged;
  const auto give = [&](const Pending& pending) {
    for (const Segment& segment : pending.segments) {
      merged.clear();
      if (segment.block.empty()) encode_merged_block(merged, segment.delta, segment.source_time_before_ms);
      put_block(body, coded, pending.event, segment.block.empty() ? merged : segment.block);
    }
  };
  for (const Pending& pending : pending_) {
    if (pending.critical) give(pending);
  }
  for (const Pending& pending : pending_) {
    if (!pending.critical) give(pending);
  }
  if (skipped_ != 0) put_skip(body, skipped_);
  return body;
}

}  // namespace touchline
