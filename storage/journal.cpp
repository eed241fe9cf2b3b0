#include "storage/journal.h"

#include "core/compress.h"
#include "storage/batch_row.h"
#include "storage/journal_reader.h"
#include "storage/restore.h"

#include <algorithm>
#include <random>
#include <utility>

namespace touchline {
namespace {

constexpr std::int64_t least_epoch = 1;
constexpr std::int64_t rejected_per_trim = 1'000;

std::int64_t signed_of(std::uint64_t value) { return static_cast<std::int64_t>(value); }

}  // namespace

Journal::Journal(std::string path, WriterLock lock, WritableStore store, const StoreMeta& meta)
    : path_(std::move(path)),
      lock_(std::move(lock)),
      db_(std::move(store.db)),
      watch_(path_, lock_.file()),
      is_new_(store.is_new),
      epoch_(meta.epoch),
      head_(meta.head),
      relaxed_(meta.relaxed),
      begin_(db_.prepare("BEGIN IMMEDIATE")),
      commit_(db_.prepare("COMMIT")),
      rollback_(db_.prepare("ROLLBACK")),
      insert_batch_(db_.prepare("INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)")),
      insert_touch_(db_.prepare("INSERT INTO event_batches VALUES (?, ?, ?, ?)")),
      insert_event_(db_.prepare("INSERT INTO events VALUES (?, ?)")),
      insert_snapshot_(
          db_.prepare("INSERT INTO snapshots (event, seq, last_offset, source_time_ms, ingest_time_ms, "
                      "digest, state) VALUES (?, ?, ?, ?, ?, ?, ?)")),
      put_number_(db_.prepare("INSERT OR REPLACE INTO source_numbers VALUES (?, ?, ?)")),
      put_cursor_(db_.prepare("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?, ?, ?, ?)")),
      put_head_(db_.prepare("UPDATE meta SET value = ? WHERE key = 'head'")),
      insert_rejected_(db_.prepare("INSERT INTO rejected (source, line, byte, time_ms, reason, content) "
                                   "VALUES (?, ?, ?, ?, ?, ?)")),
      trim_rejected_(db_.prepare("DELETE FROM rejected WHERE id <= (SELECT max(id) FROM rejected) - 10000")) {
}

Result<Journal> Journal::open(const std::string& path, std::int64_t now_ms) {
  auto lock = WriterLock::take(path);
  if (!lock) return lock.error();
  auto store = open_store_for_writing(path, Epoch(static_cast<std::uint64_t>(std::max(now_ms, least_epoch))));
  if (!store) return store.error();
  try {
    const auto meta = sound_meta(store->db, path);
    if (!meta) return meta.error();
    return Journal(path, std::move(*lock), std::move(*store), *meta);
  } catch (const SqliteFailure& failure) {
    return store_error(path, "cannot be opened", failure);
  }
}

namespace {

// A clock that was put back must not bring an old epoch again, and of two copies of a store that is ahead of the clock
// each must get one of its own.
Epoch new_epoch(Epoch last, std::int64_t now_ms) {
  const Epoch now(static_cast<std::uint64_t>(std::max(now_ms, least_epoch)));
  if (now > last) return now;
  std::random_device random;
  return Epoch(last.value + 1 + random());
}

}  // namespace

Result<EpochStart> Journal::begin(const PublishingStart& start) {
  EpochStart how = EpochStart::kept;
  if (relaxed_) {
    how = EpochStart::after_unclean;
  } else if (start.epoch == EpochWish::renew && !is_new_) {
    how = EpochStart::asked_for;
  }
  const bool relaxed = start.durability == Durability::relaxed;
  const Epoch epoch = how == EpochStart::kept ? epoch_ : new_epoch(epoch_, start.now_ms);
  if (epoch == epoch_ && relaxed == relaxed_) return how;
  try {
    put_meta(epoch, relaxed);
  } catch (const SqliteFailure& failure) {
    return store_error(path_, "its epoch cannot be written", failure);
  }
  return how;
}

void Journal::undo_creation() {
  if (is_new_) lock_.undo_creation();
}

Result<void> Journal::end() {
  if (!relaxed_ || failed_) return {};
  try {
    put_meta(epoch_, false);
  } catch (const SqliteFailure& failure) {
    return store_error(path_, "its clean end cannot be written; the next start begins a new epoch", failure);
  }
  return {};
}

void Journal::put_meta(Epoch epoch, bool relaxed) {
  Statement put = db_.prepare("INSERT OR REPLACE INTO meta VALUES ('epoch', ?), ('relaxed', ?)");
  put.bind(1, signed_of(epoch.value)).bind(2, relaxed ? 1 : 0).run();
  epoch_ = epoch;
  relaxed_ = relaxed;
}

Result<void> Journal::commit(const Batch& batch, std::int64_t committed_ms) {
  if (auto there = watch_.look(); !there) {
    failed_ = true;
    return there;
  }
  try {
    begin_.run();
    write(batch, committed_ms);
    commit_.run();
  } catch (const SqliteFailure& failure) {
    failed_ = true;
    return store_error(path_, "the commit of offset " + std::to_string(batch.first.value) + " failed",
                       failure);
  }
  is_new_ = false;
  if (batch.count != 0) head_ = batch.last();
  return {};
}

void Journal::write(const Batch& batch, std::int64_t committed_ms) {
  if (batch.count != 0) {
    BatchRow row{batch.first,
                 batch.count,
                 committed_ms,
                 static_cast<std::int64_t>(batch.snapshots.size()),
                 batch.items,
                 batch.ingest_times,
                 0};
    row.checksum = checksum_of(row);
    insert_batch_.bind(1, signed_of(row.first.value)).bind(2, signed_of(row.count)).bind(3, row.committed_ms);
    insert_batch_.bind(4, row.snapshots).bind_blob(5, row.items).bind_blob(6, row.ingest_times);
    insert_batch_.bind(7, signed_of(row.checksum)).run();
    put_head_.bind(1, signed_of(batch.last().value)).run();
  }
  for (const auto& event : batch.new_events) {
    insert_event_.bind(1, event.event.value).bind_text(2, event.id).run();
  }
  for (const auto& touch : batch.touches) {
    insert_touch_.bind(1, touch.event.value).bind(2, signed_of(touch.first.value));
    insert_touch_.bind(3, signed_of(touch.count)).bind(4, signed_of(batch.first.value)).run();
  }
  for (const auto& snapshot : batch.snapshots) {
    const std::string state = compress(snapshot.block);
    insert_snapshot_.bind(1, snapshot.event.value).bind(2, signed_of(snapshot.seq.value));
    insert_snapshot_.bind(3, signed_of(snapshot.offset.value)).bind(4, snapshot.source_time_ms);
    insert_snapshot_.bind(5, snapshot.ingest_time_ms).bind(6, signed_of(snapshot.digest));
    insert_snapshot_.bind_blob(7, state).run();
  }
  for (const auto& number : batch.source_numbers) {
    put_number_.bind(1, number.source.value)
        .bind(2, number.event.value)
        .bind(3, signed_of(number.number))
        .run();
  }
  for (const auto& cursor : batch.cursors) {
    put_cursor_.bind_text(1, cursor.recording)
        .bind(2, signed_of(cursor.byte))
        .bind(3, signed_of(cursor.line));
    put_cursor_.bind(4, cursor.time_ms)
        .bind(5, signed_of(cursor.fingerprint))
        .bind_text(6, cursor.token)
        .run();
  }
  bool trim = false;
  for (const auto& rejected : batch.rejected) {
    insert_rejected_.bind_text(1, rejected.source).bind(2, signed_of(rejected.line));
    insert_rejected_.bind(3, signed_of(rejected.byte)).bind(4, rejected.time_ms);
    insert_rejected_.bind_text(5, rejected.reason).bind_blob(6, rejected.content).run();
    // Counted by their numbers, which a restart does not forget.
    trim = trim || db_.last_row() % rejected_per_trim == 0;
  }
  if (trim) trim_rejected_.run();
}

Result<SourceId> Journal::source(std::string_view name) {
  try {
    Statement find = db_.prepare("SELECT number FROM sources WHERE name = ?");
    find.bind_text(1, name);
    if (find.step()) return SourceId(static_cast<std::uint32_t>(find.integer(0)));
    Statement add =
        db_.prepare("INSERT INTO sources VALUES ((SELECT ifnull(max(number), 0) + 1 FROM sources), ?)");
    add.bind_text(1, name).run();
    find.reset();
    find.bind_text(1, name).step();
    return SourceId(static_cast<std::uint32_t>(find.integer(0)));
  } catch (const SqliteFailure& failure) {
    return store_error(path_, "its sources cannot be written", failure);
  }
}

Result<std::optional<Cursor>> Journal::cursor(std::string_view recording) {
  try {
    Statement find =
        db_.prepare("SELECT byte, line, time_ms, fingerprint, token FROM cursors WHERE recording = ?");
    find.bind_text(1, recording);
    if (!find.step()) return std::nullopt;
    if (find.integer(0) < 0 || find.integer(1) < 0) {
      return malformed(path_ + ": the cursor of " + std::string(recording) +
                       " stands before the beginning: run touchline verify");
    }
    return Cursor{std::string(recording),
                  static_cast<std::uint64_t>(find.integer(0)),
                  static_cast<std::uint64_t>(find.integer(1)),
                  find.integer(2),
                  static_cast<std::uint64_t>(find.integer(3)),
                  std::string(find.text(4))};
  } catch (const SqliteFailure& failure) {
    return store_error(path_, "its cursors cannot be read", failure);
  }
}

Result<void> Journal::restore(Origin& origin) {
  auto reader = JournalReader::open(path_);
  if (!reader) return reader.error();
  return touchline::restore(*reader, head_, origin);
}

}  // namespace touchline
