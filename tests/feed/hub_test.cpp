#include "tests/feed/wired_fixture.h"

namespace touchline {
namespace {

TEST(Gate, ShowsNothingBeforeItsCommitIsDone) {
  Wired wired;
  Wired::Peer peer;
  wired.join(peer);
  wired.carry(peer);
  wired.update("e", 2);
  wired.carry(peer);
  EXPECT_EQ(peer.subscriber.counts().deltas, 0U);
  wired.commit();
  wired.carry(peer);
  EXPECT_EQ(peer.subscriber.counts().deltas, 1U);
  wired.expect_agreement(peer);
}

TEST(Gate, ShowsNothingAfterAFailedCommit) {
  Wired wired;
  Wired::Peer peer;
  wired.join(peer);
  wired.update("e", 2);
  wired.update("e", 3);
  wired.commit(Error{ErrorKind::environment, "disk full", 0});
  wired.update("e", 4);
  wired.carry(peer);
  EXPECT_EQ(peer.subscriber.counts().deltas, 0U);
  EXPECT_FALSE(wired.in_flight.has_value());
  EXPECT_TRUE(wired.publisher.failure().has_value());
  EXPECT_TRUE(wired.publisher.full());
}

TEST(Gate, WithRelaxedDurabilityShowsFirst) {
  HubOptions options;
  options.durability = Durability::relaxed;
  Wired wired(options);
  Wired::Peer peer;
  wired.join(peer);
  wired.carry(peer);
  wired.update("e", 2);
  wired.carry(peer);
  EXPECT_EQ(peer.subscriber.counts().deltas, 1U);
}

TEST(Gate, KeepsKeyframesBackUntilWhatIsInThemIsDurable) {
  Wired wired;
  wired.update("e", 2);  // under way to the disk
  Wired::Peer peer;
  wired.join(peer);
  wired.carry(peer);
  EXPECT_FALSE(peer.subscriber.welcomed());
  wired.commit();
  wired.carry(peer);
  EXPECT_TRUE(peer.subscriber.welcomed());
  wired.expect_agreement(peer);
}

// Joins between any two steps of a commit, with every combination of updates before and behind it.
TEST(Hub, BringsAReaderThatJoinsAtAnyMomentToTheSameStates) {
  for (int moment = 0; moment < 40; ++moment) {
    Wired wired;
    Wired::Peer peer;
    for (int step = 0; step < 40; ++step) {
      if (step == moment) wired.join(peer);
      if (step % 2 == 0) wired.update("e" + std::to_string(step % 3), 100 + step);
      if (step % 5 == 3) wired.commit();
      if (peer.joined) wired.carry(peer, 1);
    }
    wired.commit_all();
    wired.carry(peer, 1);
    wired.publisher.checkpoint_all();
    wired.carry(peer, 1);
    EXPECT_GT(peer.subscriber.counts().digests_checked, 0U);
    EXPECT_EQ(peer.subscriber.counts().resyncs, 0U) << "joined at step " << moment;
    wired.expect_agreement(peer);
  }
}

TEST(Hub, GivesAReaderThatFellOutOfTheLogItsStatesAgain) {
  HubOptions options;
  options.log_bytes_max = 200;
  Wired wired(options);
  Wired::Peer peer;
  wired.update("e", 2);
  wired.commit_all();
  wired.join(peer);
  wired.carry(peer);
  for (int price = 3; price < 100; ++price) {
    wired.update("e" + std::to_string(price % 2), price);
    wired.commit();
  }
  // The reader is asked for more while a commit is under way: it must get nothing of it without its keyframes.
  wired.update("e", 200);
  wired.carry(peer);
  wired.commit_all();
  wired.update("e", 201);
  wired.commit_all();
  wired.carry(peer);
  EXPECT_EQ(wired.hub.counts().resets, 1U);
  wired.expect_agreement(peer);
}

TEST(Hub, CutsAFilterOutOfTheStreamWithoutLosingTheCount) {
  Wired wired;
  Hello hello;
  hello.filter.events = {"e1"};
  Wired::Peer peer(hello);
  wired.update("e0", 2);
  wired.commit_all();
  wired.join(peer, hello);
  for (int price = 3; price < 60; ++price)
    wired.update("e" + std::to_string(price % 3), price);
  wired.commit_all();
  wired.carry(peer);
  wired.publisher.checkpoint_all();
  wired.carry(peer);
  EXPECT_EQ(peer.failure, "");
  ASSERT_EQ(peer.subscriber.states().size(), 1U);
  EXPECT_EQ(peer.subscriber.position().offset, wired.hub.published());
  const LiveEvent& wanted = *wired.origin.table().find("e1");
  EXPECT_EQ(peer.subscriber.states().at(wanted.handle).digest(), wanted.state.digest());
}

TEST(Hub, SendsTheKeyframeOfAnEventThatComesToMatchTheFilter) {
  Wired wired;
  Hello hello;
  hello.filter.sports = {"football"};
  Wired::Peer peer(hello);
  wired.join(peer, hello);
  wired.update("late", 2);
  wired.update("early", 3, R"(,"sport":"football")");
  wired.commit_all();
  wired.carry(peer);
  EXPECT_EQ(peer.subscriber.states().size(), 1U);
  wired.update("late", 4, R"(,"sport":"football")");
  wired.commit_all();
  wired.carry(peer);
  wired.update("late", 5);
  wired.commit_all();
  wired.carry(peer);
  wired.expect_agreement(peer);
}

TEST(Hub, ResumesFromMemoryWithWhatWasMissedOnly) {
  Wired wired;
  Wired::Peer peer;
  wired.join(peer);
  wired.update("e", 2);
  wired.commit_all();
  wired.carry(peer);
  wired.hub.leave(peer.reader);
  wired.update("e", 3);
  wired.update("f", 4);
  wired.commit_all();
  peer.subscriber.reconnect();
  Hello hello;
  hello.position = peer.subscriber.position();
  peer.reader = {};
  wired.join(peer, hello);
  wired.carry(peer);
  EXPECT_EQ(wired.hub.counts().tails, 1U);
  EXPECT_EQ(peer.subscriber.counts().keyframes, 0U);
  wired.expect_agreement(peer);
}

TEST(Hub, ResetsAPositionThatIsNotOfThisJournal) {
  for (const Position position : {Position{Epoch(2), Offset(1)}, Position{Epoch(1), Offset(99)}}) {
    Wired wired;
    wired.update("e", 2);
    wired.commit_all();
    Hello hello;
    hello.position = position;
    Wired::Peer peer(hello);
    wired.join(peer, hello);
    wired.carry(peer);
    EXPECT_EQ(wired.hub.counts().tails, 0U);
    EXPECT_EQ(peer.subscriber.counts().keyframes, 1U);
    wired.expect_agreement(peer);
  }
}

TEST(Subscriber, AsksForTheStateOfAnEventWhoseDigestDiffers) {
  Wired wired;
  Wired::Peer peer;
  wired.join(peer);
  wired.update("e", 2);
  wired.commit_all();
  wired.carry(peer);
  // As a bug or a flipped bit would: a state of the reader is not what it should be.
  const auto& state = peer.subscriber.states().at(EventHandle(1));
  const_cast<EventState&>(state).set(Address(1, 1, Field::price), 999);
  wired.publisher.checkpoint_all();
  wired.carry(peer);
  wired.commit_all();
  wired.carry(peer);
  EXPECT_EQ(peer.subscriber.counts().resyncs, 1U);
  EXPECT_EQ(peer.subscriber.counts().keyframes, 1U);
  wired.update("e", 3);
  wired.commit_all();
  wired.carry(peer);
  wired.expect_agreement(peer);
}

TEST(Subscriber, OffersNoPositionWhoseStatesItDoesNotHold) {
  Wired wired;
  wired.update("e", 2);
  wired.commit_all();
  Subscriber subscriber({}, {});
  (void)subscriber.take_output();
  std::string welcome;
  put(welcome,
      Welcome{
          protocol_version, {Epoch(1), Offset(1)}, Durability::durable, 0, 0, ResumeKind::keyframes, "", ""});
  ASSERT_TRUE(subscriber.receive(welcome));
  subscriber.reconnect();  // the line was lost before the keyframes came
  FrameReader frames;
  frames.append(subscriber.take_output());
  Frame frame;
  ASSERT_TRUE(*frames.next(frame));
  EXPECT_FALSE(read_hello(frame.body)->position.has_value());
}

TEST(Subscriber, TakesAHeartbeatThatNamesAnotherOffsetAsAnError) {
  Wired wired;
  Wired::Peer peer;
  wired.join(peer);
  wired.update("e", 2);
  wired.commit_all();
  wired.carry(peer);
  Hub::Reader ahead = peer.reader;
  ahead.position = Offset(7);
  const auto taken = peer.subscriber.receive(wired.hub.heartbeat(ahead, 0));
  ASSERT_FALSE(taken);
  EXPECT_NE(taken.error().text.find("names offset 7, counted here 1"), std::string::npos)
      << taken.error().text;
}

}  // namespace
}  // namespace touchline
