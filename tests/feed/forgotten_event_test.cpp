// Readers and events that are forgotten: who hears of it, who need not, and what they hold in the end.

#include "core/retention.h"
#include "tests/feed/wired_fixture.h"

#include <gmock/gmock.h>

namespace touchline {
namespace {

using testing::HasSubstr;

// "gone" is over, "stays" goes on.
struct Retaining : Wired {
  explicit Retaining(HubOptions options = {}) : Wired(options) {
    update("gone", 2, R"(,"status":"settled")");
    update("stays", 3);
    commit_all();
  }
  void forget() {
    ASSERT_EQ(origin.forget(0, now_ms + 1), 1U);
    commit_all();
  }
  // A position may be offered once something has come behind the keyframes.
  void join_and_hear(Peer& peer) {
    join(peer);
    update("stays", 4);
    commit_all();
    carry(peer);
  }
  void come_back(Peer& peer) {
    hub.leave(peer.reader);
    peer.subscriber.reconnect();
    Hello hello;
    hello.position = peer.subscriber.position();
    peer.reader = {};
    join(peer, hello);
    carry(peer);
  }
};

TEST(ForgottenEvent, ReachesWhoHoldsItAndIsAgreedOn) {
  Retaining wired;
  Wired::Peer peer;
  wired.join(peer);
  wired.carry(peer);
  wired.forget();
  wired.publisher.checkpoint_all();
  wired.carry(peer);
  wired.expect_agreement(peer);
  EXPECT_TRUE(is_forgotten(peer.subscriber.states().at(EventHandle(1))));
  EXPECT_EQ(peer.subscriber.counts().resyncs, 0U);
}

TEST(ForgottenEvent, IsNothingToWhoeverJoinsLater) {
  Retaining wired;
  wired.forget();
  Wired::Peer peer;
  wired.join(peer);
  wired.publisher.checkpoint_all();
  wired.carry(peer);
  EXPECT_FALSE(peer.subscriber.states().contains(EventHandle(1)));
  EXPECT_TRUE(peer.subscriber.states().contains(EventHandle(2)));
  EXPECT_EQ(peer.subscriber.counts().resyncs, 0U) << "no checkpoint asks for it";

  // It begins anew: one resync, and all agree.
  wired.update("gone", 7);
  wired.commit_all();
  wired.carry(peer);
  wired.expect_agreement(peer);
  EXPECT_EQ(peer.subscriber.counts().resyncs, 1U);
}

// By the tail or by keyframes of what changed.
TEST(ForgottenEvent, ReachesWhoReturnsToIt) {
  for (const std::size_t log_bytes : {std::size_t{64} << 20, std::size_t{1}}) {
    HubOptions options;
    options.log_bytes_max = log_bytes;
    Retaining wired(options);
    Wired::Peer peer;
    wired.join_and_hear(peer);
    wired.hub.leave(peer.reader);
    wired.forget();
    for (int i = 0; i < 5; ++i)
      wired.update("stays", 10 + i);
    wired.commit_all();
    wired.come_back(peer);
    wired.expect_agreement(peer);
    EXPECT_TRUE(is_forgotten(peer.subscriber.states().at(EventHandle(1))));
    EXPECT_EQ(peer.subscriber.counts().resyncs, 0U);
  }
}

// Keyframes of the table as it stood are made in portions; what changes meanwhile must not be in them.
TEST(ForgottenEvent, ThatIsForgottenWhileKeyframesAreMadeIsGivenAsItWas) {
  HubOptions options;
  options.keyframe_portion_bytes = 1;
  Retaining wired(options);
  for (int i = 0; i < 20; ++i)
    wired.update("other " + std::to_string(i), 2);
  wired.update("late", 2, R"(,"status":"settled")");
  wired.commit_all();
  bool wanted = false;
  wired.hub.on_more_keyframes = [&] { wanted = true; };
  Wired::Peer peer;
  wired.join(peer);
  ASSERT_TRUE(wanted) << "not all at once";
  ASSERT_EQ(wired.origin.forget(0, wired.now_ms + 1), 2U);
  wired.commit_all();
  while (std::exchange(wanted, false)) {
    wired.hub.make_keyframes();
    wired.carry(peer);
  }
  wired.carry(peer);
  wired.expect_agreement(peer);
  EXPECT_EQ(peer.subscriber.counts().resyncs, 0U);
  EXPECT_EQ(peer.subscriber.counts().digests_differed, 0U);
}

TEST(Retention, NamesAPositionThatIsOlderAndBringsItHereAllTheSame) {
  HubOptions options;
  options.log_bytes_max = 1;
  Retaining wired(options);
  bool asked = false;
  wired.hub.ask_back = [&](Offset, Offset, std::uint64_t) { asked = true; };
  std::string reason;
  SubscriberEvents events;
  events.welcome = [&](const Welcome& welcome) { reason = welcome.reason; };
  Wired::Peer peer(Hello{}, std::move(events));
  wired.join_and_hear(peer);
  wired.hub.leave(peer.reader);
  for (int i = 0; i < 5; ++i)
    wired.update("stays", 10 + i);
  wired.commit_all();
  wired.hub.cleared(Offset(wired.hub.published().value - 1));
  wired.come_back(peer);
  EXPECT_FALSE(asked) << "the journal has nothing to read back";
  EXPECT_THAT(reason, HasSubstr("the position is older than retention: the journal begins behind offset 7"));
  wired.expect_agreement(peer);
}

}  // namespace
}  // namespace touchline
