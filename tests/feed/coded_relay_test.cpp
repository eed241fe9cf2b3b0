// A relay that is given coded updates, or gives them: nothing is lost between the two encodings, and what one of them
// cannot carry on costs keyframes and never a wrong state.

#include "core/coded/streams.h"
#include "feed/relay.h"
#include "tests/core/stream_fixture.h"
#include "tests/feed/relay_fixture.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>

namespace touchline {
namespace {

using test::Asks;
using test::RelayMesh;
using test::updated;

// A relay that asks for one encoding, and readers of both at it and at the origin.
struct CodedChain : RelayMesh {
  explicit CodedChain(Asks upstream, HubOptions origin_options = {}, HubOptions relay_options = {})
      : RelayMesh(std::move(origin_options), std::move(relay_options)),
        relay(add_relay({}, upstream)),
        direct_blocks(add_reader()),
        direct_coded(add_reader({}, Asks::coded)),
        blocks(add_reader()),
        coded(add_reader({}, Asks::coded)) {
    for (const char* event : {"a", "b", "c"})
      update(event, 2);
    commit_all();
    connect(relay);
    carry(relay);
    connect(direct_blocks);
    connect(direct_coded);
    connect(blocks, &relay);
    connect(coded, &relay);
    carry_all();
  }
  void trade(const char* event, int times) {
    for (int i = 0; i < times; ++i) {
      update(event, 150 + price_++ % 7);
      commit_all();
      carry_all();
    }
  }
  void carry_all() {
    for (int round = 0; round < 4; ++round) {
      for (const auto& node : nodes()) {
        if (node->line.hub != nullptr) carry(*node);
      }
    }
  }
  void expect_all() {
    for (const Node* node : {&direct_blocks, &direct_coded, &blocks, &coded})
      expect_agreement(*node);
  }
  // As a flipped bit in its memory would, of which it learns with the next checkpoint.
  void damage() {
    const_cast<EventState&>(relay.relay->events().events()[0]->state)
        .set(Address(0, 0, Field::away_score), 77);
    for (Node* node : {&blocks, &coded})
      node->intact = false;
  }
  static std::uint64_t coded_of(const Node& node) { return node.subscriber->counts().coded; }

  Node& relay;
  Node& direct_blocks;
  Node& direct_coded;
  Node& blocks;
  Node& coded;

