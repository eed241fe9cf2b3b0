// Every row of a store damaged in turn: one fault, one finding, and nothing behind it is called wrong that is
// not. And journals as a faulty writer would leave them, whose checksums are right.

#include "core/block.h"
#include "core/varint.h"
#include "storage/batch_row.h"
#include "storage/journal_reader.h"
#include "storage/sqlite.h"
#include "storage/verify.h"
#include "tests/storage/store_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace touchline::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

constexpr OriginOptions often{40, 20'000, 15};  // snapshots

std::vector<std::string> lines_of(const VerifyReport& report) {
  std::vector<std::string> lines;
  for (const Finding& finding : report.findings)
    lines.push_back(finding.place + ": " + finding.what);
  return lines;
}

using Numbers = std::vector<std::int64_t>;
Numbers column(const std::string& path, const char* sql) {
  Database db(path, Database::Mode::frozen);
  Statement rows = db.prepare(sql);
  Numbers numbers;
  while (rows.step())
    numbers.push_back(rows.integer(0));
  return numbers;
}

// Makes every checksum right again, as if the writer had meant what stands there.
void seal(const std::string& path) {
  Database db(path, Database::Mode::read_write);
  Statement rows =
      db.prepare("SELECT first_offset, count, committed_ms, snapshots, items, ingest_times FROM batches");
  std::vector<std::pair<std::int64_t, std::uint64_t>> sums;
  while (rows.step()) {
    const BatchRow row{Offset(static_cast<std::uint64_t>(rows.integer(0))),
                       static_cast<std::uint64_t>(rows.integer(1)),
                       rows.integer(2),
                       rows.integer(3),
                       rows.blob(4),
                       rows.blob(5),
                       0};
    sums.emplace_back(rows.integer(0), checksum_of(row));
  }
  db.run("BEGIN");
  Statement put = db.prepare("UPDATE batches SET checksum = ? WHERE first_offset = ?");
  for (const auto& [first, sum] : sums)
    put.bind(1, static_cast<std::int64_t>(sum)).bind(2, first).run();
  db.run("COMMIT");
}

class EveryRow : public testing::Test {
 protected:
  void SetUp() override { write_store(path_, 31, 4, 500, often); }

  std::string damaged(const std::string& sql) {
    copy_store(path_, copy_);
    tamper(copy_, sql.c_str());
    return copy_;
  }
  std::vector<std::string> after(const std::string& sql) { return lines_of(verify(damaged(sql)).value()); }

  TempFolder folder_;
  std::string path_ = folder_ / "store.db";
  std::string copy_ = folder_ / "copy.db";
};

TEST_F(EveryRow, ADamagedBatchIsOneFinding) {
  for (const std::int64_t batch : column(path_, "SELECT first_offset FROM batches")) {
    const std::string where = " WHERE first_offset = " + std::to_string(batch);
    ASSERT_THAT(after("UPDATE batches SET checksum = checksum + 1" + where),
                ElementsAre("batches, offset " + std::to_string(batch) + ": its checksum is wrong"));
  }
}

TEST_F(EveryRow, AMissingBatchIsOneFinding) {
  for (const std::int64_t batch : column(path_, "SELECT first_offset FROM batches")) {
    const std::string at = std::to_string(batch);
    ASSERT_THAT(after("DELETE FROM batches WHERE first_offset = " + at),
                ElementsAre(HasSubstr("missing (the row at " + at + ")")));
  }
}

TEST_F(EveryRow, ADamagedBatchAndAMissingOneBehindItAreTwo) {
  const Numbers batches = column(path_, "SELECT first_offset FROM batches");
  for (std::size_t i = 1; i < batches.size(); i += 3) {
    const std::string first = std::to_string(batches[i - 1]);
    const std::string second = std::to_string(batches[i]);
    ASSERT_THAT(
        after("UPDATE batches SET checksum = checksum + 1 WHERE first_offset = " + first +
              "; DELETE FROM batches WHERE first_offset = " + second),
        ElementsAre(StartsWith("batches, offset " + first + ": "), HasSubstr("(the row at " + second + ")")));
  }
}

TEST_F(EveryRow, AMissingRowOfEventBatchesIsOneFinding) {
  const Numbers batches = column(path_, "SELECT batch FROM event_batches WHERE event = 3");
  for (const std::int64_t batch : batches) {
    const std::string at = std::to_string(batch);
    ASSERT_THAT(after("DELETE FROM event_batches WHERE event = 3 AND batch = " + at),
                ElementsAre(HasSubstr("the row is missing: the batch at offset " + at + " holds ")));
  }
}

TEST_F(EveryRow, AChangedRowOfEventBatchesIsOneFinding) {
  for (const std::int64_t seq : column(path_, "SELECT first_seq FROM event_batches WHERE event = 2")) {
    const std::string where = " WHERE event = 2 AND first_seq = " + std::to_string(seq);
    ASSERT_THAT(after("UPDATE event_batches SET count = count + 1" + where), SizeIs(1)) << seq;
    ASSERT_THAT(after("UPDATE event_batches SET first_seq = first_seq + 100000" + where), SizeIs(1)) << seq;
  }
}

// The damaged batch does not say where it ends, and what says it beside it is wrong too.
TEST_F(EveryRow, ADamagedBatchWithDamagedRowsBesideItStartsNoFlood) {
  for (const std::int64_t batch : column(path_, "SELECT first_offset FROM batches")) {
    const std::string at = std::to_string(batch);
    const std::string damage = "UPDATE batches SET checksum = checksum + 1 WHERE first_offset = " + at + "; ";
    ASSERT_THAT(after(damage + "UPDATE event_batches SET count = count + 3 WHERE batch = " + at), SizeIs(1))
        << batch;
    ASSERT_THAT(after(damage + "DELETE FROM event_batches WHERE batch = " + at), SizeIs(1)) << batch;
  }
}

TEST_F(EveryRow, AChangedOrMissingSnapshotIsOneFinding) {
  for (const std::int64_t row : column(path_, "SELECT rowid FROM snapshots")) {
    const std::string where = " WHERE rowid = " + std::to_string(row);
    ASSERT_THAT(after("UPDATE snapshots SET state = zeroblob(length(state))" + where), SizeIs(1));
    ASSERT_THAT(after("DELETE FROM snapshots" + where), SizeIs(1));
  }
  ASSERT_THAT(after("UPDATE snapshots SET last_offset = 0 WHERE rowid = 3"),
              Contains(HasSubstr("names offset 0, which is none of the journal's")));
}

TEST_F(EveryRow, AnIdIsComparedEvenIfTheEventsEndCannotBeRead) {
  EXPECT_THAT(after("UPDATE events SET id = 'another' WHERE handle = 2; "
                    "UPDATE batches SET checksum = checksum + 1 WHERE first_offset > 100"),
              Contains(StartsWith("events, handle 2: its id is another")));
}

TEST_F(EveryRow, AnEventNumberedOtherwiseFromSomewhereOnIsOneFinding) {
  EXPECT_THAT(
      after("UPDATE event_batches SET first_seq = first_seq + 1000000 WHERE event = 1 AND first_seq > 20"),
      ElementsAre(HasSubstr("event_batches, ")));
}

// --- Checksums that are right.

TEST_F(EveryRow, ABatchThatHoldsMoreOrLessThanItSaysIsOneFinding) {
  const Numbers batches = column(path_, "SELECT first_offset FROM batches WHERE count > 1");
  for (std::size_t i = 0; i < batches.size(); i += 5) {
    for (const char* change : {"count + 1", "count - 1"}) {
      const std::string path = damaged("UPDATE batches SET count = " + std::string(change) +
                                       " WHERE first_offset = " + std::to_string(batches[i]));
      seal(path);
      ASSERT_THAT(lines_of(verify(path).value()),
                  ElementsAre(StartsWith("batches, offset " + std::to_string(batches[i]) + ": holds ")));
    }
  }
}

TEST_F(EveryRow, ABatchThatEndsInTheMiddleOfADeltaIsOneFinding) {
  const Numbers batches = column(path_, "SELECT first_offset FROM batches");
  const auto deltas = JournalReader::open(path_)->head().value;
  for (std::size_t i = 0; i < batches.size(); i += 3) {
    const std::string path = damaged(
        "UPDATE batches SET items = CAST(substr(items, 1, length(items) - 1) AS BLOB) WHERE first_offset = " +
        std::to_string(batches[i]));
    seal(path);
    const auto report = verify(path).value();
    ASSERT_THAT(lines_of(report), ElementsAre(HasSubstr("framing is broken"))) << batches[i];
    EXPECT_EQ(report.deltas + report.unchecked, deltas);
  }
}

TEST_F(EveryRow, ABlockThatCannotBeDecodedIsOneFindingWithItsPlace) {
  const Numbers batches = column(path_, "SELECT first_offset FROM batches WHERE first_offset > 50");
  for (std::size_t i = 0; i < batches.size(); i += 5) {
    const std::string path = damaged("");
    std::string bytes;
    JournalReader::open(path)
        ->batches(Offset(static_cast<std::uint64_t>(batches[i])),
                  [&](const BatchRow& row) {
                    bytes = row.items;
                    BatchItems items(row);
                    std::string_view last;
                    for (BatchItem item; items.next(item).value();)
                      last = item.block;
                    bytes.replace(bytes.size() - last.size(), last.size(), std::string(last.size(), '\xFF'));
                    return false;
                  })
        .value();
    {
      Database db(path, Database::Mode::read_write);
      db.prepare("UPDATE batches SET items = ? WHERE first_offset = ?")
          .bind_blob(1, bytes)
          .bind(2, batches[i])
          .run();
    }
    seal(path);
    ASSERT_THAT(lines_of(verify(path).value()),
                ElementsAre(testing::MatchesRegex(
                    "batches, offset [0-9]+, event event-[0-9]+, seq [0-9]+: block ends early")));
  }
}

TEST_F(EveryRow, ABatchThatBeginsBeforeTheEndOfAnotherIsNamed) {
  const std::string path = damaged(
      "INSERT INTO batches SELECT first_offset + 1, count, committed_ms, 0, items, ingest_times, 0 FROM "
      "batches "
      "WHERE count > 3 LIMIT 1");
  seal(path);
  EXPECT_THAT(lines_of(verify(path).value()), ElementsAre(HasSubstr("begins before the one before it ends")));
}

Batch batch_of_one(std::string block, EventHandle event, std::vector<Batch::NewEvent> new_events) {
  Batch batch;
  batch.first = Offset(1);
  batch.count = 1;
  put_varint(batch.items, std::uint64_t{event.value} << 1);
  put_varint(batch.items, block.size());
  batch.items += block;
  put_zigzag(batch.ingest_times, 1'000);
  batch.touches.push_back({event, Seq(1), 1});
  batch.new_events = std::move(new_events);
  return batch;
}

TEST(FaultyWriter, ADeltaThatStandsForSeveralIsNamed) {
  const TempFolder folder;
  const std::string path = folder / "store.db";
  Delta delta;
  delta.add(Address(0, 0, Field::id), {}, Value::of(std::string_view("a")));
  delta.merged = 2;
  std::string block;
  encode_merged_block(block, delta, 0);
  Journal::open(path)->commit(batch_of_one(block, EventHandle(1), {{EventHandle(1), "a"}}), 5'000).value();
  EXPECT_THAT(lines_of(verify(path).value()),
              ElementsAre("batches, offset 1, event a, seq 1: stands for 2 deltas"));
}

TEST(FaultyWriter, AnEventThatIsNotListedIsNamed) {
  const TempFolder folder;
  const std::string path = folder / "store.db";
  Delta delta;
  delta.add(Address(0, 0, Field::id), {}, Value::of(std::string_view("a")));
  EventState state;
  apply(state, delta);
  std::string block;
  encode_block(block, state, delta, 0);
  Journal::open(path)->commit(batch_of_one(block, EventHandle(1), {}), 5'000).value();
  EXPECT_THAT(lines_of(verify(path).value()), ElementsAre("events: handle 1, which has deltas, is missing"));
}

TEST(FaultyWriter, ASnapshotWithAnotherTimeThanItsDeltaIsNamed) {
  const TempFolder folder;
  const std::string path = folder / "store.db";
  for (const bool source : {true, false}) {
    std::filesystem::remove(path);
    Journal journal = Journal::open(path).value();
    Origin origin({1, 1, 1});
    const LineRef line = origin.add_line(origin.add_source());
    ASSERT_TRUE(journal.source("feed"));
    RandomFeed feed(1, 1);
    Update update = feed.next();
    ASSERT_TRUE(origin.take(line, update, feed.now_ms()));
    Batch batch = origin.take_batch();
    ASSERT_THAT(batch.snapshots, SizeIs(1));
    SnapshotRecord& record = batch.snapshots[0];
    if (source) {
      EventState state = origin.table().events()[0]->state;
      record.source_time_ms = ++state.source_time_ms;
      record.block.clear();
      encode_state(record.block, state);
    } else {
      ++record.ingest_time_ms;
    }
    journal.commit(batch, 5'000).value();
    EXPECT_THAT(
        lines_of(verify(path).value()),
        ElementsAre(HasSubstr(source ? "its source time is not its delta's" : "its ingest time is not")));
  }
}

// --- Pages that SQLite itself cannot read.

TEST(BrokenPages, WhatStandsOnOtherPagesIsStillCompared) {
  const TempFolder folder;
  const std::string path = folder / "store.db";
  write_store(path, 32, 6, 3'000, often);
  const std::string bytes = bytes_of(path);
  const auto deltas = JournalReader::open(path)->head().value;
  Database db(path, Database::Mode::frozen);
  const auto page_bytes = static_cast<std::size_t>(db.value("PRAGMA page_size"));
  int leaves_of_batches = 0;
  for (std::size_t page = 1; page < bytes.size() / page_bytes; ++page) {
    std::string broken = bytes;
    broken.replace(page * page_bytes, 8, std::string(8, '\xEE'));
    const std::string copy = folder / "copy.db";
    write_bytes(copy, broken);
    const auto report = verify(copy);
    ASSERT_TRUE(report) << report.error().text;
    ASSERT_FALSE(report->sound()) << page;
    EXPECT_LE(report->findings.size(), findings_max);
    for (const std::string& line : lines_of(*report)) {
      EXPECT_EQ(line.find_first_of("\n*"), std::string::npos) << line;  // SQLite's headings
      const bool gap =
          line.starts_with("batches, from offset ") && line.find("cannot be read") != std::string::npos;
      if (!gap || report->batches == 0) continue;
      // One page of many: those before and behind it are read.
      ++leaves_of_batches;
      EXPECT_EQ(report->deltas + report->unchecked, deltas);
      EXPECT_GT(report->deltas, deltas / 2) << line;
    }
  }
  EXPECT_GT(leaves_of_batches, 10);
}

}  // namespace
}  // namespace touchline::test
