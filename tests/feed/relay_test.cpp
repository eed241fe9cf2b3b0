// A relay between an origin and readers: what it forwards, what it gives those that come, and what it makes of a
// publisher that leaves deltas out, begins anew, or is not there.

#include "feed/relay.h"

#include "core/frame.h"
#include "core/retention.h"
#include "tests/core/random_fixture.h"
#include "tests/feed/relay_fixture.h"

#include <gtest/gtest.h>

#include <string>

namespace touchline {
namespace {

using test::Random;
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
  const_cast<EventState&>(chain.relay.relay->events().events()[0]->state)
      .set(Address(0, 0, Field::away_score), 77);
  chain.update("a", 300);
  chain.commit_all();
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
  EXPECT_EQ(chain.relay.relay->counts().digests_differed, 1U);
  EXPECT_EQ(chain.reader.subscriber->counts().resyncs, 0U) << "what readers hold was right";
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

// Everything at once, in any order.
class AnyDay {
 public:
  explicit AnyDay(std::uint64_t seed)
      : random_(seed), mesh_(options(), options()), damages_(random_.one_in(3)) {
    relays_ = {&mesh_.add_relay(), &mesh_.add_relay()};
    for (int i = 0; i < 5; ++i)
      readers_.push_back(&mesh_.add_reader());
    Filter filter;
    filter.events = {"e0", "e3"};
    readers_.push_back(&mesh_.add_reader(filter));
  }

  void run() {
    for (int step = 0; step < 1'000; ++step) {
      mesh_.now_ms += random_.between(0, 20);
      turn();
      if (testing::Test::HasFailure()) return;
    }
  }

  void settle() {
    for (int round = 0; round < 4; ++round) {
      for (const auto& node : mesh_.nodes()) {
        if (node->line.hub != nullptr) continue;
        mesh_.connect(*node, node->relay ? upstream_of(*node) : anybody());
      }
      mesh_.commit_all();
      mesh_.checkpoint();
      for (int turn = 0; turn < 6; ++turn) {
        for (const auto& node : mesh_.nodes()) {
          if (node->line.hub != nullptr) mesh_.carry(*node);
        }
      }
    }
    for (RelayMesh::Node* reader : readers_) {
      EXPECT_NE(reader->line.hub, nullptr);
      mesh_.expect_agreement(*reader);
    }
    for (RelayMesh::Node* relay : relays_) {
      EXPECT_EQ(relay->error, "");
      EXPECT_TRUE(relay->relay->is_whole());
      jumps += relay->relay->counts().jumps;
      resyncs += relay->relay->counts().resyncs;
      deltas += relay->relay->counts().deltas;
    }
  }

  std::uint64_t jumps = 0;
  std::uint64_t resyncs = 0;
  std::uint64_t deltas = 0;
  std::uint64_t epochs = 0;
  std::uint64_t taken_up = 0;

 private:
  HubOptions options() {
    HubOptions options;
    options.log_bytes_max = random_.one_in(2) ? 600 : 1U << 20;
    options.gather_bytes = random_.one_in(2) ? 100 : 1U << 20;
    options.keyframe_cache_bytes_max = random_.one_in(2) ? 500 : 1U << 20;
    options.keyframe_portion_bytes = random_.one_in(2) ? 40 : 1U << 20;
    options.reader_bytes_max = random_.one_in(2) ? 60 : 1U << 20;
    options.conflated_bytes_max = random_.one_in(3) ? 1'000 : 1U << 20;
    return options;
  }

  RelayMesh::Node* upstream_of(const RelayMesh::Node& relay) {
    return &relay == relays_[1] && mesh_.is_open(relays_[0]) && random_.one_in(2) ? relays_[0] : nullptr;
  }
  RelayMesh::Node* anybody() {
    switch (random_.below(3)) {
      case 0:
        return nullptr;
      case 1:
        return mesh_.is_open(relays_[0]) ? relays_[0] : nullptr;
      default:
        return mesh_.is_open(relays_[1]) ? relays_[1] : nullptr;
    }
  }

