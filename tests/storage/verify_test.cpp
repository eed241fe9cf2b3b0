#include "storage/verify.h"

#include "storage/journal_reader.h"
#include "storage/sqlite.h"
#include "tests/storage/store_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace touchline::test {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::SizeIs;
using testing::StartsWith;

constexpr OriginOptions often{40, 20'000, 15};  // snapshots

std::vector<std::string> lines_of(const VerifyReport& report) {
  std::vector<std::string> lines;
  for (const Finding& finding : report.findings)
    lines.push_back(finding.place + ": " + finding.what);
  return lines;
}

// A sound store, written once, and what is known of it.
struct Original {
  TempFolder folder;
  std::string path = folder / "original.db";
  std::map<std::string, std::vector<Moment>> past = write_store(path, 21, 4, 1'200, often);
};

class VerifyTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { original_ = std::make_unique<Original>(); }
  static void TearDownTestSuite() { original_.reset(); }

  void SetUp() override {
    std::filesystem::copy_file(original_->path, path_);
    Database db(path_, Database::Mode::frozen);
    // A batch in the middle that touches several events.
    batch_ = db.value("SELECT first_offset FROM batches WHERE first_offset > 600 AND count >= 8 LIMIT 1");
    count_ = db.value(("SELECT count FROM batches WHERE first_offset = " + std::to_string(batch_)).c_str());
    deltas_ = static_cast<std::uint64_t>(db.value("SELECT value FROM meta WHERE key = 'head'"));
    snapshots_ = db.value("SELECT count(*) FROM snapshots");
  }
  static const std::map<std::string, std::vector<Moment>>& past() { return original_->past; }

  VerifyReport after(const std::string& damage) {
    const std::string copy = folder_ / "copy.db";
    copy_store(path_, copy);
    tamper(copy, damage.c_str());
    const auto report = verify(copy);
    EXPECT_TRUE(report) << report.error().text;
    return *report;
  }
  // The statement that changes one byte of a blob.
  static std::string flip(const char* table, const char* column, const std::string& where, int at) {
    const std::string c = column;
    const std::string from = std::to_string(at);
    return "UPDATE " + std::string(table) + " SET " + c + " = CAST(substr(" + c + ", 1, " + from +
           " - 1) || " + "CASE substr(" + c + ", " + from + ", 1) WHEN x'41' THEN x'42' ELSE x'41' END || " +
           "substr(" + c + ", " + from + " + 1) AS BLOB) WHERE " + where;
  }
  std::string of_batch() const { return "first_offset = " + std::to_string(batch_); }

  TempFolder folder_;
  std::string path_ = folder_ / "store.db";
  std::int64_t batch_ = 0;
  std::int64_t count_ = 0;
  std::uint64_t deltas_ = 0;
  std::int64_t snapshots_ = 0;

 private:
  static std::unique_ptr<Original> original_;
};
std::unique_ptr<Original> VerifyTest::original_;

TEST_F(VerifyTest, AStoreAsItWasWrittenHasNoFault) {
  std::uint64_t calls = 0;
  Offset last;
  const auto report = verify(path_, [&](Offset done, Offset head) {
                        EXPECT_GT(done, last);
                        EXPECT_EQ(head.value, deltas_);
                        last = done;
                        ++calls;
                      }).value();
  EXPECT_THAT(lines_of(report), IsEmpty());
  EXPECT_TRUE(report.sound());
  EXPECT_EQ(report.deltas, deltas_);
  EXPECT_EQ(report.unchecked, 0U);
  EXPECT_EQ(report.events, 4U);
  EXPECT_GT(report.snapshots, deltas_ / often.snapshot_deltas);
  EXPECT_EQ(report.snapshots, static_cast<std::uint64_t>(snapshots_));
  EXPECT_GT(report.batches, 100U);
  EXPECT_EQ(report.batches, calls);
  EXPECT_EQ(last.value, deltas_);
  EXPECT_GT(report.bytes, deltas_);
}

TEST_F(VerifyTest, ANewStoreHasNoFault) {
  const std::string path = folder_ / "new.db";
  Journal::open(path).value();
  const auto report = verify(path).value();
  EXPECT_TRUE(report.sound());
  EXPECT_EQ(report.batches, 0U);
}

TEST_F(VerifyTest, WorksBesideARunningWriter) {
  Store store(path_, often);
  RandomFeed feed(22, 4);
  const auto report = verify(path_, [&](Offset, Offset head) {
                        EXPECT_EQ(head.value, deltas_);
                        store.run(feed, 1);
                      }).value();
  EXPECT_THAT(lines_of(report), IsEmpty());
  EXPECT_EQ(report.deltas, deltas_);
  EXPECT_GT(store.origin().head().value, deltas_);
  EXPECT_TRUE(verify(path_)->sound());
}

TEST_F(VerifyTest, AChangedByteOfABatchIsNamedOnceAndItsEventsAreTakenUpAgain) {
  const std::string place = "batches, offset " + std::to_string(batch_) + ": its checksum is wrong";
  for (const char* column : {"items", "ingest_times"}) {
    for (const int at : {1, 2, 7}) {
      const auto report = after(flip("batches", column, of_batch(), at));
      EXPECT_THAT(lines_of(report), ElementsAre(place)) << column << " " << at;
      EXPECT_EQ(report.deltas + report.unchecked, deltas_);
      EXPECT_GE(report.unchecked, static_cast<std::uint64_t>(count_));
      // At most up to the next snapshot of each event that it held.
      EXPECT_LE(report.unchecked, static_cast<std::uint64_t>(count_) + 4 * often.snapshot_deltas);
    }
  }
  for (const char* column : {"checksum", "committed_ms", "snapshots", "count"}) {
    const auto report =
        after("UPDATE batches SET " + std::string(column) + " = " + column + " + 1 WHERE " + of_batch());
    EXPECT_THAT(lines_of(report), ElementsAre(place)) << column;
  }
}

TEST_F(VerifyTest, AMissingBatchIsNamedByItsOffsets) {
  const auto last = std::to_string(batch_ + count_ - 1);
  const auto report = after("DELETE FROM batches WHERE " + of_batch());
  EXPECT_THAT(lines_of(report), ElementsAre("batches: offsets " + std::to_string(batch_) + "-" + last +
                                            " are missing (the row at " + std::to_string(batch_) + ")"));
  EXPECT_EQ(report.deltas + report.unchecked, deltas_);
}

TEST_F(VerifyTest, MissingBatchesAtTheBeginningAndTheEndAreNamed) {
  const auto first = after("DELETE FROM batches WHERE first_offset = 1");
  ASSERT_THAT(first.findings, SizeIs(1));
  EXPECT_THAT(lines_of(first)[0], MatchesRegex("batches: offset.* (is|are) missing \\(the row at 1\\)"));
  const auto end = after("DELETE FROM batches WHERE first_offset > 1000");
  ASSERT_THAT(end.findings, SizeIs(1));
  EXPECT_THAT(lines_of(end)[0],
              AllOf(StartsWith("batches: offsets 10"),
                    HasSubstr("-" + std::to_string(deltas_) + " are missing (the rows at 10"),
                    MatchesRegex(".* and [0-9]+ more\\)")));
  EXPECT_EQ(end.deltas + end.unchecked, deltas_);
}

TEST_F(VerifyTest, AllBatchesMissingIsOneFinding) {
  const auto report = after("DELETE FROM batches");
  ASSERT_THAT(report.findings, SizeIs(1));
  EXPECT_THAT(lines_of(report)[0],
              StartsWith("batches: offsets 1-" + std::to_string(deltas_) + " are missing"));
  EXPECT_EQ(report.unchecked, deltas_);
}

TEST_F(VerifyTest, AHeadThatIsNotTheLastOffsetIsNamed) {
  const std::string head = std::to_string(deltas_);
  EXPECT_THAT(lines_of(after("UPDATE meta SET value = value - 1 WHERE key = 'head'")),
              ElementsAre("meta: head is " + std::to_string(deltas_ - 1) +
                          ", the last batch ends at offset " + head));
  EXPECT_THAT(lines_of(after("UPDATE meta SET value = value + 2 WHERE key = 'head'")),
              ElementsAre("batches: offsets " + std::to_string(deltas_ + 1) + "-" +
                          std::to_string(deltas_ + 2) + " are missing"));
}

TEST_F(VerifyTest, AChangedSnapshotIsNamed) {
  const std::string where = "rowid = (SELECT rowid FROM snapshots WHERE event = 3 LIMIT 1 OFFSET 2)";
  Database db(path_, Database::Mode::frozen);
  const auto seq = db.value("SELECT seq FROM snapshots WHERE event = 3 LIMIT 1 OFFSET 2");
  const std::string id = JournalReader::open(path_)->events().value()[2].id;
  const std::string place = "snapshots, event " + id + ", seq " + std::to_string(seq) + ": ";
  for (const int at : {1, 5, 20, 60, 200}) {
    const auto report = after(flip("snapshots", "state", where, at));
    EXPECT_THAT(lines_of(report), ElementsAre(StartsWith(place))) << at;
    EXPECT_EQ(report.unchecked, 0U);
  }
  for (const char* column : {"digest", "source_time_ms", "ingest_time_ms"}) {
    const auto report =
        after("UPDATE snapshots SET " + std::string(column) + " = " + column + " + 1 WHERE " + where);
    EXPECT_THAT(lines_of(report), ElementsAre(StartsWith(place))) << column;
  }
}

TEST_F(VerifyTest, ASnapshotThatStandsAtAnotherPlaceIsNamed) {
  const std::string where = " WHERE rowid = (SELECT rowid FROM snapshots WHERE event = 3 LIMIT 1 OFFSET 2)";
  const auto seq = after("UPDATE snapshots SET seq = seq + 1" + where);
  EXPECT_THAT(lines_of(seq), ElementsAre(HasSubstr("has seq ")));
  const auto offset = after("UPDATE snapshots SET last_offset = last_offset + 1" + where);
  EXPECT_FALSE(offset.sound());
  EXPECT_THAT(lines_of(offset), Each(HasSubstr("snapshots")));
  const auto event = after("UPDATE snapshots SET event = 77" + where);
  EXPECT_THAT(lines_of(event), testing::Contains(HasSubstr("event with handle 77")));
  const auto nowhere = after("UPDATE snapshots SET last_offset = 1000000" + where);
  EXPECT_THAT(lines_of(nowhere),
              testing::Contains(HasSubstr("names offset 1000000, which is none of the journal's")));
}

// Its row is consistent in itself, and wrong all the same.
TEST_F(VerifyTest, ASnapshotOfAnotherStateIsToldApartInWords) {
  const auto report = after(
      "UPDATE snapshots SET (state, digest, source_time_ms) = "
      "(SELECT state, digest, source_time_ms FROM snapshots WHERE event = 3 LIMIT 1 OFFSET 1) "
      "WHERE rowid = (SELECT rowid FROM snapshots WHERE event = 3 LIMIT 1 OFFSET 2)");
  EXPECT_THAT(lines_of(report),
              ElementsAre(MatchesRegex("snapshots, event event-[0-9]+, seq [0-9]+: differs from the "
                                       "state rebuilt in [0-9]+ cells, rebuilt -> stored: .+")));
}

TEST_F(VerifyTest, AMissingSnapshotIsNamedByItsBatch) {
  Database db(path_, Database::Mode::frozen);
  const auto offset = db.value("SELECT last_offset FROM snapshots WHERE event = 2 LIMIT 1 OFFSET 1");
  const auto batch = db.value(
      ("SELECT max(first_offset) FROM batches WHERE first_offset <= " + std::to_string(offset)).c_str());
  const auto report = after("DELETE FROM snapshots WHERE last_offset = " + std::to_string(offset));
  EXPECT_THAT(lines_of(report),
              ElementsAre(MatchesRegex("snapshots: of the batch at offset " + std::to_string(batch) +
                                       " there are [0-9]+, with it were written [0-9]+")));
}

TEST_F(VerifyTest, RowsOfEventBatchesAreComparedWithTheBatches) {
  const std::string row =
      " WHERE event = 1 AND first_seq = (SELECT first_seq FROM event_batches WHERE event = 1 LIMIT 1 OFFSET "
      "9)";
  Database db(path_, Database::Mode::frozen);
  const auto seq = db.value("SELECT first_seq FROM event_batches WHERE event = 1 LIMIT 1 OFFSET 9");
  const std::string id = JournalReader::open(path_)->events().value()[0].id;
  const std::string place = "event_batches, event " + id + ", seq " + std::to_string(seq) + ": ";
  EXPECT_THAT(lines_of(after("DELETE FROM event_batches" + row)),
              ElementsAre(StartsWith(place + "the row is missing: the batch at offset ")));
  EXPECT_THAT(lines_of(after("UPDATE event_batches SET count = count + 1" + row)),
              ElementsAre(MatchesRegex(
                  place + "says [0-9]+ deltas from seq [0-9]+, the batch at offset .* holds .*")));
  EXPECT_THAT(
      lines_of(after(
          "INSERT INTO event_batches SELECT event, first_seq + 100000, count, batch FROM event_batches" +
          row)),
      ElementsAre(HasSubstr("is the second row of the batch")));
  EXPECT_THAT(lines_of(after("INSERT INTO event_batches VALUES (1, 100000, 1, 1000000)")),
              ElementsAre(HasSubstr("seq 100000: names a batch at offset 1000000, where none begins")));
  EXPECT_THAT(lines_of(after("UPDATE event_batches SET batch = batch + 1" + row)), SizeIs(2));
}

TEST_F(VerifyTest, AChangedIdOfAnEventIsNamed) {
  const std::string id = JournalReader::open(path_)->events().value()[1].id;
  EXPECT_THAT(lines_of(after("UPDATE events SET id = 'another' WHERE handle = 2")),
              ElementsAre("events, handle 2: its id is another, its deltas say " + id));
}

TEST_F(VerifyTest, AMissingOrSuperfluousEventIsNamed) {
  EXPECT_THAT(lines_of(after("DELETE FROM events WHERE handle = 2")),
              ElementsAre("events: handle 2 is missing"));
  EXPECT_THAT(lines_of(after("DELETE FROM events WHERE handle = 4")),
              ElementsAre("events: handle 4, which has deltas, is missing"));
  EXPECT_THAT(lines_of(after("INSERT INTO events VALUES (5, 'more')")),
              ElementsAre("events, handle 5: more has no deltas"));
  EXPECT_THAT(lines_of(after("INSERT INTO events VALUES (7, 'more')")), SizeIs(2));
}

TEST_F(VerifyTest, ManyFaultsAreCountedAndNotAllListed) {
  const auto all = after("UPDATE batches SET checksum = checksum + 1");
  EXPECT_THAT(all.findings, SizeIs(findings_max));
  EXPECT_EQ(all.findings.size() + all.more_findings, all.batches);
  EXPECT_EQ(all.unchecked, deltas_);

  // One sick event does not hide the others.
  const auto one = after(
      "UPDATE snapshots SET digest = digest + 1 WHERE event = 2; UPDATE events SET id = 'x' WHERE handle = "
      "4");
  EXPECT_THAT(one.findings, SizeIs(findings_of_event_max + 1));
  EXPECT_GT(one.more_findings, 0U);
  EXPECT_FALSE(one.sound());
}

TEST_F(VerifyTest, WhatNoSnapshotLeadsBackToIsNotTakenOnTrust) {
  const auto report = after("DELETE FROM snapshots WHERE last_offset > " + std::to_string(batch_) + "; " +
                            flip("batches", "items", of_batch(), 3));
  const auto first = static_cast<std::uint64_t>(batch_);
  std::uint64_t unchecked = 0;
  for (const auto& [id, moments] : past()) {
    const auto in_batch = [&](const Moment& moment) {
      return moment.offset.value >= first && moment.offset.value < first + static_cast<std::uint64_t>(count_);
    };
    if (std::none_of(moments.begin(), moments.end(), in_batch)) continue;
    for (const Moment& moment : moments)
      unchecked += moment.offset.value >= first ? 1U : 0U;
  }
  EXPECT_GT(unchecked, 200U);
  EXPECT_EQ(report.unchecked, unchecked);
  EXPECT_EQ(report.deltas + report.unchecked, deltas_);
}

// The differential test: whatever one changed byte of the file does to what a reader is told, verify says so.
TEST_F(VerifyTest, NoChangedByteOfTheFileGoesUnnoticedWhereItChangesAState) {
  const std::string bytes = bytes_of(path_);
  const std::string copy = folder_ / "copy.db";
  RandomFeed random(23, 1);
  int noticed = 0;
  for (int i = 0; i < 300; ++i) {
    std::string changed = bytes;
    const std::size_t at = random.below(changed.size());
    changed[at] = static_cast<char>(changed[at] ^ static_cast<char>(1U << random.below(8)));
    write_bytes(copy, changed);
    for (const char* end : {"-wal", "-shm"})
      std::filesystem::remove(copy + end);
    const auto report = verify(copy);
    if (!report || !report->sound()) {
      ++noticed;
      if (report) {
        EXPECT_LE(report->findings.size(), findings_max);
      }
      continue;
    }
    auto reader = JournalReader::open(copy).value();
    for (const auto& [id, moments] : past()) {
      const auto event = reader.find_event(id).value();
      ASSERT_TRUE(event.has_value()) << at;
      ASSERT_TRUE(same_state(reader.state(event->handle, {}).value().state, moments.back().state)) << at;
      const Moment& moment = moments[random.below(moments.size())];
      ASSERT_TRUE(
          same_state(reader.state(event->handle, {.seq = moment.state.seq}).value().state, moment.state))
          << at;
    }
  }
  EXPECT_GT(noticed, 150);  // the rest fell on free space
}

TEST_F(VerifyTest, WhatIsNoStoreIsAnErrorAndNoFinding) {
  write_bytes(folder_ / "text", "no store\n");
  EXPECT_EQ(verify(folder_ / "text").error().kind, ErrorKind::unsupported);
  EXPECT_EQ(verify(folder_ / "missing").error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace touchline::test
