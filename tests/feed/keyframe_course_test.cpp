// Keyframes in portions: what is given is the table as it stood when the reader was taken on, whatever changes
// while they are made.

#include "tests/feed/wired_fixture.h"

#include <string>

namespace touchline {
namespace {

HubOptions one_at_a_time() {
  HubOptions options;
  options.keyframe_portion_bytes = 1;
  return options;
}

struct InPortions : Wired {
  explicit InPortions(int events) : Wired(one_at_a_time()) {
    hub.on_more_keyframes = [this] { more = true; };
    for (int i = 0; i < events; ++i)
      update("e" + std::to_string(i), 200 + i);
    commit_all();
  }
  void make() {
    ASSERT_TRUE(std::exchange(more, false));
    hub.make_keyframes();
  }
  void make_all() {
    while (more)
      make();
  }
  bool more = false;
};

TEST(KeyframeCourse, GivesAPortionInEachTurnOfTheLoop) {
  InPortions wired(5);
  Wired::Peer peer;
  wired.join(peer);
  for (std::size_t portions = 1; portions <= 5; ++portions) {
    wired.carry(peer);
    EXPECT_EQ(peer.subscriber.counts().keyframes, portions);
    EXPECT_EQ(wired.more, portions < 5);
    if (wired.more) wired.make();
  }
  wired.expect_agreement(peer);
}

TEST(KeyframeCourse, GivesStatesAsTheyWereAndThenWhatChangedMeanwhile) {
  InPortions wired(6);
  Wired::Peer peer;
  wired.join(peer);
  const Offset head = wired.hub.published();
  wired.update("e1", 300);
  wired.update("e5", 301);
  wired.update("e6", 302);  // begins meanwhile
  wired.commit_all();
  wired.make();
  wired.update("e5", 303);
  wired.commit_all();
  wired.carry(peer);
  EXPECT_EQ(peer.subscriber.counts().deltas, 0U) << "before all keyframes were given";
  EXPECT_EQ(peer.subscriber.position().offset, head);
  wired.make_all();
  wired.carry(peer);
  EXPECT_EQ(peer.subscriber.counts().keyframes, 6U);
  EXPECT_EQ(peer.subscriber.counts().deltas, 4U);
  EXPECT_EQ(peer.subscriber.counts().resyncs, 0U);
  wired.publisher.checkpoint_all();
  wired.carry(peer);
  EXPECT_EQ(peer.subscriber.counts().digests_differed, 0U);
  wired.expect_agreement(peer);
}

TEST(KeyframeCourse, IsFollowedByAnotherForWhoeverComesWhileItIsMade) {
  InPortions wired(4);
  Wired::Peer first;
  Wired::Peer second;
  wired.join(first);
  wired.join(second);
  wired.update("e3", 300);
  wired.commit_all();
  wired.make_all();
  wired.carry(first);
  EXPECT_FALSE(second.subscriber.welcomed());
  wired.publisher.flush(wired.now_ms);
  wired.make_all();
  wired.carry(second);
  EXPECT_EQ(second.subscriber.counts().keyframes, 4U);
  wired.expect_agreement(first);
  wired.expect_agreement(second);
}

TEST(KeyframeCourse, ServesAResyncWhileAnotherReaderIsGivenAllStates) {
  InPortions wired(4);
  Wired::Peer old;
  wired.join(old);
  wired.make_all();
  wired.carry(old);
  Wired::Peer fresh;
  wired.join(fresh);
  ASSERT_TRUE(wired.more);
  wired.hub.resync(old.reader, EventHandle(4));
  wired.publisher.flush(wired.now_ms);
  wired.carry(old);
  EXPECT_EQ(old.subscriber.counts().keyframes, 5U);
}

TEST(KeyframeCourse, GoesOnWhenTheReaderThatItBeganForHasLeft) {
  InPortions wired(4);
  {
    Wired::Peer peer;
    wired.join(peer);
    wired.hub.leave(peer.reader);
  }
  wired.make_all();
  Wired::Peer next;
  wired.join(next);
  wired.make_all();
  wired.carry(next);
  wired.expect_agreement(next);
}

// Its label would be an offset that is not on disk yet, and that a crash may give to something else.
TEST(KeyframeCache, GivesNoFramesOfALaterHead) {
  Wired wired;
  wired.update("e", 200);
  wired.commit_all();
  KeyframeCache cache(1U << 20);
  const LiveEvent& event = *wired.origin.table().events().front();
  const auto later = cache.frames(event, Offset(9));
  EXPECT_EQ(cache.frames(event, Offset(10)), later);
  EXPECT_NE(cache.frames(event, Offset(5)), later);
}

}  // namespace
}  // namespace touchline