  void turn() {
    RelayMesh::Node& node = *mesh_.nodes()[random_.below(mesh_.nodes().size())];
    switch (random_.below(8)) {
      case 0:
        return mesh_.commit();
      case 1:
      case 2:
      case 3:
        if (random_.one_in(2)) mesh_.write(node);
        mesh_.read(node, random_.below(node.line.written.size() + 1));
        return;
      case 4:
        if (node.line.hub == nullptr || random_.one_in(6)) change_connection(node);
        return;
      case 5:
        if (random_.one_in(7)) break_something();
        return;
      default:
        return update();
    }
  }

  void change_connection(RelayMesh::Node& node) {
    if (node.line.hub != nullptr && random_.one_in(2)) return RelayMesh::cut(node);
    mesh_.connect(node, node.relay ? upstream_of(node) : anybody());
  }

  void break_something() {
    RelayMesh::Node& relay = *relays_[random_.below(2)];
    switch (random_.below(6)) {
      case 0:
        if (!random_.one_in(3)) return;
        ++epochs;
        return mesh_.begin_epoch();
      case 1:
        return mesh_.restart_origin();
      case 2:
        if (!random_.one_in(3)) return mesh_.restart(relay, false);
        if (relay.kept) ++taken_up;
        return mesh_.restart(relay, true);
      case 3:
        if (relay.relay->is_whole()) mesh_.keep(relay);
        return;
      case 4:
        return mesh_.forget();
      default:
        if (damages_) damage(relay);
    }
  }

  // As a flipped bit in the relay's memory would: its readers may be shown it.
  void damage(const RelayMesh::Node& relay) {
    for (RelayMesh::Node* reader : readers_)
      reader->intact = false;
    for (const auto& event : relay.relay->events().events()) {
      if (MirroredEvents::is_gap(*event) || !random_.one_in(2)) continue;
      const_cast<EventState&>(event->state).set(Address(0, 0, Field::away_score), random_.between(10, 99));
      return;
    }
  }

  void update() {
    test::Builder update = updated().at_ms(mesh_.now_ms).event("e" + std::to_string(random_.below(6)));
    if (random_.one_in(6)) update.status(random_.one_in(3) ? EventStatus::settled : EventStatus::live);
    if (random_.one_in(4)) update.set(Field::home_score, random_.between(0, 9));
    update.market(random_.one_in(2) ? "m" : "n").outcome("o").set(Field::back, random_.between(1, 9), 150);
    update.set(Field::last_price, random_.between(101, 200));
    mesh_.update(update);
    if (random_.one_in(2)) mesh_.flush();
  }

  Random random_;
  RelayMesh mesh_;
  bool damages_;
  std::vector<RelayMesh::Node*> relays_;
  std::vector<RelayMesh::Node*> readers_;
};

TEST(RelayConvergence, EveryReaderAnywhereInAChainEndsWithTheOriginsStates) {
  constexpr std::uint64_t seeds = 1'000;
  std::uint64_t jumps = 0;
  std::uint64_t resyncs = 0;
  std::uint64_t deltas = 0;
  std::uint64_t epochs = 0;
  std::uint64_t taken_up = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    AnyDay day(seed);
    day.run();
    day.settle();
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
    jumps += day.jumps;
    resyncs += day.resyncs;
    deltas += day.deltas;
    epochs += day.epochs;
    taken_up += day.taken_up;
  }
  // The days were eventful enough to mean something.
  EXPECT_GT(jumps, 100U);
  EXPECT_GT(resyncs, 100U);
  EXPECT_GT(deltas, 10'000U);
  EXPECT_GT(epochs, 100U);
  EXPECT_GT(taken_up, 100U);
}

}  // namespace
}  // namespace touchline
