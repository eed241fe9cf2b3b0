#include "storage/clearing.h"

#include "core/block.h"
#include "storage/store_meta.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace touchline {
namespace {

constexpr std::size_t portion_bytes = 1U << 20;
constexpr std::size_t portion_batches = 1'000;
constexpr std::size_t undated_bytes_max = 64U << 20;
constexpr std::size_t bases_bytes = 256U << 10;  // of one step
constexpr std::size_t pasts_of_step = 64;

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::uint64_t unsigned_at(const Statement& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

Result<void> count_events(const KeptBatch& batch, std::map<EventHandle, std::uint64_t>& counts) {
  const BatchRow row = batch.row();
  BatchItems items(row);
  BatchItem item;
  while (true) {
    const auto more = items.next(item);
    if (!more) return more.error();
    if (!*more) return {};
    ++counts[item.event];
  }
}

}  // namespace

struct Clearing::Run {
  Run(JournalReader reader, const ClearOptions& run_options, const Writer& run_writer)
      : store(std::move(reader)), options(run_options), writer(run_writer) {}

  Result<void> sweep_leftovers();
  Result<void> go_through(std::int64_t before_ms);
  Result<std::vector<KeptBatch>> portion(std::int64_t before_ms);
  Result<void> take(const std::vector<KeptBatch>& batches);
  Result<void> keep_bases();
  Result<void> switch_over();
  Result<void> take_away();
  Result<void> repeat(const ClearStep& step);

