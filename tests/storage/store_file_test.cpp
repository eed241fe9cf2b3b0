#include "storage/store_file.h"

#include "storage/journal.h"
#include "storage/journal_reader.h"
#include "storage/verify.h"
#include "tests/storage/store_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace touchline::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr auto unwritable = static_cast<fs::perms>(0555);

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

// For a while no longer the one to whom every file is open.
class OrdinaryUser {
 public:
  OrdinaryUser() : was_(::geteuid()) {
    constexpr uid_t nobody = 65534;
    if (was_ == 0 && ::seteuid(nobody) != 0) throw std::runtime_error("seteuid");
  }
  OrdinaryUser(const OrdinaryUser&) = delete;
  OrdinaryUser& operator=(const OrdinaryUser&) = delete;
  ~OrdinaryUser() {
    if (::seteuid(was_) != 0) std::abort();
  }

 private:
  uid_t was_;
};

TEST(StoreFile, ANewStoreIsMadeWhereThereIsNone) {
  const TempFolder folder;
  const std::string path = folder / "new.db";
  const Journal journal = Journal::open(path).value();
  EXPECT_EQ(journal.epoch(), Epoch(1));
  EXPECT_EQ(journal.head(), Offset(0));
  auto reader = JournalReader::open(path).value();
  EXPECT_EQ(reader.epoch(), Epoch(1));
  EXPECT_TRUE(reader.events().value().empty());
}

TEST(StoreFile, AnEmptyFileBecomesAStore) {
  const TempFolder folder;
  write_bytes(folder / "empty", "");
  EXPECT_TRUE(Journal::open(folder / "empty"));
}

TEST(StoreFile, AStoreThatWasMadeForNothingIsTakenBack) {
  const TempFolder folder;
  write_bytes(folder / "empty", "");
  for (const char* name : {"new", "empty"}) {
    Journal journal = Journal::open(folder / name).value();
    EXPECT_TRUE(journal.source("feed"));
    journal.undo_creation();
  }
  EXPECT_THAT(names_in(folder.path()), ElementsAre("empty"));
  EXPECT_EQ(bytes_of(folder / "empty"), "");
}

TEST(StoreFile, AStoreIsNeverTakenBackOnceSomethingWasCommitted) {
  const TempFolder folder;
  const std::string path = folder / "store.db";
  {
    RandomFeed feed(1, 1);
    Store store(path);
    store.run(feed, 5);
    store.journal().undo_creation();
  }
  ASSERT_TRUE(fs::exists(path));
  Journal::open(path)->undo_creation();
  EXPECT_TRUE(verify(path)->sound());
  EXPECT_GT(JournalReader::open(path)->head(), Offset(0));
}

