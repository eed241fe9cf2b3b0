#include "storage/journal_reader.h"

#include "core/block.h"
#include "core/compress.h"
#include "storage/store_file.h"
#include "storage/store_meta.h"

#include <algorithm>
#include <limits>

namespace touchline {
namespace {

constexpr std::size_t state_bytes_max = 1U << 30;
constexpr Seq last_seq{std::numeric_limits<std::int64_t>::max()};  // that a row can hold

// What the journal holds is not what it should: carried to the public functions beside SqliteFailure.
struct Damage {
  std::string text;
};

// What is asked for was cleared.
struct Cleared {
  std::string text;
};

std::uint64_t unsigned_at(const Statement& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

BatchRow batch_of(const Statement& row) {
  return {Offset(unsigned_at(row, 0)),
          unsigned_at(row, 1),
          row.integer(2),
          row.integer(3),
          row.blob(4),
          row.blob(5),
          unsigned_at(row, 6)};
}

EventEntry event_of(const Statement& row) {
  if (row.integer(0) < 1 || row.integer(0) > std::numeric_limits<std::uint32_t>::max()) {
    throw Damage{"events: " + std::to_string(row.integer(0)) + " is no handle"};
  }
  return {EventHandle(static_cast<std::uint32_t>(row.integer(0))), std::string(row.text(1)),
          Seq(unsigned_at(row, 2)), unsigned_at(row, 3)};
}

// Calls a function that may meet a failing or damaged store, and names the store in what it returns.
template <class Work>
auto guarded(const std::string& path, const char* doing, Work&& work) -> Result<decltype(work())> {
  try {
    if constexpr (std::is_void_v<decltype(work())>) {
      work();
      return {};
    } else {
      return work();
    }
  } catch (const SqliteFailure& failure) {
    return store_error(path, doing, failure);
  } catch (const Damage& damage) {
    return malformed(path + ": " + damage.text);
  } catch (const Cleared& cleared) {
    return Error{ErrorKind::not_found, path + ": " + cleared.text, 0};
  }
}

// What an event's rows say of it: of one whose deltas were all cleared its last snapshot says how many there were.
constexpr const char* entry_columns =
    "SELECT handle, id, ifnull((SELECT first_seq + count - 1 FROM event_batches WHERE event = handle "
    "ORDER BY first_seq DESC LIMIT 1), (SELECT max(seq) FROM snapshots WHERE event = handle AND last_offset "
    "<= "
    "?1)), (SELECT count(*) FROM snapshots WHERE event = handle) FROM events ";

}  // namespace

Result<JournalReader> JournalReader::open(const std::string& path) {
  auto db = open_store_for_reading(path);
  if (!db) return db.error();
  return guarded(path, "it cannot be read", [&] {
    const bool knows_clearing = db->value("PRAGMA user_version") >= 3 &&
                                db->value("SELECT count(*) FROM sqlite_master WHERE name = 'meta'") != 0;
    return JournalReader(path, std::move(*db), knows_clearing);
  });
}

Result<void> JournalReader::hold_view() {
  return guarded(path_, "it cannot be read", [&] {
    db_.run("BEGIN");
    const MetaReading meta = read_meta(db_);
    if (!meta.faults.empty()) throw Damage{describe(meta.faults.front())};
  });
}

Epoch JournalReader::epoch() {
  return Epoch(static_cast<std::uint64_t>(db_.value("SELECT value FROM meta WHERE key = 'epoch'")));
}

Offset JournalReader::head() {
  return Offset(static_cast<std::uint64_t>(db_.value("SELECT value FROM meta WHERE key = 'head'")));
}

Result<std::vector<EventEntry>> JournalReader::events() {
  return guarded(path_, "its events cannot be read", [&] {
    Statement rows = db_.prepare((std::string(entry_columns) + "ORDER BY handle").c_str());
    rows.bind(1, static_cast<std::int64_t>(cleared().value));
    std::vector<EventEntry> events;
    while (rows.step())
      events.push_back(event_of(rows));
    return events;
  });
}

Result<std::optional<EventEntry>> JournalReader::find_event(std::string_view id) {
  return guarded(path_, "its events cannot be read", [&]() -> std::optional<EventEntry> {
    Statement row = db_.prepare((std::string(entry_columns) + "WHERE id = ?2").c_str());
    row.bind(1, static_cast<std::int64_t>(cleared().value)).bind_text(2, id);
    if (!row.step()) return std::nullopt;
    return event_of(row);
  });
}

Result<Offset> JournalReader::complete_after() {
  return guarded(path_, "it cannot be read", [&] { return cleared(); });
}

Offset JournalReader::cleared() {
  if (!knows_clearing_) return {};
  return Offset(static_cast<std::uint64_t>(db_.value("SELECT value FROM meta WHERE key = 'complete_after'")));
}

Seq JournalReader::base_of(EventHandle event) {
  const Offset through = cleared();
  if (through == Offset(0)) return Seq(0);
  Statement row = db_.again("SELECT max(seq) FROM snapshots WHERE event = ? AND last_offset <= ?");
  row.bind(1, event.value).bind(2, static_cast<std::int64_t>(through.value));
  return row.step() ? Seq(unsigned_at(row, 0)) : Seq(0);
}

Result<Seq> JournalReader::cleared_through(EventHandle event) {
  return guarded(path_, "an event's past cannot be read", [&] { return base_of(event); });
}

void JournalReader::refuse_cleared(EventHandle event, Seq base) {
  if (base == Seq(0)) return;
  Statement name = db_.prepare("SELECT id FROM events WHERE handle = ?");
  name.bind(1, event.value);
  name.step();
  throw Cleared{"event " + std::string(name.text(0)) +
                ": that is older than retention: what was up to offset " + std::to_string(cleared().value) +
                " was cleared; its oldest state here is seq " + std::to_string(base.value)};
}

StateAsOf JournalReader::start(EventHandle event, const AsOf& as_of) {
  const std::string published =
      knows_clearing_ ? "(CASE s.published_ms WHEN 0 THEN b.committed_ms ELSE s.published_ms END)"
                      : "b.committed_ms";
  const std::string sql = "SELECT s.seq, s.last_offset, s.ingest_time_ms, s.digest, s.state, " + published +
                          " FROM snapshots s LEFT JOIN batches b ON b.first_offset = (SELECT "
                          "max(first_offset) FROM batches WHERE "
                          "first_offset <= s.last_offset) "
                          "WHERE s.event = ?1 AND s.seq <= ?2 AND s.source_time_ms <= ?3 AND " +
                          published + " <= ?4 AND s.seq >= ?5 ORDER BY s.seq DESC LIMIT 1";
  Statement row = db_.again(sql.c_str());
  constexpr std::int64_t unbounded = std::numeric_limits<std::int64_t>::max();
  const Seq base = base_of(event);
  row.bind(1, event.value);
  row.bind(2, as_of.seq ? static_cast<std::int64_t>(as_of.seq->value) : unbounded);
  row.bind(3, as_of.source_time_ms.value_or(unbounded)).bind(4, as_of.published_ms.value_or(unbounded));
  row.bind(5, static_cast<std::int64_t>(base.value));
  if (row.step()) return start_snapshot(row, event);
  refuse_cleared(event, base);
  return {};
}

StateAsOf JournalReader::start_snapshot(Statement& row, EventHandle event) {
  StateAsOf at;
  const std::string name =
      "event " + std::to_string(event.value) + ", snapshot at seq " + std::to_string(row.integer(0));
  const auto block = decompress(row.blob(4), state_bytes_max);
  if (!block) throw Damage{name + ": " + block.error().text};
  auto delta = decode_block(EventState{}, *block);
  if (!delta) throw Damage{name + ": " + delta.error().text};
  delta->seq = Seq(unsigned_at(row, 0));
  apply(at.state, *delta);
  if (at.state.digest() != unsigned_at(row, 3)) throw Damage{name + ": its digest is wrong"};
  at.offset = Offset(unsigned_at(row, 1));
  at.ingest_time_ms = row.integer(2);
  at.published_ms = row.integer(5);
  at.snapshot_seq = at.state.seq;
  return at;
}

std::shared_ptr<const ReadBatch> JournalReader::batch_at(Offset first) {
  if (auto known = batches_.find(first)) return known;
  Statement row = db_.again(
      "SELECT first_offset, count, committed_ms, snapshots, items, ingest_times, checksum FROM batches "
      "WHERE first_offset = ?");
  row.bind(1, static_cast<std::int64_t>(first.value));
  if (!row.step() || row.integer(1) == 0)
    throw Damage{"the batch at offset " + std::to_string(first.value) + " is missing"};
  auto batch = ReadBatch::of(batch_of(row));
  if (!batch) throw Damage{batch.error().text};
  batches_.put(first, *batch);
  return *batch;
}

void JournalReader::roll(EventHandle event, StateAsOf& at, Seq last,
                         const std::function<bool(const PastDelta&)>& admit) {
  Statement rows = db_.again(
      "SELECT batch, first_seq, count FROM event_batches "
      "WHERE event = ?1 AND first_seq + count > ?2 AND first_seq >= "
      "ifnull((SELECT max(first_seq) FROM event_batches WHERE event = ?1 AND first_seq <= ?2), 0) "
      "ORDER BY first_seq");
  rows.bind(1, event.value).bind(2, static_cast<std::int64_t>(at.state.seq.value + 1));
  while (at.state.seq < last && rows.step()) {
    const auto batch = batch_at(Offset(unsigned_at(rows, 0)));
    if (unsigned_at(rows, 1) > at.state.seq.value + 1) {
      throw Damage{"event " + std::to_string(event.value) + ": the delta behind seq " +
                   std::to_string(at.state.seq.value) + " is missing"};
    }
    for (const BatchItem& item : batch->items_of(event)) {
      if (item.offset <= at.offset) continue;
      auto delta = decode_block(at.state, item.block);
      if (!delta) throw Damage{"offset " + std::to_string(item.offset.value) + ": " + delta.error().text};
      delta->ingest_time_ms = item.ingest_time_ms;
      if (!admit({*delta, item.offset, batch->committed_ms(), item.block.size(), &at.state})) return;
      apply(at.state, *delta);
      at.offset = item.offset;
      at.published_ms = batch->committed_ms();
      at.ingest_time_ms = item.ingest_time_ms;
      ++at.deltas_read;
    }
    if (at.state.seq.value + 1 != unsigned_at(rows, 1) + unsigned_at(rows, 2)) {
      throw Damage{"the batch at offset " + std::to_string(rows.integer(0)) +
                   ": holds other deltas of event " + std::to_string(event.value) +
                   " than event_batches says"};
    }
  }
}

Result<StateAsOf> JournalReader::state(EventHandle event, const AsOf& as_of) {
  return guarded(path_, "an event's past cannot be read", [&] {
    if (as_of.seq == Seq(0)) return StateAsOf{};
    StateAsOf at = start(event, as_of);
    roll(event, at, as_of.seq.value_or(last_seq), [&](const PastDelta& next) {
      if (as_of.seq && next.delta.seq > *as_of.seq) return false;
      if (as_of.source_time_ms && next.delta.source_time_ms > *as_of.source_time_ms) return false;
      return !(as_of.published_ms && next.published_ms > *as_of.published_ms);
    });
    return at;
  });
}

Result<void> JournalReader::deltas(EventHandle event, Seq from,
                                   const std::function<bool(const PastDelta&)>& visit) {
  return guarded(path_, "an event's past cannot be read", [&] {
    AsOf before;
    before.seq = Seq(from.value > 0 ? from.value - 1 : 0);
    StateAsOf at = start(event, before);
    EventState after;
    bool copied = false;
    roll(event, at, last_seq, [&](const PastDelta& next) {
      if (next.delta.seq < from) return true;
      // The visitor sees the state with the delta applied; it is kept beside, one delta ahead.
      if (!copied) after = at.state;
      copied = true;
      apply(after, next.delta);
      PastDelta shown = next;
      shown.after = &after;
      return visit(shown);
    });
  });
}

Result<void> JournalReader::batches(Offset from, const std::function<bool(const BatchRow&)>& visit) {
  return guarded(path_, "its batches cannot be read", [&] {
    Statement rows = db_.prepare(
        "SELECT first_offset, count, committed_ms, snapshots, items, ingest_times, checksum FROM batches "
        "WHERE first_offset >= ifnull((SELECT max(first_offset) FROM batches WHERE first_offset <= ?), 0) "
        "ORDER BY first_offset");
    rows.bind(1, static_cast<std::int64_t>(std::max(from, cleared().next()).value));
    while (rows.step()) {
      if (!visit(batch_of(rows))) return;
    }
  });
}

Result<std::vector<std::string>> JournalReader::sources() {
  return guarded(path_, "its sources cannot be read", [&] {
    Statement rows = db_.prepare("SELECT name FROM sources ORDER BY number");
    std::vector<std::string> names;
    while (rows.step())
      names.emplace_back(rows.text(0));
    return names;
  });
}

Result<std::vector<Cursor>> JournalReader::cursors() {
  return guarded(path_, "its cursors cannot be read", [&] {
    Statement rows =
        db_.prepare("SELECT recording, byte, line, time_ms, fingerprint FROM cursors ORDER BY recording");
    std::vector<Cursor> cursors;
    while (rows.step()) {
      cursors.push_back({std::string(rows.text(0)), unsigned_at(rows, 1), unsigned_at(rows, 2),
                         rows.integer(3), unsigned_at(rows, 4)});
    }
    return cursors;
  });
}

Result<std::vector<Rejected>> JournalReader::rejected(std::uint64_t count_max) {
  return guarded(path_, "its refused messages cannot be read", [&] {
    Statement rows = db_.prepare(
        "SELECT source, line, byte, time_ms, reason, content FROM rejected ORDER BY id DESC LIMIT ?");
    rows.bind(1, static_cast<std::int64_t>(count_max));
    std::vector<Rejected> list;
    while (rows.step()) {
      list.push_back({std::string(rows.text(0)), unsigned_at(rows, 1), unsigned_at(rows, 2), rows.integer(3),
                      std::string(rows.text(4)), std::string(rows.blob(5))});
    }
    return list;
  });
}

Result<std::vector<std::string>> JournalReader::check_file() {
  return guarded(path_, "SQLite cannot check it", [&] {
    Statement rows = db_.prepare("PRAGMA integrity_check(20)");
    std::vector<std::string> findings;
    while (rows.step()) {
      if (rows.text(0) != "ok") findings.emplace_back(rows.text(0));
    }
    return findings;
  });
}

}  // namespace touchline
