#include "core/subscriber.h"

#include "tests/core/line_simulation.h"
#include "tests/core/stream_fixture.h"
#include "tests/core/update_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace touchline {
namespace {

using test::frame_of;
using test::Naming;
using test::Random;
using test::Stream;
using test::updated;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Update price(const char* event, std::int64_t time_ms, std::int64_t value) {
  return updated().at_ms(time_ms).event(event).market("m").outcome("o").set(Field::price, value);
}

// A subscriber, and what it reported.
struct Reader {
  explicit Reader(Hello hello = {}) : subscriber(std::move(hello), events()) { subscriber.take_output(); }

  SubscriberEvents events() {
    SubscriberEvents events;
    events.keyframe = [this](EventHandle event, const EventState&, Offset) {
      keyframes.push_back(event.value);
    };
    events.delta = [this](EventHandle, const EventState&, const Delta&, Offset at) {
      offsets.push_back(at.value);
    };
    events.resync = [this](EventHandle event, std::string_view) { resyncs.push_back(event.value); };
    return events;
  }

  std::string error_of(std::string_view bytes) {
    const auto taken = subscriber.receive(bytes);
    return taken ? "none" : taken.error().text;
  }
  void take(std::string_view bytes) { EXPECT_EQ(error_of(bytes), "none"); }

  void expect_states_of(const Origin& origin) const {
    EXPECT_EQ(subscriber.position().offset, origin.head());
    ASSERT_EQ(subscriber.states().size(), origin.table().events().size());
    for (const auto& event : origin.table().events()) {
      const EventState& state = subscriber.states().at(event->handle);
      EXPECT_TRUE(test::same_cells(state, event->state)) << event->id;
      EXPECT_EQ(state.seq, event->state.seq);
    }
  }

  // The frames that it wants to send.
  std::vector<std::pair<FrameKind, std::string>> output() {
    FrameReader frames;
    frames.append(subscriber.take_output());
    std::vector<std::pair<FrameKind, std::string>> taken;
    Frame frame;
    while (frames.next(frame).value())
      taken.emplace_back(frame.kind, std::string(frame.body));
    return taken;
  }

  Subscriber subscriber;
  std::vector<std::uint32_t> keyframes;
  std::vector<std::uint64_t> offsets;
  std::vector<std::uint32_t> resyncs;
};

TEST(Subscriber, SaysHelloFirst) {
  Hello hello;
  hello.relay = "relay-7";
  hello.token = "secret";
  hello.filter.sports = {"football"};
  Subscriber subscriber(hello, {});
  FrameReader frames;
  frames.append(subscriber.take_output());
  Frame frame;
  ASSERT_TRUE(frames.next(frame).value());
  ASSERT_EQ(frame.kind, FrameKind::hello);
  const Hello said = read_hello(frame.body).value();
  EXPECT_EQ(said.relay, "relay-7");
  EXPECT_EQ(said.token, "secret");
  EXPECT_THAT(said.filter.sports, ElementsAre("football"));
  EXPECT_FALSE(said.position);
  EXPECT_FALSE(subscriber.has_output());
}

TEST(Subscriber, FollowsDeltasFromTheFirstOne) {
  Stream stream;
  Reader reader;
  reader.take(stream.welcome());
  for (std::int64_t i = 0; i < 10; ++i) {
    stream.take(price(i % 3 == 0 ? "e" : "f", i + 1, 150 + i));
    reader.take(stream.deltas());
    reader.expect_states_of(stream.origin);
  }
  EXPECT_EQ(reader.offsets.size(), 10U);
  EXPECT_TRUE(std::is_sorted(reader.offsets.begin(), reader.offsets.end()));
}

// At every update of random stories: keyframes taken there, and deltas from there on, lead to the same
// states.
TEST(Subscriber, MayJoinAtAnyMoment) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Random random(seed);
    const auto story = test::random_story(random, {seed % 2 == 0 ? Naming::events : Naming::markets, 60});
    for (std::size_t moment = 0; moment <= story.size(); moment += 4) {
      Stream stream;
      Reader reader;
      for (std::size_t i = 0; i < moment; ++i)
        stream.take(story[i]);
      stream.deltas();
      reader.take(stream.welcome() + stream.keyframes());
      for (std::size_t i = moment; i < story.size(); ++i) {
        stream.take(story[i]);
        if (random.one_in(3)) reader.take(stream.deltas());
      }
      reader.take(stream.deltas() + stream.heartbeat() + stream.checkpoint());
      reader.expect_states_of(stream.origin);
      EXPECT_EQ(reader.subscriber.counts().digests_checked, stream.origin.table().events().size());
      EXPECT_THAT(reader.resyncs, IsEmpty());
    }
  }
}

