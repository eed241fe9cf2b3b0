#include "feed/clients/client_hub.h"

#include "core/client_json.h"
#include "core/origin.h"
#include "core/retention.h"
#include "feed/mirrored_events.h"
#include "tests/core/update_fixture.h"
#include "tests/feed/client_model.h"

#include <gmock/gmock.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace touchline {
namespace {

using test::ClientModel;
using test::json_of;
using test::updated;
using testing::Contains;
using testing::ElementsAre;
using Words = std::vector<std::string>;

constexpr std::int64_t now_ms = 1'800'000'000'000;

// A client and its place in the hub, while it is connected.
struct Client {
  HubClient seat;
  ClientModel model;
  std::string query;
  int woken = 0;
};

// An origin whose deltas reach the hub as a relay brings them.
class Hubs : public testing::Test {
 protected:
  explicit Hubs(ClientHubOptions options = {})
      : hub_(mirrored_, options), line_(origin_.add_line(origin_.add_source())) {
    origin_.keep_deltas(true);
    hub_.begun_anew({Epoch(7), Offset(0)});
    hub_.whole();
  }
  ~Hubs() override {
    for (const auto& client : clients_)
      hub_.leave(client->seat);
  }

  void update(Update update) {
    if (update.source_time_ms == 0) update.source_time_ms = ++time_ms_;
    ASSERT_TRUE(origin_.take(line_, update, now_ms));
    spread();
  }
  void price(const std::string& event, std::int64_t price) {
    update(updated().event(event).market("m" + event, event).outcome("o").set(Field::last_price, price));
  }
  void score(const std::string& event, std::int64_t goals) {
    update(updated().event(event).set(Field::home_score, goals));
  }
  void forget() {
    origin_.forget(0, now_ms + 1'000'000);
    spread();
  }
  // What the origin has published since the last time.
  void spread() {
    const Batch batch = origin_.take_batch();
    Offset at = batch.first;
    for (const auto& [event, time_ms, delta] : batch.deltas) {
      LiveEvent& live = mirrored_.reach(event);
      EventState state = MirroredEvents::is_gap(live) ? EventState() : std::move(live.state);
      apply(state, delta);
      MirroredEvents::set(live, std::move(state));
      if (!muted_) hub_.delta(event, live.state, delta, at);
      at = at.next();
    }
  }
  // The relay is given all states anew.
  void begin_anew(Epoch epoch) {
    hub_.begun_anew({epoch, origin_.head()});
    for (const auto& event : mirrored_.events()) {
      if (!MirroredEvents::is_gap(*event)) hub_.keyframe(event->handle, event->state, origin_.head());
    }
  }

  Client& connect(std::string query = "") {
    Client& client = *clients_.emplace_back(std::make_unique<Client>());
    client.query = std::move(query);
    come(client);
    return client;
  }
  void come(Client& client) {
    client.seat.wake = [&client] { ++client.woken; };
    auto query = client.query;
    if (!client.model.position.empty())
      query.append(query.empty() ? "" : "&").append("position=" + client.model.position);
    const auto parsed = parse_live_query(query);
    ASSERT_TRUE(parsed) << query;
    hub_.join(client.seat, parsed->subscription, parsed->position);
  }
  void cut(Client& client) { hub_.leave(client.seat); }
  // It takes up to so many messages.
  void read(Client& client, std::size_t most = 1'000'000) {
    std::vector<ClientMessageRef> messages;
    while (most-- != 0 && hub_.has_more(client.seat)) {
      messages.clear();
      hub_.take(client.seat, 1, messages);
      if (messages.empty()) return;
      for (const auto& message : messages)
        client.model.take(message->json());
    }
  }
  Words read_types(Client& client) {
    client.model.types.clear();
    read(client);
    return client.model.types;
  }
  void say(Client& client, std::string_view message) {
    const auto change = parse_subscription_change(message);
    ASSERT_TRUE(change);
    hub_.change(client.seat, *change);
  }

