#include "core/origin.h"

#include "core/block.h"
#include "core/check.h"
#include "core/frame.h"
#include "core/life.h"
#include "core/varint.h"

#include <algorithm>
#include <utility>

namespace touchline {
namespace {

// The most that a change takes in a block: its address, its lengths, and a text in full.
std::size_t full_bytes(const Delta& delta, const Change& change) {
  const Value now = delta.now(change);
  return 40 + (now.kind == ValueKind::text ? now.text.size() : 0);
}

std::size_t full_bytes(const Delta& delta) {
  // Nearly all are far below the bound, which this sees without a look at each change.
  const std::size_t guess = delta.changes.size() * 40 + delta.arena.size();
  if (guess <= limits::delta_bytes) return guess;
  std::size_t bytes = 0;
  for (const Change& change : delta.changes)
    bytes += full_bytes(delta, change);
  return bytes;
}

}  // namespace

SourceId Origin::add_source() {
  sources_.emplace_back();
  return SourceId(static_cast<std::uint32_t>(sources_.size()));
}

LineRef Origin::add_line(SourceId source) { return {source, sources_[source.value - 1].arbiter.add_line()}; }

void Origin::restart_line(LineRef line) {
  Source& source = sources_[line.source.value - 1];
  source.arbiter.restart_line(line.line);
  source.disconnected_ms = 0;
}

void Origin::continue_line(LineRef line) {
  Source& source = sources_[line.source.value - 1];
  source.arbiter.continue_line(line.line);
  source.disconnected_ms = 0;
}

void Origin::end_line(LineRef line, std::int64_t now_ms) {
  Source& source = sources_[line.source.value - 1];
  source.arbiter.end_line(line.line);
  if (!source.arbiter.has_open_line()) source.disconnected_ms = now_ms;
}

Result<Origin::Outcome> Origin::take(LineRef line, Update& update, std::int64_t now_ms) {
  auto outcome = take_one(line, update, now_ms);
  if (outcome) ++sources_[line.source.value - 1].counts.outcomes[static_cast<std::size_t>(*outcome)];
  return outcome;
}

Result<Origin::Outcome> Origin::take_one(LineRef line, Update& update, std::int64_t now_ms) {
  ++counts_.messages;
  Source& source = sources_[line.source.value - 1];
  source.heard_ms = now_ms;
  if (update.kind == UpdateKind::control) {
    ++counts_.controls;
    return Outcome::control;
  }
  const bool trouble = update.status.has_value();
  if (source.stale != trouble) set_stale(line.source, trouble, now_ms);
  if (update.kind == UpdateKind::heartbeat) {
    ++counts_.heartbeats;
    return Outcome::control;
  }
  if (update.number) return take_numbered(line, update, now_ms);
  if (update.message_id.size != 0) {
    if (!source.ids.insert(update.look(update.message_id))) {
      ++counts_.repeats_by_id;
      return Outcome::repeat;
    }
    return deliver(line.source, update, now_ms);
  }
  switch (source.arbiter.judge(line.line, update)) {
    case Arbiter::Verdict::news:
      return deliver(line.source, update, now_ms);
    case Arbiter::Verdict::copy:
      ++counts_.copies;
      return Outcome::repeat;
    case Arbiter::Verdict::late:
      ++counts_.late;
      return deliver(line.source, update, now_ms);
    case Arbiter::Verdict::old:
      if (!overtaken(update)) return deliver(line.source, update, now_ms);
      ++counts_.outdated;
      return Outcome::dropped;
  }
  return Outcome::dropped;
}

Result<Origin::Outcome> Origin::take_numbered(LineRef line, Update& update, std::int64_t now_ms) {
  Sequencer& sequencer = sources_[line.source.value - 1].sequencer;
  const std::string event(update.look(update.event));
  switch (sequencer.judge(update, now_ms)) {
    case Sequencer::Verdict::repeat:
      ++counts_.repeats_by_number;
      return Outcome::repeat;
    case Sequencer::Verdict::held: {
      ++counts_.held;
      Sequencer::Gap gap;
      while (sequencer.overflowed(event, gap))
        declare(line.source, gap, now_ms);
      return Outcome::held;
    }
    case Sequencer::Verdict::too_far:
      return Error{ErrorKind::limit,
                   "seq " + std::to_string(*update.number) + " is more than " +
                       std::to_string(limits::number_jump) + " past " +
                       std::to_string(sequencer.last_number(event)) + ", the last one of the event",
                   0};
    case Sequencer::Verdict::in_order:
      break;
  }
  auto outcome = deliver(line.source, update, now_ms);
  release(line.source, event, now_ms);
  return outcome;
}

void Origin::release(SourceId source, std::string_view event, std::int64_t now_ms) {
  Update released;
  while (sources_[source.value - 1].sequencer.release(event, released)) {
    // A held update that breaks a limit is counted as refused; its line is no longer at hand.
    if (deliver(source, released, now_ms)) continue;
    ++counts_.rejected;
    ++sources_[source.value - 1].counts.rejected;
  }
}

// Whether an event that the update speaks of has seen something newer.
bool Origin::overtaken(const Update& update) const {
  bool names_event = false;
  for (const Op& op : update.ops) {
    const LiveEvent* event = nullptr;
    if (op.kind == OpKind::event) {
      names_event = op.text.size != 0;
      event = table_.find(update.look(op.text));
    } else if (op.kind == OpKind::market && !names_event) {
      event = table_.home_of(update.look(op.text));
    }
    if (event != nullptr && event->state.source_time_ms > update.source_time_ms) return true;
  }
  return false;
}

Result<Origin::Outcome> Origin::deliver(SourceId source, const Update& update, std::int64_t now_ms) {
  const auto changed = table_.apply(update, source);
  if (!changed) return changed.error();
  for (EventTable::Changed& event : *changed)
    publish(event, update.source_time_ms, now_ms);
  if (update.number) {
    if (LiveEvent* event = table_.find(update.look(update.event))) {
      batch_.source_numbers.push_back({source, event->handle, *update.number});
      // An image makes an incomplete event whole again.
      const bool image = update.ops.size() > 1 && update.ops[1].kind == OpKind::image;
      const Value health = event->state.get(Address(0, 0, Field::feed, source.value));
      if (image && health.integer != 0) set_incomplete(*event, source, false, now_ms);
    }
  }
  if (!changed->empty()) return Outcome::changed;
  ++counts_.no_ops;
  return Outcome::no_op;
}

Origin::Bookkeeping& Origin::books(EventHandle event) {
  if (books_.size() < event.value) books_.resize(event.value);
  return books_[event.value - 1];
}

void Origin::publish(EventTable::Changed& changed, std::int64_t source_time_ms, std::int64_t now_ms) {
  if (full_bytes(changed.delta) > limits::delta_bytes)
    return publish_in_parts(changed, source_time_ms, now_ms);
  publish_one(*changed.event, changed.delta, source_time_ms, now_ms);
}

// A delta too large for one frame goes out as several that follow each other. Each block is made from the state
// behind its own part, so the state is taken back to where it was first.
void Origin::publish_in_parts(EventTable::Changed& changed, std::int64_t source_time_ms,
                              std::int64_t now_ms) {
  EventState& state = changed.event->state;
  const Delta& whole = changed.delta;
  // From behind, where what was added last is taken away cheaply.
  for (auto change = whole.changes.rbegin(); change != whole.changes.rend(); ++change)
    write(state, change->at, whole.before(*change));
  std::size_t next = 0;
  while (next < whole.changes.size()) {
    Delta part;
    part.cause = whole.cause;
    std::size_t bytes = 0;
    for (; next < whole.changes.size(); ++next) {
      const Change& change = whole.changes[next];
      const std::size_t more = full_bytes(whole, change);
      if (!part.empty() && bytes + more > limits::delta_bytes) break;
      bytes += more;
      part.add(change.at, whole.before(change), whole.now(change));
      write(state, change.at, whole.now(change));
    }
    part.kind = class_of(part);
    publish_one(*changed.event, part, source_time_ms, now_ms);
  }
}

void Origin::publish_one(LiveEvent& event, Delta& delta, std::int64_t source_time_ms, std::int64_t now_ms) {
  const std::int64_t time_before = event.state.source_time_ms;
  delta.seq = event.state.seq.next();
  // An event's source time never runs backwards, so that "as of then" has one answer.
  delta.source_time_ms = std::max(time_before, source_time_ms != 0 ? source_time_ms : now_ms);
  delta.ingest_time_ms = now_ms;
  event.state.seq = delta.seq;
  event.state.source_time_ms = delta.source_time_ms;
  head_ = head_.next();
  ++counts_.deltas;
  if (delta.kind == DeltaClass::critical) ++counts_.critical;

  if (batch_.count++ == 0) {
    batch_.first = head_;
    keeping_deltas_ = keep_deltas_;
    if (keep_coded_ == 0) {
      streams_.reset();
    } else if (!streams_) {
      streams_ = std::make_unique<coded::Streams>(keep_coded_);
    }
  }
  block_.clear();
  encode_block(block_, event.state, delta, time_before);
  counts_.block_bytes += block_.size();
  batch_.last_item = batch_.items.size();
  put_item(batch_.items, event.handle, block_);
  if (streams_)
    streams_->add(batch_.coded, event.handle, event.state, delta, time_before, head_, block_.size());
  if (keeping_deltas_) batch_.deltas.push_back({event.handle, time_before, delta});
  put_zigzag(batch_.ingest_times, now_ms - last_ingest_ms_);
  last_ingest_ms_ = now_ms;

  Bookkeeping& book = books(event.handle);
  if (book.batch != batch_serial_) {
    book.batch = batch_serial_;
    book.touch = batch_.touches.size();
    batch_.touches.push_back({event.handle, delta.seq, 0});
  }
  ++batch_.touches[book.touch].count;
  if (delta.seq == Seq(1)) batch_.new_events.push_back({event.handle, event.id});
  ++book.deltas_since_snapshot;
  snapshot_if_due(event, now_ms);
}

void Origin::snapshot_if_due(const LiveEvent& event, std::int64_t now_ms) {
  Bookkeeping& book = books(event.handle);
  if (book.snapshot_source_time_ms == 0) book.snapshot_source_time_ms = event.state.source_time_ms;
  const auto status = static_cast<EventStatus>(event.state.integer(Address(0, 0, Field::status)).value_or(0));
  const bool ends = is_over(status) && !book.snapshot_at_end;
  const std::uint64_t times = 1 + event.state.cell_count() / options_.snapshot_cells;
  const bool overdue =
      event.state.source_time_ms - book.snapshot_source_time_ms >= options_.snapshot_interval_ms &&
      book.deltas_since_snapshot >= options_.snapshot_deltas_min * times;
  if (!ends && !overdue && book.deltas_since_snapshot < options_.snapshot_deltas * times) return;
  if (ends) book.snapshot_at_end = true;
  snapshot(event, now_ms);
}

void Origin::snapshot(const LiveEvent& event, std::int64_t now_ms) {
  Bookkeeping& book = books(event.handle);
  book.deltas_since_snapshot = 0;
  book.snapshot_source_time_ms = event.state.source_time_ms;
  SnapshotRecord& record = batch_.snapshots.emplace_back();
  record = {event.handle, event.state.seq,      head_, event.state.source_time_ms,
            now_ms,       event.state.digest(), {}};
  encode_state(record.block, event.state);
}

void Origin::declare(SourceId source, const Sequencer::Gap& gap, std::int64_t now_ms) {
  ++counts_.gaps;
  const std::uint64_t missing = gap.last_missing - gap.first_missing + 1;
  counts_.missing += missing;
  SourceCounts& counts = sources_[source.value - 1].counts;
  ++counts.gaps;
  counts.missing += missing;
  if (LiveEvent* event = table_.find(gap.event)) set_incomplete(*event, source, true, now_ms);
  release(source, gap.event, now_ms);
}

void Origin::expire(std::int64_t now_ms) {
  expire_sources(now_ms);
  if (counts_.held == 0) return;  // nothing was ever held back
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const SourceId source(static_cast<std::uint32_t>(i + 1));
    // Behind one gap there may be another that is as old.
    for (auto gaps = sources_[i].sequencer.expire(now_ms); !gaps.empty();
         gaps = sources_[i].sequencer.expire(now_ms)) {
      for (const Sequencer::Gap& gap : gaps)
        declare(source, gap, now_ms);
    }
  }
}

