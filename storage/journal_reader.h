// Reading a store: events, their past, the tail of the journal, sources, refused messages.
//
// Works beside a running writer and never writes. The state of an event as of then is its last snapshot before,
// and the deltas behind it: the cost is that event's, not the journal's. What was cleared counts as gone, whether its
// rows are still there or not; who asks for it is told so. Used by one thread.
#pragma once

#include "core/batch.h"
#include "core/delta.h"
#include "core/event_state.h"
#include "core/result.h"
#include "storage/batch_cache.h"
#include "storage/batch_row.h"
#include "storage/sqlite.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace touchline {

struct EventEntry {
  EventHandle handle;
  std::string id;
  Seq last;
  std::uint64_t snapshots = 0;
};

// Up to and including; what is not set does not bound. Nothing set: the latest state.
struct AsOf {
  std::optional<Seq> seq = {};
  std::optional<std::int64_t> published_ms = {};
  std::optional<std::int64_t> source_time_ms = {};
};

struct StateAsOf {
  EventState state;
  Offset offset;  // of its last delta
  std::int64_t published_ms = 0;
  std::int64_t ingest_time_ms = 0;
  Seq snapshot_seq;  // of the snapshot that it was built from; 0: from the beginning
  std::uint64_t deltas_read = 0;
};

// One delta in its place, with the state that it leads to.
struct PastDelta {
  Delta delta;
  Offset offset;
  std::int64_t published_ms = 0;
  std::size_t block_bytes = 0;
  const EventState* after = nullptr;
};

class JournalReader {
 public:
  static Result<JournalReader> open(const std::string& path);

  // From here on everything that is read is of one moment, whatever is written meanwhile. Not for long: the
  // writer's log cannot be shortened as long as it is needed. Malformed where `meta` is.
  Result<void> hold_view();

  Epoch epoch();
  Offset head();
  // All up to there was cleared; 0: nothing was.
  Result<Offset> complete_after();
  // What of the event was cleared: up to this delta. 0: nothing.
  Result<Seq> cleared_through(EventHandle event);
  Result<std::vector<EventEntry>> events();
  Result<std::optional<EventEntry>> find_event(std::string_view id);

  // Both: not_found, by name, where that is of a past that was cleared.
  Result<StateAsOf> state(EventHandle event, const AsOf& as_of);
  // Visits the event's deltas from `from` on, until the visitor says stop (false).
  Result<void> deltas(EventHandle event, Seq from, const std::function<bool(const PastDelta&)>& visit);
  // Visits batches that hold offsets from `from` on, and were not cleared.
  Result<void> batches(Offset from, const std::function<bool(const BatchRow&)>& visit);

  Result<std::vector<std::string>> sources();
  Result<std::vector<Cursor>> cursors();
  Result<std::vector<Rejected>> rejected(std::uint64_t count_max);

  // SQLite's own check of the file; empty when it finds nothing.
  Result<std::vector<std::string>> check_file();

  // For who asks for many events: batches that were read are kept, up to so many bytes.
  void keep_batches(std::size_t bytes_max) { batches_.limit(bytes_max); }

  Database& database() { return db_; }
  const std::string& path() const { return path_; }

 private:
  JournalReader(std::string path, Database db, bool knows_clearing)
      : path_(std::move(path)), db_(std::move(db)), knows_clearing_(knows_clearing) {}

  Offset cleared();
  // The newest snapshot of what was cleared; 0: there is none.
  Seq base_of(EventHandle event);
  // The state at the last snapshot that is not behind the bounds.
  StateAsOf start(EventHandle event, const AsOf& as_of);
  StateAsOf start_snapshot(Statement& row, EventHandle event);
  // For who would need what is not there any more.
  void refuse_cleared(EventHandle event, Seq base);
  // The batch that a row of event_batches names.
  std::shared_ptr<const ReadBatch> batch_at(Offset first);
  // Rolls the state forward over the event's deltas; the visitor sees each before it is applied. Once `last`
  // is reached, what stands behind it is not looked at.
  void roll(EventHandle event, StateAsOf& at, Seq last, const std::function<bool(const PastDelta&)>& admit);

  std::string path_;
  Database db_;
  BatchCache batches_{0};
  bool knows_clearing_;  // since version 3, where there is a meta to say so
};

}  // namespace touchline