  // What a client of this query holds when it has everything.
  std::map<std::string, ClientModel::Held> expected(const std::string& query) const {
    const Subscription wanted = parse_live_query(query)->subscription;
    std::map<std::string, ClientModel::Held> events;
    for (const auto& event : mirrored_.events()) {
      const auto named = [&](const std::vector<std::string>& names, Field field) {
        return std::ranges::find(names, event->state.get(Address(0, 0, field)).text) != names.end();
      };
      if (is_forgotten(event->state)) continue;
      if (!wanted.all && !named(wanted.events, Field::id) && !named(wanted.sports, Field::sport) &&
          !named(wanted.competitions, Field::competition))
        continue;
      std::string json;
      append_client_state(json, event->state);
      events[event->id] = {event->state.seq.value, json_of(json)};
    }
    return events;
  }
  void expect_exact(Client& client) {
    read(client);
    EXPECT_EQ(client.model.events, expected(client.query))
        << client.query << " after " << client.model.resume;
  }

  Origin origin_;
  MirroredEvents mirrored_;
  ClientHub hub_;
  LineRef line_;
  std::int64_t time_ms_ = 1'000;
  bool muted_ = false;
  std::vector<std::unique_ptr<Client>> clients_;
};

TEST_F(Hubs, GiveWhoJoinsStatesAndThenDeltas) {
  price("a", 150);
  Client& client = connect();
  EXPECT_THAT(read_types(client), ElementsAre("hello", "snapshot", "position"));
  EXPECT_EQ(client.model.resume, "snapshots");
  EXPECT_EQ(client.model.position, "7-1");
  price("a", 160);
  price("b", 250);
  EXPECT_THAT(read_types(client), ElementsAre("delta", "snapshot"));
  EXPECT_EQ(client.model.position, "7-2");
  expect_exact(client);
}

TEST_F(Hubs, MakeOneMessageForAllWhoFollowAndNoneForOthers) {
  price("a", 150);
  price("b", 150);
  Client& one = connect("event=a");
  Client& other = connect("event=a");
  Client& far = connect("event=b");
  for (Client* client : {&one, &other, &far})
    read(*client);
  const std::uint64_t made = hub_.counts().deltas;
  price("a", 160);
  EXPECT_EQ(hub_.counts().deltas, made + 1);
  std::vector<ClientMessageRef> first;
  std::vector<ClientMessageRef> second;
  hub_.take(one.seat, 1, first);
  hub_.take(other.seat, 1, second);
  EXPECT_EQ(first, second) << "the very same bytes";
  EXPECT_FALSE(hub_.has_more(far.seat));
}

TEST_F(Hubs, TellAClientOnceWhatItFollowsInSeveralWays) {
  update(updated().event("a").set(Field::sport, "4").set(Field::competition, "cup"));
  Client& client = connect("event=a&sport=4&competition=cup");
  EXPECT_THAT(read_types(client), ElementsAre("hello", "snapshot", "position"));
  score("a", 1);
  EXPECT_THAT(read_types(client), ElementsAre("delta"));
}

TEST_F(Hubs, LetAClientChangeItsMind) {
  update(updated().event("a").set(Field::sport, "4"));
  update(updated().event("b").set(Field::sport, "1"));
  Client& client = connect("follow=none");
  EXPECT_THAT(read_types(client), ElementsAre("hello", "position"));
  say(client, R"({"subscribe":{"sports":["4"],"events":["none"]}})");
  EXPECT_THAT(read_types(client), ElementsAre("subscription", "gone", "snapshot", "position"));
  EXPECT_EQ(client.model.subscription, R"({"events":["none"],"sports":["4"]})");
  score("b", 1);
  EXPECT_THAT(read_types(client), ElementsAre());
  say(client, R"({"unsubscribe":{"sports":["4"]},"subscribe":{"events":["b"]}})");
  EXPECT_THAT(read_types(client), ElementsAre("subscription", "snapshot", "position"));
  score("a", 1);
  EXPECT_THAT(read_types(client), ElementsAre());
  // What comes later is there at once.
  score("none", 3);
  EXPECT_THAT(read_types(client), ElementsAre("snapshot"));
}

TEST_F(Hubs, BringBackByWhatWasMissed) {
  price("a", 150);
  price("b", 150);
  Client& client = connect("event=a");
  read(client);
  cut(client);
  price("a", 160);
  price("b", 160);
  price("a", 170);
  come(client);
  EXPECT_THAT(read_types(client), ElementsAre("hello", "delta", "delta", "position"));
  EXPECT_EQ(client.model.resume, "tail");
  expect_exact(client);
  // Nothing has changed.
  cut(client);
  come(client);
  EXPECT_THAT(read_types(client), ElementsAre("hello", "position"));
}

TEST_F(Hubs, DoNotBringBackFromAnotherHistory) {
  price("a", 150);
  Client& client = connect("event=a");
  read(client);
  for (const char* position : {"8-1", "7-99"}) {
    cut(client);
    client.model.position = position;
    come(client);
    EXPECT_THAT(read_types(client), ElementsAre("hello", "snapshot", "position"));
  }
}

class SmallHubs : public Hubs {
 protected:
  SmallHubs() : Hubs({.client_bytes_max = 2'000, .log_bytes_max = 3'000, .snapshot_bytes_max = 4'000}) {}
};

TEST_F(SmallHubs, BringBackByWhatHasChangedWhereTheLogIsTooShort) {
  for (const char* event : {"a", "b", "c"})
    price(event, 150);
  Client& client = connect();
  read(client);
  cut(client);
  for (int i = 0; i < 100; ++i)
    price("b", 200 + i);
  come(client);
  EXPECT_THAT(read_types(client), ElementsAre("hello", "snapshot", "position"));
  EXPECT_EQ(client.model.resume, "changed");
  expect_exact(client);
}

TEST_F(SmallHubs, GiveWhoIsSlowTheNewestStateAndWhatIsCriticalFirst) {
  for (const char* event : {"a", "b", "c"})
    price(event, 150);
  Client& slow = connect();
  Client& quick = connect();
  read(slow);
  for (int i = 0; i < 100; ++i) {
    price(i % 2 == 0 ? "a" : "c", 200 + i);
    if (i == 50) score("b", 1);
    read(quick);
  }
  EXPECT_EQ(hub_.counts().behind, 1U);
  EXPECT_LE(slow.seat.queue_bytes, 2'000U);
  slow.model.snapshots.clear();
  const std::string position = slow.model.position;
  EXPECT_THAT(read_types(slow), ElementsAre("snapshot", "snapshot", "snapshot", "position"));
  EXPECT_EQ(slow.model.snapshots.front(), "b");
  EXPECT_NE(slow.model.position, position);
  expect_exact(slow);
  expect_exact(quick);
  price("a", 999);
  EXPECT_THAT(read_types(slow), ElementsAre("delta")) << "it is up to date again";
}

TEST_F(Hubs, SayWhatIsGone) {
  update(updated().event("a").status(EventStatus::settled));
  Client& client = connect();
  Client& away = connect();
  read(client);
  read(away);
  cut(away);
  forget();
  EXPECT_THAT(read_types(client), ElementsAre("gone"));
  come(away);
  EXPECT_THAT(read_types(away), Contains("gone"));
  expect_exact(away);
  update(updated().event("a").set(Field::name, "again"));
  EXPECT_THAT(read_types(client), ElementsAre("snapshot"));
  expect_exact(client);
}

TEST_F(Hubs, TellWhoFollowsASportWhatLeavesItAndWhatComesToIt) {
  update(updated().event("a").set(Field::sport, "1"));
  Client& left = connect("sport=1");
  Client& reached = connect("sport=4");
  Client& away = connect("sport=1");
  for (Client* client : {&left, &reached, &away})
    read(*client);
  cut(away);
  update(updated().event("a").set(Field::sport, "4"));
  EXPECT_THAT(read_types(left), ElementsAre("gone"));
  EXPECT_THAT(read_types(reached), ElementsAre("snapshot"));
  come(away);
  expect_exact(away);
}

TEST_F(Hubs, TellEverybodyHowTheUpstreamIs) {
  Client& client = connect("follow=none");
  read(client);
  hub_.set_upstream(UpstreamHealth::stale);
  hub_.set_upstream(UpstreamHealth::stale);
  EXPECT_THAT(read_types(client), ElementsAre("status"));
  EXPECT_EQ(client.model.upstream, "stale");
  Client& later = connect("follow=none");
  read(later);
  EXPECT_EQ(later.model.upstream, "stale");
}

TEST_F(Hubs, BeginAnewWithTheirUpstreamAndTellNoPositionBeforeAllIsThere) {
  price("a", 150);
  price("b", 150);
  Client& client = connect();
  read(client);
  price("a", 160);
  MirroredEvents other;
  mirrored_.clear();
  hub_.begun_anew({Epoch(8), origin_.head()});
  EXPECT_THAT(read_types(client), ElementsAre());
  // Of both only one is there in the new history, by another number.
  LiveEvent& live = mirrored_.reach(EventHandle(1));
  EventState state;
  state.set(Address(0, 0, Field::id), "b");
  state.seq = Seq(1);
  MirroredEvents::set(live, std::move(state));
  hub_.keyframe(EventHandle(1), live.state, origin_.head());
  EXPECT_THAT(read_types(client), ElementsAre("snapshot"));
  hub_.whole();
  EXPECT_THAT(read_types(client), ElementsAre("gone", "position"));
  EXPECT_EQ(client.model.position, "8-3");
  expect_exact(client);
}

// A relay asked for a state again: whoever stands at this very position has not seen it.
TEST_F(Hubs, GiveAStateThatWasPutRightToWhoComesBack) {
  price("a", 150);
  Client& client = connect();
  read(client);
  muted_ = true;
  price("a", 160);
  muted_ = false;
  price("b", 150);
  read(client);
  cut(client);
  hub_.keyframe(EventHandle(1), mirrored_.event(EventHandle(1)).state, origin_.head());
  come(client);
  expect_exact(client);
}

TEST_F(Hubs, AskForAStateByTheEventsId) {
  price("a", 150);
  ASSERT_TRUE(hub_.snapshot_of("a"));
  EXPECT_EQ(hub_.snapshot_of("a"), hub_.snapshot_of("a")) << "made once";
  EXPECT_EQ(hub_.snapshot_of("b"), nullptr);
}

// Clients of every kind come, go, stop reading and change their minds while everything happens; whenever one has read
// everything, it holds what there is.
TEST_F(SmallHubs, BringEverybodyToTheNewestStateWhateverHappens) {
  test::Random random(17);
  constexpr std::array queries{
      "", "event=e1&event=e2", "sport=1", "sport=2&event=e1", "competition=c1", "event=e9"};
  for (const char* query : queries) {
    for (int i = 0; i < 3; ++i)
      connect(query);
  }
  Words resumed;
  for (int step = 0; step < 30'000; ++step) {
    const std::string event = "e" + std::to_string(random.below(6));
    switch (random.below(24)) {
      case 0:
        update(updated().event(event).set(Field::sport, std::to_string(random.below(3))));
        break;
      case 1:
        update(updated().event(event).set(Field::competition, "c" + std::to_string(random.below(3))));
        break;
      case 2:
        score(event, random.between(0, 5));
        break;
      case 3:
        if (random.one_in(20)) update(updated().event(event).status(EventStatus::settled));
        if (random.one_in(20)) forget();
        break;
      case 4:
        if (random.one_in(50)) {
          begin_anew(Epoch(8 + random.below(2)));
          if (random.one_in(2)) hub_.whole();
        }
        break;
      case 5: {
        muted_ = true;
        price(event, random.between(100, 1'000));
        muted_ = false;
        for (const auto& live : mirrored_.events()) {
          if (live->id == event) hub_.keyframe(live->handle, live->state, origin_.head());
        }
        break;
      }
      default:
        price(event, random.between(100, 1'000));
    }
    Client& client = *clients_[random.below(clients_.size())];
    switch (random.below(8)) {
      case 0:
        if (client.seat.joined) {
          cut(client);
        } else {
          come(client);
          resumed.push_back(client.model.resume);
        }
        break;
      case 1:
        if (client.seat.joined) {
          hub_.whole();
          expect_exact(client);
        }
        break;
      case 2:
        if (client.seat.joined && random.one_in(4)) {
          const std::string now = queries[random.below(queries.size())];
          const Subscription before = parse_live_query(client.query)->subscription;
          const Subscription after = parse_live_query(now)->subscription;
          hub_.change(client.seat, {after, before});
          client.query = now;
          // Its position is worth nothing until it is answered.
          read(client);
        }
        break;
      default:
        if (client.seat.joined) read(client, random.below(4));
    }
    if (HasFailure()) FAIL() << "at step " << step;
  }
  EXPECT_THAT(resumed, testing::AllOf(Contains("tail"), Contains("changed"), Contains("snapshots")));
  EXPECT_GT(hub_.counts().behind, 20U);
}

}  // namespace
}  // namespace touchline
