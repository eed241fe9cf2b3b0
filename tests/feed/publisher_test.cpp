#include "feed/publisher.h"

#include "core/subscriber.h"
#include "tests/core/update_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace touchline {
namespace {

using test::updated;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// A publisher whose journal is the test: it is busy until the test says that it is done.
struct Pipeline {
  explicit Pipeline(Durability durability = Durability::durable, PublisherOptions options = {})
      : hub(origin.table(), Epoch(1), hub_options(durability)),
        publisher(
            origin, hub,
            [this](Batch batch) {
              EXPECT_FALSE(under_way) << "one batch is under way at a time";
              submitted.push_back(batch.count);
              under_way = std::move(batch);
            },
            options),
        line(origin.add_line(origin.add_source())) {}

  static HubOptions hub_options(Durability durability) {
    HubOptions options;
    options.durability = durability;
    return options;
  }

  void take(std::int64_t value, const char* event = "e") {
    Update update = updated().at_ms(++now_ms).event(event).market("m").outcome("o").set(Field::price, value);
    ASSERT_TRUE(publisher.take(line, update, now_ms));
  }
  void flush() { publisher.flush(now_ms); }
  void done(const Result<void>& result = {}) {
    ASSERT_TRUE(under_way);
    Batch batch = std::move(*under_way);
    under_way.reset();
    publisher.committed(std::move(batch), result, now_ms);
  }
  void fail() { done(Error{ErrorKind::environment, "the disk is full", 0}); }

  // What a reader that was there from the beginning has seen by now.
  void join() {
    hub.join(reader, {});
    flush();
    read();
  }
  void read() {
    for (const Hub::Piece& piece : hub.gather(reader)) {
      const auto taken = subscriber.receive(piece.bytes);
      ASSERT_TRUE(taken) << taken.error().text;
    }
  }
  std::uint64_t seen() {
    read();
    return subscriber.counts().deltas;
  }

