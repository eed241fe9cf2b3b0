// A service whose machine's date is set while it runs: what has a deadline keeps it, and what is old is not guessed.

#include "tests/integration/files.h"
#include "tests/integration/program.h"
#include "tests/integration/socket.h"
#include "tests/integration/stores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace touchline::integration {
namespace {

using testing::HasSubstr;

class SetClock : public testing::Test {
 protected:
  void start([[maybe_unused]] std::vector<std::string> options) {
#ifdef TOUCHLINE_SET_CLOCK
    options.insert(options.begin(),
                   {"serve", "--store", store_, "--listen", "tcp://127.0.0.1:0", "--source",
                    "feed=tcp://127.0.0.1:0", "--lost-after-ms", "0", "--heartbeat-ms", "200"});
    set(0);
    ::setenv("LD_PRELOAD", TOUCHLINE_SET_CLOCK, 1);  // NOLINT(concurrency-mt-unsafe)
    ::setenv("SET_CLOCK_FILE", clock_.c_str(), 1);   // NOLINT(concurrency-mt-unsafe)
    service_ = std::make_unique<Program>(std::move(options));
    ::unsetenv("LD_PRELOAD");      // NOLINT(concurrency-mt-unsafe)
    ::unsetenv("SET_CLOCK_FILE");  // NOLINT(concurrency-mt-unsafe)
    readers_ = url_in(service_->wait_for_line("serving readers on"));
    feed_ = url_in(service_->wait_for_line("taking lines on"));
    service_->wait_for_line("ready:");
#else
    GTEST_SKIP() << "a sanitizer's own library has to come first";
#endif
  }
  void set(long ahead_s) const { write_bytes(clock_, std::to_string(ahead_s) + "\n"); }

  TempFolder folder_;
  std::string store_ = folder_ / "served.db";
  std::string clock_ = folder_ / "clock";
  std::string readers_;
  std::string feed_;
  std::unique_ptr<Program> service_;
};

TEST_F(SetClock, BackDoesNotKeepWhatIsSilentLiveNorReadersWithoutAWord) {
  start({"--stale-after-ms", "700"});
  if (service_ == nullptr) return;
  Program reader({"tail", readers_, "--format", "json", "--reconnect"});
  reader.wait_for_line(", epoch ");
  Socket source(feed_);
  EXPECT_TRUE(source.send("{\"event\":\"e\",\"status\":\"live\"}\n"));
  set(-86'400);
  const auto end = std::chrono::steady_clock::now() + patience;
  while (run({"export", store_, "--event", "e"}).out.find("\"feed\":\"stale\"") == std::string::npos)
    ASSERT_LT(std::chrono::steady_clock::now(), end);
  // Three heartbeats and more.
  std::this_thread::sleep_for(std::chrono::milliseconds(1'000));
  reader.send(SIGTERM);
  const Finished finished = reader.wait();
  EXPECT_EQ(finished.err.find("nothing came"), std::string::npos) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("feed_health"));
}

TEST_F(SetClock, OnForgetsNothing) {
  start({"--stale-after-ms", "0", "--retain-days", "30", "--archive", folder_ / "past.db"});
  if (service_ == nullptr) return;
  Socket source(feed_);
  EXPECT_TRUE(
      source.send("{\"event\":\"e\",\"status\":\"settled\"}\n{\"event\":\"f\",\"status\":\"live\"}\n"));
  set(31 * 86'400);
  service_->wait_for_line("the clock was set by 2678400 s: nothing is forgotten or cleared");
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  set(0);
  service_->wait_for_line("the clock is right again");
  service_->send(SIGTERM);
  const Finished finished = service_->wait();
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(finished.err.find("forgot 1"), std::string::npos) << finished.err;
  EXPECT_THAT(run({"export", store_, "--event", "e"}).out, HasSubstr("settled"));
}

}  // namespace
}  // namespace touchline::integration
