#include "storage/restore.h"

#include "storage/batch_row.h"
#include "storage/store_file.h"

#include <algorithm>
#include <string>
#include <utility>

namespace touchline {
namespace {

struct Damage {
  std::string text;
};

std::uint64_t unsigned_at(const Statement& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

// Most events that were alive at the end have their last deltas in the same batches.
constexpr std::size_t kept_batches_bytes = 64U << 20;

class Restore {
 public:
  Restore(JournalReader& reader, Offset head, Offset cleared, Origin& origin)
      : reader_(reader), db_(reader.database()), head_(head), cleared_(cleared), origin_(origin) {}

  Result<void> run() {
    check_last_batch();
    check_sources();
    if (const auto restored = restore_events(); !restored) return restored;
    restore_numbers();
    origin_.restore_head(head_);
    return {};
  }

 private:
  void check_last_batch();
  void check_sources();
  Result<void> restore_events();
  void check_event(const EventEntry& event, const StateAsOf& now, Statement& last_batch);
  void restore_numbers();

  JournalReader& reader_;
  Database& db_;
  Offset head_;
  Offset cleared_;  // all that is up to there
  Origin& origin_;
  std::int64_t sources_ = 0;
  std::uint32_t events_ = 0;
};

void Restore::check_last_batch() {
  Statement last = db_.prepare(
      "SELECT first_offset, count, committed_ms, snapshots, items, ingest_times, checksum FROM batches "
      "ORDER BY first_offset DESC LIMIT 1");
  std::uint64_t end = 0;
  if (last.step()) {
    const BatchRow row{Offset(unsigned_at(last, 0)),
                       unsigned_at(last, 1),
                       last.integer(2),
                       last.integer(3),
                       last.blob(4),
                       last.blob(5),
                       unsigned_at(last, 6)};
    if (checksum_of(row) != row.checksum) {
      throw Damage{"the last batch, at offset " + std::to_string(row.first.value) +
                   ": its checksum is wrong"};
    }
    end = row.first.value + row.count - 1;
  } else {
    end = cleared_.value;  // an archive that was begun, and nothing more
  }
  if (end != head_.value) {
    throw Damage{"head is " + std::to_string(head_.value) + ", the last batch ends at offset " +
                 std::to_string(end)};
  }
}

void Restore::check_sources() {
  Statement sources =
      db_.prepare("SELECT count(*), ifnull(min(number), 1), ifnull(max(number), 0) FROM sources");
  sources.step();
  sources_ = sources.integer(0);
  if (sources.integer(1) != 1 || sources.integer(2) != sources_) {
    throw Damage{"the numbers of its " + std::to_string(sources_) + " sources are not dense from 1: " +
                 std::to_string(sources.integer(1)) + " to " + std::to_string(sources.integer(2))};
  }
}

Result<void> Restore::restore_events() {
  reader_.keep_batches(kept_batches_bytes);
  const auto events = reader_.events();
  if (!events) return events.error();
  Statement last_batch = db_.prepare(
      "SELECT e.batch, b.count FROM event_batches e LEFT JOIN batches b ON b.first_offset = e.batch "
      "WHERE e.event = ? ORDER BY e.first_seq DESC LIMIT 1");
  std::uint64_t deltas = 0;
  Offset newest;
  for (const EventEntry& event : *events) {
    auto now = reader_.state(event.handle, AsOf{});
    if (!now) return now.error();
    check_event(event, *now, last_batch);
    deltas += event.last.value;
    newest = std::max(newest, now->offset);
    const std::uint64_t since = now->state.seq.value - now->snapshot_seq.value;
    const Origin::Restored restored{since, now->offset, now->published_ms};
    origin_.restore(event.handle, std::move(now->state), restored);
  }
  // Every offset is a delta of one event: nothing is missing at the end of any event if they sum up to head.
  if (deltas != head_.value || newest != head_) {
    throw Damage{"its events have " + std::to_string(deltas) + " deltas up to offset " +
                 std::to_string(newest.value) + ", head is " + std::to_string(head_.value)};
  }
  return {};
}

void Restore::check_event(const EventEntry& event, const StateAsOf& now, Statement& last_batch) {
  const std::string name = "event " + event.id;
  const Value id = now.state.get(Address(0, 0, Field::id));
  if (event.handle.value != ++events_ || id.text != event.id) {
    throw Damage{name + " is not what its deltas say"};
  }
  if (now.state.seq != event.last) {
    throw Damage{name + ": its state is at seq " + std::to_string(now.state.seq.value) +
                 ", event_batches ends at seq " + std::to_string(event.last.value)};
  }
  if (now.offset <= cleared_) return;  // all of its deltas
  last_batch.bind(1, event.handle.value);
  if (!last_batch.step()) throw Damage{name + " has no deltas"};
  const std::uint64_t first = unsigned_at(last_batch, 0);
  const std::uint64_t end = first + unsigned_at(last_batch, 1);
  last_batch.reset();
  if (now.offset.value < first || now.offset.value >= end) {
    throw Damage{name + ": its state is at offset " + std::to_string(now.offset.value) +
                 ", the batch that event_batches names for it, at offset " + std::to_string(first) +
                 (first == end ? ", is missing" : ", does not hold that")};
  }
}

void Restore::restore_numbers() {
  Statement numbers = db_.prepare("SELECT source, event, number, typeof(number) FROM source_numbers");
  while (numbers.step()) {
    if (numbers.integer(0) < 1 || numbers.integer(0) > sources_ || numbers.integer(1) < 1 ||
        numbers.integer(1) > events_) {
      throw Damage{"source_numbers: source " + std::to_string(numbers.integer(0)) + ", event " +
                   std::to_string(numbers.integer(1)) + " is not there"};
    }
    if (numbers.text(3) != "integer" || numbers.integer(2) < 0) {
      throw Damage{"source_numbers: source " + std::to_string(numbers.integer(0)) + ", event " +
                   std::to_string(numbers.integer(1)) + ": its number is none"};
    }
    origin_.restore_number(SourceId(static_cast<std::uint32_t>(numbers.integer(0))),
                           EventHandle(static_cast<std::uint32_t>(numbers.integer(1))),
                           unsigned_at(numbers, 2));
  }
}

}  // namespace

Result<void> restore(JournalReader& reader, Offset head, Origin& origin) {
  try {
    const auto cleared = reader.complete_after();
    if (!cleared) return cleared.error();
    return Restore(reader, head, *cleared, origin).run();
  } catch (const SqliteFailure& failure) {
    return store_error(reader.path(), "it cannot be taken up", failure);
  } catch (const Damage& damage) {
    return malformed(reader.path() + ": " + damage.text + ": run touchline verify");
  }
}

}  // namespace touchline
