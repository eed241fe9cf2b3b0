// A source that falls silent or hangs up, at a running service: its events are stale for everybody until it speaks again.

#include "tests/integration/files.h"
#include "tests/integration/program.h"
#include "tests/integration/socket.h"
#include "tests/integration/stores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <regex>
#include <string>
#include <vector>

namespace touchline::integration {
namespace {

using testing::ElementsAre;

class StaleSource : public testing::Test {
 protected:
  void SetUp() override {
    service_ = std::make_unique<Program>(std::vector<std::string>{
        "serve", "--store", store_, "--listen", "tcp://127.0.0.1:0", "--source", "feed=tcp://127.0.0.1:0",
        "--stale-after-ms", "300", "--lost-after-ms", "300"});
    readers_ = url_in(service_->wait_for_line("serving readers on"));
    feed_ = url_in(service_->wait_for_line("taking lines on"));
    service_->wait_for_line("ready:");
  }

  // Until the store holds so many deltas; what it says of the feed then.
  std::string feed_at(int seq) const {
    const std::regex wanted("\"feed\":\"([a-z]+)\".*\"seq\":" + std::to_string(seq) + ",");
    const auto end = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < end) {
      const std::string state = run({"export", store_, "--event", "e"}).out;
      if (std::smatch found; std::regex_search(state, found, wanted)) return found[1];
    }
    return "never came there";
  }

  TempFolder folder_;
  std::string store_ = folder_ / "served.db";
  std::unique_ptr<Program> service_;
  std::string readers_;
  std::string feed_;
};

TEST_F(StaleSource, MarksItsEventsAndTakesExactlyThatBack) {
  Program reader({"tail", readers_, "--format", "json", "--count", "6"});
  reader.wait_for_line(", epoch ");
  {
    Socket silent(feed_);
    EXPECT_TRUE(silent.send("{\"event\":\"e\",\"status\":\"live\",\"home_score\":0}\n"));
    EXPECT_EQ(feed_at(2), "stale");
    EXPECT_TRUE(silent.send("{\"event\":\"e\",\"home_score\":1}\n"));
  }
  EXPECT_EQ(feed_at(5), "stale");
  Socket back(feed_);
  EXPECT_TRUE(back.send("{\"alive\":true}\n"));
  const std::string seen = reader.wait().out;
  std::vector<std::string> causes;
  const std::regex cause("\"class\":\"critical\",\"cause\":\"([a-z_]+)\",\"changes\":\\[\"([^\"]*)");
  for (std::sregex_iterator at(seen.begin(), seen.end(), cause); at != std::sregex_iterator(); ++at)
    causes.push_back((*at)[1].str() + ": " + (*at)[2].str());
  EXPECT_THAT(causes, ElementsAre("source: status set to live", "feed_health: feed of source 1: set to stale",
                                  "feed_health: feed of source 1: stale -> live", "source: home_score 0 -> 1",
                                  "feed_health: feed of source 1: live -> stale",
                                  "feed_health: feed of source 1: stale -> live"))
      << seen;
  // What was marked and taken back has left nothing behind.
  std::vector<std::string> digests;
  const std::regex digest("\"digest\":\"([0-9a-f]{16})\"");
  for (std::sregex_iterator at(seen.begin(), seen.end(), digest); at != std::sregex_iterator(); ++at)
    digests.push_back((*at)[1]);
  ASSERT_EQ(digests.size(), 6U);
  EXPECT_EQ(digests[5], digests[3]);
  service_->send(SIGTERM);
  EXPECT_EQ(service_->wait().exit_code, 0);
  expect_sound(store_);
}

}  // namespace
}  // namespace touchline::integration
