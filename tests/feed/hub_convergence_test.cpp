// Readers of every kind beside each other, with a log that is too short for some: they come, fall behind, are
// cut off and come back, at every moment of a commit. In the end all hold the origin's states, and on the way
// none of them meets anything that it has to call an error.

#include "core/coded/prior.h"
#include "core/subscriber.h"
#include "feed/publisher.h"
#include "tests/core/random_fixture.h"
#include "tests/core/update_fixture.h"
#include "tests/feed/wired_fixture.h"
#include "tests/instrumented.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace touchline {
namespace {

using test::Random;
using test::updated;

constexpr int seeds = is_instrumented ? 150 : 1500;
constexpr std::array sports{"football", "tennis"};
constexpr std::array competitions{"cup", "league"};
constexpr std::uint64_t events = 6;

std::string event_named(std::uint64_t number) { return std::string("e").append(std::to_string(number)); }

// One connection after another of one relay.
struct Relay {
  Hello hello;
  std::unique_ptr<Subscriber> subscriber;
  Hub::Reader reader;
  std::string on_the_line;  // written by the hub, not yet read
  std::string error;
  bool connected = false;
};

class Day {
 public:
  Day(std::uint64_t seed)  // NOLINT(google-explicit-constructor)
      : random_(seed),
        options_(hub_options()),
        reads_back_(!random_.one_in(4)),
        line_(origin_.add_line(origin_.add_source())) {
    start();
    for (int i = 0; i < 6; ++i)
      add_relay(i);
  }

  void run() {
    const int restart_at = random_.one_in(2) ? static_cast<int>(random_.below(300)) : -1;
    for (int step = 0; step < 300; ++step) {
      if (step == restart_at) restart();
      now_ms_ += random_.between(0, 20);
      switch (random_.below(6)) {
        case 0:
          commit();
          break;
        case 1:
        case 2:
          serve(*relays_[random_.below(relays_.size())]);
          break;
        case 3:
          if (random_.one_in(3)) change_connection(*relays_[random_.below(relays_.size())]);
          if (random_.one_in(3)) answer();
          make_keyframes();
          break;
        default:
          update();
          break;
      }
    }
  }

  void settle() {
    for (const auto& relay : relays_) {
      if (!relay->connected) connect(*relay);
    }
    // A resync that a checkpoint brings about needs a round of its own.
    for (int round = 0; round < 3; ++round) {
      publisher_->flush(now_ms_);
      while (under_way_)
        commit();
      while (question_)
        answer();
      while (more_keyframes_)
        make_keyframes();
      publisher_->checkpoint_all();
      for (int turn = 0; turn < 3; ++turn) {
        for (const auto& relay : relays_) {
          read_all(*relay);
          publisher_->flush(now_ms_);
          while (more_keyframes_)
            make_keyframes();
          read_all(*relay);
        }
      }
    }
  }

  void expect_agreement() {
    for (std::size_t i = 0; i < relays_.size(); ++i) {
      const Relay& relay = *relays_[i];
      EXPECT_EQ(relay.error, "") << "relay " << i;
      EXPECT_EQ(relay.subscriber->position().offset, hub_->published()) << "relay " << i;
      for (const auto& event : origin_.table().events()) {
        const auto held = relay.subscriber->states().find(event->handle);
        const bool holds = held != relay.subscriber->states().end();
        EXPECT_TRUE(holds || !wants(relay.hello.filter, event->state))
            << "relay " << i << " lacks " << event->id;
        if (!holds) continue;
        EXPECT_EQ(held->second.digest(), event->state.digest()) << "relay " << i << ", " << event->id;
        EXPECT_EQ(held->second.seq, event->state.seq) << "relay " << i << ", " << event->id;
      }
    }
    EXPECT_EQ(hub_->published(), origin_.head());
  }

  const HubCounts& counts() const { return hub_->counts(); }
  std::uint64_t resyncs() const { return resyncs_; }

