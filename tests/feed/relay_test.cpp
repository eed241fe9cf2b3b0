// A relay between an origin and readers: what it forwards, what it gives those that come, and what it makes of a
// publisher that leaves deltas out, begins anew, or is not there.

#include "feed/relay.h"

#include "core/frame.h"
#include "core/keyframe.h"
#include "core/limits.h"
#include "core/retention.h"
#include "tests/feed/relay_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace touchline {
namespace {

using test::RelayMesh;
using test::updated;

struct Chain : RelayMesh {
  explicit Chain(HubOptions origin_options = {}, HubOptions relay_options = {})
      : RelayMesh(std::move(origin_options), std::move(relay_options)),
        relay(add_relay()),
        direct(add_reader()),
        reader(add_reader()) {
    for (const char* event : {"a", "b", "c"})
      update(event, 2);
    commit_all();
    connect(relay);
    carry(relay);
    connect(direct);
    connect(reader, &relay);
    carry_all();
  }
  void carry_all() {
    for (int round = 0; round < 4; ++round) {
      for (const auto& node : nodes())
        carry(*node);
    }
  }
  void expect_all() {
    expect_agreement(direct);
    expect_agreement(reader);
  }
  Node& relay;
  Node& direct;
  Node& reader;
};

TEST(Relay, ForwardsTheOriginsBytesAtTheOriginsOffsets) {
  Chain chain;
  std::string from_origin;
  std::string from_relay;
  for (int price = 100; price < 150; ++price) {
    chain.update(price % 2 == 0 ? "a" : "b", price);
    chain.commit_all();
    chain.write(chain.direct);
    from_origin += chain.direct.line.written;
    chain.read(chain.direct, chain.direct.line.written.size());
    chain.carry(chain.relay);
    chain.write(chain.reader);
    from_relay += chain.reader.line.written;
    chain.read(chain.reader, chain.reader.line.written.size());
  }
  EXPECT_GT(from_origin.size(), 300U);
  EXPECT_EQ(from_relay, from_origin);
  EXPECT_EQ(chain.relay.relay->counts().deltas, 50U);
  chain.expect_all();
}

TEST(Relay, GoesOnFromItsPositionBehindALostLineAndItsReadersNoticeNothing) {
  Chain chain;
  RelayMesh::cut(chain.relay);
  for (int price = 100; price < 103; ++price)
    chain.update("a", price);
  chain.commit_all();
  chain.connect(chain.relay);
  chain.carry_all();
  chain.expect_all();
  EXPECT_EQ(chain.hub().counts().tails, 1U);
  EXPECT_EQ(chain.relay.relay->counts().jumps, 0U);
  EXPECT_NE(chain.reader.line.hub, nullptr);
  EXPECT_EQ(chain.reader.subscriber->counts().keyframes, 3U) << "those of the beginning";
}

TEST(Relay, GivesKeyframesOfWhatChangedWhereTheOriginLeavesDeltasOut) {
  HubOptions short_log;
  short_log.log_bytes_max = 1;
  Chain chain(short_log);
  RelayMesh::cut(chain.relay);
  for (int price = 100; price < 200; ++price) {
    chain.update("a", price);
    chain.commit_all();
  }
  chain.connect(chain.relay);
  chain.carry_all();
  chain.connect(chain.direct);
  chain.carry_all();
  chain.expect_all();
  EXPECT_EQ(chain.relay.relay->counts().jumps, 1U);
  EXPECT_EQ(chain.relay.relay->hub().counts().resets, 1U);
  EXPECT_EQ(chain.reader.subscriber->counts().keyframes, 3U + 1U) << "of the one event alone";
}

TEST(Relay, ThatIsSlowIsGivenMergedBlocksAndItsReadersTheStatesBehindThem) {
  HubOptions tight;
  tight.reader_bytes_max = 300;
  Chain chain(tight);
  for (int price = 100; price < 400; ++price) {
    chain.update("a", price);
    chain.commit_all();
  }
  chain.carry_all();
  chain.connect(chain.direct);
  chain.carry_all();
  chain.expect_all();
  EXPECT_EQ(chain.relay.relay->counts().jumps, 1U);
}

TEST(Relay, MergesForItsOwnSlowReadersWhatComesUnmerged) {
  HubOptions tight;
  tight.reader_bytes_max = 300;
  Chain chain({}, tight);
  for (int price = 100; price < 400; ++price) {
    chain.update("a", price);
    chain.commit_all();
    chain.carry(chain.relay);
    chain.carry(chain.direct);
  }
  chain.carry_all();
  chain.expect_all();
  EXPECT_GT(chain.relay.relay->hub().counts().conflated, 200U);
  EXPECT_EQ(chain.relay.relay->hub().counts().resets, 0U);
}

TEST(Relay, SendsItsReadersAwayWhenTheOriginBeginsANewEpoch) {
  Chain chain;
  chain.begin_epoch();
  chain.update("a", 300);
  chain.commit_all();
  EXPECT_NE(chain.reader.line.hub, nullptr) << "a lost upstream is no reason yet";
  chain.connect(chain.relay);
  chain.carry(chain.relay);
  EXPECT_EQ(chain.reader.line.hub, nullptr);
  chain.connect(chain.reader, &chain.relay);
  chain.connect(chain.direct);
  chain.carry_all();
  chain.expect_all();
}

TEST(Relay, GivesNobodyAStateWhileOneIsMissing) {
  Chain chain;
  chain.update("a", 300);
  chain.commit_all();
  chain.carry(chain.relay);
  const_cast<EventState&>(chain.relay.relay->events().events()[0]->state)
      .set(Address(0, 0, Field::away_score), 77);
  auto& early = chain.add_reader();
  chain.connect(early, &chain.relay);
  chain.carry(early);  // is given the wrong one
  chain.checkpoint();
  chain.write(chain.relay);
  // The digest differs, and the keyframe is not there yet.
  const auto taken = chain.relay.relay->receive(std::exchange(chain.relay.line.written, {}));
  ASSERT_TRUE(taken);
  EXPECT_FALSE(chain.relay.relay->is_whole());
  auto& late = chain.add_reader();
  chain.connect(late, &chain.relay);
  chain.carry(late);
  EXPECT_FALSE(late.subscriber->welcomed());
  chain.read(chain.relay, 0);  // sends what it asks for
  chain.carry_all();
  EXPECT_TRUE(chain.relay.relay->is_whole());
  EXPECT_EQ(chain.relay.relay->received().digests_differed, 1U);
  EXPECT_EQ(chain.reader.subscriber->counts().resyncs, 0U) << "what readers hold was right";
  EXPECT_EQ(early.subscriber->counts().resyncs, 1U);
  EXPECT_EQ(late.subscriber->counts().resyncs, 0U);
  early.intact = false;
  early.wrong.clear();
  for (const auto* node : {&chain.direct, &chain.reader, &early, &late})
    chain.expect_agreement(*node);
}

TEST(Relay, GivesNobodyAStateThatIsAheadOfItsPosition) {
  HubOptions short_log;
  short_log.log_bytes_max = 1;
  Chain chain(short_log);
  RelayMesh::cut(chain.relay);
  for (const char* event : {"a", "b", "a"}) {
    chain.update(event, 300);
    chain.commit_all();
  }
  chain.connect(chain.relay);
  // Keyframes of a and b, and not yet the skip behind them.
  chain.write(chain.relay);
  const std::uint64_t keyframes = chain.relay.relay->received().keyframes;
  while (chain.relay.relay->received().keyframes == keyframes)
    chain.read(chain.relay, 1);
  EXPECT_EQ(chain.relay.relay->position().offset, Offset(3));
  EXPECT_FALSE(chain.relay.relay->is_whole());
  auto& late = chain.add_reader();
  chain.connect(late, &chain.relay);
  chain.carry(late);
  EXPECT_FALSE(late.subscriber->welcomed());
  chain.carry_all();
  chain.connect(chain.direct);
  chain.carry_all();
  chain.expect_all();
  chain.expect_agreement(late);
}

TEST(Relay, GivesUpAnUpstreamThatDoesNotAnswer) {
  Chain chain;
  const_cast<EventState&>(chain.relay.relay->events().events()[0]->state)
      .set(Address(0, 0, Field::away_score), 77);
  chain.update("a", 300);
  chain.commit_all();
  chain.checkpoint();
  chain.write(chain.relay);
  ASSERT_TRUE(chain.relay.relay->receive(chain.relay.line.written));
  EXPECT_TRUE(chain.relay.relay->tick(1'000));
  EXPECT_TRUE(chain.relay.relay->tick(31'000));
  EXPECT_FALSE(chain.relay.relay->tick(31'001));
  EXPECT_FALSE(chain.relay.relay->is_whole());
}

TEST(Relay, SaysInHeartbeatsThatItsUpstreamIsLostAndSinceWhen) {
  Chain chain;
  Relay& relay = *chain.relay.relay;
  ASSERT_TRUE(relay.tick(10'000));
  auto said = relay.sources(10'500);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].name, "upstream");
  EXPECT_EQ(said[0].health, static_cast<std::uint8_t>(FeedHealth::live));
  RelayMesh::cut(chain.relay);
  ASSERT_TRUE(relay.tick(12'000));
  said = relay.sources(17'000);
  EXPECT_EQ(said[0].health, static_cast<std::uint8_t>(FeedHealth::stale));
  EXPECT_EQ(said[0].silent_ms, 7'000U);
}

TEST(Relay, TellsWhatItsUpstreamSaysOfSourcesAlongAChain) {
  Chain chain;
  chain.hub().sources = [](std::int64_t) {
    return std::vector<SourceHealth>{{"trading", static_cast<std::uint8_t>(FeedHealth::stale), 250}};
  };
  auto& second = chain.add_relay();
  chain.connect(second, &chain.relay);
  chain.carry_all();
  ASSERT_TRUE(second.relay->tick(1));
  const auto said = second.relay->sources(1);
  ASSERT_EQ(said.size(), 3U);
  EXPECT_EQ(said[0].name, "trading");
  EXPECT_EQ(said[0].health, static_cast<std::uint8_t>(FeedHealth::stale));
  EXPECT_GE(said[0].silent_ms, 250U);
  EXPECT_EQ(said[1].name, "upstream/upstream");
  EXPECT_EQ(said[2].name, "upstream");
}

// Each would pass on what it said itself, once more with every heartbeat.
TEST(Relay, DoesNotFollowItself) {
  Chain chain;
  std::string name = "upstream";
  for (int relays = 1; relays < 8; ++relays) {
    chain.hub().sources = [name](std::int64_t) {
      return std::vector<SourceHealth>(1'000, SourceHealth{name, 0, 0});
    };
    chain.carry_all();
    EXPECT_TRUE(chain.relay.relay->tick(relays)) << name;
    EXPECT_LE(chain.relay.relay->sources(relays).size(), 257U);
    name += "/upstream";
  }
  chain.hub().sources = [name](std::int64_t) { return std::vector<SourceHealth>{{name, 0, 0}}; };
  chain.carry_all();
  const auto ticked = chain.relay.relay->tick(9);
  ASSERT_FALSE(ticked);
  EXPECT_THAT(ticked.error().text, testing::HasSubstr("in a ring"));
}

TEST(Relay, GoesOnFromWhatItKept) {
  Chain chain;
  chain.keep(chain.relay);
  ASSERT_TRUE(chain.relay.kept);
  chain.update("a", 300);
  chain.commit_all();
  chain.carry_all();
  chain.restart(chain.relay, true);
  EXPECT_TRUE(chain.relay.relay->is_whole());
  // Ahead of what is kept: such a reader begins anew.
  chain.connect(chain.reader, &chain.relay);
  chain.carry(chain.reader);
  EXPECT_EQ(chain.reader.subscriber->position().offset, Offset(3));
  chain.connect(chain.relay);
  chain.carry_all();
  EXPECT_EQ(chain.hub().counts().tails, 1U);
  chain.expect_all();
}

TEST(Relay, RefusesKeptStatesThatAreCutOff) {
  Chain chain;
  chain.keep(chain.relay);
  ASSERT_TRUE(chain.relay.kept);
  for (std::size_t size = 0; size < chain.relay.kept->size(); ++size) {
    Relay relay({}, {}, {});
    EXPECT_FALSE(relay.restore(std::string_view(*chain.relay.kept).substr(0, size))) << size;
  }
}

// What stands behind its listeners has the same states, told as they change.
// What was kept is no word of a publisher: it may be gone, and readers are told so.
TEST(Relay, TellsNothingOfAPublisherWhileItTakesUpWhatItKept) {
  Chain chain;
  chain.keep(chain.relay);
  ASSERT_TRUE(chain.relay.kept);
  int states = 0;
  int words = 0;
  RelayEvents events;
  events.keyframe = [&](EventHandle, const EventState&, Offset) { ++states; };
  events.welcome = [&](const Welcome&) { ++words; };
  events.heartbeat = [&](const Heartbeat&) { ++words; };
  Relay relay({}, {}, std::move(events));
  ASSERT_TRUE(relay.restore(*chain.relay.kept));
  EXPECT_EQ(states, 3);
  EXPECT_EQ(words, 0);
  Welcome welcome;
  welcome.position = relay.position();
  welcome.resume = ResumeKind::tail;
  std::string first;
  put(first, welcome);
  ASSERT_TRUE(relay.receive(first));
  EXPECT_EQ(words, 1);
}

TEST(Relay, NamesTheByteOfKeptStatesThatAreDamagedOnce) {
  Chain chain;
  chain.keep(chain.relay);
  ASSERT_TRUE(chain.relay.kept);
  const std::string& kept = *chain.relay.kept;
  const auto error_of = [](const std::string& saved) {
    Relay relay({}, {}, {});
    const auto restored = relay.restore(saved);
    return restored ? std::string() : restored.error().text;
  };
  EXPECT_THAT(error_of(kept.substr(1)), testing::MatchesRegex("byte 0: unknown frame kind [0-9]+"));
  std::string end;
  put(end, Heartbeat{chain.relay.relay->position().offset, 0, {}});
  EXPECT_EQ(error_of(kept.substr(0, kept.size() - 1)),
            "byte " + std::to_string(kept.size() - end.size()) + ": saved states that are not whole");
}

TEST(Relay, TellsOfEveryStateThatItHasAndOfEveryChange) {
  RelayMesh mesh;
  std::map<EventHandle, std::uint64_t> digests;
  std::vector<Offset> offsets;
  int begun = 0;
  RelayEvents events;
  events.begun_anew = [&] {
    ++begun;
    digests.clear();
  };
  events.keyframe = [&](EventHandle event, const EventState& state, Offset) {
    digests[event] = state.digest();
  };
  events.delta = [&](EventHandle event, const EventState& after, const Delta& delta, Offset at) {
    EXPECT_EQ(after.seq, delta.seq);
    digests[event] = after.digest();
    offsets.push_back(at);
  };
  auto& relay = mesh.add_relay(std::move(events));
  const auto expect_all = [&] {
    ASSERT_EQ(digests.size(), mesh.origin().table().events().size());
    for (const auto& event : mesh.origin().table().events())
      EXPECT_EQ(digests.at(event->handle), event->state.digest());
  };
  mesh.update("a", 2);
  mesh.commit_all();
  mesh.connect(relay);
  mesh.carry(relay);
  expect_all();
  mesh.update("a", 3);
  mesh.update("b", 4);
  mesh.commit_all();
  mesh.carry(relay);
  expect_all();
  EXPECT_EQ(offsets, (std::vector{Offset(2), Offset(3)}));
  EXPECT_EQ(begun, 1);
  mesh.begin_epoch();
  mesh.connect(relay);
  mesh.carry(relay);
  expect_all();
  EXPECT_EQ(begun, 2);
}

TEST(Relay, RefusesEventsPastItsBound) {
  Chain chain;
  std::string body;
  put_last_item_head(body, EventHandle(limits::relayed_events + 1));
  body += std::string("\0\1", 2);
  std::string frame;
  put_frame(frame, FrameKind::deltas, body);
  EXPECT_FALSE(chain.relay.relay->receive(frame));
  EXPECT_EQ(chain.relay.relay->events().events().size(), 3U);
}

std::size_t allocated_bytes() {
  const auto heap = ::mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

// Whether forgotten before it came, or made up by a publisher that lies: what is not told costs a pointer and an offset.
TEST(Relay, HoldsNothingForHandlesThatAreNotTold) {
  constexpr std::size_t gap_bytes_max = 40;  // pointers and offsets, and what vectors grow by
  Chain chain;
  const std::size_t before = allocated_bytes();
  EventState far;
  far.set(Address(0, 0, Field::id), "far");
  far.seq = Seq(1);
  std::string frames;
  put_keyframe(frames, EventHandle(limits::relayed_events), far, chain.relay.relay->position().offset,
               KeyframeCodec::blocks);
  ASSERT_TRUE(chain.relay.relay->receive(frames));
  auto& late = chain.add_reader();
  chain.connect(late, &chain.relay);
  chain.carry_all();
  EXPECT_EQ(late.subscriber->states().size(), 4U);
  EXPECT_EQ(chain.relay.relay->events().known(EventHandle(4)), nullptr);
  EXPECT_LT(allocated_bytes() - before, gap_bytes_max * limits::relayed_events);
}

TEST(Relay, TellsWhoAsksForAHandleOfWhichNothingIsKnownThatItIsForgotten) {
  Chain chain;
  EventState far;
  far.set(Address(0, 0, Field::id), "far");
  far.seq = Seq(1);
  std::string frames;
  put_keyframe(frames, EventHandle(9), far, chain.relay.relay->position().offset, KeyframeCodec::blocks);
  ASSERT_TRUE(chain.relay.relay->receive(frames));
  Hub& hub = chain.relay.relay->hub();
  hub.resync(chain.reader.line.reader, EventHandle(7));
  chain.carry_all();
  const auto& states = chain.reader.subscriber->states();
  ASSERT_TRUE(states.contains(EventHandle(7)));
  EXPECT_TRUE(is_forgotten(states.at(EventHandle(7))));
  // In all states that it is given anew, too.
  hub.resync(chain.reader.line.reader, EventHandle(8));
  std::string skip;
  put_skip(skip, 1);
  std::string jump;
  put_frame(jump, FrameKind::deltas, skip);
  ASSERT_TRUE(chain.relay.relay->receive(jump));
  RelayMesh::cut(chain.relay);
  chain.carry_all();
  ASSERT_TRUE(states.contains(EventHandle(8)));
  EXPECT_TRUE(is_forgotten(states.at(EventHandle(8))));
}

TEST(Relay, MeetsAnEventThatWasForgottenBeforeItCame) {
  Chain chain;
  chain.update(updated().at_ms(chain.now_ms).event("b").status(EventStatus::settled));
  chain.commit_all();
  chain.carry_all();
  chain.forget();
  chain.commit_all();
  auto& second = chain.add_relay();
  chain.connect(second);
  chain.carry_all();
  auto& late = chain.add_reader();
  chain.connect(late, &second);
  chain.carry_all();
  chain.update("b", 7);
  chain.update("d", 8);
  chain.commit_all();
  chain.carry_all();
  chain.expect_all();
  chain.expect_agreement(late);
}

}  // namespace
}  // namespace touchline
