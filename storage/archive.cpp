#include "storage/archive.h"

#include "core/check.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace touchline {
namespace {

std::int64_t signed_of(std::uint64_t value) { return static_cast<std::int64_t>(value); }
std::uint64_t unsigned_at(const Statement& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

// So that a file that was just made has its name after a loss of power.
void sync_folder_of(const std::string& path) {
  std::error_code ignored;
  const auto real = std::filesystem::weakly_canonical(std::filesystem::absolute(path, ignored), ignored);
  const int folder = ::open(real.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  ::fsync(folder);
  ::close(folder);
}

// Whole under another name first, so that what a loss of power leaves of it is never taken for something else.
Result<void> make_archive(const std::string& path, Epoch epoch) {
  const std::string unfinished = path + ".touchline-new";
  for (const char* end : {"", "-wal", "-shm"})
    ::unlink((unfinished + end).c_str());
  {
    const auto lock = WriterLock::take(unfinished);
    if (!lock) return lock.error();
    auto made = open_store_for_writing(unfinished, epoch);
    if (!made) return made.error();
    made->db.run("PRAGMA wal_checkpoint(TRUNCATE)");  // all of it is in the one file, and synced
  }
  // Not over a file that somebody has put there meanwhile.
  const bool named = ::link(unfinished.c_str(), path.c_str()) == 0;
  const std::string why = std::strerror(errno);
  ::unlink(unfinished.c_str());
  sync_folder_of(path);
  if (named) return {};
  return Error{ErrorKind::environment, path + ": cannot be made: " + why, 0};
}

void bind_columns(Statement& to, const Statement& from, int count) {
  for (int i = 0; i < count; ++i)
    to.bind(i + 1, from.integer(i));
}

struct LastBatch {
  Offset end;
  std::uint64_t checksum = 0;
};

LastBatch last_batch_of(Database& db, const StoreMeta& meta) {
  Statement last =
      db.prepare("SELECT first_offset + count - 1, checksum FROM batches ORDER BY first_offset DESC LIMIT 1");
  if (!last.step()) return {meta.complete_after, meta.cleared_checksum};
  return {Offset(unsigned_at(last, 0)), unsigned_at(last, 1)};
}

// Of the batch that ends there; nothing where there is none.
std::optional<std::uint64_t> checksum_at(Database& db, Offset end) {
  Statement batch = db.prepare(
      "SELECT first_offset + count - 1, checksum FROM batches WHERE first_offset <= ? "
      "ORDER BY first_offset DESC LIMIT 1");
  batch.bind(1, signed_of(end.value));
  if (!batch.step() || unsigned_at(batch, 0) != end.value) return std::nullopt;
  return unsigned_at(batch, 1);
}

}  // namespace

KeptBatch KeptBatch::of(const BatchRow& row) {
  return {row.first,
          row.count,
          row.committed_ms,
          row.snapshots,
          std::string(row.items),
          std::string(row.ingest_times),
          row.checksum};
}

Archive::Archive(std::string path, WriterLock lock, Database db)
    : path_(std::move(path)), lock_(std::move(lock)), db_(std::move(db)) {}

Result<Archive> Archive::open(const std::string& path, JournalReader& store) {
  try {
    const auto of_store = sound_meta(store.database(), store.path());
    if (!of_store) return of_store.error();
    if (std::error_code ignored; !std::filesystem::exists(path, ignored)) {
      if (const auto made = make_archive(path, of_store->epoch); !made) return made.error();
    }
    auto lock = WriterLock::take(path);
    if (!lock) return lock.error();
    auto opened = open_store_for_writing(path, of_store->epoch);
    if (!opened) return opened.error();
    Archive archive(path, std::move(*lock), std::move(opened->db));
    const auto meta = sound_meta(archive.db_, path);
    if (!meta) return meta.error();
    archive.head_ = meta->head;
    const bool is_empty = meta->head == Offset(0);
    const auto ready = is_empty && of_store->complete_after != Offset(0)
                           ? archive.begin_behind(store, *of_store)
                           : archive.check_continues(store, *of_store);
    if (!ready) return ready.error();
    return archive;
  } catch (const SqliteFailure& failure) {
    return store_error(path, "cannot be opened", failure);
  }
}

// What was cleared without it is in no archive, or in another: this one begins with the events' states there.
Result<void> Archive::begin_behind(JournalReader& store, const StoreMeta& of_store) {
  db_.run("BEGIN IMMEDIATE");
  std::map<std::int64_t, std::int64_t> bases;  // event -> rowid
  Statement rows = store.database().prepare(
      "SELECT event, rowid FROM snapshots WHERE last_offset <= ? ORDER BY event, seq");
  rows.bind(1, signed_of(of_store.complete_after.value));
  while (rows.step())
    bases.insert_or_assign(rows.integer(0), rows.integer(1));
  Statement read = store.database().prepare(
      "SELECT event, seq, last_offset, source_time_ms, ingest_time_ms, digest, published_ms, state "
      "FROM snapshots WHERE rowid = ?");
  Statement put = db_.prepare(
      "INSERT INTO snapshots (event, seq, last_offset, source_time_ms, ingest_time_ms, digest, published_ms, "
      "state, late) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)");
  for (const auto& [event, rowid] : bases) {
    read.bind(1, rowid).step();
    bind_columns(put, read, 7);
    put.bind_blob(8, read.blob(7)).run();
    copy_event(store, EventHandle(static_cast<std::uint32_t>(event)));
    read.reset();
  }
  Statement meta = db_.prepare(
      "INSERT OR REPLACE INTO meta VALUES ('head', ?1), ('complete_after', ?1), ('cleared_checksum', ?2)");
  meta.bind(1, signed_of(of_store.complete_after.value)).bind(2, signed_of(of_store.cleared_checksum)).run();
  db_.run("COMMIT");
  head_ = of_store.complete_after;
  begins_behind_ = true;
  return {};
}

Result<void> Archive::check_continues(JournalReader& store, const StoreMeta& of_store) {
  const auto mismatch = [&](const std::string& what) {
    return Error{ErrorKind::mismatch, path_ + ": " + what + " (of " + store.path() + "): give another file",
                 0};
  };
  const MetaReading own = read_meta(db_);
  const LastBatch last = last_batch_of(db_, own.meta);
  if (last.end != head_)
    return malformed(path_ + ": its head is not where its batches end: run touchline verify");
  if (head_ == Offset(0)) return {};
  const std::string end = "the archive ends at offset " + std::to_string(head_.value);
  if (head_ < of_store.complete_after) {
    return mismatch(end + ", the store begins behind offset " +
                    std::to_string(of_store.complete_after.value) + ": what is between is in neither");
  }
  if (head_ > of_store.head)
    return mismatch(end + ", the store ends at offset " + std::to_string(of_store.head.value));
  const auto due = head_ == of_store.complete_after ? std::optional(of_store.cleared_checksum)
                                                    : checksum_at(store.database(), head_);
  if (due != last.checksum) return mismatch("is the archive of another store");
  return {};
}

std::uint64_t& Archive::last_seq_of(EventHandle event) {
  const auto [known, fresh] = last_seqs_.try_emplace(event, 0);
  if (!fresh) return known->second;
  Statement last = db_.prepare(
      "SELECT max(ifnull((SELECT first_seq + count - 1 FROM event_batches WHERE event = ?1 ORDER BY "
      "first_seq "
      "DESC LIMIT 1), 0), ifnull((SELECT max(seq) FROM snapshots WHERE event = ?1), 0))");
  last.bind(1, event.value).step();
  return known->second = unsigned_at(last, 0);
}

Result<void> Archive::append(JournalReader& store, const std::vector<KeptBatch>& batches) {
  try {
    db_.run("BEGIN IMMEDIATE");
    for (const KeptBatch& batch : batches) {
      if (batch.last() <= head_) continue;
      TL_CHECK(batch.first == head_.next());
      copy(store, batch);
      head_ = batch.last();
    }
    Statement names = store.database().prepare("SELECT number, name FROM sources ORDER BY number");
    Statement put_name = db_.prepare("INSERT OR IGNORE INTO sources VALUES (?, ?)");
    while (names.step())
      put_name.bind(1, names.integer(0)).bind_text(2, names.text(1)).run();
    Statement put_meta = db_.prepare("INSERT OR REPLACE INTO meta VALUES ('head', ?), ('epoch', ?)");
    put_meta.bind(1, signed_of(head_.value)).bind(2, signed_of(store.epoch().value)).run();
    db_.run("COMMIT");
    db_.checkpoint();
    return {};
  } catch (const SqliteFailure& failure) {
    return store_error(path_, "cannot be written", failure);
  }
}

void Archive::copy(JournalReader& store, const KeptBatch& batch) {
  Statement put = db_.prepare("INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)");
  put.bind(1, signed_of(batch.first.value)).bind(2, signed_of(batch.count)).bind(3, batch.committed_ms);
  put.bind(4, batch.snapshots).bind_blob(5, batch.items).bind_blob(6, batch.ingest_times);
  put.bind(7, signed_of(batch.checksum)).run();

  std::map<EventHandle, std::uint64_t> counts;
  const BatchRow row = batch.row();
  BatchItems items(row);
  BatchItem item;
  while (items.next(item).value())
    ++counts[item.event];

  Statement touch = db_.prepare("INSERT INTO event_batches VALUES (?, ?, ?, ?)");
  Statement taken = store.database().prepare(
      "SELECT event, seq, last_offset, source_time_ms, ingest_time_ms, digest, state FROM snapshots "
      "WHERE event = ? AND seq >= ? AND seq < ? AND late = 0");
  Statement put_snapshot = db_.prepare(
      "INSERT INTO snapshots (event, seq, last_offset, source_time_ms, ingest_time_ms, digest, state) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)");
  for (const auto& [event, count] : counts) {
    std::uint64_t& last = last_seq_of(event);
    if (last == 0) copy_event(store, event);
    touch.bind(1, event.value).bind(2, signed_of(last + 1)).bind(3, signed_of(count));
    touch.bind(4, signed_of(batch.first.value)).run();
    taken.bind(1, event.value).bind(2, signed_of(last + 1)).bind(3, signed_of(last + 1 + count));
    while (batch.snapshots != 0 && taken.step()) {
      bind_columns(put_snapshot, taken, 6);
      put_snapshot.bind_blob(7, taken.blob(6)).run();
    }
    taken.reset();
    last += count;
  }
}

void Archive::copy_event(JournalReader& store, EventHandle event) {
  Statement name = store.database().prepare("SELECT id FROM events WHERE handle = ?");
  name.bind(1, event.value).step();
  Statement put = db_.prepare("INSERT INTO events VALUES (?, ?)");
  put.bind(1, event.value).bind_text(2, name.text(0)).run();
}

}  // namespace touchline
