// A log that cannot be copied is no secret, and no end: commits go on, and so do the attempts.

#include "storage/checkpointer.h"

#include "storage/verify.h"
#include "tests/storage/store_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string>

#include <sys/resource.h>

namespace touchline::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// For a while no file of this process may grow past so many bytes, as if the disk were full.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    if (::getrlimit(RLIMIT_FSIZE, &was_) != 0) throw std::runtime_error("getrlimit");
    const rlimit small{bytes, was_.rlim_max};
    if (::setrlimit(RLIMIT_FSIZE, &small) != 0) throw std::runtime_error("setrlimit");
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &was_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit was_{};
  void (*handler_)(int);
};

class Checkpoints : public testing::Test {
 protected:
  // A file that is large already, so that a limit meets it and not the log.
  void SetUp() override { write_store(path_, 1, 4, 3'000, {20, 20'000, 15}); }

  TempFolder folder_;
  std::string path_ = folder_ / "store.db";
  const Checkpointer::Time start_{1h};
};

TEST_F(Checkpoints, ThatFailAreSaidOnceAMinuteAndTriedAgainWhileCommitsGoOn) {
  const auto size = std::filesystem::file_size(path_);
  ASSERT_GT(size, 250'000U);
  Store store(path_);
  RandomFeed feed(2, 4);
  Checkpointer checkpointer(path_);
  EXPECT_FALSE(checkpointer.step(start_)) << "all is well";
  {
    const SmallDisk small(size / 2);
    store.run(feed, 10);
    const auto first = checkpointer.step(start_);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->kind, CheckpointNews::Kind::failing);
    EXPECT_THAT(first->text, HasSubstr(path_ + ": its log cannot be copied into the file and only grows: "));
    int said = 0;
    for (auto time = start_ + 500ms; time <= start_ + 150s; time += 500ms)
      said += checkpointer.step(time) ? 1 : 0;
    EXPECT_EQ(said, 2) << "once a minute";
    store.run(feed, 10);  // which ends the test if it fails
  }
  EXPECT_FALSE(checkpointer.step(start_ + 150s + 500ms)) << "not at once again";
  const auto last = checkpointer.step(start_ + 155s);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->kind, CheckpointNews::Kind::works_again);
  EXPECT_FALSE(checkpointer.step(start_ + 156s));
  // Without its log, the file holds everything.
  Database file(path_, Database::Mode::frozen);
  EXPECT_EQ(file.value("SELECT value FROM meta WHERE key = 'head'"),
            static_cast<std::int64_t>(store.journal().head().value));
  EXPECT_TRUE(verify(path_)->sound());
}

TEST_F(Checkpoints, OfAFileThatCannotBeOpenedAreTriedAgain) {
  const std::string other = folder_ / "later.db";
  Checkpointer checkpointer(other);
  EXPECT_EQ(checkpointer.step(start_)->kind, CheckpointNews::Kind::failing);
  Store store(other);
  EXPECT_EQ(checkpointer.step(start_ + 5s)->kind, CheckpointNews::Kind::works_again);
}

// SQLite answers this with "all right" and counts of -1.
TEST_F(Checkpoints, WhereThereIsNoLogAreAFailure) {
  Database db(path_, Database::Mode::read_write);
  db.run("PRAGMA journal_mode = DELETE");
  EXPECT_THROW(db.checkpoint(), SqliteFailure);
}

}  // namespace
}  // namespace touchline::test
