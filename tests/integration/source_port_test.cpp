// A source's port when sources misbehave: too many of them, silent ones, broken lines without end, a stop within a line.

#include "tests/integration/files.h"
#include "tests/integration/program.h"
#include "tests/integration/socket.h"
#include "tests/integration/stores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace touchline::integration {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string update_line = "{\"event\":\"e\",\"name\":\"A\"}\n";

class SourcePort : public testing::Test {
 protected:
  void start(const std::string& source = "feed=tcp://127.0.0.1:0") {
    service_ =
        std::make_unique<Program>(std::vector<std::string>{"serve", "--store", store_, "--source", source});
    feed_ = url_in(service_->wait_for_line("taking lines on"));
    service_->wait_for_line("ready:");
  }
  Finished stop() {
    service_->send(SIGTERM);
    Finished finished = service_->wait();
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    expect_sound(store_);
    return finished;
  }
  std::string rejected() const { return output_of({"inspect", store_, "rejected"}); }

  TempFolder folder_;
  std::string store_ = folder_ / "served.db";
  std::string feed_;
  std::unique_ptr<Program> service_;
};

TEST_F(SourcePort, LogsTheFirstRefusalsAndCountsTheOthers) {
  constexpr int bad = 5'000;
  start();
  std::string text;
  for (int i = 0; i < bad; ++i)
    text += "no line at all\n";
  Socket socket(feed_);
  EXPECT_TRUE(socket.send(text));
  socket.end_sending();
  EXPECT_EQ(socket.receive_all(), "");
  const Finished finished = stop();
  std::istringstream log(finished.err);
  int lines = 0;
  int told = 0;
  for (std::string line; std::getline(log, line);) {
    if (line.find(" refused ") == std::string::npos) continue;
    ++lines;
    ++told;
    std::smatch more;
    if (std::regex_search(line, more, std::regex("\\(and ([0-9]+) more before it\\)")))
      told += std::stoi(more[1]);
  }
  EXPECT_EQ(told, bad);
  EXPECT_LT(lines, 40) << finished.err;
  EXPECT_THAT(finished.err, HasSubstr(std::to_string(bad) + " rejected"));
}

// Taken, it would make all that follows look late.
TEST_F(SourcePort, RefusesATimeFarAheadOfTheClock) {
  start();
  Socket socket(feed_);
  EXPECT_TRUE(socket.send(std::string(R"({"event":"e","time":"9999-01-01T00:00:00Z","home_score":1})") +
                          "\n" + R"({"event":"e","time":"2026-01-01T00:00:00Z","home_score":2})" + "\n"));
  socket.end_sending();
  EXPECT_EQ(socket.receive_all(), "");
  EXPECT_THAT(stop().err, HasSubstr("its time, 9999-01-01T00:00:00.000Z, is more than a year ahead"));
  EXPECT_THAT(output_of({"export", store_, "--event", "e"}),
              HasSubstr("\"source_at\":\"2026-01-01T00:00:00.000Z\""));
}

TEST_F(SourcePort, RefusesANumberThatNoGapExplains) {
  start();
  Socket socket(feed_);
  EXPECT_TRUE(socket.send(std::string(R"({"event":"e","seq":1,"home_score":1})") + "\n" +
                          R"({"event":"e","seq":99999999999,"home_score":2})" + "\n" +
                          R"({"event":"e","seq":2,"home_score":3})" + "\n"));
  socket.end_sending();
  EXPECT_EQ(socket.receive_all(), "");
  EXPECT_THAT(stop().err, HasSubstr("line 2: byte 37: seq 99999999999 is more than 1000000 past 1"));
  EXPECT_THAT(output_of({"export", store_, "--event", "e"}), HasSubstr("\"seq\":2"));
}

TEST_F(SourcePort, SaysWhyAConnectionEnded) {
  start();
  Socket socket(feed_);
  EXPECT_TRUE(socket.send(update_line));
  socket.end_sending();
  EXPECT_EQ(socket.receive_all(), "");
  EXPECT_THAT(stop().err, HasSubstr(" ended: it closed the connection"));
}

TEST_F(SourcePort, AStopIsNoFaultOfASourceThatIsConnected) {
  start();
  Socket whole(feed_);
  EXPECT_TRUE(whole.send(update_line));
  service_->wait_for_line("connected");
  // Read, because what it sends next is.
  Socket other(feed_);
  EXPECT_TRUE(other.send(update_line));
  other.end_sending();
  EXPECT_EQ(other.receive_all(), "");
  EXPECT_THAT(stop().err, HasSubstr(" 0 rejected"));
  EXPECT_THAT(rejected(), Not(HasSubstr("within")));
}

TEST_F(SourcePort, AStopWithinALineSaysThatItWasTheStop) {
  start();
  Socket socket(feed_);
  EXPECT_TRUE(socket.send("bad\n{\"event\":"));
  service_->wait_for_line("refused");  // and with it what stands behind it was read
  EXPECT_THAT(stop().err, HasSubstr(" 2 rejected"));
  EXPECT_THAT(rejected(), HasSubstr("the service stopped within this line"));
}

TEST_F(SourcePort, ThatIsFullTellsWhoComesNext) {
  start();
  std::vector<Socket> sources;
  for (int i = 0; i < 16; ++i)
    sources.emplace_back(feed_);
  for (Socket& source : sources)
    EXPECT_TRUE(source.send(update_line));
  Socket next(feed_);
  EXPECT_EQ(next.receive_all(), "busy: 16 connections bring lines of this source already\n");
  stop();
}

TEST_F(SourcePort, RefusesWhatIsCompressedByName) {
  start();
  Socket socket(feed_);
  socket.send(
      bytes_of(std::string(TOUCHLINE_SOURCE_DIR) + "/tests/recordings/matchday.ndjson.zst").substr(0, 100));
  EXPECT_EQ(socket.receive_all(), "");
  const Finished finished = stop();
  EXPECT_THAT(finished.err, HasSubstr("this is compressed (zstd) where lines are expected"));
  EXPECT_THAT(finished.err, HasSubstr(" 1 rejected"));
}

TEST_F(SourcePort, OfIpv6IsShownInBrackets) {
  start("feed=tcp://[::1]:0");
  EXPECT_THAT(feed_, testing::StartsWith("tcp://[::1]:"));
  stop();
}

}  // namespace
}  // namespace touchline::integration
