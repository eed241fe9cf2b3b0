// The origin's heart: updates of any source in, numbered and encoded deltas out.
//
// Joins the arbiter, the sequencer, the event table and the codec, gives sequence numbers and offsets, and
// decides when an event deserves a snapshot. What comes out gathers in one batch until the caller takes it.
// A source that reports trouble, or that is watched and silent, makes its events stale, in sequence.
// Knows no bytes of sources, no disk, no clock (`now` is passed in) and no reader. Single-threaded, owned by
// the publisher.
#pragma once

#include "core/arbiter.h"
#include "core/batch.h"
#include "core/coded/streams.h"
#include "core/event_table.h"
#include "core/sequencer.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace touchline {

struct LineRef {
  SourceId source;
  LineId line;
};

struct OriginOptions {
  std::uint64_t snapshot_deltas = 1000;         // a snapshot after so many deltas of an event,
  std::int64_t snapshot_interval_ms = 600'000;  // or after so long by the source's time,
  std::uint64_t snapshot_deltas_min = 100;      // if there were at least so many deltas; and when it is over
  // Of an event with more than so many cells it takes as many times more deltas, so that what snapshots cost a delta
  // does not grow with the event.
  std::uint64_t snapshot_cells = 4'000;
};

// When a source is to be taken for lost; 0: never.
struct Watch {
  std::int64_t silent_ms = 0;        // with no message, of any kind, on any line
  std::int64_t disconnected_ms = 0;  // with no line at all
};

// So that a turn of the loop stays short.
struct ForgetBounds {
  std::size_t looked_at = 1'000;
  std::size_t forgotten = 16;
};

// What became of everything that came in.
struct OriginCounts {
  std::uint64_t messages = 0;
  std::uint64_t heartbeats = 0;
  std::uint64_t controls = 0;
  std::uint64_t deltas = 0;
  std::uint64_t critical = 0;
  std::uint64_t no_ops = 0;  // messages that changed nothing
  std::uint64_t repeats_by_number = 0;
  std::uint64_t repeats_by_id = 0;
  std::uint64_t copies = 0;    // of what another line, or the same line before, had brought
  std::uint64_t late = 0;      // came after newer ones: applied as far as nothing newer had spoken
  std::uint64_t outdated = 0;  // came after newer ones, too late to tell: dropped
  std::uint64_t held = 0;      // came ahead of a missing number
  std::uint64_t gaps = 0;
  std::uint64_t missing = 0;  // numbers that never came
  std::uint64_t rejected = 0;
  std::uint64_t forgotten = 0;  // events
  std::uint64_t block_bytes = 0;
};

// The same of one source, by what it is asked for; a held message is counted once, when it came.
struct SourceCounts {
  std::array<std::uint64_t, 6> outcomes{};  // of messages, by Origin::Outcome
  std::uint64_t rejected = 0;
  std::uint64_t gaps = 0;
  std::uint64_t missing = 0;
};

class Origin {
 public:
  enum class Outcome : std::uint8_t { changed, no_op, repeat, held, dropped, control };

  explicit Origin(OriginOptions options = {}) : options_(options) {}

  // Sources by the journal's numbers, in order from 1. A source may have several lines.
  SourceId add_source();
  LineRef add_line(SourceId source);
  void restart_line(LineRef line);
  void continue_line(LineRef line);  // as Arbiter's
  void end_line(LineRef line, std::int64_t now_ms);

  // From now on the source is expected to say something, in time that expire() tells.
  void watch(SourceId source, Watch watch, std::int64_t now_ms);
  // What is known of it, for whoever shows it.
  struct Health {
    bool stale = false;
    std::int64_t silent_ms = 0;
  };
  Health health(SourceId source, std::int64_t now_ms) const;

  // Takes one update. An error (a broken limit) changes nothing.
  Result<Outcome> take(LineRef line, Update& update, std::int64_t now_ms);
  // Gives up on missing numbers that are overdue, and on sources that are.
  void expire(std::int64_t now_ms);
  void reject(Rejected rejected, SourceId source = {});  // 0: of none
  void advance(Cursor cursor);                           // everything of it up to here was taken

  // Forgets events that have been over for so long (core/retention.h). Looks at some at a time, in turn, often enough to
  // see when they change; how many were forgotten.
  std::size_t forget(std::int64_t after_ms, std::int64_t now_ms, const ForgetBounds& bounds = {});