  JournalReader store;
  const ClearOptions& options;
  const Writer& writer;
  Offset head;
  std::optional<Archive> archive;
  std::map<EventHandle, std::uint64_t> counts;  // deltas in what goes, by event
  std::vector<ClearStep::Past> pasts;
  std::uint64_t checksum = 0;
  ClearReport report;
};

Result<bool> Clearing::has_work(std::int64_t before_ms) {
  auto store = JournalReader::open(store_);
  if (!store) return store.error();
  try {
    Statement oldest = store->database().prepare(
        "SELECT first_offset > ifnull((SELECT value FROM meta WHERE key = 'complete_after'), 0) "
        "FROM batches ORDER BY first_offset LIMIT 1");
    if (!oldest.step()) return false;
    if (oldest.integer(0) == 0) return true;  // it is left over
    Statement dated = store->database().prepare(
        "SELECT committed_ms, first_offset + count - 1 < (SELECT value FROM meta WHERE key = 'head') "
        "FROM batches WHERE committed_ms <= ? ORDER BY first_offset LIMIT 1");
    dated.bind(1, std::max(now_ms(), before_ms));
    return dated.step() && dated.integer(1) != 0 && dated.integer(0) < before_ms;
  } catch (const SqliteFailure& failure) {
    return store_error(store_, "it cannot be read", failure);
  }
}

Result<ClearReport> Clearing::run(std::int64_t before_ms, const Writer& writer) {
  auto store = JournalReader::open(store_);
  if (!store) return store.error();
  try {
    const auto meta = sound_meta(store->database(), store_);
    if (!meta) return meta.error();
    Run run(std::move(*store), options_, writer);
    run.head = meta->head;
    run.report.from = run.report.through = meta->complete_after;
    if (const auto swept = run.sweep_leftovers(); !swept) return swept.error();
    if (const auto gone = run.go_through(before_ms); !gone) return gone.error();
    if (run.report.deltas() == 0) return run.report;
    for (const auto step : {&Run::keep_bases, &Run::switch_over, &Run::take_away}) {
      if (const auto done = (run.*step)(); !done) return done.error();
    }
    return run.report;
  } catch (const SqliteFailure& failure) {
    return store_error(store_, "it cannot be cleared", failure);
  }
}

// What a run that was broken off behind its switch had yet to take away. Batches go last: as long as there are any, they
// tell which events have rows.
Result<void> Clearing::Run::sweep_leftovers() {
  Statement rows = store.database().prepare(
      "SELECT first_offset, count, committed_ms, snapshots, items, ingest_times, checksum FROM batches "
      "WHERE first_offset <= ? ORDER BY first_offset");
  rows.bind(1, static_cast<std::int64_t>(report.from.value));
  std::map<EventHandle, std::uint64_t> events;
  while (rows.step()) {
    const BatchRow row{Offset(unsigned_at(rows, 0)),
                       unsigned_at(rows, 1),
                       rows.integer(2),
                       rows.integer(3),
                       rows.blob(4),
                       rows.blob(5),
                       unsigned_at(rows, 6)};
    if (const auto counted = count_events(KeptBatch::of(row), events); !counted) return counted;
  }
  rows.reset();
  if (events.empty()) return {};
  for (const auto& [event, count] : events) {
    const auto base = store.cleared_through(event);
    if (!base) return base.error();
    pasts.push_back({event, *base});
  }
  auto done = take_away();
  pasts.clear();
  return done;
}

// Those that are old enough, from the oldest on; none of them the last. One that says it was committed later than now is
// from a time when the clock was wrong, and as old as the next one that does not.
Result<std::vector<KeptBatch>> Clearing::Run::portion(std::int64_t before_ms) {
  std::vector<KeptBatch> batches;
  std::size_t dated = 0;  // of these; behind it only such whose time nobody can have known
  std::size_t bytes = 0;
  std::optional<Error> broken;
  const std::int64_t now = std::max(now_ms(), before_ms);
  Offset next = report.through.next();
  const auto read = store.batches(next, [&](const BatchRow& row) {
    const bool is_dated = row.committed_ms <= now;
    if ((is_dated && row.committed_ms >= before_ms) || row.first.value + row.count - 1 >= head.value)
      return false;
    if (row.first != next || row.count == 0 || checksum_of(row) != row.checksum) {
      broken =
          malformed(store.path() + ": the batch at offset " + std::to_string(next.value) +
                    " is missing or damaged, and nothing from there on is cleared: run touchline verify");
      return false;
    }
    batches.push_back(KeptBatch::of(row));
    next = batches.back().last().next();
    bytes += row.items.size();
    if (is_dated) dated = batches.size();
    // A run of such is gone through to its end, if memory allows.
    if (dated != batches.size()) return bytes < undated_bytes_max;
    return bytes < portion_bytes && batches.size() < portion_batches;
  });
  if (!read) return read.error();
  if (broken) return *broken;
  batches.erase(batches.begin() + static_cast<std::ptrdiff_t>(dated), batches.end());
  return batches;
}

Result<void> Clearing::Run::go_through(std::int64_t before_ms) {
  while (!report.more) {
    const auto batches = portion(before_ms);
    if (!batches) return batches.error();
    if (batches->empty()) return {};
    if (const auto taken = take(*batches); !taken) return taken;
    report.more = report.deltas() >= options.deltas_max;
  }
  return {};
}

Result<void> Clearing::Run::take(const std::vector<KeptBatch>& batches) {
  for (const KeptBatch& batch : batches) {
    if (const auto counted = count_events(batch, counts); !counted) return counted;
    report.bytes += batch.items.size();
  }
  if (!options.archive.empty() && !archive) {
    auto opened = Archive::open(options.archive, store);
    if (!opened) return opened.error();
    archive.emplace(std::move(*opened));
    if (archive->begins_behind()) report.archive_begins = archive->head();
  }
  if (archive) {
    if (const auto copied = archive->append(store, batches); !copied) return copied;
  }
  report.batches += batches.size();
  report.through = batches.back().last();
  report.published_ms = batches.back().committed_ms;
  checksum = batches.back().checksum;
  return {};
}

Result<void> Clearing::Run::keep_bases() {
  ClearStep step;
  std::size_t bytes = 0;
  const auto flush = [&]() -> Result<void> {
    if (step.bases.empty()) return {};
    const auto done = writer(step);
    step.bases.clear();
    bytes = 0;
    return done ? Result<void>() : done.error();
  };
  for (const auto& [event, count] : counts) {
    const auto before = store.cleared_through(event);
    if (!before) return before.error();
    const Seq last(before->value + count);
    const auto at = store.state(event, {.seq = last});
    if (!at) return at.error();
    if (at->state.seq != last) {
      return malformed(store.path() + ": event " + std::to_string(event.value) + " has no delta with seq " +
                       std::to_string(last.value) + ": run touchline verify");
    }
    pasts.push_back({event, last});
    ClearStep::Base& base = step.bases.emplace_back();
    base = {{event, last, at->offset, at->state.source_time_ms, at->ingest_time_ms, at->state.digest(), {}},
            at->published_ms};
    encode_state(base.snapshot.block, at->state);
    bytes += base.snapshot.block.size();
    if (bytes < bases_bytes && step.bases.size() < pasts_of_step) continue;
    if (auto flushed = flush(); !flushed) return flushed;
  }
  report.events = counts.size();
  return flush();
}

Result<void> Clearing::Run::switch_over() {
  ClearStep step;
  step.cleared = {report.through, checksum};
  const auto done = writer(step);
  return done ? Result<void>() : done.error();
}

Result<void> Clearing::Run::repeat(const ClearStep& step) {
  while (true) {
    const auto rows = writer(step);
    if (!rows) return rows.error();
    if (*rows == 0) return {};
  }
}

Result<void> Clearing::Run::take_away() {
  for (std::size_t from = 0; from < pasts.size(); from += pasts_of_step) {
    ClearStep step;
    const std::size_t until = std::min(pasts.size(), from + pasts_of_step);
    step.pasts.assign(pasts.begin() + static_cast<std::ptrdiff_t>(from),
                      pasts.begin() + static_cast<std::ptrdiff_t>(until));
    if (auto done = repeat(step); !done) return done;
  }
  ClearStep step;
  step.batches = true;
  return repeat(step);
}

}  // namespace touchline
