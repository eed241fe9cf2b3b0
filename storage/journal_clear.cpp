// Clearing a store of its old past, a step at a time (storage/clear_step.h).
#include "core/compress.h"
#include "storage/journal.h"

#include <utility>

namespace touchline {
namespace {

std::int64_t signed_of(std::uint64_t value) { return static_cast<std::int64_t>(value); }

void put_base(Database& db, const ClearStep::Base& base) {
  Statement put = db.prepare(
      "INSERT INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?) "
      "ON CONFLICT (event, seq) DO UPDATE SET published_ms = excluded.published_ms");
  const SnapshotRecord& snapshot = base.snapshot;
  const std::string state = compress(snapshot.block);
  put.bind(1, snapshot.event.value).bind(2, signed_of(snapshot.seq.value));
  put.bind(3, signed_of(snapshot.offset.value)).bind(4, snapshot.source_time_ms);
  put.bind(5, snapshot.ingest_time_ms).bind(6, signed_of(snapshot.digest)).bind_blob(7, state);
  put.bind(8, base.published_ms).run();
}

void put_switch(Database& db, const ClearStep::Switch& cleared) {
  Statement put =
      db.prepare("INSERT OR REPLACE INTO meta VALUES ('complete_after', ?), ('cleared_checksum', ?)");
  put.bind(1, signed_of(cleared.through.value)).bind(2, signed_of(cleared.checksum)).run();
}

// Rows of the events in turn, until so many are gone.
std::uint64_t delete_pasts(Database& db, const std::vector<ClearStep::Past>& pasts) {
  Statement touches = db.prepare(
      "DELETE FROM event_batches WHERE event = ?1 AND first_seq IN (SELECT first_seq FROM event_batches "
      "WHERE event = ?1 AND first_seq <= ?2 ORDER BY first_seq LIMIT ?3)");
  Statement snapshots = db.prepare(
      "DELETE FROM snapshots WHERE rowid IN (SELECT rowid FROM snapshots WHERE event = ?1 AND seq < ?2 "
      "ORDER BY seq LIMIT ?3)");
  std::uint64_t rows = 0;
  for (const ClearStep::Past& past : pasts) {
    // A snapshot is as much work as many rows of event_batches.
    for (const auto& [statement, weight] : {std::pair(&touches, 1U), std::pair(&snapshots, 10U)}) {
      if (rows >= clear_rows_max) return rows;
      const std::uint64_t most = (clear_rows_max - rows + weight - 1) / weight;
      statement->bind(1, past.event.value).bind(2, signed_of(past.through.value)).bind(3, signed_of(most));
      statement->run();
      rows += static_cast<std::uint64_t>(db.changes()) * weight;
    }
  }
  return rows;
}

std::uint64_t delete_batches(Database& db) {
  Statement oldest = db.prepare(
      "SELECT first_offset, length(items) FROM batches WHERE first_offset <= "
      "(SELECT value FROM meta WHERE key = 'complete_after') ORDER BY first_offset LIMIT ?");
  oldest.bind(1, signed_of(clear_rows_max));
  std::int64_t last = 0;
  std::size_t bytes = 0;
  while (bytes < clear_bytes_max && oldest.step()) {
    last = oldest.integer(0);
    bytes += static_cast<std::size_t>(oldest.integer(1));
  }
  oldest.reset();
  if (last == 0) return 0;
  Statement take = db.prepare("DELETE FROM batches WHERE first_offset <= ?");
  take.bind(1, last).run();
  return static_cast<std::uint64_t>(db.changes());
}

}  // namespace

Result<std::uint64_t> Journal::clear(const ClearStep& step) {
  std::uint64_t rows = 0;
  try {
    begin_.run();
    for (const ClearStep::Base& base : step.bases)
      put_base(db_, base);
    if (step.cleared) put_switch(db_, *step.cleared);
    rows += delete_pasts(db_, step.pasts);
    if (step.batches) rows += delete_batches(db_);
    commit_.run();
  } catch (const SqliteFailure& failure) {
    failed_ = true;
    return store_error(path_, "it cannot be cleared", failure);
  }
  return rows;
}

}  // namespace touchline
