// The rows that verify reads beside the batches, in the order of the offsets that they speak of.
//
// Knows two tables and their order. Does not judge: what a row says may be anything. SQLite sorts on disk, so
// that a stream holds one row.
#pragma once

#include "core/ids.h"
#include "storage/sqlite.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace touchline {

// One row of event_batches.
struct TouchRow {
  std::uint64_t event = 0;
  std::uint64_t first_seq = 0;
  std::uint64_t count = 0;
  Offset batch;

  static const char* sql(std::int64_t) {
    return "SELECT event, first_seq, count, batch FROM event_batches ORDER BY batch, event, first_seq";
  }
  static TouchRow of(const Statement& row) {
    return {static_cast<std::uint64_t>(row.integer(0)), static_cast<std::uint64_t>(row.integer(1)),
            static_cast<std::uint64_t>(row.integer(2)), Offset(static_cast<std::uint64_t>(row.integer(3)))};
  }
  Offset place() const { return batch; }
};

// One row of snapshots, but for the state in it.
struct SnapshotRow {
  std::int64_t rowid = 0;
  std::uint64_t event = 0;
  Seq seq;
  Offset last_offset;
  std::int64_t source_time_ms = 0;
  std::int64_t ingest_time_ms = 0;
  std::uint64_t digest = 0;
  bool late = false;

  static const char* sql(std::int64_t version) {
    return version < 3
               ? "SELECT rowid, event, seq, last_offset, source_time_ms, ingest_time_ms, digest, 0 FROM "
                 "snapshots ORDER BY last_offset, seq"
               : "SELECT rowid, event, seq, last_offset, source_time_ms, ingest_time_ms, digest, late "
                 "FROM snapshots ORDER BY last_offset, seq";
  }
  static SnapshotRow of(const Statement& row) {
    return {row.integer(0),
            static_cast<std::uint64_t>(row.integer(1)),
            Seq(static_cast<std::uint64_t>(row.integer(2))),
            Offset(static_cast<std::uint64_t>(row.integer(3))),
            row.integer(4),
            row.integer(5),
            static_cast<std::uint64_t>(row.integer(6)),
            row.integer(7) != 0};
  }
  Offset place() const { return last_offset; }
};

template <class Row>
class RowStream {
 public:
  explicit RowStream(Database& db) : statement_(db.prepare(Row::sql(db.value("PRAGMA user_version")))) {
    advance();
  }

  // The next row if it stands at or before this offset.
  const Row* up_to(Offset last) const { return row_ && row_->place() <= last ? &*row_ : nullptr; }
  Row take() {
    Row row = *row_;
    advance();
    return row;
  }

  // Why the rows ended early; empty if they did not.
  const std::string& failure() const { return failure_; }

 private:
  void advance() {
    row_.reset();
    try {
      if (statement_.step()) row_ = Row::of(statement_);
    } catch (const SqliteFailure& failure) {
      if (!failure.is_corrupt()) throw;
      failure_ = failure.what();
    }
  }

  Statement statement_;
  std::optional<Row> row_;
  std::string failure_;
};

}  // namespace touchline