TEST(Subscriber, TakesBytesOneByOne) {
  Stream stream;
  std::string bytes = stream.welcome();
  Random random(9);
  for (const Update& update : test::random_story(random, {Naming::events, 40})) {
    stream.take(update);
    if (random.one_in(4)) bytes += stream.deltas() + stream.heartbeat() + stream.checkpoint();
  }
  bytes += stream.deltas();
  Reader reader;
  for (const char byte : bytes)
    reader.take({&byte, 1});
  reader.expect_states_of(stream.origin);
  EXPECT_EQ(reader.subscriber.counts().bytes, bytes.size());
}

TEST(Subscriber, CountsOffsetsThatAreSkipped) {
  Stream stream;
  stream.take(price("e", 1, 150));
  stream.deltas();
  Reader reader;
  reader.take(stream.welcome());
  std::string body;
  put_skip(body, 41);
  std::string frame;
  put_frame(frame, FrameKind::deltas, body);
  reader.take(frame);
  EXPECT_EQ(reader.subscriber.position().offset, Offset(42));
}

// --- Keyframes.

TEST(SubscriberKeyframe, MayComeInChunksCutAnywhere) {
  Stream stream;
  Random random(3);
  for (const Update& update : test::random_story(random, {Naming::events, 60}))
    stream.take(update);
  stream.deltas();
  for (const std::size_t chunk_bytes : {1U, 7U, 100'000U}) {
    Reader reader;
    std::string bytes = stream.welcome();
    for (const auto& event : stream.origin.table().events())
      bytes += stream.keyframe(event->handle.value, chunk_bytes);
    reader.take(bytes);
    reader.expect_states_of(stream.origin);
  }
}

TEST(SubscriberKeyframe, HoldsWhatDeltasUpToItsOffsetSayAgain) {
  Stream stream;
  Reader reader;
  reader.take(stream.welcome());
  stream.take(price("e", 1, 150));
  stream.take(price("f", 2, 150));
  stream.take(price("e", 3, 151));
  const std::string keyframe = stream.keyframe(1);  // of offset 3
  reader.take(keyframe + stream.deltas());
  reader.expect_states_of(stream.origin);
  EXPECT_THAT(reader.offsets, ElementsAre(2)) << "only the other event's delta is news";
  stream.take(price("e", 4, 152));
  reader.take(stream.deltas() + stream.checkpoint());
  reader.expect_states_of(stream.origin);
}

TEST(SubscriberKeyframe, ThatDoesNotFitItsDigestEndsTheConnection) {
  Stream stream;
  stream.take(price("e", 1, 150));
  stream.deltas();
  Reader reader;
  reader.take(stream.welcome());
  std::string block;
  const EventState& state = stream.origin.table().find("e")->state;
  encode_state(block, state);
  EXPECT_THAT(
      reader.error_of(frame_of(KeyframeChunk{
          EventHandle(1), state.seq, Offset(1), state.digest() + 1, 1, 0, 1, {}, block.size(), block})),
      HasSubstr("does not fit its digest"));
  EXPECT_THAT(reader.subscriber.states(), IsEmpty());
}

TEST(SubscriberKeyframe, WithoutAChunkEndsTheConnection) {
  Stream stream;
  stream.take(price("e", 1, 150));
  stream.deltas();
  FrameReader frames;
  frames.append(stream.keyframe(1, 10));
  std::vector<std::string> chunks;
  Frame frame;
  while (frames.next(frame).value()) {
    chunks.emplace_back();
    put_frame(chunks.back(), frame.kind, frame.body);
  }
  ASSERT_GT(chunks.size(), 3U);
  Reader first_missing;
  first_missing.take(stream.welcome());
  EXPECT_NE(first_missing.error_of(chunks[1]), "none");
  Reader middle_missing;
  middle_missing.take(stream.welcome() + chunks[0] + chunks[1]);
  EXPECT_THAT(middle_missing.error_of(chunks[3]), HasSubstr("lacks a chunk"));
}

TEST(SubscriberKeyframe, ThatAnnouncesMoreThanItHoldsEndsTheConnection) {
  Stream stream;
  Reader reader;
  reader.take(stream.welcome());
  const std::string packed = compress(std::string(1'000'000, 'x'));
  EXPECT_NE(reader.error_of(frame_of(KeyframeChunk{EventHandle(1), Seq(1), Offset(1), 0, 1, 0, 1,
                                                   KeyframeForm::zstd, 1'000, packed})),
            "none");
  EXPECT_THAT(reader.error_of(frame_of(KeyframeChunk{EventHandle(1), Seq(1), Offset(1), 0, 1, 0, 1,
                                                     KeyframeForm::zstd, ~0ULL, packed})),
              HasSubstr("larger than any state"));
}

// --- Disagreement.

class SubscriberResync : public testing::Test {
 protected:
  void SetUp() override {
    stream_.take(price("e", 1, 150));
    stream_.take(price("f", 2, 150));
    reader_.take(stream_.welcome_at(Offset(0)) + stream_.deltas());
  }
  // As a bug or a flipped bit would.
  void damage(std::uint32_t event, Address at, std::int64_t value) {
    const_cast<EventState&>(reader_.subscriber.states().at(EventHandle(event))).set(at, value);
  }
  void expect_asked_for(std::uint32_t event) {
    const auto output = reader_.output();
    ASSERT_THAT(output, SizeIs(1));
    ASSERT_EQ(output[0].first, FrameKind::resync);
    EXPECT_EQ(read_resync(output[0].second)->event, EventHandle(event));
    EXPECT_THAT(reader_.resyncs, ElementsAre(event));
  }

  Stream stream_;
  Reader reader_;
};

TEST_F(SubscriberResync, IsAskedForWhereTheDigestDiffersAndMends) {
  damage(1, Address(1, 1, Field::price), 999);
  reader_.take(stream_.checkpoint());
  expect_asked_for(1);
  // Deltas on the way mean nothing until the keyframe is there; the other event goes on.
  stream_.take(price("e", 3, 151));
  stream_.take(price("f", 4, 151));
  reader_.take(stream_.deltas());
  EXPECT_THAT(reader_.offsets, ElementsAre(1, 2, 4));
  reader_.take(stream_.keyframe(1) + stream_.checkpoint());
  reader_.expect_states_of(stream_.origin);
  stream_.take(price("e", 5, 152));
  reader_.take(stream_.deltas() + stream_.checkpoint());
  reader_.expect_states_of(stream_.origin);
  EXPECT_EQ(reader_.subscriber.counts().resyncs, 1U);
}

TEST_F(SubscriberResync, IsAskedForWhereTheSequenceNumberIsBehind) {
  const auto& event = *stream_.origin.table().find("e");
  reader_.take(frame_of(Checkpoint{Offset(2), {{event.handle, Seq(9), event.state.digest()}}}));
  expect_asked_for(1);
}

TEST_F(SubscriberResync, IsAskedForWhereABlockDoesNotDecode) {
  std::string body;
  put_item(body, EventHandle(1), "\x01\x7F");
  std::string frame;
  put_frame(frame, FrameKind::deltas, body);
  reader_.take(frame);
  expect_asked_for(1);
  EXPECT_EQ(reader_.subscriber.position().offset, Offset(3)) << "it counts all the same";
}

TEST_F(SubscriberResync, IsAskedForOnceOnly) {
  damage(1, Address(1, 1, Field::price), 999);
  for (int i = 0; i < 5; ++i)
    reader_.take(stream_.checkpoint());
  EXPECT_EQ(reader_.subscriber.counts().resyncs, 1U);
}

TEST_F(SubscriberResync, IsAskedForAgainOnANewLine) {
  damage(1, Address(1, 1, Field::price), 999);
  reader_.take(stream_.checkpoint());
  reader_.subscriber.reconnect();
  reader_.output();
  reader_.take(stream_.welcome(ResumeKind::tail));
  const auto output = reader_.output();
  ASSERT_THAT(output, SizeIs(1));
  EXPECT_EQ(output[0].first, FrameKind::resync);
}

TEST_F(SubscriberResync, IsNotNeededWhereAKeyframeIsNewerThanTheCheckpoint) {
  const std::string checkpoint = stream_.checkpoint();
  stream_.take(price("e", 3, 151));
  reader_.take(stream_.keyframe(1) + checkpoint);
  EXPECT_THAT(reader_.resyncs, IsEmpty());
}

// --- Order on the line.

TEST(SubscriberOrder, NothingComesBeforeTheWelcomeAndNothingMeantForPublishers) {
  Stream stream;
  for (const std::string& early : {stream.heartbeat(), stream.checkpoint(), stream.deltas()}) {
    Reader reader;
    EXPECT_THAT(reader.error_of(early), HasSubstr("before the welcome"));
  }
  for (const std::string& wrong :
       {frame_of(Hello{}), frame_of(Ack{}), frame_of(Resync{}), stream.welcome()}) {
    Reader reader;
    reader.take(stream.welcome());
    EXPECT_NE(reader.error_of(wrong), "none");
  }
}

TEST(SubscriberOrder, AnotherVersionIsRefusedByName) {
  Reader reader;
  Welcome welcome;
  welcome.version = 9;
  EXPECT_THAT(reader.error_of(frame_of(welcome)), HasSubstr("protocol version 9"));
}

TEST(SubscriberOrder, AHeartbeatOrACheckpointOfAnotherOffsetIsAnError) {
  Stream stream;
  for (const std::int64_t shift : {-1, 1}) {
    Reader reader;
    reader.take(stream.welcome_at(Offset(7)));
    const Offset other(static_cast<std::uint64_t>(7 + shift));
    EXPECT_THAT(reader.error_of(frame_of(Heartbeat{other, 0, {}})), HasSubstr("counted here 7"));
    EXPECT_THAT(reader.error_of(frame_of(Checkpoint{other, {}})), HasSubstr("counted here 7"));
    reader.take(frame_of(Heartbeat{Offset(7), 0, {}}));
  }
}

TEST(SubscriberOrder, AnErrorSaysWhichFrameAtWhichByte) {
  Stream stream;
  Reader reader;
  const std::string welcome = stream.welcome();
  EXPECT_THAT(reader.error_of(welcome + frame_of(Heartbeat{Offset(9), 0, {}})),
              testing::StartsWith("byte " + std::to_string(welcome.size()) + ", heartbeat: "));
}

TEST(SubscriberOrder, APingIsAnswered) {
  Stream stream;
  Reader reader;
  reader.take(stream.welcome());
  std::string ping;
  put(ping, Ping{77}, FrameKind::ping);
  reader.take(ping);
  const auto output = reader.output();
  ASSERT_THAT(output, SizeIs(1));
  EXPECT_EQ(output[0].first, FrameKind::pong);
  EXPECT_EQ(read_ping(output[0].second)->nonce, 77U);
}

TEST(SubscriberOrder, AnAcknowledgementNamesTheOffset) {
  Stream stream;
  Reader reader;
  reader.take(stream.welcome_at(Offset(12)));
  reader.subscriber.acknowledge();
  const auto output = reader.output();
  ASSERT_THAT(output, SizeIs(1));
  EXPECT_EQ(read_ack(output[0].second)->offset, Offset(12));
}

// --- Reconnecting.

TEST(SubscriberReconnect, KeepsStatesAndPositionForATail) {
  Stream stream;
  Reader reader;
  reader.take(stream.welcome());
  stream.take(price("e", 1, 150));
  reader.take(stream.deltas());
  stream.take(price("e", 2, 151));
  const std::string lost = stream.deltas();
  reader.take(lost.substr(0, 3));
  reader.subscriber.reconnect();
  const auto output = reader.output();
  ASSERT_THAT(output, SizeIs(1));
  const Hello hello = read_hello(output[0].second).value();
  ASSERT_TRUE(hello.position);
  EXPECT_EQ(*hello.position, (Position{Epoch(1), Offset(1)}));
  reader.take(stream.welcome_at(Offset(1), ResumeKind::tail) + lost + stream.heartbeat() +
              stream.checkpoint());
  reader.expect_states_of(stream.origin);
  EXPECT_THAT(reader.keyframes, IsEmpty());
}

TEST(SubscriberReconnect, DropsEverythingOnAReset) {
  Stream stream;
  Reader reader;
  reader.take(stream.welcome());
  stream.take(price("old", 1, 150));
  reader.take(stream.deltas());
  reader.subscriber.reconnect();
  Stream other;
  other.take(price("new", 1, 150));
  other.deltas();
  reader.take(other.welcome(ResumeKind::reset) + other.keyframes());
  reader.expect_states_of(other.origin);
}

TEST(SubscriberReconnect, OffersAPositionOnlyWhenEveryStateUpToItIsHeld) {
  Stream stream;
  stream.take(price("e", 1, 150));
  stream.take(price("f", 1, 150));
  stream.deltas();
  Reader reader;
  reader.take(stream.welcome() + stream.keyframe(1));
  reader.subscriber.reconnect();
  EXPECT_FALSE(read_hello(reader.output()[0].second)->position);
  reader.take(stream.welcome() + stream.keyframes() + stream.heartbeat());
  reader.subscriber.reconnect();
  EXPECT_TRUE(read_hello(reader.output()[0].second)->position);
  // Lost again before it was welcomed: what was held is held still.
  reader.subscriber.reconnect();
  EXPECT_TRUE(read_hello(reader.output()[0].second)->position);
}

TEST(SubscriberReconnect, ATailFromElsewhereThanOfferedIsAnError) {
  Stream stream;
  Reader reader;
  EXPECT_NE(reader.error_of(stream.welcome_at(Offset(5), ResumeKind::tail)), "none");
}

// --- Whatever comes.

TEST(Subscriber, DamagedBytesNeverCrashItAndNeverPassUnnoticed) {
  Random random(11);
  Stream stream;
  std::string bytes = stream.welcome();
  for (const Update& update : test::random_story(random, {Naming::events, 40})) {
    stream.take(update);
    if (random.one_in(3)) bytes += stream.deltas();
  }
  bytes += stream.deltas() + stream.heartbeat() + stream.checkpoint();
  for (int run = 0; run < 3'000; ++run) {
    std::string damaged = bytes;
    const std::uint64_t bit = random.below(damaged.size() * 8);
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    Reader reader;
    if (reader.error_of(damaged) != "none" || !reader.resyncs.empty()) continue;
    // Nothing was said: then it is at the checkpoint, or waits for a frame whose length grew.
    if (reader.subscriber.position().offset != stream.origin.head()) continue;
    if (reader.subscriber.counts().digests_checked == 0) continue;
    for (const auto& event : stream.origin.table().events()) {
      const auto state = reader.subscriber.states().find(event->handle);
      ASSERT_NE(state, reader.subscriber.states().end());
      ASSERT_EQ(state->second.digest(), event->state.digest()) << "bit " << bit;
    }
  }
}

// --- What a publisher may make it keep.

TEST(SubscriberBounds, TooManyUnfinishedKeyframesAreRefused) {
  Reader reader;
  std::string bytes;
  put(bytes, Welcome{});
  for (std::uint32_t event = 1; event <= 2'000; ++event) {
    put(bytes, KeyframeChunk{EventHandle(event), Seq(1), Offset(1), 0, 0, 0, 2, {}, 10, "x"});
  }
  EXPECT_THAT(reader.error_of(bytes), HasSubstr("too many unfinished ones"));
}

TEST(SubscriberBounds, PingsThatItCannotAnswerAreRefused) {
  Reader reader;
  std::string bytes;
  put(bytes, Welcome{});
  for (std::uint64_t i = 0; i < 10'000; ++i)
    put(bytes, Ping{i}, FrameKind::ping);
  EXPECT_THAT(reader.error_of(bytes), HasSubstr("faster than it can be answered"));
}

TEST(SubscriberBounds, AnOffsetNearTheEndOfAllNumbersIsRefused) {
  Reader reader;
  std::string bytes;
  Welcome welcome;
  welcome.position = {Epoch(1), Offset(~std::uint64_t{0})};
  put(bytes, welcome);
  EXPECT_THAT(reader.error_of(bytes), HasSubstr("past any"));
}

// --- States that outlive the process.

TEST(SubscriberSaved, GoesOnWhereItWasSaved) {
  Stream stream;
  Reader first;
  first.take(stream.welcome());
  stream.take(price("a", 100, 150));
  stream.take(price("b", 101, 160));
  first.take(stream.deltas());
  const auto saved = first.subscriber.save();
  ASSERT_TRUE(saved);
  Reader second;
  ASSERT_TRUE(second.subscriber.restore(*saved));
  EXPECT_EQ(second.subscriber.position(), first.subscriber.position());
  const auto hello = read_hello(second.output().at(0).second).value();
  EXPECT_EQ(hello.position, first.subscriber.position());
  for (std::size_t cut = 0; cut < saved->size(); ++cut) {
    Reader damaged;
    EXPECT_FALSE(damaged.subscriber.restore(saved->substr(0, cut))) << cut;
  }
}

}  // namespace
}  // namespace touchline