 private:
  HubOptions hub_options() {
    HubOptions options;
    options.log_bytes_max = random_.one_in(2) ? 600 : 1U << 20;
    options.gather_bytes = random_.one_in(2) ? 100 : 1U << 20;
    options.keyframe_cache_bytes_max = random_.one_in(2) ? 500 : 1U << 20;
    options.keyframe_portion_bytes = random_.one_in(2) ? 40 : 1U << 20;
    options.reader_bytes_max = random_.one_in(2) ? 60 : 1U << 20;
    options.conflated_bytes_max = random_.one_in(3) ? 1'000 : 1U << 20;
    options.conflated_readers_max = random_.one_in(3) ? 1 : 64;
    options.coded_events_max = random_.one_in(2) ? 2 : random_.one_in(4) ? 0 : 64;
    options.durability = random_.one_in(3) ? Durability::relaxed : Durability::durable;
    return options;
  }

  void start() {
    publisher_.reset();
    hub_ = std::make_unique<Hub>(origin_.table(), Epoch(1), options_);
    publisher_ = std::make_unique<Publisher>(
        origin_, *hub_, [this](Batch batch) { under_way_ = std::move(batch); },
        PublisherOptions{
            .pending_bytes_max = 1U << 20, .pending_deltas_max = 100'000, .checkpoint_interval_ms = 300});
    more_keyframes_ = false;
    hub_->on_more_keyframes = [this] { more_keyframes_ = true; };
    if (!reads_back_) return;
    hub_->ask_back = [this](Offset after, Offset until, std::uint64_t bytes_max) {
      ASSERT_FALSE(question_) << "one at a time";
      question_ = {after, until, bytes_max};
    };
  }

  // A stop and a start: what is in memory only is gone, and everybody was cut off.
  void restart() {
    for (const auto& relay : relays_) {
      if (std::exchange(relay->connected, false)) hub_->leave(relay->reader);
    }
    publisher_->flush(now_ms_);
    while (under_way_)
      commit();
    question_.reset();
    start();
    hub_->restore_head(origin_.head());
  }

  void add_relay(int index) {
    auto relay = std::make_unique<Relay>();
    if (!random_.one_in(3)) relay->hello.coded_prior = coded::prior_version;
    Filter& filter = relay->hello.filter;
    if (index == 2) filter.events = {event_named(0), event_named(3)};
    if (index == 3) filter.sports = {sports[0]};
    if (index == 4) filter.competitions = {competitions[1]};
    if (index == 5) {
      filter.events = {event_named(1)};
      filter.sports = {sports[1]};
    }
    relay->subscriber = std::make_unique<Subscriber>(relay->hello, SubscriberEvents{});
    relay->subscriber->take_output();
    relay->reader.filter = filter;
    relays_.push_back(std::move(relay));
  }

  static bool wants(const Filter& filter, const EventState& state) {
    const auto has = [](const std::vector<std::string>& list, std::string_view text) {
      return std::find(list.begin(), list.end(), text) != list.end();
    };
    return filter.all() || has(filter.events, state.get(Address(0, 0, Field::id)).text) ||
           has(filter.sports, state.get(Address(0, 0, Field::sport)).text) ||
           has(filter.competitions, state.get(Address(0, 0, Field::competition)).text);
  }

  void update() {
    test::Builder update = updated().at_ms(now_ms_).event(event_named(random_.below(events)));
    if (random_.one_in(5)) update.set(Field::sport, random_.pick(sports));
    if (random_.one_in(5)) update.set(Field::competition, random_.pick(competitions));
    if (random_.one_in(4)) update.set(Field::home_score, random_.between(0, 9));
    update.market(random_.one_in(2) ? "m" : "n").outcome("o").set(Field::back, random_.between(1, 9), 150);
    update.set(Field::last_price, random_.between(101, 200));
    Update built = update;
    ASSERT_TRUE(publisher_->take(line_, built, now_ms_));
    if (random_.one_in(2)) publisher_->flush(now_ms_);
  }

  void commit() {
    if (!under_way_) return publisher_->flush(now_ms_);
    Batch batch = std::move(*under_way_);
    under_way_.reset();
    journal_.push_back({std::make_shared<const std::string>(batch.items), Offset(batch.first.value - 1),
                        batch.count, batch.last_item});
    publisher_->committed(std::move(batch), {}, now_ms_);
  }

  // What the journal would read back, if it is not too much.
  void answer() {
    if (!question_) return;
    const Question question = *std::exchange(question_, std::nullopt);
    std::deque<PublishedLog::Entry> entries;
    std::uint64_t bytes = 0;
    for (const PublishedLog::Entry& entry : journal_) {
      if (entry.after() <= question.after || entry.before >= question.until) continue;
      entries.push_back(entry);
      bytes += entry.bytes->size();
    }
    if (bytes > question.bytes_max) return hub_->read_back(question.until, std::nullopt);
    hub_->read_back(question.until, std::move(entries));
  }

  // A turn of the loop in which the hub goes on with them.
  void make_keyframes() {
    if (std::exchange(more_keyframes_, false)) hub_->make_keyframes();
  }

  void connect(Relay& relay) {
    Hello hello = relay.hello;
    relay.subscriber->reconnect();
    const std::string said = relay.subscriber->take_output();
    FrameReader frames;
    frames.append(said);
    Frame frame;
    ASSERT_TRUE(frames.next(frame).value());
    relay.reader = {};
    relay.on_the_line.clear();
    relay.connected = true;
    hub_->join(relay.reader, read_hello(frame.body).value());
    if (random_.one_in(2)) publisher_->flush(now_ms_);
  }

  void change_connection(Relay& relay) {
    if (!relay.connected) return connect(relay);
    // Cut off: what was on the line is lost.
    hub_->leave(relay.reader);
    relay.connected = false;
  }

  // The hub writes a little, the relay reads a little, neither in step with the other.
  void serve(Relay& relay) {
    if (!relay.connected || !relay.error.empty()) return;
    if (random_.one_in(2)) write(relay);
    read(relay, random_.below(relay.on_the_line.size() + 1));
    if (random_.one_in(12)) damage(relay);
  }

  void write(Relay& relay) {
    const auto pieces = hub_->gather(relay.reader);
    for (const Hub::Piece& piece : pieces)
      relay.on_the_line.append(piece.bytes);
    const Hub::Reader& reader = relay.reader;
    if (pieces.empty() && reader.following && !reader.resetting && !reader.course && reader.own.empty()) {
      relay.on_the_line += hub_->heartbeat(reader, now_ms_);
    }
  }

  void read(Relay& relay, std::size_t size) {
    const auto taken = relay.subscriber->receive(std::string_view(relay.on_the_line).substr(0, size));
    if (!taken) relay.error = taken.error().text;
    relay.on_the_line.erase(0, size);
    FrameReader frames;
    frames.append(relay.subscriber->take_output());
    Frame frame;
    while (frames.next(frame).value()) {
      if (frame.kind != FrameKind::resync) continue;
      ++resyncs_;
      const Resync resync = read_resync(frame.body).value();
      // A reader is never sent what it cannot read.
      EXPECT_EQ(resync.reason.find("coded update"), std::string::npos) << resync.reason;
      EXPECT_EQ(resync.reason.find("first one of its group"), std::string::npos) << resync.reason;
      hub_->resync(relay.reader, resync.event);
    }
  }

  void read_all(Relay& relay) {
    while (relay.error.empty()) {
      write(relay);
      const std::size_t size = relay.on_the_line.size();
      read(relay, size);
      const Hub::Reader& reader = relay.reader;
      if (reader.resetting || !reader.following ||
          (reader.own.empty() && !reader.course && reader.position == hub_->published()))
        return;
    }
  }

  // As a flipped bit in the relay's memory would.
  void damage(Relay& relay) {
    for (const auto& [event, state] : relay.subscriber->states()) {
      if (!random_.one_in(2) || state.cell_count() == 0) continue;
      const_cast<EventState&>(state).set(Address(0, 0, Field::away_score), random_.between(10, 99));
      return;
    }
  }

  struct Question {
    Offset after;
    Offset until;
    std::uint64_t bytes_max = 0;
  };

  Random random_;
  std::vector<PublishedLog::Entry> journal_;
  std::optional<Question> question_;
  Origin origin_;
  HubOptions options_;
  bool reads_back_;
  bool more_keyframes_ = false;
  std::unique_ptr<Hub> hub_;
  std::optional<Batch> under_way_;
  std::unique_ptr<Publisher> publisher_;
  LineRef line_;
  std::vector<std::unique_ptr<Relay>> relays_;
  std::int64_t now_ms_ = 1'000;
  std::uint64_t resyncs_ = 0;
};

TEST(HubResume, RefusesAPositionByName) {
  struct Case {
    Position position;
    Filter filter;
    const char* reason;
  };
  const std::vector<Case> cases{
      {{Epoch(2), Offset(1)}, {}, "the position is of epoch 2, this is epoch 1"},
      {{Epoch(2), Offset(9)}, {}, "the position is of epoch 2, this is epoch 1"},
      {{Epoch(1), Offset(9)}, {}, "the position is ahead of the journal, which ends at offset 4"},
      {{Epoch(1), Offset(3)}, {{}, {"football"}, {}}, "other events may match the filter since"},
      {{Epoch(1), Offset(3)}, {{}, {}, {"cup"}}, "other events may match the filter since"}};
  for (const Case& wanted : cases) {
    Origin origin;
    HubOptions options;
    options.log_bytes_max = 1;  // the last batch only
    Hub hub(origin.table(), Epoch(1), options);
    Publisher publisher(origin, hub, [](const Batch&) {});
    const LineRef line = origin.add_line(origin.add_source());
    for (std::int64_t i = 1; i <= 4; ++i) {
      Update update = updated().at_ms(i).event("e").set(Field::clock_ms, i);
      ASSERT_TRUE(publisher.take(line, update, i));
      publisher.committed(origin.take_batch(), {}, i);
    }
    Hello hello;
    hello.position = wanted.position;
    hello.filter = wanted.filter;
    Hub::Reader reader;
    hub.join(reader, hello);
    publisher.flush(9);
    const auto pieces = hub.gather(reader);
    ASSERT_FALSE(pieces.empty());
    FrameReader frames;
    frames.append(pieces[0].bytes);
    Frame frame;
    ASSERT_TRUE(frames.next(frame).value());
    const Welcome welcome = read_welcome(frame.body).value();
    EXPECT_EQ(welcome.reason, wanted.reason);
    EXPECT_EQ(welcome.resume, ResumeKind::reset);
    EXPECT_EQ(welcome.position, (Position{Epoch(1), Offset(4)}));
    EXPECT_EQ(hub.counts().tails, 0U);
  }
}

// An event that no longer matches is still told about: its reader would look at a stale price for ever.
TEST(HubFilter, WhatWasFollowedIsFollowedOnByAReaderThatFellOutOfTheLog) {
  HubOptions options;
  options.log_bytes_max = 200;
  Wired wired(options);
  Hello hello;
  hello.filter.sports = {"football"};
  Wired::Peer peer(hello);
  wired.join(peer, hello);
  wired.update("e", 150, R"(,"sport":"football")");
  wired.commit_all();
  wired.carry(peer);
  wired.update("e", 151, R"(,"sport":"tennis")");
  for (int price = 200; price < 250; ++price) {
    wired.update("e", price);
    wired.commit_all();
  }
  wired.carry(peer);
  wired.carry(peer);
  EXPECT_EQ(wired.hub.counts().resets, 1U);
  wired.expect_agreement(peer);
}

TEST(HubConvergence, EveryReaderEndsWithTheOriginsStates) {
  HubCounts counts;
  std::uint64_t resyncs = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    Day day(seed);
    day.run();
    day.settle();
    day.expect_agreement();
    counts.tails += day.counts().tails;
    counts.resets += day.counts().resets;
    counts.joins += day.counts().joins;
    counts.journal_tails += day.counts().journal_tails;
    counts.changed += day.counts().changed;
    counts.conflations += day.counts().conflations;
    counts.conflated += day.counts().conflated;
    counts.coded += day.counts().coded;
    counts.coded_blocks += day.counts().coded_blocks;
    resyncs += day.resyncs();
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
  if (is_instrumented) return;
  // The days were eventful enough to mean something.
  EXPECT_GT(counts.tails, 150U);
  EXPECT_GT(counts.resets, 100U);
  EXPECT_GT(counts.coded, 20'000U);
  EXPECT_GT(counts.coded_blocks, 8'000U);
  EXPECT_GT(resyncs, 100U);
  EXPECT_GT(counts.journal_tails, 30U);
  EXPECT_GT(counts.changed, 100U);
  EXPECT_GT(counts.conflations, 100U);
  EXPECT_GT(counts.conflated, 1'000U);
  EXPECT_GT(counts.joins, 6U * seeds);
}

}  // namespace
}  // namespace touchline
