// Events that are forgotten: when, what is left, what readers see of it, and how they begin anew.

#include "core/retention.h"

#include "core/limits.h"
#include "core/origin.h"
#include "core/state_words.h"
#include "core/subscriber.h"
#include "tests/core/stream_fixture.h"
#include "tests/core/update_fixture.h"

#include <gtest/gtest.h>

#include <string>

namespace touchline {
namespace {

using test::Follower;
using test::Stream;
using test::updated;

constexpr std::int64_t day = 86'400'000;

std::int64_t number(EventStatus status) { return static_cast<std::int64_t>(status); }

Update priced(const std::string& event, const std::string& market, std::int64_t price) {
  return updated().at_ms(1'000).event(event).market(market).outcome("o").set(Field::price, price);
}
Update with_status(const std::string& event, EventStatus status) {
  return updated().at_ms(1'000).event(event).set(Field::status, number(status));
}

EventState over_since(std::int64_t source_time_ms) {
  EventState state;
  state.set(Address(0, 0, Field::id), "e");
  state.set(status_of_event, number(EventStatus::settled));
  state.source_time_ms = source_time_ms;
  return state;
}

TEST(MayForget, WhatIsOverForLongEnoughByBothClocks) {
  EXPECT_TRUE(may_forget(over_since(0), 0, day, day));
  EXPECT_FALSE(may_forget(over_since(0), 0, day, day - 1));
  EXPECT_FALSE(may_forget(over_since(1), 0, day, day)) << "the source spoke of it later";
  EXPECT_FALSE(may_forget(over_since(0), 1, day, day)) << "a recording of long ago was taken just now";
}

TEST(MayForget, WhateverIsOverAndNothingElse) {
  for (std::int64_t status = 0; status <= number(EventStatus::forgotten); ++status) {
    EventState state = over_since(0);
    state.set(status_of_event, status);
    const bool over = status == number(EventStatus::settled) || status == number(EventStatus::cancelled) ||
                      status == number(EventStatus::abandoned);
    EXPECT_EQ(may_forget(state, 0, day, day), over) << status;
  }
}

TEST(MayForget, WhatHasNoStatusIfAllItsMarketsAreOver) {
  EventState state = over_since(0);
  state.erase(status_of_event);
  const Address market(1, 0, Field::status);
  state.set(market, static_cast<std::int64_t>(MarketStatus::suspended));
  EXPECT_FALSE(may_forget(state, 0, day, day));
  state.set(market, static_cast<std::int64_t>(MarketStatus::closed));
  EXPECT_TRUE(may_forget(state, 0, day, day));
}

TEST(Forgetting, LeavesTheIdAndAMarkInOneCriticalDeltaOfTheOperators) {
  Stream stream;
  stream.take(priced("e", "m", 150));
  stream.take(with_status("e", EventStatus::settled));
  stream.take(priced("goes on", "n", 150));
  Follower follower;
  follower.take(stream.origin.take_batch());

  EXPECT_EQ(stream.origin.forget(day, 1'000), 0U);
  EXPECT_EQ(stream.origin.forget(day, 999 + day), 0U);
  EXPECT_EQ(stream.origin.forget(day, 1'000 + day), 1U);
  EXPECT_EQ(stream.origin.forget(day, 1'000 + day), 0U) << "once";
  const Batch batch = stream.origin.take_batch();
  follower.take(batch);
  follower.expect_states_of(stream.origin);

  const Delta& delta = follower.deltas.back();
  EXPECT_EQ(delta.cause, Cause::operator_);
  EXPECT_EQ(delta.kind, DeltaClass::critical);
  EXPECT_EQ(delta.source_time_ms, 1'000) << "the source said nothing";
  const EventState& state = stream.origin.table().find("e")->state;
  EXPECT_EQ(state.cell_count(), 2U);
  EXPECT_EQ(state.get(Address(0, 0, Field::id)).text, "e");
  EXPECT_TRUE(is_forgotten(state));
  EXPECT_EQ(state.market_count(), 1U);
  EXPECT_EQ(follower.states.at(1).market_count(), 1U) << "a reader lets go of the rows, too";
  EXPECT_EQ(stream.origin.counts().forgotten, 1U);
  ASSERT_EQ(batch.snapshots.size(), 1U);
  EXPECT_EQ(batch.snapshots[0].digest, state.digest());
  EXPECT_EQ(describe(state, delta).size(), 1U) << "nobody wants to read a thousand cells";
}

// A recording's updates are taken in at the source's time, which may be years ago.
TEST(Forgetting, WaitsForAsLongAsItIsPublishedHoweverOldItsTimesAre) {
  Stream stream;
  stream.take(with_status("e", EventStatus::settled));
  EXPECT_EQ(stream.origin.forget(day, 1'000 * day), 0U);
  EXPECT_EQ(stream.origin.forget(day, 1'001 * day - 1), 0U);
  stream.take(updated().at_ms(2'000).event("e").set(Field::home_score, 1));
  EXPECT_EQ(stream.origin.forget(day, 1'001 * day), 0U) << "something was said meanwhile";
  EXPECT_EQ(stream.origin.forget(day, 1'002 * day), 1U);

  Origin restored;
  restored.add_source();
  EventState state = over_since(1'000);
  state.seq = Seq(5);
  restored.restore(EventHandle(1), state, {.last = Offset(5), .published_ms = 1'000 * day});
  EXPECT_EQ(restored.forget(day, 1'001 * day - 1), 0U) << "a restart is nothing new";
  EXPECT_EQ(restored.forget(day, 1'001 * day), 1U);
}

TEST(Forgetting, TakesNoMoreThanItsBoundAtATimeAndAllInTheEnd) {
  Stream stream;
  for (int i = 0; i < 50; ++i)
    stream.take(with_status("e" + std::to_string(i), EventStatus::cancelled));
  EXPECT_EQ(stream.origin.forget(0, 2'000, {.looked_at = 20, .forgotten = 7}), 7U);
  EXPECT_EQ(stream.origin.forget(0, 2'000, {.looked_at = 5, .forgotten = 7}), 5U);
  for (int i = 0; i < 10; ++i)
    stream.origin.forget(0, 2'000, {.looked_at = 20, .forgotten = 7});
  EXPECT_EQ(stream.origin.counts().forgotten, 50U);
  Follower follower;
  follower.take(stream.origin.take_batch());
  follower.expect_states_of(stream.origin);
}

TEST(Forgetting, OfAnEventTooLargeForOneDeltaGoesOutAsSeveral) {
  Stream stream;
  Update large = updated().at_ms(1'000).event("e").set(Field::status, number(EventStatus::settled));
  for (int market = 0; market < 40; ++market) {
    large.on_market("m" + std::to_string(market), {});
    large.on_outcome("o", 0);
    for (std::uint32_t level = 0; level < 3'000; ++level)
      large.set(Field::traded, 1 + level, 101 + level);
  }
  stream.take(std::move(large));
  ASSERT_GT(stream.origin.table().find("e")->state.cell_count() * 40, limits::delta_bytes);
  ASSERT_EQ(stream.origin.forget(0, 2'000), 1U);
  Follower follower;
  follower.take(stream.origin.take_batch());
  EXPECT_GT(follower.deltas.size(), 3U);
  follower.expect_states_of(stream.origin);
  EXPECT_EQ(stream.origin.table().find("e")->state.cell_count(), 2U);
}

TEST(Forgetting, IsTakenBackByTheFirstThingThatIsSaidAndNumbersBeginAnew) {
  Stream stream;
  for (const char* market : {"a", "b", "c"})
    stream.take(priced("e", market, 150));
  stream.take(with_status("e", EventStatus::settled));
  ASSERT_EQ(stream.origin.forget(0, 2'000), 1U);
  const Seq seq = stream.origin.table().find("e")->state.seq;

  // Named, or told what is not there to go: nothing was said of it.
  stream.take(updated().at_ms(3'000).event("e"));
  stream.take(updated().at_ms(3'000).event("e").erase(Field::home_score));
  EXPECT_TRUE(is_forgotten(stream.origin.table().find("e")->state));
  EXPECT_EQ(stream.origin.table().find("e")->state.seq, seq);

  stream.take(priced("e", "c", 170));
  const EventState& state = stream.origin.table().find("e")->state;
  EXPECT_FALSE(is_forgotten(state));
  EXPECT_EQ(state.seq, seq.next());
  EXPECT_EQ(stream.origin.table().find("e")->handle, EventHandle(1));
  EXPECT_EQ(state.get(Address(1, 0, Field::id)).text, "c");
  EXPECT_EQ(state.market_count(), 2U);
  Follower follower;
  follower.take(stream.origin.take_batch());
  follower.expect_states_of(stream.origin);

  // And may be forgotten again.
  stream.take(updated().at_ms(4'000).event("e").set(Field::status, number(EventStatus::cancelled)));
  EXPECT_EQ(stream.origin.forget(0, 5'000), 1U);
  follower.take(stream.origin.take_batch());
  follower.expect_states_of(stream.origin);
}

TEST(Forgetting, TakesTheHomesOfItsMarketsWithIt) {
  Stream stream;
  stream.take(
      updated().at_ms(1'000).market("m", "e").set(Field::status, 4).outcome("o").set(Field::price, 2));
  ASSERT_EQ(stream.origin.forget(0, 2'000), 1U);
  stream.take(updated().at_ms(3'000).market("m").outcome("o").set(Field::price, 3));
  EXPECT_TRUE(is_forgotten(stream.origin.table().find("e")->state)) << "nobody said that it is its own still";
  stream.take(updated().at_ms(4'000).market("m", "e").outcome("o").set(Field::price, 4));
  EXPECT_FALSE(is_forgotten(stream.origin.table().find("e")->state));
}

TEST(Forgetting, IsNothingThatAFeedsHealthCouldTakeBack) {
  Stream stream;
  stream.origin.watch(stream.line.source, {100, 0}, 0);
  stream.take(with_status("e", EventStatus::settled));
  ASSERT_EQ(stream.origin.forget(0, 2'000), 1U);
  const Offset head = stream.origin.head();
  stream.origin.expire(10'000);
  stream.take(priced("other", "m", 2), 11'000);
  EXPECT_TRUE(is_forgotten(stream.origin.table().find("e")->state));
  EXPECT_EQ(stream.origin.head(), head.next());
}

TEST(Forgetting, IsNoWordOfASources) { EXPECT_EQ(event_status_of("forgotten"), std::nullopt); }

// Whoever has come since holds nothing of it, and asks.
TEST(Forgetting, OfAnEventThatBeginsAnewBringsALaterReaderToAsk) {
  Stream stream;
  stream.take(priced("e", "m", 150));
  stream.take(with_status("e", EventStatus::settled));
  stream.origin.forget(0, 2'000);
  stream.origin.take_batch();
  Subscriber late(Hello{}, {});
  late.take_output();
  ASSERT_TRUE(late.receive(stream.welcome() + stream.heartbeat()));
  stream.take(priced("e", "m", 160));
  ASSERT_TRUE(late.receive(stream.deltas()));
  EXPECT_EQ(late.counts().resyncs, 1U);
  ASSERT_TRUE(late.receive(stream.keyframe(1)));
  EXPECT_EQ(late.states().at(EventHandle(1)).digest(), stream.origin.table().find("e")->state.digest());
  stream.take(priced("e", "m", 170));
  ASSERT_TRUE(late.receive(stream.deltas() + stream.checkpoint()));
  EXPECT_EQ(late.counts().digests_differed, 0U);
  EXPECT_EQ(late.counts().resyncs, 1U);
}

}  // namespace
}  // namespace touchline
