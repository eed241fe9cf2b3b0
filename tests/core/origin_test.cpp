#include "core/origin.h"

#include "tests/core/line_simulation.h"
#include "tests/core/stream_fixture.h"
#include "tests/core/update_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace touchline {
namespace {

using test::Follower;
using test::Naming;
using test::Random;
using test::updated;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Outcome = Origin::Outcome;

Update price(const char* event, std::int64_t time_ms, std::int64_t value) {
  return updated().at_ms(time_ms).event(event).market("m").outcome("o").set(Field::price, value);
}

Update numbered(std::uint64_t number, std::int64_t value) {
  return updated().at_ms(100).number(number, "e").event("e").set(Field::clock_ms, value);
}

struct Driven {
  explicit Driven(OriginOptions options = {}) : origin(options) {}

  Outcome take(Update update, std::int64_t now_ms = 1'000) {
    const auto outcome = origin.take(line, update, now_ms);
    EXPECT_TRUE(outcome) << outcome.error().text;
    return *outcome;
  }
  const EventState& state(const char* event) { return origin.table().find(event)->state; }

  Origin origin;
  LineRef line = origin.add_line(origin.add_source());
};

std::vector<Update> story_of(std::uint64_t seed, std::size_t updates = 200) {
  Random random(seed);
  return test::random_story(random, {seed % 2 == 0 ? Naming::events : Naming::markets, updates});
}

TEST(Origin, NumbersDeltasDenselyAndItsItemsDecodeToItsStates) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Random random(seed);
    Driven d;
    Follower follower;
    std::int64_t now_ms = 1'000;
    for (const Update& update : story_of(seed)) {
      now_ms += random.between(-3, 20);
      d.take(update, now_ms);
      if (random.one_in(5)) follower.take(d.origin.take_batch());
    }
    follower.take(d.origin.take_batch());
    EXPECT_EQ(follower.offset, d.origin.head().value);
    follower.expect_states_of(d.origin);
  }
}

TEST(Origin, GivesTheSameBytesWhateverTheBatches) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::vector<std::string> results;
    for (const std::uint64_t batch_size : {1U, 7U, 1'000'000U}) {
      Random random(seed);
      Driven d;
      std::string items;
      std::vector<std::int64_t> ingest_times;
      std::string snapshots;
      const auto take_batch = [&] {
        const Batch batch = d.origin.take_batch();
        items += batch.items;
        ByteReader in(batch.ingest_times);
        for (std::int64_t time = 0; !in.done();)
          ingest_times.push_back(time += in.signed_varint());
        for (const SnapshotRecord& snapshot : batch.snapshots)
          snapshots += std::to_string(snapshot.offset.value) + snapshot.block;
      };
      std::int64_t now_ms = 0;
      for (const Update& update : story_of(seed)) {
        d.take(update, now_ms += 3);
        if (random.one_in(batch_size)) take_batch();
      }
      take_batch();
      results.push_back(items + snapshots + testing::PrintToString(ingest_times));
    }
    EXPECT_EQ(results[0], results[1]) << "seed " << seed;
    EXPECT_EQ(results[0], results[2]) << "seed " << seed;
  }
}

TEST(Origin, DescribesABatchByItsTouchesAndNewEvents) {
  Driven d;
  d.take(price("e", 1, 150));
  d.take(price("f", 2, 150));
  d.take(price("e", 3, 151));
  const Batch first = d.origin.take_batch();
  EXPECT_EQ(first.first, Offset(1));
  EXPECT_EQ(first.count, 3U);
  ASSERT_THAT(first.touches, SizeIs(2));
  EXPECT_EQ(std::tuple(first.touches[0].event, first.touches[0].first, first.touches[0].count),
            std::tuple(EventHandle(1), Seq(1), 2U));
  EXPECT_EQ(std::tuple(first.touches[1].event, first.touches[1].first, first.touches[1].count),
            std::tuple(EventHandle(2), Seq(1), 1U));
  ASSERT_THAT(first.new_events, SizeIs(2));
  EXPECT_EQ(first.new_events[1].id, "f");

  d.take(price("e", 4, 152));
  const Batch second = d.origin.take_batch();
  EXPECT_EQ(second.first, Offset(4));
  ASSERT_THAT(second.touches, SizeIs(1));
  EXPECT_EQ(second.touches[0].first, Seq(3));
  EXPECT_THAT(second.new_events, IsEmpty());
  EXPECT_TRUE(d.origin.take_batch().empty());
}

