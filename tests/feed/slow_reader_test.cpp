// What becomes of a reader that takes its bytes too slowly, and of the others.

#include "tests/feed/wired_fixture.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace touchline {
namespace {

HubOptions tight() {
  HubOptions options;
  options.reader_bytes_max = 300;
  return options;
}

// What a subscriber saw of each event's deltas: class and sequence numbers, in order.
struct Seen {
  std::vector<std::pair<std::string, std::uint64_t>> critical;  // event, seq
  std::uint64_t merged = 0;
  std::vector<std::string> order;  // events, in the order of what came
};

SubscriberEvents watching(Seen& seen) {
  SubscriberEvents events;
  events.delta = [&seen](EventHandle, const EventState& state, const Delta& delta, Offset) {
    const std::string id(state.get(Address(0, 0, Field::id)).text);
    if (delta.kind == DeltaClass::critical) seen.critical.emplace_back(id, delta.seq.value);
    if (delta.merged > 1) seen.merged += delta.merged;
    seen.order.push_back(id);
  };
  return events;
}

struct Watcher : Wired::Peer {
  explicit Watcher(Seen& seen) : Wired::Peer({}, watching(seen)) {}
};

TEST(SlowReader, IsGivenItsPricesMergedAndEveryCriticalDelta) {
  Wired wired(tight());
  Seen seen_fast;
  Seen seen_slow;
  Watcher fast(seen_fast);
  Watcher slow(seen_slow);
  for (const char* event : {"a", "b", "c"})
    wired.update(event, 2);
  wired.commit_all();
  wired.join(fast);
  wired.join(slow);
  wired.carry(fast);
  wired.carry(slow);
  for (int step = 0; step < 600; ++step) {
    const std::string event(1, static_cast<char>('a' + step % 3));
    wired.update(event, 100 + step,
                 step % 50 == 49 ? R"(,"home_score":)" + std::to_string(step / 50 + 1) : "");
    wired.commit_all();
    wired.carry(fast);
  }
  wired.carry(slow);
  wired.expect_agreement(fast);
  wired.expect_agreement(slow);
  EXPECT_EQ(seen_fast.merged, 0U);
  EXPECT_GT(seen_slow.merged, 300U);
  // As they come per event: between events, those with something critical go first.
  std::map<std::string, std::vector<std::uint64_t>> wanted;
  std::map<std::string, std::vector<std::uint64_t>> got;
  for (const auto& [event, seq] : seen_fast.critical)
    wanted[event].push_back(seq);
  for (const auto& [event, seq] : seen_slow.critical)
    got[event].push_back(seq);
  EXPECT_EQ(seen_fast.critical.size(), 12U);
  EXPECT_EQ(got, wanted);
  EXPECT_EQ(wired.hub.counts().resets, 0U);
  EXPECT_EQ(fast.subscriber.counts().resyncs + slow.subscriber.counts().resyncs, 0U);
}

TEST(SlowReader, IsGivenEventsWithSomethingCriticalBeforeTheOthersPrices) {
  Wired wired(tight());
  Seen seen;
  Watcher slow(seen);
  for (const char* event : {"a", "b"})
    wired.update(event, 2);
  wired.commit_all();
  wired.join(slow);
  wired.carry(slow);
  for (int step = 0; step < 200; ++step) {
    wired.update("a", 100 + step);
    wired.commit_all();
  }
  wired.update("b", 3, R"(,"status":"live")");
  wired.commit_all();
  wired.carry(slow);
  wired.expect_agreement(slow);
  // The first part was on its way before the reader was found slow; what was conflated has b in front.
  ASSERT_GE(seen.order.size(), 2U);
  EXPECT_EQ(seen.order[seen.order.size() - 2], "b");
  EXPECT_EQ(seen.order.back(), "a");
}

TEST(SlowReader, IsResetWhenEvenThatIsTooMuch) {
  HubOptions options = tight();
  options.conflated_bytes_max = 2'000;
  Wired wired(options);
  Wired::Peer slow;
  wired.join(slow);
  wired.carry(slow);
  for (int step = 0; step < 500; ++step) {
    wired.update("e" + std::to_string(step), 100 + step);
    wired.commit_all();
  }
  wired.carry(slow);
  EXPECT_EQ(wired.hub.counts().resets, 1U);
  EXPECT_EQ(wired.hub.counts().resets_by_cause[static_cast<std::size_t>(ResetCause::too_much_waiting)], 1U);
  wired.expect_agreement(slow);
}

TEST(SlowReader, ThatOnlyMissedSomeEventsIsGivenKeyframesOfThoseAlone) {
  HubOptions options;
  options.log_bytes_max = 200;
  Wired wired(options);
  Wired::Peer peer;
  for (int event = 0; event < 20; ++event)
    wired.update("e" + std::to_string(event), 2);
  wired.commit_all();
  wired.join(peer);
  wired.carry(peer);
  const std::uint64_t before = peer.subscriber.counts().keyframes;
  for (int price = 3; price < 100; ++price) {
    wired.update("e7", price);
    wired.commit_all();
  }
  wired.carry(peer);
  wired.carry(peer);
  EXPECT_EQ(wired.hub.counts().resets, 1U);
  EXPECT_EQ(wired.hub.counts().resets_by_cause[static_cast<std::size_t>(ResetCause::fell_out_of_log)], 1U);
  EXPECT_EQ(wired.hub.counts().keyframes, peer.subscriber.counts().keyframes);
  EXPECT_EQ(peer.subscriber.counts().keyframes - before, 1U);
  wired.expect_agreement(peer);
}

TEST(Conflation, CostsNothingWhileNobodyIsSlow) {
  Wired wired(tight());
  Wired::Peer peer;
  wired.join(peer);
  for (int price = 2; price < 200; ++price) {
    wired.update("e", price);
    ASSERT_TRUE(wired.in_flight);
    EXPECT_TRUE(wired.in_flight->deltas.empty());
    wired.commit_all();
    wired.carry(peer);
  }
  EXPECT_EQ(wired.hub.counts().conflations, 0U);
}

}  // namespace
}  // namespace touchline