  Origin origin;
  Hub hub;
  std::vector<std::uint64_t> submitted;  // deltas in each batch
  std::optional<Batch> under_way;
  Publisher publisher;
  LineRef line;
  std::int64_t now_ms = 10'000;
  Hub::Reader reader;
  std::optional<Durability> said;
  Subscriber subscriber{Hello{}, [this] {
                          SubscriberEvents events;
                          events.welcome = [this](const Welcome& welcome) { said = welcome.durability; };
                          return events;
                        }()};
};

TEST(Publisher, HandsOverWhatGatheredWhileTheJournalWasBusyAsOneBatch) {
  Pipeline p;
  p.flush();
  EXPECT_THAT(p.submitted, IsEmpty());
  p.take(150);
  p.flush();
  for (std::int64_t value = 151; value < 155; ++value) {
    p.take(value);
    p.flush();
  }
  EXPECT_THAT(p.submitted, ElementsAre(1));
  p.done();
  EXPECT_THAT(p.submitted, ElementsAre(1, 4));
  p.done();
  EXPECT_THAT(p.submitted, SizeIs(2));
  EXPECT_EQ(p.publisher.commits(), 2U);
}

TEST(Publisher, IsIdleWhenNothingGatheredAndNothingIsUnderWay) {
  Pipeline p;
  EXPECT_TRUE(p.publisher.idle());
  p.take(150);
  EXPECT_FALSE(p.publisher.idle());
  p.flush();
  EXPECT_FALSE(p.publisher.idle());
  p.done();
  EXPECT_TRUE(p.publisher.idle());
}

TEST(Publisher, IsFullUntilACommitMakesRoom) {
  Pipeline p(Durability::durable,
             {.pending_bytes_max = 1U << 20, .pending_deltas_max = 3, .checkpoint_interval_ms = 1'000});
  int rooms = 0;
  p.publisher.on_room = [&] { ++rooms; };
  p.take(150);
  p.flush();
  for (std::int64_t value = 151; value < 154; ++value) {
    EXPECT_FALSE(p.publisher.full());
    p.take(value);
  }
  EXPECT_TRUE(p.publisher.full());
  p.done();
  EXPECT_FALSE(p.publisher.full());
  EXPECT_EQ(rooms, 1);
}

TEST(Publisher, IsFullByWhatIsToBeKeptOfBadMessages) {
  Pipeline p(Durability::durable, {.pending_rejected_max = 2});
  p.publisher.reject({"a", 1, 0, 1, "bad", "x"});
  EXPECT_FALSE(p.publisher.full());
  p.publisher.reject({"a", 2, 0, 1, "bad", "x"});
  EXPECT_TRUE(p.publisher.full());
  p.flush();
  p.done();
  EXPECT_FALSE(p.publisher.full());
}

TEST(Publisher, IsFullByBytesToo) {
  Pipeline p(Durability::durable,
             {.pending_bytes_max = 200, .pending_deltas_max = 1'000, .checkpoint_interval_ms = 1'000});
  p.take(150);
  EXPECT_FALSE(p.publisher.full());
  const std::string name(300, 'x');
  Update update = updated().at_ms(1).event("e").set(Field::name, std::string_view(name));
  ASSERT_TRUE(p.publisher.take(p.line, update, 1));
  EXPECT_TRUE(p.publisher.full());
}

TEST(Publisher, AsksHowFarSourcesWereReadBeforeEveryBatch) {
  Pipeline p;
  std::uint64_t read = 0;
  p.publisher.before_commit = [&](Origin& origin) { origin.advance({"recording", read, 0, 0, 0}); };
  read = 10;
  p.take(150);
  p.flush();
  EXPECT_EQ(p.under_way->cursors.at(0).byte, 10U);
  read = 20;
  p.done();
  // A batch may hold cursors only: it is committed, and nobody sees anything of it.
  ASSERT_TRUE(p.under_way);
  EXPECT_EQ(p.under_way->cursors.at(0).byte, 20U);
  EXPECT_EQ(p.under_way->count, 0U);
  p.publisher.before_commit = {};
  p.done();
  EXPECT_EQ(p.hub.published(), Offset(1));
}

TEST(Publisher, CommitsWhatWasRefused) {
  Pipeline p;
  p.publisher.reject({"feed", 3, 0, 0, "no JSON", "x"});
  p.flush();
  ASSERT_TRUE(p.under_way);
  EXPECT_EQ(p.under_way->rejected.size(), 1U);
}

// --- The output gate.

TEST(OutputGate, OpensBatchByBatch) {
  Pipeline p;
  p.join();
  p.take(150);
  p.flush();
  p.take(151);
  p.flush();
  EXPECT_EQ(p.seen(), 0U);
  p.done();
  EXPECT_EQ(p.seen(), 1U);
  p.done();
  EXPECT_EQ(p.seen(), 2U);
  EXPECT_EQ(p.hub.published(), p.origin.head());
}

TEST(OutputGate, StaysShutAfterAFailedCommit) {
  Pipeline p;
  int failures = 0;
  p.publisher.on_failure = [&] { ++failures; };
  p.publisher.on_room = [] { ADD_FAILURE() << "there is no room any more"; };
  p.join();
  p.take(150);
  p.flush();
  p.take(151);
  p.fail();
  EXPECT_EQ(failures, 1);
  ASSERT_TRUE(p.publisher.failure());
  EXPECT_EQ(p.publisher.failure()->text, "the disk is full");
  EXPECT_TRUE(p.publisher.full());
  p.take(152);
  p.flush();
  p.publisher.checkpoint_all();
  EXPECT_FALSE(p.under_way) << "nothing is committed on top of an unknown disk state";
  EXPECT_EQ(p.seen(), 0U);
  EXPECT_EQ(p.hub.published(), Offset(0));
}

TEST(OutputGate, KeepsWhoJoinsBackUntilTheirKeyframesAreOnDisk) {
  for (const bool commits : {true, false}) {
    Pipeline p;
    p.take(150);
    p.flush();
    p.take(151);
    p.hub.join(p.reader, {});
    p.flush();
    EXPECT_FALSE(p.subscriber.welcomed());
    if (!commits) {
      p.fail();
      p.read();
      EXPECT_FALSE(p.subscriber.welcomed());
      continue;
    }
    // The keyframes are taken when the second batch is: they hold it.
    p.done();
    p.read();
    EXPECT_FALSE(p.subscriber.welcomed());
    p.done();
    p.read();
    EXPECT_TRUE(p.subscriber.welcomed());
    EXPECT_EQ(p.subscriber.position().offset, Offset(2));
    EXPECT_EQ(p.subscriber.states().at(EventHandle(1)).digest(), p.origin.table().find("e")->state.digest());
  }
}

TEST(OutputGate, IsOpenWithRelaxedDurabilityAndTheWelcomeSaysSo) {
  Pipeline p(Durability::relaxed);
  p.join();
  EXPECT_EQ(p.said, Durability::relaxed);
  p.take(150);
  p.flush();
  EXPECT_TRUE(p.under_way);
  EXPECT_EQ(p.seen(), 1U);
  p.done();
  EXPECT_EQ(p.seen(), 1U) << "and not twice";
  p.take(151);
  p.flush();
  p.take(152);
  p.fail();
  EXPECT_EQ(p.seen(), 2U) << "what was shown is shown; nothing more is";
  p.flush();
  EXPECT_FALSE(p.under_way);
  EXPECT_EQ(p.seen(), 2U);
}

// --- Checkpoints.

TEST(Checkpoints, ComeAfterTheirIntervalBehindTheBatchThatTheySpeakOf) {
  for (const Durability durability : {Durability::durable, Durability::relaxed}) {
    Pipeline p(durability,
               {.pending_bytes_max = 1U << 20, .pending_deltas_max = 1'000, .checkpoint_interval_ms = 500});
    p.join();
    std::uint64_t checked = 0;
    for (int i = 0; i < 60; ++i) {
      p.take(150 + i, i % 3 == 0 ? "e" : "f");
      p.now_ms += 40;
      p.flush();
      p.take(350 + i);
      p.read();
      p.done();
      if (p.under_way) p.done();
      p.read();
      EXPECT_GE(p.subscriber.counts().digests_checked, checked);
      checked = p.subscriber.counts().digests_checked;
    }
    // Of both events, every half second of two and a half.
    EXPECT_GE(checked, 8U);
    EXPECT_LE(checked, 12U);
    EXPECT_EQ(p.subscriber.counts().resyncs, 0U);
  }
}

TEST(Checkpoints, OfEverythingMayBeAskedForAtAnyMoment) {
  for (int moment = 1; moment < 6; ++moment) {
    Pipeline p(Durability::durable, {.pending_bytes_max = 1U << 20,
                                     .pending_deltas_max = 1'000,
                                     .checkpoint_interval_ms = 1'000'000'000});
    p.join();
    const auto step = [&](int at) {
      if (at == moment) p.publisher.checkpoint_all();
      p.read();
    };
    p.take(150, "e");
    p.take(150, "f");
    step(1);
    p.flush();
    step(2);
    p.take(151, "e");
    step(3);
    p.done();
    step(4);
    p.done();
    step(5);
    p.take(152, "f");
    p.flush();
    p.done();
    p.read();
    EXPECT_GE(p.subscriber.counts().digests_checked, 1U) << "asked for at moment " << moment;
    EXPECT_EQ(p.subscriber.counts().resyncs, 0U);
  }
}

// The store is gone, and the commit under way may well have gone into a file without a name.
TEST(Publisher, ShowsNothingMoreOnceTheJournalIsGivenUp) {
  Pipeline pipeline;
  pipeline.join();
  int failures = 0;
  pipeline.publisher.on_failure = [&] { ++failures; };
  pipeline.take(1);
  pipeline.flush();
  pipeline.publisher.fail(Error{ErrorKind::environment, "the store was deleted", 0});
  pipeline.done();
  pipeline.read();
  EXPECT_EQ(pipeline.hub.published(), Offset(0));
  EXPECT_TRUE(pipeline.publisher.full()) << "sources are not read any more";
  pipeline.publisher.fail(Error{ErrorKind::environment, "again", 0});
  EXPECT_EQ(failures, 1);
  EXPECT_EQ(pipeline.publisher.failure()->text, "the store was deleted");
}

}  // namespace
}  // namespace touchline