TEST(Origin, KeepsAnEventsTimeFromRunningBackwards) {
  Driven d;
  Follower follower;
  for (const std::int64_t time : {50, 40, 60, 0, 55})
    d.take(price("e", time, 150 + time), 70);
  follower.take(d.origin.take_batch());
  std::vector<std::int64_t> times;
  for (const Delta& delta : follower.deltas)
    times.push_back(delta.source_time_ms);
  // Without a time of the source, the time of arrival counts.
  EXPECT_THAT(times, ElementsAre(50, 50, 60, 70, 70));
}

TEST(Origin, TellsDeltasByTheirClass) {
  Driven d;
  d.take(price("e", 1, 150));
  d.take(price("e", 2, 151));
  d.take(updated().at_ms(3).event("e").market("m").status(MarketStatus::suspended));
  Follower follower;
  follower.take(d.origin.take_batch());
  ASSERT_THAT(follower.deltas, SizeIs(3));
  EXPECT_EQ(follower.deltas[1].kind, DeltaClass::price);
  EXPECT_EQ(follower.deltas[2].kind, DeltaClass::critical);
  EXPECT_EQ(d.origin.counts().critical, 2U);
}

// --- Snapshots.

EventState state_of(const SnapshotRecord& snapshot) {
  EventState state;
  auto delta = decode_block(EventState(), snapshot.block);
  EXPECT_TRUE(delta);
  delta->seq = snapshot.seq;
  apply(state, *delta);
  return state;
}

TEST(OriginSnapshots, ComeAfterSoManyDeltasOfAnEvent) {
  Driven d({.snapshot_deltas = 10});
  for (int i = 0; i < 25; ++i) {
    d.take(price("e", 1, 150 + i));
    d.take(price("f", 1, 150 + i / 2));
  }
  const Batch batch = d.origin.take_batch();
  std::vector<std::pair<std::uint32_t, std::uint64_t>> taken;
  for (const SnapshotRecord& snapshot : batch.snapshots)
    taken.emplace_back(snapshot.event.value, snapshot.seq.value);
  EXPECT_THAT(taken, ElementsAre(std::pair(1, 10), std::pair(2, 10), std::pair(1, 20)));
}