  // Takes up where a journal ends.
  struct Restored {
    std::uint64_t deltas_since_snapshot = 0;
    Offset last = {};               // of its last delta; 0: unknown
    std::int64_t published_ms = 0;  // of that
  };
  void restore(EventHandle handle, EventState state, const Restored& restored);
  // Of the event's last delta in the journal that was taken up; 0: unknown.
  Offset restored_at(EventHandle handle) { return books(handle).restored_at; }
  void restore_number(SourceId source, EventHandle event, std::uint64_t number);
  void restore_head(Offset head) { head_ = head; }

  // Whether batches carry their deltas beside the blocks, from the next one on.
  void keep_deltas(bool keep) { keep_deltas_ = keep; }
  // And whether they carry coded updates, with groups of so many events under way at most; 0: none.
  void keep_coded(std::size_t events_max) { keep_coded_ = events_max; }
  // A reader waits for the event's next group.
  void want_group(EventHandle event) {
    if (streams_) streams_->want_group(event);
  }
  const Batch& pending() const { return batch_; }
  Batch take_batch();

  Offset head() const { return head_; }
  EventTable& table() { return table_; }
  const EventTable& table() const { return table_; }
  const OriginCounts& counts() const { return counts_; }
  const SourceCounts& counts(SourceId source) const { return sources_[source.value - 1].counts; }

 private:
  struct Source {
    Arbiter arbiter;
    Sequencer sequencer;
    MessageIds ids;
    Watch watch;
    std::int64_t heard_ms = 0;         // or when the watch began
    std::int64_t disconnected_ms = 0;  // since when no line is open; 0: one is, or none ever was
    bool stale = false;                // its events are marked
    SourceCounts counts;
  };
  // What the origin remembers of an event beside its state, by handle.
  struct Bookkeeping {
    std::uint64_t batch = 0;  // serial of the batch in which it has a touch
    std::size_t touch = 0;
    std::uint64_t deltas_since_snapshot = 0;
    std::int64_t snapshot_source_time_ms = 0;
    bool snapshot_at_end = false;
    Offset restored_at;
    // As forget() saw it last: its state's number, and since when that is so.
    Seq seen;
    std::int64_t seen_ms = 0;
  };

  Result<Outcome> take_one(LineRef line, Update& update, std::int64_t now_ms);
  Result<Outcome> take_numbered(LineRef line, Update& update, std::int64_t now_ms);
  void release(SourceId source, std::string_view event, std::int64_t now_ms);
  Result<Outcome> deliver(SourceId source, const Update& update, std::int64_t now_ms);
  bool overtaken(const Update& update) const;
  void publish(EventTable::Changed& changed, std::int64_t source_time_ms, std::int64_t now_ms);
  void publish_in_parts(EventTable::Changed& changed, std::int64_t source_time_ms, std::int64_t now_ms);
  void publish_one(LiveEvent& event, Delta& delta, std::int64_t source_time_ms, std::int64_t now_ms);
  void declare(SourceId source, const Sequencer::Gap& gap, std::int64_t now_ms);
  void set_health(LiveEvent& event, SourceId source, FeedHealth health, std::int64_t now_ms);
  void set_incomplete(LiveEvent& event, SourceId source, bool incomplete, std::int64_t now_ms);
  void set_stale(SourceId source, bool stale, std::int64_t now_ms);
  void note_stale_sources(const EventState& state);
  void expire_sources(std::int64_t now_ms);
  void snapshot_if_due(const LiveEvent& event, std::int64_t now_ms);
  void snapshot(const LiveEvent& event, std::int64_t now_ms);
  Bookkeeping& books(EventHandle event);
  void forget_event(LiveEvent& event, std::int64_t now_ms);

  OriginOptions options_;
  EventTable table_;
  std::vector<Source> sources_;
  std::vector<Bookkeeping> books_;
  Batch batch_;
  bool keep_deltas_ = false;
  bool keeping_deltas_ = false;  // in this batch
  std::size_t keep_coded_ = 0;
  std::unique_ptr<coded::Streams> streams_;  // of this batch and on, while anybody reads them
  std::uint64_t batch_serial_ = 1;
  std::int64_t last_ingest_ms_ = 0;  // in this batch
  Offset head_{};
  std::size_t next_to_forget_ = 0;  // among the table's events
  OriginCounts counts_;
  std::string block_;
};

}  // namespace touchline
