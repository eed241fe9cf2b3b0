#include "storage/journal.h"

#include "core/delta.h"
#include "storage/batch_row.h"
#include "storage/journal_reader.h"
#include "tests/storage/store_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace touchline::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Update score(std::string_view event, std::int64_t goals, std::uint64_t number = 0) {
  Update update;
  update.source_time_ms = 1'700'000'000'000 + goals;
  if (number != 0) {
    update.number = number;
    update.event = update.hold(event);
  }
  update.on_event(event);
  update.set(Field::home_score, goals);
  return update;
}

std::vector<BatchItem> items_of(JournalReader& reader, std::vector<std::string>& rows) {
  std::vector<BatchItem> items;
  rows.reserve(1'000);  // the items borrow from them
  reader
      .batches(Offset(1),
               [&](const BatchRow& row) {
                 BatchRow kept = row;
                 kept.items = rows.emplace_back(row.items);
                 BatchItems walk(kept);
                 for (BatchItem item; walk.next(item).value();)
                   items.push_back(item);
                 return true;
               })
      .value();
  return items;
}

TEST(Journal, WhatWasCommittedIsThereAgainAfterARestart) {
  const TempFolder folder;
  const std::string path = folder / "store.db";
  const auto past = write_store(path, 1, 5, 1'500);
  ASSERT_EQ(past.size(), 5U);

  Store again(path);
  std::uint64_t deltas = 0;
  for (const auto& [id, moments] : past) {
    const LiveEvent* event = again.origin().table().find(id);
    ASSERT_NE(event, nullptr) << id;
    EXPECT_EQ(event->handle, moments.back().event);
    EXPECT_TRUE(same_state(event->state, moments.back().state)) << id;
    deltas += moments.size();
  }
  EXPECT_GT(deltas, 1'000U);
  EXPECT_EQ(again.origin().head(), Offset(deltas));
  EXPECT_EQ(again.journal().head(), Offset(deltas));
  EXPECT_EQ(again.origin().table().events().size(), 5U);
}

TEST(Journal, ARestartedOriginGoesOnWithTheVeryBytesThatTheOldOneWouldHaveWritten) {
  const TempFolder folder;
  const OriginOptions no_snapshots{1'000'000, 1'000'000'000'000, 1'000'000};
  RandomFeed feed(2, 4);
  Store straight(folder / "straight.db", no_snapshots);
  straight.run(feed, 300);
  std::filesystem::copy_file(folder / "straight.db", folder / "restarted.db");
  std::filesystem::copy_file(folder / "straight.db-wal", folder / "restarted.db-wal");
  Store restarted(folder / "restarted.db", no_snapshots);

  RandomFeed twin = feed;
  for (int i = 0; i < 200; ++i) {
    straight.take(feed.next(), feed.now_ms());
    restarted.take(twin.next(), twin.now_ms());
  }
  EXPECT_GT(straight.origin().pending().count, 100U);
  EXPECT_EQ(straight.origin().pending().first, restarted.origin().pending().first);
  EXPECT_EQ(straight.origin().pending().items, restarted.origin().pending().items);
  EXPECT_EQ(straight.origin().pending().ingest_times, restarted.origin().pending().ingest_times);
}

TEST(Journal, ABatchOfSeveralEventsIsReadBackEventByEvent) {
  const TempFolder folder;
  Store store(folder / "store.db");
  for (std::int64_t goals = 1; goals <= 3; ++goals) {
    for (const char* event : {"a", "b", "c"}) {
      if (goals == 3 && event[0] == 'b') continue;
      store.take(score(event, goals), 1'000 + goals);
    }
  }
  store.commit(5'000);

  auto reader = JournalReader::open(store.path()).value();
  const auto events = reader.events().value();
  ASSERT_EQ(events.size(), 3U);
  const std::vector<std::uint64_t> lasts{3, 2, 3};
  const std::vector<std::vector<std::uint64_t>> offsets{{1, 4, 7}, {2, 5}, {3, 6, 8}};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(events[i].id, std::string(1, static_cast<char>('a' + i)));
    EXPECT_EQ(events[i].handle.value, i + 1);
    EXPECT_EQ(events[i].last.value, lasts[i]);
    std::vector<std::uint64_t> found;
    reader
        .deltas(events[i].handle, Seq(1),
                [&](const PastDelta& past) {
                  found.push_back(past.offset.value);
                  EXPECT_EQ(past.delta.seq.value, found.size());
                  EXPECT_EQ(past.published_ms, 5'000);
                  EXPECT_EQ(past.delta.ingest_time_ms, 1'000 + static_cast<std::int64_t>(found.size()));
                  return true;
                })
        .value();
    EXPECT_EQ(found, offsets[i]);
  }
}

TEST(Journal, HoldsTheBytesThatGoOutOnTheWire) {
  const TempFolder folder;
  Store store(folder / "store.db");
  std::string sent;
  RandomFeed feed(3, 3);
  for (int batch = 0; batch < 10; ++batch) {
    for (int i = 0; i < 7; ++i)
      store.take(feed.next(), feed.now_ms());
    sent += store.origin().pending().items;
    store.commit(feed.now_ms());
  }
  auto reader = JournalReader::open(store.path()).value();
  std::string stored;
  reader
      .batches(Offset(1),
               [&](const BatchRow& row) {
                 EXPECT_EQ(checksum_of(row), row.checksum);
                 stored += row.items;
                 return true;
               })
      .value();
  EXPECT_EQ(stored, sent);
  std::vector<std::string> rows;
  const auto items = items_of(reader, rows);
  ASSERT_EQ(items.size(), store.origin().head().value);
  for (std::size_t i = 0; i < items.size(); ++i)
    EXPECT_EQ(items[i].offset.value, i + 1);
}

TEST(Journal, CursorsAreCommittedWithTheirDeltasAndAlone) {
  const TempFolder folder;
  const std::string path = folder / "store.db";
  {
    Store store(path);
    EXPECT_FALSE(store.journal().cursor("day.ndjson").value().has_value());
    store.take(score("a", 1), 1'000);
    store.origin().advance({"day.ndjson", 100, 1, 1'700'000'000'001, 42});
    store.commit(5'000);
    store.origin().advance({"day.ndjson", 250, 2, 1'700'000'000'002, 42, "clk"});
    store.commit(5'001);  // of an update that changed nothing
    EXPECT_EQ(store.journal().head(), Offset(1));
  }
  Store again(path);
  const auto cursor = again.journal().cursor("day.ndjson").value();
  ASSERT_TRUE(cursor.has_value());
  EXPECT_EQ(cursor->byte, 250U);
  EXPECT_EQ(cursor->line, 2U);
  EXPECT_EQ(cursor->time_ms, 1'700'000'000'002);
  EXPECT_EQ(cursor->fingerprint, 42U);
  EXPECT_EQ(cursor->token, "clk");
  EXPECT_EQ(again.origin().head(), Offset(1));
}

TEST(Journal, SourcesKeepTheirNumbers) {
  const TempFolder folder;
  const std::string path = folder / "store.db";
  {
    Journal journal = Journal::open(path).value();
    EXPECT_EQ(journal.source("odds").value(), SourceId(1));
    EXPECT_EQ(journal.source("scores").value(), SourceId(2));
    EXPECT_EQ(journal.source("odds").value(), SourceId(1));
  }
  Journal journal = Journal::open(path).value();
  EXPECT_EQ(journal.source("scores").value(), SourceId(2));
  EXPECT_EQ(journal.source("more odds").value(), SourceId(3));
  auto reader = JournalReader::open(path).value();
  EXPECT_THAT(reader.sources().value(), ElementsAre("odds", "scores", "more odds"));
}

TEST(Journal, ANumberedSourceIsTakenUpAtItsNumbers) {
  const TempFolder folder;
  const std::string path = folder / "store.db";
  {
    Store store(path);
    for (std::uint64_t number = 1; number <= 4; ++number) {
      store.take(score("a", static_cast<std::int64_t>(number), number), 1'000);
    }
    store.commit(5'000);
  }
  Journal journal = Journal::open(path).value();
  Origin origin;
  const LineRef line = origin.add_line(origin.add_source());
  journal.restore(origin).value();
  Update old = score("a", 9, 4);
  EXPECT_EQ(origin.take(line, old, 2'000).value(), Origin::Outcome::repeat);
  Update early = score("a", 9, 6);
  EXPECT_EQ(origin.take(line, early, 2'000).value(), Origin::Outcome::held);
  Update next = score("a", 9, 5);
  EXPECT_EQ(origin.take(line, next, 2'000).value(), Origin::Outcome::changed);
}

TEST(Journal, RefusedMessagesAreKeptUpToTheLastTenThousandOrAThousandMore) {
  const TempFolder folder;
  auto store = std::make_unique<Store>(folder / "store.db");
  auto reader = JournalReader::open(folder / "store.db").value();
  const auto kept = [&] { return reader.database().value("SELECT count(*) FROM rejected"); };
  for (std::uint64_t i = 1; i <= 12'050; ++i) {
    store->origin().reject({"feed", i, i * 100, 7, "is no JSON", std::string("\x00\xFF{", 3)});
    if (i % 50 != 0) continue;
    store->commit(1'000);
    if (i == 10'500) store = nullptr, store = std::make_unique<Store>(folder / "store.db");
    if (i < 10'000) continue;
    // Not at every commit; and a restart in between changes nothing.
    ASSERT_EQ(kept(), 10'000 + static_cast<std::int64_t>(i % 1'000));
  }
  // Many at once count as well.
  for (std::uint64_t i = 12'051; i <= 15'050; ++i)
    store->origin().reject({"feed", i, i * 100, 7, "is no JSON", std::string("\x00\xFF{", 3)});
  store->commit(1'000);
  const auto all = reader.rejected(100'000).value();
  ASSERT_EQ(all.size(), 10'000U);
  EXPECT_EQ(all.front().line, 15'050U);  // the latest first
  EXPECT_EQ(all.back().line, 5'051U);
  EXPECT_EQ(all.front().source, "feed");
  EXPECT_EQ(all.front().byte, 1'505'000U);
  EXPECT_EQ(all.front().reason, "is no JSON");
  EXPECT_EQ(all.front().content, std::string("\x00\xFF{", 3));
  EXPECT_EQ(reader.rejected(3).value().size(), 3U);
}

TEST(Journal, AFailedCommitLeavesNothingOfTheBatchBehind) {
  const TempFolder folder;
  Store store(folder / "store.db");
  store.take(score("a", 1), 1'000);
  store.commit(5'000);
  store.take(score("b", 1), 1'000);
  Batch batch = store.origin().take_batch();
  batch.touches.push_back(batch.touches.front());  // the same row twice: refused by its key
  const auto result = store.journal().commit(batch, 5'001);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::environment);
  EXPECT_THAT(result.error().text, HasSubstr(store.path() + ": the commit of offset 2 failed"));
  EXPECT_EQ(store.journal().head(), Offset(1));
  auto reader = JournalReader::open(store.path()).value();
  EXPECT_EQ(reader.head(), Offset(1));
  EXPECT_EQ(reader.events().value().size(), 1U);
}

TEST(Journal, AReaderBesideTheWriterSeesWhatIsCommittedAndNoMore) {
  const TempFolder folder;
  Store store(folder / "store.db");
  store.take(score("a", 1), 1'000);
  store.commit(5'000);
  auto reader = JournalReader::open(store.path()).value();
  auto held = JournalReader::open(store.path()).value();
  held.hold_view().value();
  EXPECT_EQ(reader.head(), Offset(1));

  store.take(score("a", 2), 1'001);
  EXPECT_EQ(reader.head(), Offset(1));
  store.commit(5'001);
  EXPECT_EQ(reader.head(), Offset(2));
  EXPECT_EQ(reader.state(EventHandle(1), {}).value().state.integer(Address(0, 0, Field::home_score)), 2);

  // What is held stays at its moment, and does not keep the writer from going on.
  EXPECT_EQ(held.head(), Offset(1));
  EXPECT_EQ(held.state(EventHandle(1), {}).value().state.integer(Address(0, 0, Field::home_score)), 1);
  EXPECT_EQ(held.find_event("a").value()->last, Seq(1));
}

}  // namespace
}  // namespace touchline::test