TEST(OriginSnapshots, ComeAfterSoLongIfThereWereEnoughDeltas) {
  Driven d({.snapshot_interval_ms = 1'000, .snapshot_deltas_min = 3});
  d.take(price("e", 10'000, 150));
  d.take(price("e", 11'500, 151));
  EXPECT_THAT(d.origin.take_batch().snapshots, IsEmpty());
  d.take(price("e", 11'600, 152));
  EXPECT_THAT(d.origin.take_batch().snapshots, SizeIs(1));
  for (const std::int64_t time : {12'000, 12'100, 12'599})
    d.take(price("e", time, time));
  EXPECT_THAT(d.origin.take_batch().snapshots, IsEmpty());
  d.take(price("e", 12'600, 1));
  EXPECT_THAT(d.origin.take_batch().snapshots, SizeIs(1));
}

TEST(OriginSnapshots, ComeWhenAnEventIsOver) {
  Driven d;
  d.take(price("e", 1, 150));
  d.take(updated().at_ms(2).event("e").status(EventStatus::finished));
  EXPECT_THAT(d.origin.take_batch().snapshots, IsEmpty());
  d.take(updated().at_ms(3).event("e").status(EventStatus::settled));
  EXPECT_THAT(d.origin.take_batch().snapshots, SizeIs(1));
  d.take(price("e", 4, 151));
  EXPECT_THAT(d.origin.take_batch().snapshots, IsEmpty());
}

TEST(OriginSnapshots, HoldTheStateAtTheirPlace) {
  Driven d({.snapshot_deltas = 7});
  Follower follower;
  for (const Update& update : story_of(3)) {
    d.take(update, 2'000);
    const Batch batch = d.origin.take_batch();
    follower.take(batch);
    for (const SnapshotRecord& snapshot : batch.snapshots) {
      const EventState state = state_of(snapshot);
      EXPECT_TRUE(test::same_cells(state, follower.states.at(snapshot.event.value)));
      EXPECT_EQ(state.digest(), snapshot.digest);
      EXPECT_EQ(state.source_time_ms, snapshot.source_time_ms);
      EXPECT_EQ(snapshot.seq, follower.states.at(snapshot.event.value).seq);
      EXPECT_EQ(snapshot.ingest_time_ms, 2'000);
      EXPECT_LE(snapshot.offset.value, follower.offset);
    }
  }
}

// --- What becomes of what comes in.

TEST(OriginCounts, TellEveryKindOfMessage) {
  Driven d;
  Update heartbeat;
  heartbeat.kind = UpdateKind::heartbeat;
  Update control;
  control.kind = UpdateKind::control;
  EXPECT_EQ(d.take(heartbeat), Outcome::control);
  EXPECT_EQ(d.take(control), Outcome::control);
  EXPECT_EQ(d.take(price("e", 1, 150)), Outcome::changed);
  EXPECT_EQ(d.take(price("e", 2, 150)), Outcome::no_op);
  EXPECT_EQ(d.take(price("e", 2, 150)), Outcome::repeat);
  EXPECT_EQ(d.take(updated().id("x").event("e").set(Field::home_score, 1)), Outcome::changed);
  EXPECT_EQ(d.take(updated().id("x").event("e").set(Field::home_score, 2)), Outcome::repeat);
  d.origin.reject({"s", 7, 0, 0, "why", "content"}, SourceId(1));
  const OriginCounts& counts = d.origin.counts();
  EXPECT_EQ(counts.messages, 8U);
  EXPECT_EQ(counts.heartbeats, 1U);
  EXPECT_EQ(counts.controls, 1U);
  EXPECT_EQ(counts.deltas, 2U);
  EXPECT_EQ(counts.no_ops, 1U);
  EXPECT_EQ(counts.copies, 1U);
  EXPECT_EQ(counts.repeats_by_id, 1U);
  EXPECT_EQ(counts.rejected, 1U);
  // The same of its source, each message once.
  const SourceCounts& source = d.origin.counts(SourceId(1));
  EXPECT_THAT(source.outcomes, testing::ElementsAre(2U, 1U, 2U, 0U, 0U, 2U));
  EXPECT_EQ(source.rejected, 1U);
  const Batch batch = d.origin.take_batch();
  EXPECT_EQ(counts.deltas, batch.count);
  ASSERT_THAT(batch.rejected, SizeIs(1));
  EXPECT_EQ(batch.rejected[0].line, 7U);
}

TEST(OriginCounts, TellLateAndOutdatedUpdates) {
  Driven d;
  const LineRef other = d.origin.add_line(d.line.source);
  d.take(price("e", 10, 150));
  d.take(price("e", 30, 152));
  Update late = price("e", 20, 151);
  EXPECT_EQ(*d.origin.take(other, late, 40), Outcome::no_op);
  EXPECT_EQ(d.origin.counts().late, 1U);
  EXPECT_EQ(d.state("e").get(Address(1, 1, Field::price)), Value::of(152));
  // A third line that joins now knows nothing of it; the first two still do.
  Update copy = price("e", 30, 152);
  EXPECT_EQ(*d.origin.take(other, copy, 40), Outcome::repeat);
}

TEST(OriginCounts, TellWhatIsTooOldToJudge) {
  Driven d;
  d.take(price("e", 10, 150));
  d.take(price("f", 5, 310));
  d.take(price("e", 20, 151));
  // To a second line that is added now, all of that is old: news only where nothing newer was seen.
  const LineRef other = d.origin.add_line(d.line.source);
  Update old = price("e", 10, 150);
  EXPECT_EQ(*d.origin.take(other, old, 40), Outcome::dropped);
  EXPECT_EQ(d.origin.counts().outdated, 1U);
  Update unheard = price("f", 15, 311);
  EXPECT_EQ(*d.origin.take(other, unheard, 40), Outcome::changed);
  EXPECT_EQ(d.state("e").get(Address(1, 1, Field::price)), Value::of(151));
}

TEST(Origin, AnUpdateThatBreaksALimitChangesNothing) {
  Driven d;
  d.take(price("e", 1, 150));
  const Offset head = d.origin.head();
  const std::string items = d.origin.pending().items;
  const std::string text(limits::text_bytes + 1, 'x');
  Update update =
      updated().at_ms(2).event("e").set(Field::home_score, 3).set(Field::name, std::string_view(text));
  const auto taken = d.origin.take(d.line, update, 5);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().kind, ErrorKind::limit);
  EXPECT_EQ(d.origin.head(), head);
  EXPECT_EQ(d.origin.pending().items, items);
  EXPECT_FALSE(d.state("e").get(Address(0, 0, Field::home_score)));
}

TEST(Origin, KeepsTheLastCursorOfEveryRecordingInABatch) {
  Driven d;
  d.origin.advance({"a", 10, 1, 0, 0});
  d.origin.advance({"b", 20, 2, 0, 0});
  d.origin.advance({"a", 30, 3, 0, 0});
  EXPECT_FALSE(d.origin.pending().empty());
  const Batch batch = d.origin.take_batch();
  ASSERT_THAT(batch.cursors, SizeIs(2));
  EXPECT_EQ(batch.cursors[0].byte, 30U);
  EXPECT_EQ(batch.cursors[1].byte, 20U);
  EXPECT_EQ(batch.count, 0U);
}

// --- Numbered sources.

TEST(OriginNumbered, HoldsAndReleasesInOrder) {
  Driven d;
  EXPECT_EQ(d.take(numbered(1, 10)), Outcome::changed);
  EXPECT_EQ(d.take(numbered(3, 30)), Outcome::held);
  EXPECT_EQ(d.take(numbered(1, 10)), Outcome::repeat);
  EXPECT_EQ(d.take(numbered(2, 20)), Outcome::changed);
  EXPECT_EQ(d.state("e").get(Address(0, 0, Field::clock_ms)), Value::of(30));
  EXPECT_EQ(d.origin.counts().held, 1U);
  EXPECT_EQ(d.origin.counts().repeats_by_number, 1U);
  Follower follower;
  const Batch batch = d.origin.take_batch();
  follower.take(batch);
  EXPECT_THAT(follower.deltas, SizeIs(3));
  ASSERT_FALSE(batch.source_numbers.empty());
  EXPECT_EQ(batch.source_numbers.back().number, 3U);
}

TEST(OriginNumbered, MarksAnEventIncompleteBehindAGapUntilAnImageComes) {
  Driven d;
  const Address feed(0, 0, Field::feed, 1);
  d.take(numbered(1, 10), 0);
  d.take(numbered(4, 40), 100);
  d.origin.expire(100 + limits::held_ms - 1);
  EXPECT_EQ(d.origin.counts().gaps, 0U);
  d.origin.expire(100 + limits::held_ms);
  EXPECT_EQ(d.origin.counts().gaps, 1U);
  EXPECT_EQ(d.origin.counts().missing, 2U);
  EXPECT_EQ(d.state("e").get(feed), Value::of(static_cast<std::int64_t>(FeedHealth::incomplete)));
  EXPECT_EQ(d.state("e").get(Address(0, 0, Field::clock_ms)), Value::of(40));
  d.take(numbered(5, 50));
  EXPECT_EQ(d.state("e").get(feed), Value::of(static_cast<std::int64_t>(FeedHealth::incomplete)));
  d.take(updated().at_ms(200).number(9, "e").event("e").image().set(Field::clock_ms, 90));
  EXPECT_EQ(d.state("e").get(feed), Value::of(static_cast<std::int64_t>(FeedHealth::live)));
  Follower follower;
  follower.take(d.origin.take_batch());
  follower.expect_states_of(d.origin);
  // In sequence, and with its cause.
  EXPECT_EQ(follower.deltas[1].cause, Cause::feed_health);
  EXPECT_EQ(follower.deltas.back().cause, Cause::feed_health);
}

TEST(OriginNumbered, GivesUpSeveralGapsOfOneTimeAtOnce) {
  Driven d;
  d.take(numbered(1, 10), 0);
  for (const std::uint64_t number : {3U, 5U, 7U})
    d.take(numbered(number, static_cast<std::int64_t>(number)), 100);
  d.origin.expire(100 + limits::held_ms);
  EXPECT_EQ(d.origin.counts().gaps, 3U);
  EXPECT_EQ(d.origin.counts(SourceId(1)).gaps, 3U);
  EXPECT_EQ(d.origin.counts(SourceId(1)).missing, 3U);
  EXPECT_EQ(d.origin.counts(SourceId(1)).outcomes[static_cast<std::size_t>(Outcome::held)], 3U);
  EXPECT_EQ(d.state("e").get(Address(0, 0, Field::clock_ms)), Value::of(7));
}

TEST(OriginNumbered, CountsAHeldUpdateThatBreaksALimit) {
  Driven d;
  d.take(numbered(1, 10));
  const std::string text(limits::text_bytes + 1, 'x');
  d.take(updated().at_ms(100).number(3, "e").event("e").set(Field::name, std::string_view(text)));
  d.take(numbered(4, 40));
  d.take(numbered(2, 20));
  EXPECT_EQ(d.origin.counts().rejected, 1U);
  EXPECT_EQ(d.state("e").get(Address(0, 0, Field::clock_ms)), Value::of(40));
}

// --- Taking up where a journal ends.

// An update of 20 MB in one: nobody may be sent a frame as large, and nothing of it may be missing.
TEST(Origin, SendsWhatIsTooLargeForOneDeltaAsSeveral) {
  Driven d;
  Follower follower;
  test::Builder update = updated().at_ms(100).event("e").market("m");
  for (int i = 0; i < 20; ++i)
    update.outcome("o" + std::to_string(i))
        .set(Field::name, std::string(1'000'000, static_cast<char>('a' + i)));
  d.take(update);
  const Batch batch = d.origin.take_batch();
  EXPECT_EQ(batch.count, 5U);
  DeltaItems items(batch.items);
  DeltaItem item;
  while (items.next(item).value())
    EXPECT_LE(item.block.size(), limits::delta_bytes);
  follower.take(batch);
  EXPECT_TRUE(test::same_cells(follower.states[1], d.state("e")));
  EXPECT_EQ(follower.states[1].seq, d.state("e").seq);
}

// It once took a minute for this: each cell was taken back from the front of its row.
TEST(Origin, CutsManySmallCellsAsQuicklyAsFewLargeOnes) {
  Driven d;
  test::Builder update = updated().at_ms(100).event("e");
  for (int i = 0; i < 300'000; ++i)
    update.attribute("k" + std::to_string(i), i);
  d.take(update);
  const Batch batch = d.origin.take_batch();
  EXPECT_GT(batch.count, 5U);
  Follower follower;
  follower.take(batch);
  follower.expect_states_of(d.origin);
}

TEST(OriginNumbered, HoldsNoMoreBytesThanItsBound) {
  Driven d;
  d.take(numbered(1, 1));
  const std::string large(1'000'000, 'x');
  for (std::uint64_t number = 3; number < 400; number += 2) {
    Update update = updated().at_ms(100).number(number, "e").event("e").set(Field::name, large);
    ASSERT_TRUE(d.origin.take(d.line, update, 1'000));
  }
  EXPECT_GT(d.origin.counts().gaps, 0U);
  EXPECT_GT(d.origin.counts().held, 60U);
  d.origin.expire(1'000'000);
  EXPECT_EQ(d.origin.counts().missing, 199U);
}

TEST(OriginRestored, GoesOnWithTheSameBytes) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto story = story_of(seed, 120);
    Random random(seed);
    const std::size_t cut = random.below(story.size());
    Driven whole({.snapshot_deltas = 9});
    Driven cut_off({.snapshot_deltas = 9});
    for (std::size_t i = 0; i < cut; ++i) {
      whole.take(story[i]);
      cut_off.take(story[i]);
    }
    whole.origin.take_batch();
    Driven restored({.snapshot_deltas = 9});
    for (const auto& event : cut_off.origin.table().events())
      restored.origin.restore(event->handle, event->state, {event->state.seq.value % 9});
    restored.origin.restore_head(cut_off.origin.head());
    for (std::size_t i = cut; i < story.size(); ++i) {
      whole.take(story[i]);
      restored.take(story[i]);
    }
    const Batch expected = whole.origin.take_batch();
    const Batch batch = restored.origin.take_batch();
    EXPECT_EQ(batch.items, expected.items) << "seed " << seed;
    EXPECT_EQ(batch.count, expected.count);
    if (batch.count != 0) {
      EXPECT_EQ(batch.first, expected.first);
    }
    EXPECT_EQ(batch.snapshots.size(), expected.snapshots.size()) << "seed " << seed;
    EXPECT_EQ(restored.origin.head(), whole.origin.head());
  }
}

TEST(OriginRestored, KnowsTheSourcesNumbers) {
  Driven d;
  d.take(numbered(41, 10));
  Driven restored;
  restored.origin.restore(EventHandle(1), d.state("e"), {});
  restored.origin.restore_head(d.origin.head());
  restored.origin.restore_number(restored.line.source, EventHandle(1), 41);
  EXPECT_EQ(restored.take(numbered(41, 11)), Outcome::repeat);
  EXPECT_EQ(restored.take(numbered(43, 12)), Outcome::held);
  EXPECT_EQ(restored.take(numbered(42, 13)), Outcome::changed);
  EXPECT_EQ(restored.origin.head(), Offset(3));
}

}  // namespace
}  // namespace touchline
