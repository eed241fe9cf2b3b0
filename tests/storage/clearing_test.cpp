// Stores that are cleared of their past: what stays is whole, what goes is in the archive, and whatever breaks it off
// can be done again.

#include "storage/clearing.h"

#include "storage/read_thread.h"
#include "storage/verify.h"
#include "tests/core/update_fixture.h"
#include "tests/storage/store_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace touchline {
namespace {

using test::Moment;
using test::Store;
using test::TempFolder;
using testing::HasSubstr;

using Past = std::map<std::string, std::vector<Moment>>;

constexpr OriginOptions snapshots_often{
    .snapshot_deltas = 40, .snapshot_interval_ms = 30'000, .snapshot_deltas_min = 10};

// By default with nobody else who writes it.
Result<ClearReport> clear(const std::string& store, std::int64_t before_ms, ClearOptions options = {}) {
  auto journal = Journal::open(store);
  if (!journal) return journal.error();
  return Clearing(store, std::move(options)).run(before_ms, [&](const ClearStep& step) {
    return journal->clear(step);
  });
}

void expect_sound(const std::string& path) {
  const auto report = verify(path);
  ASSERT_TRUE(report) << report.error().text;
  for (const Finding& finding : report->findings)
    ADD_FAILURE() << path << ": " << finding.place << ": " << finding.what;
}

struct Batches {
  std::map<std::uint64_t, std::string> rows;
};
Batches batches_of(const std::string& path) {
  Batches all;
  auto reader = JournalReader::open(path).value();
  reader
      .batches(Offset(1),
               [&](const BatchRow& row) {
                 EXPECT_EQ(checksum_of(row), row.checksum);
                 all.rows[row.first.value] = std::to_string(row.committed_ms) + "/" +
                                             std::to_string(row.snapshots) + std::string(row.items) +
                                             std::string(row.ingest_times);
                 return true;
               })
      .value();
  return all;
}

// Every state of the past is where it should be, as it was.
void expect_past(const Past& past, const std::string& store, const std::string& archive, Offset through) {
  auto in_store = JournalReader::open(store).value();
  for (const auto& [id, moments] : past) {
    const auto entry = in_store.find_event(id).value();
    ASSERT_TRUE(entry) << id;
    EXPECT_EQ(entry->last, moments.back().state.seq) << id;
    const Seq base = in_store.cleared_through(entry->handle).value();
    for (const Moment& moment : moments) {
      const AsOf then{.seq = moment.state.seq};
      const auto here = in_store.state(moment.event, then);
      if (moment.offset > through || moment.state.seq == base) {
        ASSERT_TRUE(here) << here.error().text;
        EXPECT_TRUE(test::same_state(here->state, moment.state)) << id;
        EXPECT_EQ(here->offset, moment.offset);
        EXPECT_EQ(here->published_ms, moment.published_ms);
        EXPECT_EQ(here->ingest_time_ms, moment.ingest_time_ms);
      } else {
        ASSERT_FALSE(here) << id << " seq " << moment.state.seq.value;
        EXPECT_EQ(here.error().kind, ErrorKind::not_found);
        EXPECT_THAT(here.error().text, HasSubstr("older than retention"));
      }
    }
  }
  if (archive.empty()) return;
  auto in_archive = JournalReader::open(archive).value();
  EXPECT_EQ(in_archive.head(), through);
  for (const auto& [id, moments] : past) {
    for (const Moment& moment : moments) {
      if (moment.offset > through) continue;
      const auto there = in_archive.state(moment.event, {.seq = moment.state.seq});
      ASSERT_TRUE(there) << there.error().text;
      EXPECT_TRUE(test::same_state(there->state, moment.state)) << id;
      EXPECT_EQ(there->published_ms, moment.published_ms);
    }
  }
}

class ClearedStore : public testing::Test {
 protected:
  ClearedStore() : past_(test::write_store(path_, 7, 9, 1'500, snapshots_often)) {
    for (const auto& [id, moments] : past_) {
      for (const Moment& moment : moments)
        times_[moment.offset] = moment.published_ms;
    }
    test::copy_store(path_, whole_);
  }
  // Published when so much of the journal had been.
  std::int64_t time_at(double part) const {
    return times_.at(Offset(static_cast<std::uint64_t>(part * static_cast<double>(times_.size()))));
  }

  TempFolder folder_;
  std::string path_ = folder_ / "live.db";
  std::string whole_ = folder_ / "whole.db";
  std::string archive_ = folder_ / "archive.db";
  Past past_;
  std::map<Offset, std::int64_t> times_;
};

TEST_F(ClearedStore, KeepsWhatIsBehindAndHasTheRestInItsArchive) {
  const auto report = clear(path_, time_at(0.6), {.archive = archive_});
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_GT(report->batches, 50U);
  EXPECT_LT(report->published_ms, time_at(0.6));
  EXPECT_GT(report->through.value, times_.size() / 2);
  expect_sound(path_);
  expect_sound(archive_);
  expect_past(past_, path_, archive_, report->through);

  Batches joined = batches_of(archive_);
  const Batches rest = batches_of(path_);
  EXPECT_EQ(rest.rows.begin()->first, report->through.value + 1);
  joined.rows.insert(rest.rows.begin(), rest.rows.end());
  EXPECT_EQ(joined.rows, batches_of(whole_).rows) << "byte for byte";
}

// The clock was years ahead for a moment, and one batch says so.
TEST_F(ClearedStore, IsNotHeldUpByABatchOfTheFuture) {
  const std::string dated = folder_ / "dated.db";
  {
    Store store(dated);
    for (int i = 1; i <= 9; ++i) {
      store.take(test::updated().at_ms(i * 1'000).event("e").set(Field::home_score, i), i * 1'000);
      store.commit(i == 3 || i == 4 || i == 8 ? 4'000'000'000'000 + i : i * 1'000);
    }
  }
  EXPECT_TRUE(Clearing(dated, {}).has_work(6'500).value());
  const auto report = clear(dated, 6'500, {.archive = archive_});
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(report->through, Offset(6));
  EXPECT_FALSE(Clearing(dated, {}).has_work(6'500).value());
  // What is dated of the future is as old as what comes behind it, and nothing that is not does.
  EXPECT_EQ(clear(dated, 8'500)->through, Offset(7));
  expect_sound(dated);
  expect_sound(archive_);
}

TEST_F(ClearedStore, IsTakenUpAndGoesOn) {
  ASSERT_TRUE(clear(path_, time_at(0.9), {.archive = archive_}));
  Origin whole;
  whole.add_source();
  ASSERT_TRUE(Journal::open(whole_)->restore(whole));
  {
    Store store(path_, snapshots_often);
    for (const auto& event : whole.table().events()) {
      const LiveEvent& here = store.origin().table().event(event->handle);
      EXPECT_TRUE(test::same_state(here.state, event->state)) << event->id;
      EXPECT_EQ(store.origin().restored_at(event->handle), whole.restored_at(event->handle));
    }
    test::RandomFeed feed(8, 12);
    store.run(feed, 300);
  }
  expect_sound(path_);
}

TEST_F(ClearedStore, IsClearedAgainAndAgainIntoOneArchive) {
  Offset through;
  for (const double part : {0.1, 0.25, 0.25, 0.5, 0.95}) {
    const auto report = clear(path_, time_at(part), {.archive = archive_});
    ASSERT_TRUE(report) << report.error().text;
    EXPECT_EQ(report->from, through);
    through = report->through;
    expect_sound(path_);
    expect_sound(archive_);
  }
  expect_past(past_, path_, archive_, through);
}

TEST_F(ClearedStore, KeepsItsLastBatchWhateverIsAskedFor) {
  const auto report = clear(path_, 1LL << 60, {.archive = archive_});
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(batches_of(path_).rows.size(), 1U);
  expect_sound(path_);
  expect_past(past_, path_, archive_, report->through);
  EXPECT_FALSE(Clearing(path_, {}).has_work(1LL << 60).value());
  EXPECT_EQ(clear(path_, 1LL << 60)->batches, 0U);
}

TEST_F(ClearedStore, TakesNoMoreInOneRunThanItMay) {
  const auto first = clear(path_, time_at(0.5), {.deltas_max = 1});
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->more);
  EXPECT_TRUE(Clearing(path_, {}).has_work(time_at(0.5)).value() || first->through.value > 0);
  expect_sound(path_);
}

// As if the process had died behind each step, or within the next one.
TEST_F(ClearedStore, WhereverItIsBrokenOffIsSoundAndEndsAsIfItHadNotBeen) {
  const std::string sound = folder_ / "sound.db";
  test::copy_store(whole_, sound);
  const auto unbroken = clear(sound, time_at(0.6));
  ASSERT_TRUE(unbroken);
  bool finished = false;
  for (int steps = 0; !finished; ++steps) {
    test::copy_store(whole_, path_);
    for (const char* end : {"", "-wal", "-shm"})
      std::filesystem::remove(archive_ + end);
    {
      auto journal = Journal::open(path_);
      int left = steps;
      const auto broken =
          Clearing(path_, {.archive = archive_}).run(time_at(0.6), [&](const ClearStep& step) {
            if (left-- == 0) return Result<std::uint64_t>(Error{ErrorKind::environment, "broken off", 0});
            const auto rows = journal->clear(step);
            EXPECT_LE(rows.value(), clear_rows_max + 10) << "a step is small";
            return rows;
          });
      finished = static_cast<bool>(broken);
    }
    expect_sound(path_);
    expect_sound(archive_);
    {
      Store taken_up(path_, snapshots_often);
      EXPECT_EQ(taken_up.origin().table().events().size(), past_.size());
    }
    const auto again = clear(path_, time_at(0.6), {.archive = archive_});
    ASSERT_TRUE(again) << again.error().text;
    EXPECT_EQ(again->through, unbroken->through);
    expect_sound(path_);
    expect_sound(archive_);
    EXPECT_EQ(batches_of(path_).rows, batches_of(sound).rows);
    if (steps % 5 == 0) expect_past(past_, path_, archive_, unbroken->through);
    auto left = JournalReader::open(path_).value();
    EXPECT_EQ(left.database().value("SELECT count(*) FROM batches WHERE first_offset <= "
                                    "(SELECT value FROM meta WHERE key = 'complete_after')"),
              0);
    EXPECT_EQ(left.database().value("SELECT count(*) FROM event_batches WHERE batch <= "
                                    "(SELECT value FROM meta WHERE key = 'complete_after')"),
              0);
    if (testing::Test::HasFailure()) FAIL() << "broken off behind step " << steps;
  }
}

TEST_F(ClearedStore, GivesAReturningReaderWhatItHasAndNothingOfWhatItHasNot) {
  const auto report = clear(path_, time_at(0.6));
  ASSERT_TRUE(report);
  const Offset head(times_.size());
  EXPECT_TRUE(ReadThread::read(path_, {report->through, head, 1U << 30}));
  EXPECT_FALSE(ReadThread::read(path_, {Offset(report->through.value - 1), head, 1U << 30}));
}

TEST_F(ClearedStore, UsesTheSpaceAgain) {
  ASSERT_TRUE(clear(path_, time_at(0.95)));
  { Journal::open(path_).value(); }
  const auto before = std::filesystem::file_size(path_);
  {
    test::RandomFeed feed(9, 9);
    Store store(path_, snapshots_often);
    store.run(feed, 700);
  }
  EXPECT_LE(std::filesystem::file_size(path_), before + 64U * 1024);
}

TEST_F(ClearedStore, DoesNotClearWhatIsDamaged) {
  test::tamper(path_,
               "UPDATE batches SET committed_ms = committed_ms - 1 WHERE first_offset = "
               "(SELECT first_offset FROM batches ORDER BY first_offset LIMIT 1 OFFSET 20)");
  const auto report = clear(path_, time_at(0.6), {.archive = archive_});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind, ErrorKind::malformed);
  EXPECT_THAT(report.error().text, HasSubstr("nothing from there on is cleared: run touchline verify"));
  EXPECT_EQ(JournalReader::open(path_)->complete_after().value(), Offset(0));
}

TEST_F(ClearedStore, RefusesTheArchiveOfAnotherStore) {
  const std::string other = folder_ / "other.db";
  test::write_store(other, 99, 9, 1'500, snapshots_often);
  ASSERT_TRUE(clear(other, time_at(0.3), {.archive = archive_}));
  const std::string archived = test::bytes_of(archive_);
  const auto report = clear(path_, time_at(0.6), {.archive = archive_});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind, ErrorKind::mismatch);
  EXPECT_THAT(report.error().text, HasSubstr("is the archive of another store"));
  EXPECT_EQ(test::bytes_of(archive_), archived);
  EXPECT_EQ(batches_of(path_).rows, batches_of(whole_).rows);
}

TEST_F(ClearedStore, RefusesAnArchiveThatLacksWhatWasClearedSince) {
  ASSERT_TRUE(clear(path_, time_at(0.2), {.archive = archive_}));
  ASSERT_TRUE(clear(path_, time_at(0.4)));
  const auto report = clear(path_, time_at(0.6), {.archive = archive_});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind, ErrorKind::mismatch);
  EXPECT_THAT(report.error().text, HasSubstr("what is between is in neither"));
}

TEST_F(ClearedStore, BeginsANewArchiveBehindWhatIsGone) {
  const auto gone = clear(path_, time_at(0.3));
  const auto report = clear(path_, time_at(0.6), {.archive = archive_});
  ASSERT_TRUE(report) << report.error().text;
  expect_sound(archive_);
  auto reader = JournalReader::open(archive_).value();
  EXPECT_EQ(reader.complete_after().value(), gone->through);
  EXPECT_EQ(report->archive_begins, gone->through) << "which is said";
  for (const auto& [id, moments] : past_) {
    for (const Moment& moment : moments) {
      if (moment.offset <= gone->through || moment.offset > report->through) continue;
      EXPECT_TRUE(
          test::same_state(reader.state(moment.event, {.seq = moment.state.seq})->state, moment.state));
    }
  }
  // And a third one behind that, as if there were one a month.
  const std::string next = folder_ / "next.db";
  ASSERT_TRUE(clear(path_, time_at(0.8), {.archive = next}));
  expect_sound(next);
  EXPECT_EQ(JournalReader::open(next)->complete_after().value(), report->through);
}

TEST_F(ClearedStore, VerifyFindsABaseThatIsMissingOrWrong) {
  ASSERT_TRUE(clear(path_, time_at(0.6)));
  const std::string cleared = folder_ / "cleared.db";
  { Journal::open(path_).value(); }
  test::copy_store(path_, cleared);
  const std::string base =
      " WHERE event = 3 AND last_offset <= (SELECT value FROM meta WHERE key = 'complete_after')";
  for (const std::string& sql :
       {"DELETE FROM snapshots" + base, "UPDATE snapshots SET digest = digest + 1" + base,
        "UPDATE snapshots SET seq = seq - 1" + base,
        std::string("UPDATE meta SET value = value - 1 WHERE key = 'complete_after'"),
        std::string("DELETE FROM batches WHERE first_offset = (SELECT min(first_offset) FROM batches)")}) {
    test::copy_store(cleared, path_);
    test::tamper(path_, sql.c_str());
    const auto report = verify(path_);
    ASSERT_TRUE(report);
    EXPECT_FALSE(report->sound()) << sql;
  }
}

TEST_F(ClearedStore, IsMadeOfAStoreOfTheVersionBefore) {
  {
    Database db(path_, Database::Mode::read_write);
    to_older_version(db, 2);
  }
  expect_sound(path_);
  auto reader = JournalReader::open(path_).value();
  EXPECT_EQ(reader.complete_after().value(), Offset(0));
  EXPECT_TRUE(reader.state(EventHandle(1), {}));
  const auto report = clear(path_, time_at(0.6), {.archive = archive_});
  ASSERT_TRUE(report) << report.error().text;
  expect_sound(path_);
  expect_past(past_, path_, archive_, report->through);
}

}  // namespace
}  // namespace touchline
