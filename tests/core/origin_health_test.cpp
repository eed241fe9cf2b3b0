// Sources that fall silent, lose their lines or report trouble, and what their events show of it.

#include "core/origin.h"
#include "core/state_names.h"
#include "tests/core/stream_fixture.h"
#include "tests/core/update_fixture.h"

#include <gtest/gtest.h>

#include <string>

namespace touchline {
namespace {

using test::Follower;
using test::updated;

struct Feeds {
  Feeds() {
    odds = origin.add_line(origin.add_source());
    scores = origin.add_line(origin.add_source());
    origin.watch(odds.source, {1'000, 100}, 0);
    origin.watch(scores.source, {1'000, 100}, 0);
    take(odds, odds_of("both", 150), 0);
    take(scores, updated().at_ms(1).event("both").set(Field::home_score, 1), 0);
    take(odds, odds_of("odds", 150), 0);
  }

  static Update odds_of(const char* event, std::int64_t value) {
    return updated()
        .at_ms(1)
        .event(event)
        .market(std::string(event) + "/m")
        .outcome("o")
        .set(Field::price, value);
  }
  void take(LineRef line, Update update, std::int64_t now_ms) {
    ASSERT_TRUE(origin.take(line, update, now_ms));
  }
  void beat(LineRef line, std::int64_t now_ms) {
    Update alive;
    alive.kind = UpdateKind::heartbeat;
    take(line, alive, now_ms);
  }
  FeedHealth health(const char* event) { return feed_health(origin.table().find(event)->state); }
  std::uint64_t deltas() { return origin.head().value; }

  Origin origin;
  LineRef odds;
  LineRef scores;
};

TEST(SourceHealth, ASilentSourceMakesItsEventsStaleAndOneMessageTakesThatBack) {
  Feeds feeds;
  feeds.beat(feeds.odds, 500);
  feeds.origin.expire(999);
  EXPECT_EQ(feeds.health("both"), FeedHealth::live);
  feeds.origin.expire(1'000);  // scores only
  EXPECT_EQ(feeds.health("both"), FeedHealth::stale);
  EXPECT_EQ(feeds.health("odds"), FeedHealth::live);
  feeds.origin.expire(1'500);
  EXPECT_EQ(feeds.health("odds"), FeedHealth::stale);
  const std::uint64_t before = feeds.deltas();
  feeds.origin.expire(9'000);
  EXPECT_EQ(feeds.deltas(), before) << "said once";
  feeds.beat(feeds.scores, 9'001);
  EXPECT_EQ(feeds.health("both"), FeedHealth::stale) << "the odds are stale still";
  feeds.beat(feeds.odds, 9'001);
  EXPECT_EQ(feeds.health("both"), FeedHealth::live);
  EXPECT_EQ(feeds.health("odds"), FeedHealth::live);
}

TEST(SourceHealth, IsSaidInOrderAndIsCritical) {
  Feeds feeds;
  feeds.origin.expire(5'000);
  feeds.take(feeds.odds, Feeds::odds_of("odds", 151), 5'001);
  Follower follower;
  follower.take(feeds.origin.take_batch());
  follower.expect_states_of(feeds.origin);
  std::uint64_t said = 0;
  for (const Delta& delta : follower.deltas) {
    if (delta.cause != Cause::feed_health) continue;
    EXPECT_EQ(delta.kind, DeltaClass::critical);
    ++said;
  }
  EXPECT_EQ(said, 3U + 2U);
  // What recovers is said before what it recovers with.
  EXPECT_EQ(follower.deltas.back().cause, Cause::source);
}

TEST(SourceHealth, ASourceIsLostWithItsLastLineAfterAMoment) {
  Feeds feeds;
  const LineRef second = feeds.origin.add_line(feeds.odds.source);
  feeds.origin.end_line(feeds.odds, 500);
  feeds.origin.expire(700);
  EXPECT_EQ(feeds.health("odds"), FeedHealth::live) << "the other line goes on";
  feeds.origin.end_line(second, 700);
  feeds.origin.expire(799);
  EXPECT_EQ(feeds.health("odds"), FeedHealth::live);
  feeds.origin.expire(800);
  EXPECT_EQ(feeds.health("odds"), FeedHealth::stale);
  feeds.origin.restart_line(second);
  feeds.origin.expire(850);
  EXPECT_EQ(feeds.health("odds"), FeedHealth::stale) << "a connection alone says nothing";
  feeds.beat(second, 860);
  EXPECT_EQ(feeds.health("odds"), FeedHealth::live);
}

TEST(SourceHealth, ReportedTroubleIsTakenAtItsWord) {
  Feeds feeds;
  Update late = Feeds::odds_of("odds", 152);
  late.status = 503;
  feeds.take(feeds.odds, late, 10);
  EXPECT_EQ(feeds.health("odds"), FeedHealth::stale);
  EXPECT_TRUE(feeds.origin.health(feeds.odds.source, 10).stale);
  feeds.take(feeds.odds, Feeds::odds_of("odds", 153), 11);
  EXPECT_EQ(feeds.health("odds"), FeedHealth::live);
}

TEST(SourceHealth, WhatWasIncompleteIsSoAgain) {
  Feeds feeds;
  const auto numbered = [](std::uint64_t number) {
    return updated().at_ms(1).number(number, "n").event("n").set(Field::clock_ms, std::int64_t(number));
  };
  feeds.take(feeds.odds, numbered(1), 10);
  feeds.take(feeds.odds, numbered(3), 10);
  feeds.origin.expire(10 + limits::held_ms);  // a gap, and by then silence
  EXPECT_EQ(feeds.health("n"), FeedHealth::stale);
  feeds.beat(feeds.odds, 3'000);
  EXPECT_EQ(feeds.health("n"), FeedHealth::incomplete);
  EXPECT_EQ(feeds.health("odds"), FeedHealth::live);
}

TEST(SourceHealth, EventsThatAreOverAreLeftAlone) {
  Feeds feeds;
  feeds.take(feeds.odds, updated().at_ms(2).event("odds").status(EventStatus::settled), 10);
  feeds.origin.expire(5'000);
  EXPECT_EQ(feeds.health("odds"), FeedHealth::live);
  EXPECT_EQ(feeds.health("both"), FeedHealth::stale);
}

TEST(SourceHealth, OutlivesARestart) {
  Feeds feeds;
  feeds.origin.expire(5'000);
  Origin restarted;
  const LineRef odds = restarted.add_line(restarted.add_source());
  restarted.add_line(restarted.add_source());
  for (const auto& event : feeds.origin.table().events())
    restarted.restore(event->handle, event->state, {});
  restarted.restore_head(feeds.origin.head());
  Update alive;
  alive.kind = UpdateKind::heartbeat;
  ASSERT_TRUE(restarted.take(odds, alive, 6'000));
  EXPECT_EQ(feed_health(restarted.table().find("odds")->state), FeedHealth::live);
  EXPECT_EQ(feed_health(restarted.table().find("both")->state), FeedHealth::stale);
}

TEST(SourceHealth, NobodyIsMarkedThatIsNotWatched) {
  Origin origin;
  const LineRef line = origin.add_line(origin.add_source());
  Update update = Feeds::odds_of("e", 150);
  ASSERT_TRUE(origin.take(line, update, 10));
  origin.end_line(line, 20);
  origin.expire(1'000'000'000);
  EXPECT_EQ(feed_health(origin.table().find("e")->state), FeedHealth::live);
}

}  // namespace
}  // namespace touchline
