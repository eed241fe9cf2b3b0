// The service, with sources and readers that the test is itself: what was sent is stored, and nobody hurts another.

#include "core/frame.h"
#include "core/messages.h"
#include "tests/integration/betfair_fixture.h"
#include "tests/integration/files.h"
#include "tests/integration/program.h"
#include "tests/integration/socket.h"
#include "tests/integration/stores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <csignal>
#include <sstream>
#include <string>
#include <vector>

namespace touchline::integration {
namespace {

using testing::HasSubstr;

class Serve : public testing::Test {
 protected:
  // With a source "feed" over TCP and a port for readers.
  void start(const std::vector<std::string>& options = {}) {
    std::vector<std::string> arguments{
        "serve", "--store", store_, "--listen", "tcp://127.0.0.1:0", "--source", "feed=tcp://127.0.0.1:0"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    service_ = std::make_unique<Program>(std::move(arguments));
    readers_ = url_in(service_->wait_for_line("serving readers on"));
    feed_ = url_in(service_->wait_for_line("taking lines on"));
    service_->wait_for_line("ready:");
  }

  // All of it, and a closed connection that the service has seen.
  void send_all(std::string_view text, std::size_t piece_bytes_max, unsigned seed) {
    Socket socket(feed_);
    EXPECT_TRUE(socket.send_in_pieces(text, piece_bytes_max, seed));
    socket.end_sending();
    EXPECT_EQ(socket.receive_all(), "");
  }

  Finished stop() {
    service_->send(SIGTERM);
    Finished finished = service_->wait();
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    expect_sound(store_);
    return finished;
  }

  // A reader that has joined.
  std::unique_ptr<Program> join(const std::vector<std::string>& options = {}) {
    std::vector<std::string> arguments{"tail", readers_, "--format", "none", "--digests"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    auto reader = std::make_unique<Program>(std::move(arguments));
    reader->wait_for_line(", epoch ");
    return reader;
  }

  // The store that a replay of the lines gives.
  std::string replayed(const std::string& text) {
    write_bytes(folder_ / "replayed", text);
    replay({folder_ / "replayed"}, folder_ / "replayed.db");
    return folder_ / "replayed.db";
  }

  TempFolder folder_;
  std::string store_ = folder_ / "served.db";
  std::string readers_;
  std::string feed_;
  std::unique_ptr<Program> service_;
};

TEST_F(Serve, KeepsAllThatANativeSourceSentAndStopsCleanly) {
  const std::string text = bytes_of(simulate_day(folder_, 2, 3));
  start();
  const auto reader = join();
  send_all(text, 30'000, 1);
  const Finished finished = stop();
  EXPECT_EQ(digests_of(store_), digests_of(replayed(text)));
  EXPECT_THAT(finished.err, HasSubstr("stopping on signal 15"));
  EXPECT_THAT(finished.err, HasSubstr("stopped at offset "));
  const Finished read = reader->wait();
  EXPECT_EQ(read.exit_code, 0) << read.err;
  EXPECT_THAT(read.err, HasSubstr("goodbye: shutdown"));
  EXPECT_EQ(digests_in(read.out), digests_of(store_));
}

TEST_F(Serve, TakesLinesThatComeInTheOddestPieces) {
  const std::string text = text_of(make_betfair_day({.seed = 51, .messages = 150}).lines);
  start();
  send_all(text, 7, 2);
  stop();
  EXPECT_EQ(digests_of(store_), digests_of(replayed(text)));
}

TEST_F(Serve, GoesOnWhereItStoppedWithTheSameEpoch) {
  const std::string text = text_of(make_betfair_day({.seed = 52}).lines);
  const auto half = text.find('\n', text.size() / 2) + 1;
  start();
  send_all(text.substr(0, half), 50'000, 3);
  stop();
  const std::uint64_t epoch = epoch_of(store_);
  start();
  send_all(text.substr(half), 50'000, 4);
  stop();
  EXPECT_EQ(epoch_of(store_), epoch);
  EXPECT_EQ(digests_of(store_), digests_of(replayed(text)));
}

TEST_F(Serve, TakesTwoConnectionsAsLinesOfOneSource) {
  const Lines lines = make_betfair_day({.seed = 53}).lines;
  const std::string text = text_of(lines);
  start();
  {
    Socket a(feed_);
    Socket b(feed_);
    // In turns, each now and then some way ahead of the other; the first goes away in the middle, within a line.
    std::size_t at_a = 0;
    std::size_t at_b = 0;
    const std::size_t end_a = text.size() / 2 + 17;
    for (std::size_t turn = 1; at_a < end_a || at_b < text.size(); ++turn) {
      const std::size_t to_a = std::min(end_a, at_a + 3'000 * (turn % 3));
      const std::size_t to_b = std::min(text.size(), at_b + 3'000 * ((turn + 1) % 3));
      EXPECT_TRUE(a.send(std::string_view(text).substr(at_a, to_a - at_a)));
      EXPECT_TRUE(b.send(std::string_view(text).substr(at_b, to_b - at_b)));
      at_a = to_a;
      at_b = to_b;
    }
    a.end_sending();
    EXPECT_EQ(a.receive_all(), "");
    b.end_sending();
    EXPECT_EQ(b.receive_all(), "");
  }
  const Finished finished = stop();
  EXPECT_EQ(states_difference(states_of(store_), states_of(replayed(text))), "");
  EXPECT_THAT(finished.err, HasSubstr("the connection ended within a line"));
}

TEST_F(Serve, RefusesBadLinesByNameAndTakesTheOthers) {
  const Lines day = lines_of(simulate_day(folder_, 1, 4));
  Lines lines = day;
  const auto insert = [&](std::size_t at, const std::string& line) {
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at), line);
  };
  insert(100, R"({"event":"m-1001","markets":[{"id":"x","status":"opne"}]})");
  insert(50, std::string("\x00\xff\xfe garbage \x80", 14));
  insert(20, R"({"event":"m-1001","seq":)");
  start({"--log-format", "json"});
  const auto reader = join();
  send_all(text_of(lines), 10'000, 5);
  const Finished finished = stop();
  const std::string good = replayed(text_of(day));
  EXPECT_EQ(digests_of(store_), digests_of(good));
  EXPECT_EQ(reader->wait().exit_code, 0);
  EXPECT_EQ(digests_in(reader->wait().out), digests_of(good));

  // By name in the log: source, peer, line and byte.
  std::istringstream log(finished.err);
  simdjson::dom::parser parser;
  std::vector<std::string> refusals;
  for (std::string line; std::getline(log, line);) {
    simdjson::dom::object entry;
    ASSERT_EQ(parser.parse(line).get(entry), simdjson::SUCCESS) << "no JSON in the log: " << line;
    const std::string_view message = entry["message"];
    EXPECT_THAT(std::string(std::string_view(entry["time"])), testing::EndsWith("Z"));
    EXPECT_FALSE(std::string_view(entry["level"]).empty());
    if (message.find("refused") != std::string_view::npos) refusals.emplace_back(message);
  }
  ASSERT_EQ(refusals.size(), 3U) << finished.err;
  EXPECT_THAT(refusals[0], HasSubstr("source feed: 127.0.0.1:"));
  EXPECT_THAT(refusals[0], HasSubstr("line 21: byte "));
  EXPECT_THAT(refusals[1], HasSubstr("line 52: byte "));
  EXPECT_THAT(refusals[2], HasSubstr("line 103: byte "));
  EXPECT_THAT(refusals[2], HasSubstr("opne"));

  // And kept for inspection.
  const std::string rejected = output_of({"inspect", store_, "rejected"});
  EXPECT_THAT(rejected, HasSubstr("opne"));
  EXPECT_THAT(rejected, HasSubstr("garbage"));
}

TEST_F(Serve, SkipsALineThatIsTooLongAndTakesTheNext) {
  start();
  std::string text = R"({"event":"before","name":"A"})"
                     "\n";
  text += R"({"event":"long","name":")" + std::string(50U << 20, 'x') + "\"}\n";
  text += R"({"event":"behind","name":"B"})"
          "\n";
  send_all(text, 1U << 20, 6);
  const Finished finished = stop();
  EXPECT_THAT(digests_of(store_),
              testing::UnorderedElementsAre(testing::Key("before"), testing::Key("behind")));
  EXPECT_THAT(finished.err, HasSubstr("line 2: byte 30: a line of more than 16777216 bytes"));
}

TEST_F(Serve, AnswersGarbageOfAReaderWithAnErrorAndGoesOn) {
  const std::string text = text_of(make_betfair_day({.seed = 54, .messages = 300}).lines);
  start();
  const auto reader = join();
  const std::vector<std::string> garbage{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", std::string(100'000, '\xff'),
                                         std::string(100, '\0'), std::string("\x01\xff\xff\xff\xff\x0f", 6),
                                         std::string("\x01\x03"
                                                     "abc",
                                                     5)};
  for (const std::string& bytes : garbage) {
    Socket socket(readers_);
    socket.send(bytes);
    socket.end_sending();
    FrameReader frames;
    frames.append(socket.receive_all());
    Frame frame;
    const auto read = frames.next(frame);
    // A peer that still sends when it is sent away may lose the answer to a reset.
    if (!read || !*read) continue;
    ASSERT_EQ(frame.kind, FrameKind::error);
    const auto error = read_error(frame.body);
    ASSERT_TRUE(error);
    EXPECT_FALSE(error->text.empty());
  }
  {
    Socket socket(readers_);
    socket.send("GET / HTTP/1.1\r\n\r\n");
    FrameReader frames;
    frames.append(socket.receive_all());
    Frame frame;
    const auto read = frames.next(frame);
    ASSERT_TRUE(read && *read) << "no answer";
    EXPECT_EQ(frame.kind, FrameKind::error);
  }
  Socket silent(readers_);  // and never says anything
  send_all(text, 20'000, 7);
  const Finished finished = stop();
  EXPECT_THAT(finished.err, HasSubstr("refused"));
  const Finished read = reader->wait();
  EXPECT_EQ(read.exit_code, 0) << read.err;
  EXPECT_EQ(digests_in(read.out), digests_of(store_));
  EXPECT_EQ(digests_of(store_), digests_of(replayed(text)));
}

TEST_F(Serve, ReadsItsOptionsFromAFile) {
  write_bytes(folder_ / "feed.toml",
              "[serve]\nstore = \"" + store_ +
                  "\"\nlisten = [\"tcp://127.0.0.1:0\"]\n"
                  "source = [\"feed=tcp://127.0.0.1:0\", \"other=tcp://127.0.0.1:0\"]\n"
                  "heartbeat-ms = 50\nlog-format = \"json\"\n");
  service_ = std::make_unique<Program>(std::vector<std::string>{"serve", "--config", folder_ / "feed.toml"});
  readers_ = url_in(service_->wait_for_line("serving readers on"));
  feed_ = url_in(service_->wait_for_line("source feed: taking lines on"));
  const std::string other = url_in(service_->wait_for_line("source other: taking lines on"));
  EXPECT_NE(feed_, other);
  send_all("{\"event\":\"e\",\"name\":\"A\"}\n", 100, 8);
  const Finished finished = stop();
  EXPECT_TRUE(finished.err.starts_with("{\"time\":")) << finished.err;
  EXPECT_THAT(digests_of(store_), testing::ElementsAre(testing::Key("e")));
}

TEST_F(Serve, RefusesAFileThatNamesAnOptionThatIsNotThere) {
  write_bytes(folder_ / "feed.toml", "[serve]\nstore = \"" + store_ + "\"\nhartbeat-ms = 50\n");
  const Finished finished = run({"serve", "--config", folder_ / "feed.toml"});
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_THAT(finished.err, HasSubstr("hartbeat-ms"));
}

TEST_F(Serve, TakesARecordingAndStandardInputAsSources) {
  const std::string vendor = write_lines(folder_ / "vendor", make_betfair_day({.seed = 55}).lines);
  const std::string native = simulate_day(folder_, 1, 5);
  Program service({"serve", "--store", store_, "--source", "vendor=" + vendor, "--source", "native=-"},
                  native);
  service.wait_for_line("a recording has ended");
  service.wait_for_line("source native: standard input ended");
  service.send(SIGTERM);
  const Finished finished = service.wait();
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  replay({vendor, native}, folder_ / "replayed.db");
  EXPECT_EQ(states_difference(states_of(store_), states_of(folder_ / "replayed.db")), "");
}

TEST_F(Serve, ReadersFindTheirWayBackToAServiceThatWasKilled) {
  const std::string text = text_of(make_betfair_day({.seed = 56}).lines);
  const auto half = text.find('\n', text.size() / 2) + 1;
  start();
  const auto reader = join({"--reconnect"});
  send_all(text.substr(0, half), 50'000, 9);
  service_->send(SIGKILL);
  service_->wait();
  service_ = std::make_unique<Program>(std::vector<std::string>{
      "serve", "--store", store_, "--listen", readers_, "--source", "feed=tcp://127.0.0.1:0"});
  feed_ = url_in(service_->wait_for_line("taking lines on"));
  service_->wait_for_line("\"tail\" joined");
  // What was not yet on disk is sent again by the source, from the start: it is told by its place in the line.
  send_all(text, 50'000, 10);
  service_->send(SIGTERM);
  service_->wait();
  service_->wait_for_line("stopped at offset");
  EXPECT_EQ(states_difference(states_of(store_), states_of(replayed(text))), "");
  // It is sent away with "come back later", and would: the end is the test's to set.
  reader->wait_for_line("goodbye: shutdown");
  reader->send(SIGTERM);
  EXPECT_EQ(reader->wait().exit_code, 0) << reader->wait().err;
  EXPECT_EQ(digests_in(reader->wait().out), digests_of(store_));
}

}  // namespace
}  // namespace touchline::integration
