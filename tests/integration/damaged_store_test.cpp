// A store that is damaged, or in the making: each command says so by name, with the exit code of whose fault it is.

#include "storage/sqlite.h"
#include "tests/integration/files.h"
#include "tests/integration/program.h"
#include "tests/integration/stores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace touchline::integration {
namespace {

using testing::HasSubstr;

constexpr int finding = 1;
constexpr int unusable = 2;

class DamagedStores : public testing::Test {
 protected:
  void SetUp() override { replay({day_}, store_); }

  void damage(const char* sql) const { Database(store_, Database::Mode::read_write).run(sql); }

  void expect_refused(const std::vector<std::string>& arguments, const std::string& says) const {
    const Finished finished = run(arguments);
    EXPECT_EQ(finished.exit_code, unusable) << testing::PrintToString(arguments) << finished.err;
    EXPECT_EQ(finished.signal, 0);
    EXPECT_EQ(finished.out, "");
    EXPECT_THAT(finished.err, HasSubstr(store_ + ": " + says)) << arguments[0];
    EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
  }
  void expect_never_continued(const std::string& says) const {
    expect_refused({"replay", day_, "--store", store_}, says);
    expect_refused({"serve", "--store", store_, "--source", "feed=tcp://127.0.0.1:0"}, says);
  }
  void expect_found(const std::string& says) const {
    const Finished verified = run({"verify", store_});
    EXPECT_EQ(verified.exit_code, finding) << verified.err;
    EXPECT_THAT(verified.out, HasSubstr("fault: " + says));
  }

  TempFolder folder_;
  std::string day_ = simulate_day(folder_, 2, 91);
  std::string store_ = folder_ / "day.db";
};

TEST_F(DamagedStores, WithoutMetaAreOfNoUseToAnyCommand) {
  damage("DELETE FROM meta WHERE key = 'epoch'");
  expect_never_continued("meta: epoch is missing");
  expect_refused({"inspect", store_}, "meta: epoch is missing");
  expect_refused({"export", store_, "--all"}, "meta: epoch is missing");
  expect_refused({"diff", store_, "m-1001", "--from", "1", "--to", "2"}, "meta: epoch is missing");
}

TEST_F(DamagedStores, WithoutATableAreOfNoUseToThoseWhoNeedIt) {
  damage("DROP TABLE event_batches");
  expect_never_continued("cannot be opened: no such table: ");
  expect_refused({"inspect", store_, "events"}, "its events cannot be read: no such table: event_batches");
  expect_refused({"export", store_, "--all"}, "its events cannot be read: no such table: event_batches");
}

// This many sources once led to an attempt to hold all of them.
TEST_F(DamagedStores, WithASourceOfAHugeNumberAreRefused) {
  damage("UPDATE sources SET number = 4000000000");
  expect_never_continued("the numbers of its 1 sources are not dense from 1");
  expect_found("sources, number 4000000000: ");
}

TEST_F(DamagedStores, WhoseBatchesAreDamagedAreNotPlayedAgain) {
  damage("UPDATE batches SET committed_ms = committed_ms + 1");
  expect_never_continued("");
  expect_refused({"replay", store_, "--store", folder_ / "again.db"},
                 "the batch at offset 1: its checksum is wrong");
  expect_refused({"export", store_, "--event", "m-1001", "--seq", "5"}, "the batch at offset 1: ");
  expect_found("batches, offset 1: its checksum is wrong");
}

// Rows that no walk through the events would ever meet.
TEST_F(DamagedStores, WithRowsThatNobodyMeetsAreNotCalledSound) {
  damage("UPDATE event_batches SET first_seq = -first_seq WHERE event = 1");
  expect_found("event_batches, event with handle 1: first_seq -1");
}

TEST_F(DamagedStores, WithANumberOfASourceThatIsNoneAreRefused) {
  damage("UPDATE source_numbers SET number = 'zzz' WHERE event = 1");
  expect_never_continued("source_numbers: source 1, event 1: its number is none");
}

TEST_F(DamagedStores, AreVerifiedAsFarAsTheyGo) {
  damage("DROP TABLE cursors; CREATE TRIGGER theirs AFTER INSERT ON batches BEGIN SELECT 1; END");
  expect_found("table cursors: is missing");
  expect_found("trigger theirs on batches: is not ours");
}

TEST_F(DamagedStores, AStoreWhoseCreationWasBrokenOffIsSimplyMadeAgain) {
  const std::string empty = folder_ / "empty.db";
  write_bytes(empty, "");
  for (const char* command : {"verify", "inspect"}) {
    const Finished finished = run({command, empty});
    EXPECT_EQ(finished.exit_code, unusable);
    EXPECT_THAT(finished.err, HasSubstr(empty + ": holds no store yet"));
  }
  replay({day_}, empty);
  EXPECT_EQ(digests_of(empty), digests_of(store_));
}

TEST_F(DamagedStores, AFolderIsNoStore) {
  const Finished finished = run({"verify", folder_.path().string()});
  EXPECT_EQ(finished.exit_code, 3);
  EXPECT_THAT(finished.err, HasSubstr("is a folder, not a store"));
}

// What would be published from here on would be lost: at once, although nothing comes that would be committed.
TEST_F(DamagedStores, AServiceWhoseStoreIsTakenAwayEnds) {
  for (const bool deleted : {true, false}) {
    const std::string store = folder_ / (deleted ? "deleted.db" : "replaced.db");
    Program service({"serve", "--store", store, "--source", "feed=tcp://127.0.0.1:0"});
    service.wait_for_line("ready:");
    if (deleted) {
      std::filesystem::remove(store);
    } else {
      std::filesystem::copy_file(store_, folder_ / "copy.db");
      std::filesystem::rename(folder_ / "copy.db", store);
    }
    const Finished finished = service.wait();
    EXPECT_EQ(finished.exit_code, 3);
    EXPECT_THAT(finished.err, HasSubstr(store + (deleted ? ": was deleted" : ": was replaced")));
    EXPECT_EQ(std::filesystem::exists(store), !deleted);
  }
  expect_sound(folder_ / "replaced.db");
}

}  // namespace
}  // namespace touchline::integration