TEST(StoreFile, TheSecondWriterIsRefusedByName) {
  const TempFolder folder;
  const std::string path = folder / "store.db";
  {
    const Journal first = Journal::open(path).value();
    // In a process of its own, as it would come.
    const pid_t child = ::fork();
    if (child == 0) {
      const auto second = Journal::open(path);
      const bool named = !second && second.error().kind == ErrorKind::environment &&
                         second.error().text == path + ": another process is writing this store";
      ::_exit(named ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(JournalReader::open(path));
  }
  EXPECT_TRUE(Journal::open(path));  // once the first has gone
}

TEST(StoreFile, AFileThatIsNotOursIsRefusedAndStaysAsItIs) {
  const TempFolder folder;
  write_bytes(folder / "short.txt", "x");
  write_bytes(folder / "text.txt", "a letter to somebody\n");
  write_bytes(folder / "long.bin", std::string(100'000, '\x5A'));
  write_bytes(folder / "header.bin", std::string("SQLite format 3\0", 16) + std::string(4'080, '\x7F'));
  Database(folder / "others.db", Database::Mode::create)
      .run("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)");
  Database(folder / "others-wal.db", Database::Mode::create)
      .run("PRAGMA journal_mode = WAL; CREATE TABLE theirs (a)");
  Database(folder / "others-id.db", Database::Mode::create).run("PRAGMA application_id = 77");
  for (const std::string& name : names_in(folder.path())) {
    const std::string path = folder / name;
    const std::string before = bytes_of(path);
    const auto time_before = fs::last_write_time(path);
    const auto names_before = names_in(folder.path());
    for (const Error& error : {Journal::open(path).error(), JournalReader::open(path).error()}) {
      EXPECT_EQ(error.kind, ErrorKind::unsupported) << error.text;
      EXPECT_EQ(error.text, path + ": is not a Touchline store");
    }
    EXPECT_TRUE(bytes_of(path) == before) << name;
    EXPECT_TRUE(fs::last_write_time(path) == time_before) << name;
    EXPECT_EQ(names_in(folder.path()), names_before) << name;
  }
}

TEST(StoreFile, AStoreOfALaterVersionIsRefusedWithBothVersions) {
  const TempFolder folder;
  const std::string path = folder / "store.db";
  write_store(path, 1, 1, 10);
  tamper(path, "PRAGMA user_version = 7");
  const std::string before = bytes_of(path);
  for (const Error& error : {Journal::open(path).error(), JournalReader::open(path).error()}) {
    EXPECT_EQ(error.kind, ErrorKind::unsupported);
    EXPECT_THAT(error.text, HasSubstr("is a store of version 7, this program knows versions 1 to 3"));
  }
  EXPECT_TRUE(bytes_of(path) == before);
}

TEST(StoreFile, AStoreOfAnEarlierVersionIsReadAsItIsAndBroughtUpByWhoWritesIt) {
  const TempFolder folder;
  const std::string path = folder / "store.db";
  write_store(path, 1, 1, 10);
  {
    Database db(path, Database::Mode::read_write);
    db.run("INSERT INTO cursors VALUES ('day@1', 70, 7, 5, 9, '')");
    to_older_version(db, 1);
  }
  ASSERT_TRUE(JournalReader::open(path)->cursors());
  EXPECT_THAT(verify(path)->findings, testing::IsEmpty());
  EXPECT_EQ(Database(path, Database::Mode::read_only).value("PRAGMA user_version"), 1);
  {
    auto journal = Journal::open(path);
    ASSERT_TRUE(journal) << journal.error().text;
    const auto cursor = journal->cursor("day@1");
    ASSERT_TRUE(cursor && *cursor);
    EXPECT_EQ((*cursor)->line, 7U);
    EXPECT_EQ((*cursor)->token, "");
  }
  EXPECT_EQ(Database(path, Database::Mode::read_only).value("PRAGMA user_version"), store_version);
  EXPECT_THAT(verify(path)->findings, testing::IsEmpty());
}

TEST(StoreFile, WhereNothingCanBeWrittenTheFolderIsNamed) {
  const TempFolder folder;
  const auto missing = Journal::open(folder / "no/such/store.db");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::environment);
  EXPECT_THAT(missing.error().text,
              HasSubstr("no/such/store.db: cannot be opened for writing: No such file"));

  fs::permissions(folder.path(), unwritable);
  {
    const OrdinaryUser ordinary;
    const auto refused = Journal::open(folder / "store.db");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::environment);
    EXPECT_EQ(refused.error().text,
              (folder / "store.db") + ": cannot be opened for writing: Permission denied");
  }
  fs::permissions(folder.path(), fs::perms::owner_all);
  EXPECT_TRUE(names_in(folder.path()).empty());
}

TEST(StoreFile, AReaderNamesWhatIsMissingAndMakesNothing) {
  const TempFolder folder;
  const auto missing = JournalReader::open(folder / "store.db");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
  EXPECT_THAT(missing.error().text, HasSubstr("No such file"));
  EXPECT_TRUE(names_in(folder.path()).empty());
  EXPECT_THAT(JournalReader::open(folder.path().string()).error().text, HasSubstr("is a folder"));
}

// As it is left behind by a kill between two steps of its creation.
TEST(StoreFile, AStoreWhoseCreationWasBrokenOffIsNamedAndMadeAgain) {
  const TempFolder folder;
  const std::string whole = folder / "whole.db";
  write_store(whole, 3, 1, 20);
  write_bytes(folder / "empty.db", "");
  write_bytes(folder / "log.db", "");
  write_bytes(folder / "log.db-wal", "the log of a file that is gone");
  write_bytes(folder / "only-log.db-wal", "the log of a file that is gone");
  Database(folder / "header.db", Database::Mode::create)
      .run("PRAGMA journal_mode = WAL; PRAGMA user_version = 0");
  ASSERT_GT(fs::file_size(folder / "header.db"), 0U);
  for (const char* name : {"empty.db", "log.db", "header.db"}) {
    const auto names = names_in(folder.path());
    const auto read = JournalReader::open(folder / name);
    ASSERT_FALSE(read) << name;
    EXPECT_EQ(read.error().kind, ErrorKind::not_found);
    EXPECT_THAT(read.error().text, HasSubstr(std::string(name) + ": holds no store yet")) << name;
    EXPECT_EQ(names_in(folder.path()), names) << "something was made or taken away";
  }
  EXPECT_EQ(JournalReader::open(folder / "only-log.db").error().kind, ErrorKind::not_found);
  for (const char* name : {"empty.db", "log.db", "header.db", "only-log.db"}) {
    write_store(folder / name, 3, 1, 20);
    EXPECT_TRUE(verify(folder / name)->sound()) << name;
    EXPECT_EQ(JournalReader::open(folder / name)->head(), JournalReader::open(whole)->head()) << name;
  }
}

TEST(StoreFile, AStoreAtRestCanBeReadWhereNothingCanBeWritten) {
  const TempFolder folder;
  const std::string path = folder / "a store #1 100% new?.db";
  const auto past = write_store(path, 2, 2, 50);
  ASSERT_THAT(names_in(folder.path()), ElementsAre("a store #1 100% new?.db"));
  fs::permissions(folder.path(), unwritable);
  {
    const OrdinaryUser ordinary;
    auto reader = JournalReader::open(path);
    ASSERT_TRUE(reader) << reader.error().text;
    for (const auto& [id, moments] : past) {
      EXPECT_TRUE(same_state(reader->state(moments.back().event, {})->state, moments.back().state));
    }
  }
  fs::permissions(folder.path(), fs::perms::owner_all);
}

}  // namespace
}  // namespace touchline::test
