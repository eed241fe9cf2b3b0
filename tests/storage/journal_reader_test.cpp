#include "storage/journal_reader.h"

#include "core/delta.h"
#include "storage/sqlite.h"
#include "tests/storage/store_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace touchline::test {
namespace {

using testing::HasSubstr;
using Past = std::map<std::string, std::vector<Moment>>;

constexpr OriginOptions often{40, 20'000, 15};  // snapshots

class AsOfTest : public testing::Test {
 protected:
  void SetUp() override {
    past_ = write_store(folder_ / "store.db", 11, 6, 3'000, often);
    reader_.emplace(JournalReader::open(folder_ / "store.db").value());
  }

  // The last moment of the event of which this holds, by looking at all of them; nothing before the first.
  static const Moment* brute_force(const std::vector<Moment>& moments,
                                   const std::function<bool(const Moment&)>& holds) {
    const Moment* last = nullptr;
    for (const Moment& moment : moments) {
      if (!holds(moment)) break;
      last = &moment;
    }
    return last;
  }

  void expect(const Moment* moment, EventHandle event, const AsOf& as_of) {
    const auto found = reader_->state(event, as_of);
    ASSERT_TRUE(found) << found.error().text;
    if (moment == nullptr) {
      EXPECT_EQ(found->state.seq, Seq(0));
      EXPECT_EQ(found->state.cell_count(), 0U);
      return;
    }
    EXPECT_TRUE(same_state(found->state, moment->state));
    EXPECT_EQ(found->offset, moment->offset);
    EXPECT_EQ(found->published_ms, moment->published_ms);
    EXPECT_EQ(found->ingest_time_ms, moment->ingest_time_ms);
    // Its own deltas since its last snapshot at most, whatever others did.
    EXPECT_LE(found->deltas_read, often.snapshot_deltas);
    EXPECT_EQ(found->state.seq.value, found->snapshot_seq.value + found->deltas_read);
  }

  TempFolder folder_;
  Past past_;
  std::optional<JournalReader> reader_;
};

TEST_F(AsOfTest, TheStateAtEverySequenceNumberIsWhatItWas) {
  for (const auto& [id, moments] : past_) {
    ASSERT_GT(moments.size(), 300U);
    for (const Moment& moment : moments)
      expect(&moment, moment.event, {.seq = moment.state.seq});
    expect(nullptr, moments.front().event, {.seq = Seq(0)});
    expect(&moments.back(), moments.front().event, {.seq = Seq(1'000'000)});
    expect(&moments.back(), moments.front().event, {});
  }
}

TEST_F(AsOfTest, TheStateAtASourceTimeIsThatBehindTheLastDeltaUpToIt) {
  RandomFeed random(1, 1);
  for (const auto& [id, moments] : past_) {
    const std::int64_t first = moments.front().state.source_time_ms - 2;
    const auto span = static_cast<std::uint64_t>(moments.back().state.source_time_ms - first + 4);
    for (int i = 0; i < 200; ++i) {
      std::int64_t time = first + static_cast<std::int64_t>(random.below(span));
      if (i % 2 == 0) time = moments[random.below(moments.size())].state.source_time_ms;  // on the spot
      const auto holds = [&](const Moment& moment) { return moment.state.source_time_ms <= time; };
      expect(brute_force(moments, holds), moments.front().event, {.source_time_ms = time});
    }
    expect(nullptr, moments.front().event, {.source_time_ms = first});
  }
}

TEST_F(AsOfTest, TheStateAtAPublishTimeIsThatBehindTheLastBatchUpToIt) {
  RandomFeed random(2, 1);
  for (const auto& [id, moments] : past_) {
    const std::int64_t first = moments.front().published_ms - 2;
    const auto span = static_cast<std::uint64_t>(moments.back().published_ms - first + 4);
    for (int i = 0; i < 200; ++i) {
      std::int64_t time = first + static_cast<std::int64_t>(random.below(span));
      if (i % 2 == 0) time = moments[random.below(moments.size())].published_ms - (i % 4 == 0 ? 1 : 0);
      const auto holds = [&](const Moment& moment) { return moment.published_ms <= time; };
      expect(brute_force(moments, holds), moments.front().event, {.published_ms = time});
    }
  }
}

TEST_F(AsOfTest, SeveralBoundsHoldAtOnce) {
  RandomFeed random(3, 1);
  for (const auto& [id, moments] : past_) {
    for (int i = 0; i < 100; ++i) {
      const AsOf as_of{moments[random.below(moments.size())].state.seq,
                       moments[random.below(moments.size())].published_ms,
                       moments[random.below(moments.size())].state.source_time_ms};
      const auto holds = [&](const Moment& moment) {
        return moment.state.seq <= *as_of.seq && moment.published_ms <= *as_of.published_ms &&
               moment.state.source_time_ms <= *as_of.source_time_ms;
      };
      expect(brute_force(moments, holds), moments.front().event, as_of);
    }
  }
}

TEST_F(AsOfTest, DeltasComeInOrderWithTheStatesThatTheyLeadTo) {
  RandomFeed random(4, 1);
  for (const auto& [id, moments] : past_) {
    for (int i = 0; i < 10; ++i) {
      const std::uint64_t from = 1 + random.below(moments.size());
      const std::uint64_t until = std::min<std::uint64_t>(from + random.below(60), moments.size());
      std::uint64_t next = from;
      reader_
          ->deltas(moments.front().event, Seq(from),
                   [&](const PastDelta& past) {
                     const Moment& moment = moments[next - 1];
                     EXPECT_EQ(past.delta.seq, Seq(next));
                     EXPECT_EQ(past.offset, moment.offset);
                     EXPECT_EQ(past.published_ms, moment.published_ms);
                     EXPECT_EQ(past.delta.ingest_time_ms, moment.ingest_time_ms);
                     EXPECT_GT(past.block_bytes, 0U);
                     EXPECT_TRUE(same_state(*past.after, moment.state));
                     EventState before = next == 1 ? EventState{} : moments[next - 2].state;
                     apply(before, past.delta);
                     EXPECT_TRUE(same_state(before, moment.state));
                     return ++next <= until;
                   })
          .value();
      EXPECT_EQ(next, until + 1);
    }
  }
}

TEST_F(AsOfTest, DeltasFromTheBeginningAreAllOfThem) {
  for (const std::uint64_t from : {0U, 1U}) {
    std::uint64_t count = 0;
    reader_
        ->deltas(EventHandle(2), Seq(from),
                 [&](const PastDelta& past) {
                   EXPECT_EQ(past.delta.seq, Seq(++count));
                   return true;
                 })
        .value();
    EXPECT_EQ(count, reader_->events().value()[1].last.value);
  }
}

TEST_F(AsOfTest, EventsAreListedWithTheirLastNumberAndSnapshots) {
  const auto events = reader_->events().value();
  ASSERT_EQ(events.size(), past_.size());
  for (const EventEntry& event : events) {
    const auto& moments = past_.at(event.id);
    EXPECT_EQ(event.handle, moments.front().event);
    EXPECT_EQ(event.last, moments.back().state.seq);
    EXPECT_GE(event.snapshots, moments.size() / often.snapshot_deltas);
    EXPECT_EQ(reader_->find_event(event.id).value()->handle, event.handle);
  }
  EXPECT_FALSE(reader_->find_event("event").value().has_value());
}

TEST_F(AsOfTest, BatchesAreVisitedFromTheOneThatHoldsTheOffset) {
  for (const std::uint64_t from : {1U, 2U, 500U, 1'000U, 1'777U}) {
    std::uint64_t next = 0;
    reader_
        ->batches(Offset(from),
                  [&](const BatchRow& row) {
                    if (next == 0) {
                      EXPECT_LE(row.first.value, from);
                      EXPECT_GT(row.first.value + row.count, from);
                    } else {
                      EXPECT_EQ(row.first.value, next);
                    }
                    next = row.first.value + row.count;
                    return true;
                  })
        .value();
    EXPECT_EQ(next, reader_->head().value + 1);
  }
}

TEST(JournalReader, AnEventsPastCostsByThatEventAlone) {
  const TempFolder folder;
  Store store(folder / "store.db", {100, 1'000'000'000'000, 100});
  RandomFeed feed(12, 30);
  store.run(feed, 6'000);
  auto reader = JournalReader::open(store.path()).value();
  for (const auto& [id, moments] : store.past()) {
    ASSERT_GT(moments.size(), 120U);
    for (const std::size_t seq : {std::size_t{1}, std::size_t{99}, std::size_t{100}, std::size_t{101},
                                  moments.size() / 2, moments.size()}) {
      const auto found = reader.state(moments[0].event, {.seq = Seq(seq)}).value();
      EXPECT_EQ(found.state.seq, Seq(seq));
      EXPECT_EQ(found.deltas_read, seq % 100);
    }
  }
}

TEST(JournalReader, ADamagedPastIsAnErrorAndNeverAWrongState) {
  const std::string fourth_batch = "(SELECT batch FROM event_batches WHERE event = 2 LIMIT 1 OFFSET 3)";
  const std::string fourth_seq = "(SELECT first_seq FROM event_batches WHERE event = 2 LIMIT 1 OFFSET 3)";
  for (const std::string& damage :
       {"DELETE FROM batches WHERE first_offset = " + fourth_batch,
        "UPDATE batches SET items = zeroblob(length(items)) WHERE first_offset = " + fourth_batch,
        "UPDATE batches SET ingest_times = x'' WHERE first_offset = " + fourth_batch,
        // What only the checksum tells.
        "UPDATE batches SET committed_ms = committed_ms - 1 WHERE first_offset = " + fourth_batch,
        "DELETE FROM event_batches WHERE event = 2 AND first_seq = " + fourth_seq,
        "UPDATE event_batches SET batch = batch + 1 WHERE event = 2 AND first_seq = " + fourth_seq,
        std::string("UPDATE event_batches SET count = count + 1 WHERE event = 2 AND first_seq = 1")}) {
    const TempFolder folder;
    const std::string path = folder / "store.db";
    write_store(path, 13, 3, 150);
    tamper(path, damage.c_str());
    auto reader = JournalReader::open(path).value();
    const auto found = reader.state(EventHandle(2), {});
    ASSERT_FALSE(found) << damage;
    EXPECT_EQ(found.error().kind, ErrorKind::malformed);
    EXPECT_THAT(found.error().text, HasSubstr(path + ": "));
    EXPECT_FALSE(reader.deltas(EventHandle(2), Seq(1), [](const PastDelta&) { return true; }));
  }
}

TEST(JournalReader, WhatLiesBehindAMissingBatchIsNotTakenForIt) {
  for (const char* table : {"batches WHERE first_offset", "event_batches WHERE event = 2 AND batch"}) {
    const TempFolder folder;
    const std::string path = folder / "store.db";
    const auto past = write_store(path, 15, 3, 150);
    Database db(path, Database::Mode::frozen);
    const auto batch = db.value("SELECT batch FROM event_batches WHERE event = 2 LIMIT 1 OFFSET 3");
    const auto first = db.value("SELECT first_seq FROM event_batches WHERE event = 2 LIMIT 1 OFFSET 3");
    tamper(path, ("DELETE FROM " + std::string(table) + " = " + std::to_string(batch)).c_str());
    auto reader = JournalReader::open(path).value();
    for (const auto& [id, moments] : past) {
      if (moments.front().event != EventHandle(2)) continue;
      for (const Moment& moment : moments) {
        const auto found = reader.state(EventHandle(2), {.seq = moment.state.seq});
        if (moment.state.seq.value < static_cast<std::uint64_t>(first)) {
          EXPECT_TRUE(same_state(found.value().state, moment.state));
        } else {
          ASSERT_FALSE(found) << moment.state.seq.value;
          EXPECT_THAT(found.error().text, HasSubstr(" is missing"));
        }
      }
    }
  }
}

TEST(JournalReader, ADamagedSnapshotIsAnError) {
  const TempFolder folder;
  const std::string path = folder / "store.db";
  write_store(path, 14, 1, 100, often);
  tamper(path, "UPDATE snapshots SET digest = digest + 1");
  auto reader = JournalReader::open(path).value();
  const auto found = reader.state(EventHandle(1), {});
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().text, HasSubstr("its digest is wrong"));
  // What lies before the first snapshot does not need it.
  EXPECT_TRUE(reader.state(EventHandle(1), {.seq = Seq(5)}));
}

}  // namespace
}  // namespace touchline::test
