// The counter beside a subscriber: both are told the same and must stand at the same position.

#include "core/delta_counter.h"

#include "tests/feed/wired_fixture.h"

#include <string>
#include <utility>
#include <vector>

namespace touchline {
namespace {

struct Counting {
  explicit Counting(Wired& on) : wired(on) {}

  void join() {
    FrameReader frames;
    frames.append(counter.take_output());
    Frame frame;
    ASSERT_TRUE(frames.next(frame).value());
    reader = {};
    wired.hub.join(reader, read_hello(frame.body).value());
    wired.publisher.flush(wired.now_ms);
  }
  void leave() {
    wired.hub.leave(reader);
    counter.reconnect();
  }
  void carry() {
    for (const Hub::Piece& piece : wired.hub.gather(reader))
      ASSERT_TRUE(counter.receive(piece.bytes));
  }

  Wired& wired;
  Hub::Reader reader;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> runs;
  DeltaCounter counter{Hello{}, events()};

 private:
  DeltaCounterEvents events() {
    DeltaCounterEvents events;
    events.deltas = [this](Offset before, Offset last) { runs.emplace_back(before.value, last.value); };
    return events;
  }
};

TEST(DeltaCounter, StandsWhereASubscriberStandsAndComesBackThere) {
  Wired wired;
  wired.update("e0", 200);
  wired.commit_all();
  Counting counting(wired);
  counting.join();
  counting.carry();
  EXPECT_EQ(counting.counter.position().offset, wired.hub.published());
  EXPECT_EQ(counting.counter.counts().keyframes, 1U);
  wired.update("e0", 201);
  wired.update("e1", 202);
  wired.commit_all();
  counting.carry();
  EXPECT_EQ(counting.counter.counts().deltas, 2U);
  counting.leave();
  wired.update("e1", 203);
  wired.commit_all();
  counting.join();
  counting.carry();
  EXPECT_EQ(counting.counter.counts().deltas, 3U);
  EXPECT_EQ(counting.counter.position(), (Position{Epoch(1), Offset(4)}));
  EXPECT_EQ(counting.runs.front(), (std::pair<std::uint64_t, std::uint64_t>{1, 3}));
  EXPECT_EQ(counting.runs.back(), (std::pair<std::uint64_t, std::uint64_t>{3, 4}));
}

TEST(DeltaCounter, EndsWhereThePublisherRefusesIt) {
  DeltaCounter counter(Hello{}, {});
  std::string frame;
  put(frame, ErrorMessage{ErrorCode::limit, "too many"});
  const auto taken = counter.receive(frame);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().text, "refused: too many");
}

}  // namespace
}  // namespace touchline