 private:
  int price_ = 0;
};

TEST(CodedRelay, MakesTheOriginsBlocksOutOfCodedUpdates) {
  CodedChain chain(Asks::coded);
  std::string from_origin;
  std::string from_relay;
  for (int price = 100; price < 400; ++price) {
    chain.update(price % 3 == 0 ? "a" : "b", price);
    chain.commit_all();
    chain.write(chain.direct_blocks);
    from_origin += chain.direct_blocks.line.written;
    chain.read(chain.direct_blocks, chain.direct_blocks.line.written.size());
    chain.carry(chain.relay);
    chain.write(chain.blocks);
    from_relay += chain.blocks.line.written;
    chain.read(chain.blocks, chain.blocks.line.written.size());
  }
  EXPECT_GT(from_origin.size(), 1'500U);
  EXPECT_EQ(from_relay, from_origin);
  EXPECT_EQ(chain.relay.relay->received().coded, 300U);
  EXPECT_EQ(chain.relay.relay->counts().deltas, 300U);
  chain.carry_all();
  chain.expect_all();
}

TEST(CodedRelay, GivesItsReadersNothingButCodedUpdatesWhateverItIsGivenItself) {
  for (const Asks upstream : {Asks::blocks, Asks::coded}) {
    CodedChain chain(upstream);
    chain.trade("a", 450);
    chain.trade("b", 10);
    chain.expect_all();
    EXPECT_EQ(chain.relay.relay->received().coded, upstream == Asks::coded ? 460U : 0U);
    EXPECT_EQ(CodedChain::coded_of(chain.coded), 460U);
    EXPECT_EQ(chain.coded.subscriber->counts().delta_bytes,
              chain.direct_coded.subscriber->counts().delta_bytes);
    EXPECT_EQ(chain.relay.relay->counts().jumps, 0U);
    EXPECT_EQ(chain.coded.subscriber->counts().resyncs, 0U);
  }
}

TEST(CodedRelay, FollowsARelayThatIsGivenCodedUpdates) {
  CodedChain chain(Asks::coded);
  auto& second = chain.add_relay({}, Asks::coded);
  chain.connect(second, &chain.relay);
  chain.carry_all();
  auto& far = chain.add_reader({}, Asks::coded);
  chain.connect(far, &second);
  chain.carry_all();
  chain.trade("a", 240);
  chain.expect_all();
  chain.expect_agreement(far);
  EXPECT_EQ(second.relay->received().coded, 240U);
  EXPECT_EQ(CodedChain::coded_of(far), 240U);
}

TEST(CodedRelay, EndsAGroupSoonForAReaderThatComesLater) {
  CodedChain chain(Asks::coded);
  chain.trade("a", 5);
  auto& late = chain.add_reader({}, Asks::coded);
  chain.connect(late, &chain.relay);
  chain.carry_all();
  chain.trade("a", 60);
  chain.expect_all();
  chain.expect_agreement(late);
  EXPECT_EQ(CodedChain::coded_of(chain.coded), 65U);
  EXPECT_EQ(CodedChain::coded_of(late), 65U - coded::updates_per_group_min);
}

TEST(CodedRelay, CodesNothingWhileNobodyWantsIt) {
  CodedChain chain(Asks::blocks);
  RelayMesh::cut(chain.coded);
  chain.trade("a", 5);
  EXPECT_EQ(chain.relay.relay->hub().wants_coded(), 0U);
  chain.connect(chain.coded, &chain.relay);
  chain.carry_all();
  chain.trade("a", 5);
  EXPECT_EQ(CodedChain::coded_of(chain.coded), 5U);
  chain.expect_all();
}

TEST(CodedRelay, WhoseOwnReadersAreToGetBlocksIsGivenCodedUpdatesAllTheSame) {
  HubOptions blocks_only;
  blocks_only.coded_events_max = 0;
  CodedChain chain(Asks::coded, {}, blocks_only);
  chain.trade("a", 30);
  EXPECT_EQ(chain.relay.relay->received().coded, 30U);
  EXPECT_EQ(CodedChain::coded_of(chain.coded), 0U);
  chain.expect_all();
}

// Blocks say what they say to whoever holds the right state, so they go on; coded updates are of no use to others.
TEST(CodedRelay, ThatAwaitsAStateGivesOnBlocksAndLeavesOutCodedUpdates) {
  for (const Asks upstream : {Asks::blocks, Asks::coded}) {
    CodedChain chain(upstream);
    chain.trade("a", 40);
    chain.damage();
    chain.checkpoint();
    chain.write(chain.relay);
    // Its digest differs now, and what it asks for is on the way.
    ASSERT_TRUE(chain.relay.relay->receive(std::exchange(chain.relay.line.written, {})));
    ASSERT_FALSE(chain.relay.relay->is_whole());
    for (int price = 300; price < 303; ++price) {
      chain.update("a", price);
      chain.commit_all();
      chain.write(chain.relay);
      ASSERT_TRUE(chain.relay.relay->receive(std::exchange(chain.relay.line.written, {})));
    }
    chain.read(chain.relay, 0);
    chain.carry_all();
    EXPECT_TRUE(chain.relay.relay->is_whole());
    EXPECT_EQ(chain.relay.relay->counts().jumps, upstream == Asks::coded ? 3U : 0U);
    chain.trade("a", 5);
    chain.checkpoint();
    chain.carry_all();
    for (auto* node : {&chain.blocks, &chain.coded})
      EXPECT_EQ(node->subscriber->counts().resyncs, 0U) << "what readers hold was right";
    // Behind the blocks a new group begins, behind the jump another one does.
    EXPECT_EQ(CodedChain::coded_of(chain.coded), 45U);
    chain.expect_all();
  }
}

TEST(CodedRelay, BeginsANewGroupBehindAStateThatWasReplaced) {
  CodedChain chain(Asks::coded);
  chain.trade("a", 20);
  chain.damage();
  chain.checkpoint();
  chain.carry_all();
  EXPECT_EQ(chain.relay.relay->received().resyncs, 1U);
  auto& late = chain.add_reader({}, Asks::coded);
  chain.connect(late, &chain.relay);
  chain.carry_all();
  chain.trade("a", 1);
  EXPECT_EQ(CodedChain::coded_of(late), 1U);
  EXPECT_EQ(CodedChain::coded_of(chain.coded), 21U);
  chain.expect_all();
  chain.expect_agreement(late);
}

TEST(CodedRelay, BeginsNewGroupsWithANewEpoch) {
  CodedChain chain(Asks::coded);
  chain.trade("a", 20);
  chain.begin_epoch();
  chain.connect(chain.relay);
  chain.carry(chain.relay);
  chain.connect(chain.blocks, &chain.relay);
  chain.connect(chain.coded, &chain.relay);
  for (auto* node : {&chain.direct_blocks, &chain.direct_coded})
    chain.connect(*node);
  chain.carry_all();
  chain.trade("a", 1);
  EXPECT_EQ(CodedChain::coded_of(chain.coded), 21U);
  chain.expect_all();
}

// Its offsets are lower, and its handles stand for other events: a group of the old one would look like one that the
// reader has seen from its beginning.
TEST(CodedRelay, BeginsNewGroupsWithAnotherHistory) {
  test::Stream first;
  test::Stream second;
  Hello hello;
  hello.coded_prior = coded::prior_version;
  Hub::Reader reader;
  RelayEvents events;
  Relay* at = nullptr;
  events.send_away = [&](const std::string&) { at->hub().leave(reader); };
  Relay relay({}, {}, std::move(events));
  at = &relay;
  Subscriber subscriber(hello, {});
  const auto give = [&] {
    for (const Hub::Piece& piece : relay.hub().gather(reader))
      ASSERT_TRUE(subscriber.receive(piece.bytes));
  };
  const auto follow = [&](test::Stream& stream, int times) {
    ASSERT_TRUE(relay.receive(stream.welcome()));
    reader = {};
    relay.hub().join(reader, hello);
    relay.serve_waiting();
    subscriber.reconnect();
    ASSERT_TRUE(relay.receive(stream.heartbeat()));
    give();
    for (int i = 0; i < times; ++i) {
      stream.take(updated().at_ms(i + 1).event("e").market("m").outcome("o").set(Field::last_price, 150 + i));
      ASSERT_TRUE(relay.receive(stream.deltas()));
      give();
    }
  };
  follow(first, 20);
  EXPECT_EQ(subscriber.counts().coded, 20U);
  relay.reconnect();
  follow(second, 5);
  EXPECT_EQ(subscriber.counts().coded, 25U);
  EXPECT_EQ(subscriber.counts().resyncs, 0U);
  relay.hub().leave(reader);
}

TEST(CodedRelay, ThatHoldsAStateFromAheadAsksForBlocksOnce) {
  HubOptions short_log;
  short_log.log_bytes_max = 1;
  CodedChain chain(Asks::coded, short_log);
  RelayMesh::cut(chain.relay);
  for (const char* event : {"a", "b", "a"}) {
    chain.update(event, 300);
    chain.commit_all();
  }
  chain.connect(chain.relay);
  EXPECT_TRUE(chain.relay.line.reader.coded);
  chain.write(chain.relay);
  const std::uint64_t keyframes = chain.relay.relay->received().keyframes;
  while (chain.relay.relay->received().keyframes == keyframes)
    chain.read(chain.relay, 1);
  RelayMesh::cut(chain.relay);
  chain.connect(chain.relay);
  EXPECT_FALSE(chain.relay.line.reader.coded);
  chain.carry_all();
  RelayMesh::cut(chain.relay);
  chain.connect(chain.relay);
  EXPECT_TRUE(chain.relay.line.reader.coded);
  for (auto* node : {&chain.direct_blocks, &chain.direct_coded})
    chain.connect(*node);
  chain.carry_all();
  chain.expect_all();
}

TEST(CodedRelay, BeginsNewGroupsWhereItsUpstreamLeavesDeltasOut) {
  HubOptions short_log;
  short_log.log_bytes_max = 1;
  CodedChain chain(Asks::coded, short_log);
  chain.trade("a", 20);
  RelayMesh::cut(chain.relay);
  for (int price = 300; price < 320; ++price) {
    chain.update("a", price);
    chain.commit_all();
  }
  chain.connect(chain.relay);
  chain.carry_all();
  EXPECT_EQ(chain.relay.relay->counts().jumps, 1U);
  for (auto* node : {&chain.direct_blocks, &chain.direct_coded})
    chain.connect(*node);
  chain.carry_all();
  chain.trade("a", 5);
  chain.expect_all();
  EXPECT_EQ(CodedChain::coded_of(chain.coded), 25U) << "from the first one on";
  EXPECT_EQ(chain.coded.subscriber->counts().resyncs, 0U);
}

TEST(CodedRelay, ThatIsSlowIsGivenMergedBlocksAndItsReadersTheStatesBehindThem) {
  HubOptions tight;
  tight.reader_bytes_max = 300;
  CodedChain chain(Asks::coded, tight);
  chain.trade("a", 20);
  for (int price = 100; price < 400; ++price) {
    chain.update("a", price);
    chain.commit_all();
    chain.carry(chain.direct_blocks);
    chain.carry(chain.direct_coded);
  }
  chain.carry_all();
  EXPECT_EQ(chain.relay.relay->counts().jumps, 1U);
  const std::uint64_t before = CodedChain::coded_of(chain.coded);
  chain.trade("a", 5);
  chain.expect_all();
  EXPECT_EQ(CodedChain::coded_of(chain.coded), before + 5) << "no group goes on over what is left out";
}

TEST(CodedRelay, MergesForItsOwnSlowReadersWhatComesCoded) {
  HubOptions tight;
  tight.reader_bytes_max = 300;
  CodedChain chain(Asks::coded, {}, tight);
  for (int price = 100; price < 400; ++price) {
    chain.update("a", price);
    chain.commit_all();
    for (auto* node : {&chain.relay, &chain.direct_blocks, &chain.direct_coded})
      chain.carry(*node);
  }
  chain.carry_all();
  EXPECT_GT(chain.relay.relay->hub().counts().conflated, 400U) << "for each of both";
  chain.trade("a", 5);
  chain.expect_all();
}

TEST(CodedRelay, GoesOnFromItsPositionBehindALostLine) {
  CodedChain chain(Asks::coded);
  chain.trade("a", 20);
  RelayMesh::cut(chain.relay);
  for (int price = 300; price < 303; ++price)
    chain.update("a", price);
  chain.commit_all();
  chain.connect(chain.relay);
  chain.carry_all();
  EXPECT_EQ(chain.relay.relay->counts().jumps, 0U);
  EXPECT_EQ(chain.relay.relay->received().coded, 20U) << "blocks until the next group";
  EXPECT_EQ(CodedChain::coded_of(chain.coded), 23U) << "its readers notice nothing";
  chain.expect_all();
}

TEST(CodedRelay, RefusesAnUpdateOfAnEventPastItsBound) {
  CodedChain chain(Asks::coded);
  std::string frame;
  put_coded_frame(frame, EventHandle(limits::relayed_events + 1), ItemForm::first_of_group, "x",
                  EventHandle());
  EXPECT_FALSE(chain.relay.relay->receive(frame));
  EXPECT_EQ(chain.relay.relay->events().events().size(), 3U);
}

}  // namespace
}  // namespace touchline
