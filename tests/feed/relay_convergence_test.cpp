// Relays and readers anywhere in a chain, with everything that can happen to them, in any order. In the end all hold the
// origin's states, and on the way none of them meets an error or shows a state that never was.

#include "core/fields.h"
#include "feed/relay.h"
#include "tests/core/random_fixture.h"
#include "tests/feed/relay_fixture.h"
#include "tests/instrumented.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace touchline {
namespace {

using test::Random;
using test::RelayMesh;
using test::updated;

// Everything at once, in any order.
class AnyDay {
 public:
  explicit AnyDay(std::uint64_t seed)
      : random_(seed), mesh_(options(), options()), damages_(random_.one_in(3)) {
    relays_ = {&mesh_.add_relay({}, asks()), &mesh_.add_relay({}, asks())};
    for (int i = 0; i < 5; ++i)
      readers_.push_back(&mesh_.add_reader({}, asks()));
    Filter filter;
    filter.events = {"e0", "e3"};
    readers_.push_back(&mesh_.add_reader(filter, asks()));
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
      resyncs += relay->relay->received().resyncs;
      deltas += relay->relay->counts().deltas;
      coded_in += relay->relay->received().coded;
      coded_out += relay->relay->hub().counts().coded;
    }
  }

  std::uint64_t jumps = 0;
  std::uint64_t resyncs = 0;
  std::uint64_t deltas = 0;
  std::uint64_t coded_in = 0;   // by relays that were not started again
  std::uint64_t coded_out = 0;  //
  std::uint64_t epochs = 0;
  std::uint64_t taken_up = 0;

 private:
  test::Asks asks() { return random_.one_in(2) ? test::Asks::coded : test::Asks::blocks; }

  HubOptions options() {
    HubOptions options;
    options.coded_events_max = random_.one_in(2) ? 2 : 64;
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
      if (!event || MirroredEvents::is_gap(*event) || !random_.one_in(2)) continue;
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
  constexpr std::uint64_t seeds = is_instrumented ? 100 : 1'000;
  std::uint64_t jumps = 0;
  std::uint64_t resyncs = 0;
  std::uint64_t deltas = 0;
  std::uint64_t coded_in = 0;
  std::uint64_t coded_out = 0;
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
    coded_in += day.coded_in;
    coded_out += day.coded_out;
    epochs += day.epochs;
    taken_up += day.taken_up;
  }
  if (is_instrumented) return;
  // The days were eventful enough to mean something.
  EXPECT_GT(jumps, 100U);
  EXPECT_GT(resyncs, 100U);
  EXPECT_GT(deltas, 10'000U);
  EXPECT_GT(coded_in, 1'000U);
  EXPECT_GT(coded_out, 1'000U);
  EXPECT_GT(epochs, 100U);
  EXPECT_GT(taken_up, 100U);
}

}  // namespace
}  // namespace touchline
