// Readers of a replay that is under way: whenever they join and however they read, they end at what the store holds.

#include "core/subscriber.h"
#include "tests/integration/betfair_fixture.h"
#include "tests/integration/files.h"
#include "tests/integration/program.h"
#include "tests/integration/socket.h"
#include "tests/integration/stores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace touchline::integration {
namespace {

using testing::HasSubstr;
using testing::Key;
using testing::UnorderedElementsAre;

// About 90 s of a made-up day.
const BetfairOptions day_options{.seed = 41, .events = 4, .messages = 1'500, .step_ms_max = 200};

class Live : public testing::Test {
 protected:
  // Begins when the first reader has joined, and takes a few seconds; so long that all readers are there before it
  // is over.
  void start(const std::vector<std::string>& options = {}) {
    const char* speed = is_instrumented ? "8" : "25";
    const std::string day = write_lines(folder_ / "day", make_betfair_day(day_options).lines);
    std::vector<std::string> arguments{
        "replay", day,        "--store",           store_,           "--speed", speed,
        "--json", "--listen", "tcp://127.0.0.1:0", "--wait-readers", "1"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    replay_ = std::make_unique<Program>(std::move(arguments));
    url_ = url_in(replay_->wait_for_line("listening on"));
  }

  std::vector<std::string> tail(const std::vector<std::string>& options) const {
    std::vector<std::string> arguments{"tail", url_};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return arguments;
  }
  std::vector<std::string> quiet_tail(std::vector<std::string> options = {}) const {
    options.insert(options.end(), {"--format", "none", "--digests"});
    return tail(options);
  }

  // Comes back when so many deltas have gone by.
  void let_pass(int deltas) const {
    const Finished passed = run(tail({"--format", "none", "--count", std::to_string(deltas)}));
    EXPECT_EQ(passed.exit_code, 0) << passed.err;
  }

  void finish() {
    const Finished finished = replay_->wait();
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    digests_ = digests_of(store_);
    expect_sound(store_);
  }

  void expect_all(Program& reader) const {
    const Finished finished = reader.wait();
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    EXPECT_EQ(digests_in(finished.out), digests_);
    EXPECT_THAT(finished.err, HasSubstr("goodbye: finished"));
    EXPECT_THAT(finished.err, HasSubstr(" 0 resyncs"));
  }

  TempFolder folder_;
  std::string store_ = folder_ / "day.db";
  std::string url_;
  std::unique_ptr<Program> replay_;
  Digests digests_;
};

std::uint64_t number_behind(const std::string& text, std::string_view words) {
  const auto at = text.find(words);
  EXPECT_NE(at, std::string::npos) << "no \"" << words << "\" in " << text;
  std::uint64_t number = 0;
  if (at != std::string::npos) {
    std::from_chars(text.data() + at + words.size(), text.data() + text.size(), number);
  }
  return number;
}

class LiveReaders : public Live, public testing::WithParamInterface<const char*> {};

TEST_P(LiveReaders, ThatJoinAtAnyTimeEndAtWhatTheStoreHolds) {
  start({"--durability", GetParam()});
  Program first(quiet_tail());
  Program bytewise(quiet_tail({"--read-bytes", "1"}));
  let_pass(300);
  Program late(quiet_tail());
  let_pass(300);
  Program later(quiet_tail({"--read-bytes", "1"}));
  finish();
  for (Program* reader : {&first, &bytewise, &late, &later})
    expect_all(*reader);
  EXPECT_THAT(late.wait().err, HasSubstr(GetParam()));
  const std::uint64_t joined_at = number_behind(later.wait().err, " offset ");
  EXPECT_GT(joined_at, number_behind(late.wait().err, " offset "));
  EXPECT_LT(joined_at, Summary(replay_->wait().out)["head"]) << "it joined when all was over";
}

INSTANTIATE_TEST_SUITE_P(With, LiveReaders, testing::Values("durable", "relaxed"),
                         [](const auto& test) { return std::string(test.param); });

TEST_F(Live, AReaderOfOneEventIsGivenThatEventAlone) {
  start();
  Program all(quiet_tail());
  Program one(quiet_tail({"--event", "30000001"}));
  let_pass(300);
  Program late(quiet_tail({"--event", "30000001", "--event", "30000002"}));
  Program none(quiet_tail({"--event", "no such event"}));
  Program sport(quiet_tail({"--sport", "1"}));
  finish();
  expect_all(all);
  const auto expect_some = [&](Program& reader, const std::vector<std::string>& events) {
    const Finished finished = reader.wait();
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    Digests expected;
    for (const std::string& event : events)
      expected[event] = digests_.at(event);
    EXPECT_EQ(digests_in(finished.out), expected);
  };
  expect_some(one, {"30000001"});
  expect_some(late, {"30000001", "30000002"});
  expect_some(none, {});
  // The market without a definition is of no sport.
  expect_some(sport, {"30000000", "30000001", "30000002", "30000003"});
}

TEST_F(Live, APositionIsGoneOnFrom) {
  start();
  Program first(quiet_tail());
  let_pass(400);
  const std::string epoch = std::to_string(epoch_of(store_));
  Program from_the_beginning(quiet_tail({"--from", epoch + ":0"}));
  Program of_another_epoch(quiet_tail({"--from", "7:100"}));
  Program ahead(quiet_tail({"--from", epoch + ":4000000000"}));
  finish();
  expect_all(first);
  expect_all(from_the_beginning);
  expect_all(of_another_epoch);
  expect_all(ahead);
  EXPECT_THAT(from_the_beginning.wait().err, HasSubstr("epoch " + epoch + " offset 0, durable: tail"));
  EXPECT_THAT(of_another_epoch.wait().err, HasSubstr("reset (the position is of epoch 7"));
  EXPECT_THAT(ahead.wait().err,
              HasSubstr("reset (the position is ahead of the journal, which ends at offset"));
}

TEST_F(Live, DeltasShownAreDenseFromTheFirstToTheLast) {
  start();
  Program reader(tail({"--format", "json"}));
  finish();
  const Finished finished = reader.wait();
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  std::istringstream lines(finished.out);
  simdjson::dom::parser parser;
  std::uint64_t offset = 0;
  Digests shown;
  std::map<std::string, std::uint64_t> seqs;
  for (std::string line; std::getline(lines, line);) {
    const simdjson::dom::object delta = parser.parse(line);
    const std::string event(std::string_view{delta["event"]});
    const std::uint64_t seq = delta["seq"];
    ASSERT_EQ(std::uint64_t(delta["offset"]), ++offset) << line;
    ASSERT_EQ(seq, ++seqs[event]) << line;
    shown[event] = std::to_string(seq) + " " + std::string(std::string_view{delta["digest"]});
  }
  EXPECT_EQ(offset, Summary(replay_->wait().out)["head"]);
  EXPECT_EQ(shown, digests_);
}

// What a relay does, with a line that breaks again and again, anywhere in a frame.
TEST_F(Live, AReaderThatLosesItsLineAgainAndAgainMissesAndRepeatsNothing) {
  start();
  std::map<EventHandle, std::uint64_t> seqs;
  std::uint64_t gaps = 0;
  bool over = false;
  SubscriberEvents events;
  events.keyframe = [&](EventHandle event, const EventState& state, Offset) {
    seqs[event] = state.seq.value;
  };
  events.delta = [&](EventHandle event, const EventState& state, const Delta&, Offset) {
    if (state.seq.value != ++seqs[event]) ++gaps;
  };
  events.goodbye = [&](const Goodbye& goodbye) { over = goodbye.reason == GoodbyeReason::finished; };
  std::uint64_t resumed = 0;
  events.welcome = [&](const Welcome& welcome) { resumed += welcome.resume == ResumeKind::tail ? 1 : 0; };
  Hello hello;
  hello.relay = "unlucky";
  Subscriber reader(hello, events);
  std::mt19937 random(5);
  int lines = 0;
  const auto end_of_bad_luck =
      std::chrono::steady_clock::now() + std::chrono::seconds(is_instrumented ? 5 : 2);
  for (; !over && lines < 1'000; ++lines) {
    if (lines != 0) reader.reconnect();
    Socket socket(url_);
    // Then it is given time to hear the rest, before the replay is over.
    const bool last = lines > 60 || std::chrono::steady_clock::now() > end_of_bad_luck;
    for (std::size_t left = last ? SIZE_MAX : 1 + random() % 4'000; left != 0 && !over;) {
      socket.send(reader.take_output());
      const std::string bytes = socket.receive(std::min<std::size_t>(left, 4'096));
      if (bytes.empty()) break;
      const auto taken = reader.receive(bytes);
      ASSERT_TRUE(taken) << taken.error().text;
      left -= std::min(left, bytes.size());
    }
  }
  finish();
  EXPECT_GT(lines, 20);
  EXPECT_GT(resumed, 10U);
  EXPECT_EQ(gaps, 0U);
  EXPECT_EQ(reader.counts().resyncs, 0U);
  Digests digests;
  for (const auto& [event, state] : reader.states()) {
    char text[40];
    std::snprintf(text, sizeof text, "%llu %016llx", static_cast<unsigned long long>(state.seq.value),
                  static_cast<unsigned long long>(state.digest()));
    digests[std::string(state.get(Address(0, 0, Field::id)).text)] = text;
  }
  EXPECT_EQ(digests, digests_);
}

TEST(LiveReplay, SaysGoodbyeWhenItIsStopped) {
  const TempFolder folder;
  const std::string day = write_lines(folder / "day", make_betfair_day(day_options).lines);
  Program replay({"replay", day, "--store", folder / "day.db", "--speed", "1", "--listen",
                  "tcp://127.0.0.1:0", "--wait-readers", "2", "--json"});
  const std::string url = url_in(replay.wait_for_line("listening on"));
  Program reader({"tail", url, "--format", "none", "--digests"});
  const Finished passed = run({"tail", url, "--format", "none", "--count", "1"});
  EXPECT_EQ(passed.exit_code, 0) << passed.err;
  replay.send(SIGTERM);
  const Finished stopped = replay.wait();
  EXPECT_EQ(stopped.exit_code, 0);
  EXPECT_THAT(stopped.err, HasSubstr("run the same command again to go on"));
  EXPECT_EQ(reader.wait().exit_code, 0) << reader.wait().err;
  EXPECT_EQ(digests_in(reader.wait().out), digests_of(folder / "day.db"));
}

}  // namespace
}  // namespace touchline::integration
