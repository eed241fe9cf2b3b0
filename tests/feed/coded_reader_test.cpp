// Readers that have agreed on coded updates: when they get them, and that nothing which goes wrong shows a wrong state.

#include "core/coded/prior.h"
#include "core/coded/streams.h"
#include "tests/feed/wired_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace touchline {
namespace {

Hello coded_hello() {
  Hello hello;
  hello.coded_prior = coded::prior_version;
  return hello;
}

void trade(Wired& wired, const std::string& event, int times) {
  for (int i = 0; i < times; ++i) {
    wired.update(event, 150 + static_cast<int>(wired.now_ms % 7));
    wired.commit_all();
  }
}

TEST(CodedReader, ThatIsThereFromTheStartGetsNothingElse) {
  Wired wired;
  Wired::Peer peer(coded_hello());
  wired.join(peer, coded_hello());
  wired.carry(peer);
  trade(wired, "e", 450);
  trade(wired, "f", 3);
  wired.carry(peer);
  wired.expect_agreement(peer);
  EXPECT_EQ(peer.subscriber.counts().deltas, 453U);
  EXPECT_EQ(peer.subscriber.counts().coded, 453U);
  EXPECT_EQ(peer.subscriber.counts().resyncs, 0U);
}

TEST(CodedReader, TakesFarFewerBytes) {
  Wired wired;
  Wired::Peer blocks;
  Wired::Peer coded(coded_hello());
  wired.join(blocks);
  wired.join(coded, coded_hello());
  for (int i = 0; i < 400; ++i) {
    trade(wired, "e", 1);
    wired.carry(blocks);
    wired.carry(coded);
  }
  wired.expect_agreement(coded);
  EXPECT_LT(coded.subscriber.counts().delta_bytes, blocks.subscriber.counts().delta_bytes * 7 / 10);
}

TEST(CodedReader, ThatComesLaterGetsBlocksUntilTheNextGroupWhichComesSoon) {
  Wired wired;
  Wired::Peer first(coded_hello());
  wired.join(first, coded_hello());
  trade(wired, "e", 5);
  Wired::Peer late(coded_hello());
  wired.join(late, coded_hello());
  for (int i = 0; i < 60; ++i) {
    trade(wired, "e", 1);
    wired.carry(first);
    wired.carry(late);
  }
  wired.expect_agreement(first);
  wired.expect_agreement(late);
  EXPECT_EQ(first.subscriber.counts().coded, 65U);
  // The group that was under way ended when it had 32 updates.
  EXPECT_EQ(late.subscriber.counts().deltas, 60U);
  EXPECT_EQ(late.subscriber.counts().coded, 65U - coded::updates_per_group_min);
}

TEST(CodedReader, WithAnotherPriorGetsBlocks) {
  Wired wired;
  Hello hello;
  hello.coded_prior = static_cast<std::uint8_t>(coded::prior_version + 1);
  Wired::Peer peer(hello);
  wired.join(peer, hello);
  trade(wired, "e", 5);
  wired.carry(peer);
  wired.expect_agreement(peer);
  EXPECT_EQ(peer.subscriber.counts().coded, 0U);
  EXPECT_EQ(wired.hub.wants_coded(), 0U);
}

TEST(CodedReader, ThatLeavesIsTheLastForWhomAnythingIsCoded) {
  Wired wired;
  Wired::Peer peer(coded_hello());
  EXPECT_EQ(wired.hub.wants_coded(), 0U);
  wired.join(peer, coded_hello());
  EXPECT_EQ(wired.hub.wants_coded(), wired.hub.options().coded_events_max);
  wired.hub.leave(peer.reader);
  EXPECT_EQ(wired.hub.wants_coded(), 0U);
}

TEST(CodedReader, ThatAskedForAStateGetsBlocksOfThatEventUntilItsNextGroup) {
  Wired wired;
  Wired::Peer peer(coded_hello());
  wired.join(peer, coded_hello());
  trade(wired, "e", 40);
  trade(wired, "f", 40);
  wired.carry(peer);
  wired.hub.resync(peer.reader, EventHandle(1));
  wired.publisher.flush(wired.now_ms);
  trade(wired, "e", 1);
  trade(wired, "f", 1);
  wired.carry(peer);
  EXPECT_EQ(peer.subscriber.counts().coded, 81U);
  EXPECT_EQ(peer.subscriber.counts().keyframes, 1U);
  trade(wired, "e", 1);
  wired.carry(peer);
  EXPECT_EQ(peer.subscriber.counts().coded, 82U);
  EXPECT_EQ(peer.subscriber.counts().resyncs, 0U);
  wired.expect_agreement(peer);
}

TEST(CodedReader, WithAFilterHasWhatItNeedsWhereModelsMakeRoom) {
  HubOptions options;
  options.coded_events_max = 2;
  Wired wired(options);
  Hello hello = coded_hello();
  hello.filter.events = {"e", "h"};
  Wired::Peer some(hello);
  Wired::Peer all(coded_hello());
  wired.join(some, hello);
  wired.join(all, coded_hello());
  for (int i = 0; i < 50; ++i) {
    for (const char* event : {"e", "e", "f", "e", "g", "h", "h", "g"}) {
      wired.update(event, 150 + static_cast<int>(wired.now_ms % 7));
      if (i % 3 == 0) wired.commit_all();
    }
    wired.carry(some);
    wired.carry(all);
  }
  wired.commit_all();
  wired.carry(some);
  wired.carry(all);
  wired.expect_agreement(all);
  EXPECT_EQ(some.failure, "");
  EXPECT_EQ(all.subscriber.counts().resyncs + some.subscriber.counts().resyncs, 0U);
  EXPECT_EQ(all.subscriber.counts().coded, all.subscriber.counts().deltas);
  EXPECT_EQ(some.subscriber.counts().coded, some.subscriber.counts().deltas);
  EXPECT_EQ(some.subscriber.states().size(), 2U);
}

TEST(CodedReader, OfADamagedUpdateAsksForTheStateAndGoesOn) {
  for (std::size_t byte = 1; byte < 5; ++byte) {
    Wired wired;
    Wired::Peer peer(coded_hello());
    wired.join(peer, coded_hello());
    trade(wired, "e", 50);
    wired.carry(peer);
    wired.update("e", 987, R"(,"sport":"golf","period":"late")");
    wired.commit_all();
    std::string bytes;
    for (const Hub::Piece& piece : wired.hub.gather(peer.reader))
      bytes.append(piece.bytes);
    bytes[std::min(byte, bytes.size() - 1)] ^= 0x55;
    ASSERT_TRUE(peer.subscriber.receive(bytes));
    trade(wired, "e", 40);
    wired.publisher.checkpoint_all();
    wired.commit_all();
    wired.carry(peer);
    wired.carry(peer);
    EXPECT_GT(peer.subscriber.counts().resyncs, 0U) << byte;
    wired.expect_agreement(peer);
  }
}

TEST(CodedReader, ThatIsSlowIsConflatedAndReadsOn) {
  HubOptions options;
  options.reader_bytes_max = 200;
  Wired wired(options);
  Wired::Peer peer(coded_hello());
  wired.join(peer, coded_hello());
  trade(wired, "e", 3);
  wired.carry(peer);
  trade(wired, "e", 120);
  wired.carry(peer);
  EXPECT_GT(wired.hub.counts().conflations, 0U);
  const std::uint64_t coded = peer.subscriber.counts().coded;
  for (int i = 0; i < 40; ++i) {
    trade(wired, "e", 1);
    wired.carry(peer);
  }
  EXPECT_GT(peer.subscriber.counts().coded, coded);
  EXPECT_EQ(peer.subscriber.counts().resyncs, 0U);
  wired.expect_agreement(peer);
}

TEST(CodedReader, ThatComesBackGetsBlocksFromTheLogThenCodedUpdates) {
  Wired wired;
  Wired::Peer peer(coded_hello());
  wired.join(peer, coded_hello());
  trade(wired, "e", 10);
  wired.carry(peer);
  wired.hub.leave(peer.reader);
  trade(wired, "e", 3);
  peer.reader = {};
  peer.subscriber.reconnect();
  FrameReader frames;
  frames.append(peer.subscriber.take_output());
  Frame frame;
  ASSERT_TRUE(frames.next(frame).value());
  wired.join(peer, read_hello(frame.body).value());
  wired.carry(peer);
  EXPECT_EQ(peer.subscriber.counts().deltas, 13U);
  for (int i = 0; i < 60; ++i) {
    trade(wired, "e", 1);
    wired.carry(peer);
  }
  EXPECT_GT(peer.subscriber.counts().coded, 35U);
  EXPECT_EQ(peer.subscriber.counts().resyncs, 0U);
  wired.expect_agreement(peer);
}

// A reader of blocks refuses a coded keyframe, so its agreement says that it got none.
TEST(CodedReader, GetsKeyframesInFewerBytesThanAReaderOfBlocksBesideIt) {
  Wired wired;
  for (int event = 0; event < 20; ++event)
    trade(wired, "e" + std::to_string(event), 1);
  Wired::Peer blocks;
  Wired::Peer coded(coded_hello());
  wired.join(blocks);
  wired.join(coded, coded_hello());
  wired.carry(blocks);
  wired.carry(coded);
  wired.expect_agreement(blocks);
  wired.expect_agreement(coded);
  EXPECT_EQ(coded.subscriber.counts().keyframes, 20U);
  EXPECT_EQ(blocks.subscriber.counts().keyframes, 20U);
  EXPECT_LT(coded.subscriber.counts().keyframe_bytes, blocks.subscriber.counts().keyframe_bytes);
}

TEST(CodedReader, GetsNoMoreCodedKeyframesInATurnThanItsCellsAllow) {
  HubOptions options;
  options.keyframe_portion_cells = 1;
  Wired wired(options);
  bool more = false;
  wired.hub.on_more_keyframes = [&] { more = true; };
  for (int event = 0; event < 4; ++event)
    trade(wired, "e" + std::to_string(event), 1);
  Wired::Peer coded(coded_hello());
  wired.join(coded, coded_hello());
  wired.carry(coded);
  EXPECT_EQ(coded.subscriber.counts().keyframes, 1U);
  trade(wired, "e3", 1);  // its keyframe comes out of turn, as a block
  for (std::uint64_t portions = 2; more; ++portions) {
    more = false;
    wired.hub.make_keyframes();
    wired.carry(coded);
    EXPECT_GE(coded.subscriber.counts().keyframes, portions);
  }
  wired.expect_agreement(coded);
  EXPECT_EQ(coded.subscriber.counts().keyframes, 4U);
  const std::uint64_t before = coded.subscriber.counts().keyframe_bytes;
  for (std::uint32_t event = 1; event <= 4; ++event)
    wired.hub.resync(coded.reader, EventHandle(event));
  wired.publisher.flush(wired.now_ms);
  wired.carry(coded);
  wired.expect_agreement(coded);
  EXPECT_EQ(coded.subscriber.counts().keyframes, 8U);
  EXPECT_GT(coded.subscriber.counts().keyframe_bytes, before);
}

}  // namespace
}  // namespace touchline