void Origin::reject(Rejected rejected, SourceId source) {
  ++counts_.messages;
  ++counts_.rejected;
  if (source.value != 0) ++sources_[source.value - 1].counts.rejected;
  batch_.rejected.push_back(std::move(rejected));
}

void Origin::advance(Cursor cursor) {
  for (Cursor& known : batch_.cursors) {
    if (known.recording == cursor.recording) {
      known = std::move(cursor);
      return;
    }
  }
  batch_.cursors.push_back(std::move(cursor));
}

void Origin::restore(EventHandle handle, EventState state, const Restored& restored) {
  Bookkeeping& book = books(handle);
  book.restored_at = restored.last;
  book.seen = state.seq;
  book.seen_ms = restored.published_ms;
  book.deltas_since_snapshot = restored.deltas_since_snapshot;
  book.snapshot_source_time_ms = state.source_time_ms;
  note_stale_sources(state);
  table_.restore(handle, std::move(state));
}

void Origin::restore_number(SourceId source, EventHandle event, std::uint64_t number) {
  TL_CHECK(source.value <= sources_.size());
  const LiveEvent& known = table_.event(event);
  sources_[source.value - 1].sequencer.restore(known.id, number, known.state.source_time_ms);
}

Batch Origin::take_batch() {
  ++batch_serial_;
  last_ingest_ms_ = 0;
  return std::exchange(batch_, Batch{});
}

}  // namespace touchline
