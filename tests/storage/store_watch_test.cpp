// Files that are taken away beneath an open store are noticed, and what has come in their place is left alone.

#include "storage/store_watch.h"

#include "storage/journal.h"
#include "storage/journal_reader.h"
#include "storage/store_thread.h"
#include "tests/storage/store_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <string>

namespace touchline::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

class Watch : public testing::Test {
 protected:
  void SetUp() override { write_store(path_, 1, 2, 300); }

  // The next commit behind this is refused, and so is the look of a watch.
  void expect_noticed(const std::function<void()>& harm, const std::string& says) {
    Store store(path_);
    StoreWatch watch = store.journal().watch();
    store.origin().advance({"day", 1, 1, 0, 0});
    store.commit(1'000);
    ASSERT_TRUE(watch.look());
    harm();
    const auto looked = watch.look();
    ASSERT_FALSE(looked);
    EXPECT_EQ(looked.error().kind, ErrorKind::environment);
    EXPECT_EQ(looked.error().text, says + " while the store was in use");
    store.origin().advance({"day", 2, 2, 0, 0});
    const auto committed = store.journal().commit(store.origin().take_batch(), 1'001);
    ASSERT_FALSE(committed);
    EXPECT_EQ(committed.error().text, looked.error().text);
  }

  TempFolder folder_;
  std::string path_ = folder_ / "store.db";
};

TEST_F(Watch, NoticesAStoreThatWasDeleted) {
  expect_noticed([&] { fs::remove(path_); }, path_ + ": was deleted");
}

TEST_F(Watch, NoticesAStoreThatWasMovedAway) {
  expect_noticed([&] { fs::rename(path_, path_ + ".old"); }, path_ + ": was deleted");
}

TEST_F(Watch, NoticesAStoreThatWasReplaced) {
  fs::copy_file(path_, folder_ / "backup.db");
  expect_noticed([&] { fs::rename(folder_ / "backup.db", path_); }, path_ + ": was replaced");
}

TEST_F(Watch, NoticesAStoreThatWasTruncated) {
  expect_noticed([&] { fs::resize_file(path_, 4'096); }, path_ + ": was truncated");
}

TEST_F(Watch, NoticesALogThatWasDeleted) {
  expect_noticed([&] { fs::remove(path_ + "-wal"); }, path_ + "-wal: was deleted");
  expect_noticed([&] { fs::remove(path_ + "-shm"); }, path_ + "-shm: was deleted");
}

TEST_F(Watch, FollowsALinkToTheStore) {
  fs::create_directory(folder_ / "elsewhere");
  const std::string link = folder_ / "elsewhere/link.db";
  const std::string real = folder_ / "real.db";
  fs::create_symlink(real, link);
  Store store(link);
  RandomFeed feed(2, 2);
  store.run(feed, 50);
  // All of it stands in a log that is not beside the link.
  EXPECT_EQ(JournalReader::open(link)->head(), store.journal().head());
  fs::remove(real + "-wal");
  EXPECT_THAT(StoreWatch(store.journal().watch()).look().error().text,
              StartsWith(real + "-wal: was deleted"));
}

// Without anything to commit, too. SQLite, for its part, removes no log at its end if the file beside it is another.
TEST_F(Watch, AStoreThreadSaysThatItsStoreIsGone) {
  {
    Store store(path_);
    std::promise<std::string> lost;
    StoreThreadCalls calls;
    calls.committed = [](const Committed&) {};
    calls.lost = [&](const Error& error) { lost.set_value(error.text); };
    const StoreThread threads(store.journal(), std::move(calls));
    fs::rename(path_, path_ + ".old");
    write_bytes(path_, "another's");
    write_bytes(path_ + "-wal.new", "another's log");
    fs::rename(path_ + "-wal.new", path_ + "-wal");
    auto said = lost.get_future();
    ASSERT_EQ(said.wait_for(std::chrono::minutes(1)), std::future_status::ready);
    EXPECT_THAT(said.get(), HasSubstr(path_ + ": was replaced"));
  }
  EXPECT_EQ(bytes_of(path_ + "-wal"), "another's log");
}

}  // namespace
}  // namespace touchline::test
