// What stands in a store beside its deltas is looked at as well, and each fault named with its place.

#include "storage/verify_tables.h"

#include "storage/sqlite.h"
#include "storage/verify.h"
#include "tests/storage/store_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace touchline::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

class VerifyTables : public testing::Test {
 protected:
  void SetUp() override { write_store(path_, 41, 3, 200, {40, 20'000, 15}); }

  VerifyReport report_after(const std::string& damage) const {
    const std::string copy = folder_ / "copy.db";
    copy_store(path_, copy);
    tamper(copy, damage.c_str());
    const auto report = verify(copy);
    EXPECT_TRUE(report) << report.error().text;
    return *report;
  }
  std::vector<std::string> after(const std::string& damage) const {
    std::vector<std::string> lines;
    for (const Finding& finding : report_after(damage).findings)
      lines.push_back(finding.place + ": " + finding.what);
    return lines;
  }

  TempFolder folder_;
  std::string path_ = folder_ / "store.db";
};

TEST_F(VerifyTables, MetaIsComparedKeyByKey) {
  EXPECT_THAT(after("DELETE FROM meta WHERE key = 'epoch'"), ElementsAre("meta, epoch: is missing"));
  EXPECT_THAT(after("DELETE FROM meta WHERE key = 'head'"), ElementsAre("meta, head: is missing"));
  EXPECT_THAT(after("DELETE FROM meta"), ElementsAre("meta, epoch: is missing", "meta, head: is missing"));
  EXPECT_THAT(after("UPDATE meta SET value = -7 WHERE key = 'epoch'"), ElementsAre("meta, epoch: is -7"));
  EXPECT_THAT(after("UPDATE meta SET value = 'far' WHERE key = 'head'"),
              ElementsAre("meta, head: is no integer but text"));
  EXPECT_THAT(after("INSERT INTO meta VALUES ('theirs', 3)"), ElementsAre("meta, theirs: is no key of ours"));
}

TEST_F(VerifyTables, WhatIsNumberedByASourceOrAnEventThatIsNotThereIsNamed) {
  EXPECT_THAT(after("INSERT INTO source_numbers VALUES (3, 1, 5)"),
              ElementsAre("source_numbers, source 3, event 1: there is no such source"));
  EXPECT_THAT(after("INSERT INTO source_numbers VALUES (1, 9, 5)"),
              ElementsAre("source_numbers, source 1, event 9: there is no such event"));
  EXPECT_THAT(after("INSERT INTO source_numbers VALUES (1, 1, 'many')"),
              ElementsAre("source_numbers, source 1, event 1: its number is no integer but text"));
  EXPECT_THAT(after("INSERT INTO source_numbers VALUES (1, 1, -1)"),
              ElementsAre("source_numbers, source 1, event 1: its number is -1"));
}

TEST_F(VerifyTables, SourcesAreDenseFromOne) {
  EXPECT_THAT(after("INSERT INTO sources VALUES (3, 'x')"),
              ElementsAre("sources, number 3: x should have number 2"));
  EXPECT_THAT(after("UPDATE sources SET number = 4000000000"),
              ElementsAre("sources, number 4000000000: feed should have number 1"));
  EXPECT_THAT(after("INSERT INTO sources VALUES (-5, 'x')"),
              ElementsAre("sources, number -5: x should have number 1",
                          "sources, number 1: feed should have number -4"));
}

TEST_F(VerifyTables, CursorsDoNotStandBeforeTheBeginning) {
  EXPECT_THAT(after("INSERT INTO cursors VALUES ('day', 5, 1, -3, -9, '')"), IsEmpty());
  EXPECT_THAT(after("INSERT INTO cursors VALUES ('day', -5, 1, 0, 0, '')"),
              ElementsAre("cursors, day: byte is -5"));
  EXPECT_THAT(after("INSERT INTO cursors VALUES ('day', 5, -1, 0, 0, '')"),
              ElementsAre("cursors, day: line is -1"));
  EXPECT_THAT(after("INSERT INTO cursors VALUES ('day', 'x', 1, 0, 0, '')"),
              ElementsAre("cursors, day: byte is no integer but text"));
}

TEST_F(VerifyTables, ManyRowsOfOneTableDoNotHideTheOthers) {
  const auto report = report_after(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300) "
      "INSERT INTO cursors SELECT 'day ' || i, -1, 0, 0, 0, '' FROM n; DELETE FROM meta WHERE key = 'epoch'");
  EXPECT_THAT(report.findings, SizeIs(11));
  EXPECT_EQ(report.more_findings, 290U);
}

TEST_F(VerifyTables, AMissingTableIsNamedAndTheOthersAreLookedAt) {
  for (const char* table : {"meta", "sources", "cursors", "source_numbers", "rejected"}) {
    EXPECT_THAT(
        after("DROP TABLE " + std::string(table) + "; UPDATE events SET id = 'x' WHERE handle = 2"),
        ElementsAre("table " + std::string(table) + ": is missing", StartsWith("events, handle 2: ")));
  }
  for (const char* table : {"batches", "event_batches", "events", "snapshots"}) {
    const auto lines =
        after("DROP TABLE " + std::string(table) + "; INSERT INTO cursors VALUES ('day', -5, 1, 0, 0, '')");
    EXPECT_THAT(lines,
                ElementsAre("table " + std::string(table) + ": is missing", "cursors, day: byte is -5"));
  }
  const auto report = report_after("DROP TABLE batches");
  EXPECT_GT(report.unchecked, 100U);
  EXPECT_EQ(report.deltas, 0U);
}

TEST_F(VerifyTables, ATableWithOtherColumnsIsNamed) {
  EXPECT_THAT(after("ALTER TABLE cursors DROP COLUMN time_ms"),
              ElementsAre(StartsWith("table cursors: its columns are ")));
  EXPECT_THAT(after("ALTER TABLE batches ADD COLUMN more"),
              ElementsAre(StartsWith("table batches: its columns are ")));
}

TEST_F(VerifyTables, WhatIsNotOursIsNamed) {
  EXPECT_THAT(after("CREATE TABLE theirs (a)"), ElementsAre("table theirs: is not ours"));
  EXPECT_THAT(after("CREATE VIEW theirs AS SELECT 1"), ElementsAre("view theirs: is not ours"));
  EXPECT_THAT(after("CREATE INDEX theirs ON batches (count)"),
              ElementsAre("index theirs on batches: is not ours"));
  EXPECT_THAT(after("CREATE TRIGGER theirs AFTER INSERT ON batches BEGIN SELECT 1; END"),
              ElementsAre("trigger theirs on batches: is not ours"));
  EXPECT_THAT(after("DROP TABLE cursors; CREATE VIEW cursors AS SELECT 1"),
              ElementsAre("table cursors: is missing", "view cursors: is not ours"));
  EXPECT_THAT(after("ANALYZE"), IsEmpty());  // SQLite's own notes
}

}  // namespace
}  // namespace touchline::test
