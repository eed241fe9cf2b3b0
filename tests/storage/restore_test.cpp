// A damaged store is never continued: whatever disagrees is named, and nothing is taken up.

#include "storage/restore.h"

#include "storage/journal.h"
#include "storage/journal_reader.h"
#include "tests/storage/store_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace touchline::test {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr OriginOptions often{20, 20'000, 15};  // snapshots
constexpr OriginOptions always{1, 20'000, 1};

struct Damage {
  const char* name;
  std::string sql;
  const char* says;
};

void PrintTo(const Damage& damage, std::ostream* out) { *out << damage.name; }

// Opens the store as its next writer does, and takes it up.
Result<void> take_up(const std::string& path) {
  auto journal = Journal::open(path);
  if (!journal) return journal.error();
  Origin origin;
  const auto sources = JournalReader::open(path)->sources();
  if (!sources) return sources.error();
  for (std::size_t i = 0; i < sources->size(); ++i)
    origin.add_source();
  return journal->restore(origin);
}

class DamagedStore : public testing::TestWithParam<Damage> {
 protected:
  // Written once for all of them. Every delta has a snapshot, so that the last batches need not be read at all.
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TempFolder>();
    RandomFeed feed(4, 3);
    Store store(*folder_ / "original.db", always);
    store.run(feed, 300);
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static std::unique_ptr<TempFolder> folder_;
};
std::unique_ptr<TempFolder> DamagedStore::folder_;

TEST_P(DamagedStore, IsRefusedByName) {
  const std::string path = *folder_ / "damaged.db";
  copy_store(*folder_ / "original.db", path);
  ASSERT_TRUE(take_up(path));
  tamper(path, GetParam().sql.c_str());
  const auto taken_up = take_up(path);
  ASSERT_FALSE(taken_up);
  EXPECT_EQ(taken_up.error().kind, ErrorKind::malformed) << taken_up.error().text;
  EXPECT_THAT(taken_up.error().text, AllOf(StartsWith(path + ": "), HasSubstr(GetParam().says)));
}

const std::string last_row =
    "event = 2 AND first_seq = (SELECT max(first_seq) FROM event_batches WHERE event = 2)";

const std::vector<Damage> damages{
    {"without epoch", "DELETE FROM meta WHERE key = 'epoch'", "meta: epoch is missing"},
    {"without head", "DELETE FROM meta WHERE key = 'head'", "meta: head is missing"},
    {"epoch 0", "UPDATE meta SET value = 0 WHERE key = 'epoch'", "meta: epoch is 0"},
    {"epoch as a text", "UPDATE meta SET value = 'one' WHERE key = 'epoch'", "meta: epoch is no integer"},
    {"epoch at the end of numbers", "UPDATE meta SET value = 9223372036854775807 WHERE key = 'epoch'",
     "meta: epoch is 9223372036854775807"},
    {"head as a blob", "UPDATE meta SET value = x'00' WHERE key = 'head'", "meta: head is no integer"},
    {"head below 0", "UPDATE meta SET value = -1 WHERE key = 'head'", "meta: head is -1"},
    {"a key of another's", "INSERT INTO meta VALUES ('theirs', 1)", "meta: theirs is no key of ours"},
    {"without meta", "DROP TABLE meta", "no such table: meta"},
    {"without cursors", "DROP TABLE cursors", "no such table: cursors"},
    {"head too low", "UPDATE meta SET value = value - 1 WHERE key = 'head'",
     "the last batch ends at offset "},
    {"head too high", "UPDATE meta SET value = value + 1 WHERE key = 'head'",
     "the last batch ends at offset "},
    {"without its last batch",
     "DELETE FROM batches WHERE first_offset = (SELECT max(first_offset) FROM batches)",
     "the last batch ends at offset "},
    {"without batches", "DELETE FROM batches", "the last batch ends at offset 0"},
    {"a last batch that is damaged",
     "UPDATE batches SET committed_ms = committed_ms + 1 "
     "WHERE first_offset = (SELECT max(first_offset) FROM batches)",
     "its checksum is wrong"},
    {"without its first batch", "DELETE FROM snapshots; DELETE FROM batches WHERE first_offset = 1",
     "the batch at offset 1 is missing"},
    {"another id", "UPDATE events SET id = 'another' WHERE handle = 2", "another is not what its deltas say"},
    {"an event missing", "DELETE FROM events WHERE handle = 2", "is not what its deltas say"},
    {"the last event missing", "DELETE FROM events WHERE handle = 3", "its events have "},
    {"another handle", "UPDATE events SET handle = 70 WHERE handle = 2", "is not what its deltas say"},
    {"a handle past all handles", "UPDATE events SET handle = handle + 4294967296 WHERE handle = 3",
     "events: 4294967299 is no handle"},
    {"an event without rows", "DELETE FROM event_batches WHERE event = 2", "event_batches ends at seq 0"},
    {"an event without its last rows", "DELETE FROM event_batches WHERE " + last_row,
     "event_batches ends at seq "},
    {"a last row of another batch", "UPDATE event_batches SET batch = 1 WHERE " + last_row,
     "at offset 1, does not hold that"},
    {"a last row of no batch", "UPDATE event_batches SET batch = 1000000 WHERE " + last_row,
     "at offset 1000000, is missing"},
    {"and without the snapshot there",
     "DELETE FROM event_batches WHERE " + last_row +
         "; DELETE FROM snapshots WHERE event = 2 AND seq > (SELECT max(first_seq + count - 1) FROM "
         "event_batches WHERE event = 2)",
     "its events have "},
    {"an event that goes on in event_batches",
     "INSERT INTO event_batches SELECT 2, max(first_seq + count), 1, max(batch) FROM event_batches "
     "WHERE event = 2",
     ""},
    {"a snapshot of the future",
     "INSERT INTO snapshots SELECT event, seq + 100000, last_offset, source_time_ms, ingest_time_ms, digest, "
     "state, late, published_ms FROM snapshots WHERE event = 2 ORDER BY seq DESC LIMIT 1",
     "its state is at seq 100"},
    {"a snapshot at another offset", "UPDATE snapshots SET last_offset = last_offset - 200 WHERE event = 2",
     "does not hold that"},
    {"a source with a huge number", "UPDATE sources SET number = 4000000000", "are not dense from 1"},
    {"a source number 0", "UPDATE sources SET number = 0", "are not dense from 1"},
    {"sources with a gap", "INSERT INTO sources VALUES (3, 'more')", "are not dense from 1: 1 to 3"},
    {"numbers of no event", "INSERT INTO source_numbers VALUES (1, 99, 7)", "source 1, event 99"},
    {"numbers of no source", "INSERT INTO source_numbers VALUES (8, 1, 7)", "source 8, event 1"},
    {"numbers below all sources", "INSERT INTO source_numbers VALUES (-1, 1, 7)", "source -1, event 1"}};

INSTANTIATE_TEST_SUITE_P(With, DamagedStore, testing::ValuesIn(damages), [](const auto& test) {
  std::string name = test.param.name;
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
});

TEST(Restore, ACursorBeforeTheBeginningIsRefused) {
  const TempFolder folder;
  const std::string path = folder / "store.db";
  write_store(path, 5, 1, 20);
  tamper(path, "INSERT INTO cursors VALUES ('day', -1, 3, 0, 0, '')");
  const auto cursor = Journal::open(path)->cursor("day");
  ASSERT_FALSE(cursor);
  EXPECT_EQ(cursor.error().kind, ErrorKind::malformed);
  EXPECT_THAT(cursor.error().text, HasSubstr("the cursor of day stands before the beginning"));
}

// What lies before the last snapshots is not read: a restart costs by the events, not by the journal.
TEST(Restore, DoesNotReadTheWholeJournal) {
  const TempFolder folder;
  const std::string path = folder / "store.db";
  write_store(path, 6, 2, 400, often);
  tamper(path, "UPDATE batches SET items = x'' WHERE first_offset < 100");
  EXPECT_TRUE(take_up(path));
}

}  // namespace
}  // namespace touchline::test
