// The drill: a service under load is killed again and again, and started again; nothing is lost, doubled or shown
// that is not on disk.
//
// A source sends numbered lines and sends again whatever was not answered; readers follow over all of it. A few
// kills here; scripts/drill has as many as are asked for (TOUCHLINE_DRILL_KILLS).

#include "storage/journal_reader.h"
#include "tests/integration/answered_source.h"
#include "tests/integration/files.h"
#include "tests/integration/program.h"
#include "tests/integration/socket.h"
#include "tests/integration/stores.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace touchline::integration {
namespace {

int kills_wanted() {
  const char* text = std::getenv("TOUCHLINE_DRILL_KILLS");  // NOLINT(concurrency-mt-unsafe)
  return text != nullptr ? std::atoi(text) : 6;
}

std::uint64_t head_of(const std::string& store) {
  auto reader = JournalReader::open(store);
  return reader ? reader->head().value : 0;
}

class Drill : public testing::Test {
 protected:
  void start() {
    service_ = std::make_unique<Program>(
        std::vector<std::string>{"serve", "--store", store_, "--listen", listen_, "--source",
                                 "feed=tcp://127.0.0.1:0", "--stale-after-ms", "0", "--lost-after-ms", "0"});
    const std::string listening = service_->wait_for_line("serving readers on");
    listen_ = url_in(listening);
    source_url_ = url_in(service_->wait_for_line("taking lines on"));
  }
  void read_along() {
    for (int i = 0; i < 3; ++i) {
      readers_.push_back(std::make_unique<Program>(
          std::vector<std::string>{"tail", listen_, "--format", "none", "--digests", "--reconnect"}));
    }
  }

  // Each reader has been welcomed once more than it had been.
  void wait_for_readers(const std::vector<std::size_t>& welcomes) {
    const auto end = std::chrono::steady_clock::now() + patience;
    for (std::size_t i = 0; i < readers_.size(); ++i) {
      while (readers_[i]->count_of(welcome) == welcomes[i] && std::chrono::steady_clock::now() < end)
        ASSERT_FALSE(readers_[i]->ends_within(std::chrono::milliseconds(1))) << readers_[i]->wait().err;
    }
  }
  std::vector<std::size_t> welcomes() {
    std::vector<std::size_t> counts;
    for (const auto& reader : readers_)
      counts.push_back(reader->count_of(welcome));
    return counts;
  }

  static constexpr std::string_view welcome = ", epoch ";
  TempFolder folder_;
  std::string store_ = folder_ / "drill.db";
  std::string listen_ = "tcp://127.0.0.1:0";
  std::string source_url_;
  std::unique_ptr<Program> service_;
  std::vector<std::unique_ptr<Program>> readers_;
};

TEST_F(Drill, KillsLoseAndDoubleNothing) {
  const int kills = kills_wanted();
  const Lines day = lines_of(simulate_day(folder_, 4 + kills / 2, 71));
  AnsweredSource source(day);
  std::mt19937_64 random(static_cast<std::uint64_t>(kills));
  int killed = 0;
  std::uint64_t head = 0;
  for (; killed < kills; ++killed) {
    start();
    if (readers_.empty()) read_along();
    Socket socket(source_url_);
    std::thread sending([&] { source.send(std::move(socket)); });
    const bool ended = service_->ends_within(std::chrono::milliseconds(random() % 60));
    service_->send(SIGKILL);
    sending.join();
    EXPECT_FALSE(ended) << service_->wait().err;
    EXPECT_EQ(service_->wait().signal, SIGKILL);
    const std::uint64_t before = std::exchange(head, head_of(store_));
    EXPECT_GE(head, before) << "what was on disk is gone";
    EXPECT_GE(head, source.promised()) << "what was answered is gone";
    if (killed % 10 == 0) expect_sound(store_);
    if (HasFailure() || source.done()) break;
  }
  EXPECT_EQ(killed, kills) << "the day was over too soon";

  const auto before = welcomes();
  start();
  source.send(Socket(source_url_));
  EXPECT_TRUE(source.done());
  EXPECT_EQ(source.wrong(), std::vector<std::string>());
  wait_for_readers(before);
  service_->send(SIGTERM);
  EXPECT_EQ(service_->wait().exit_code, 0) << service_->wait().err;
  expect_sound(store_);
  replay({write_lines(folder_ / "day.ndjson", day)}, folder_ / "whole.db");
  EXPECT_EQ(digests_of(store_), digests_of(folder_ / "whole.db"));
  EXPECT_EQ(head_of(store_), head_of(folder_ / "whole.db"));
  for (const auto& reader : readers_) {
    reader->send(SIGTERM);
    const Finished finished = reader->wait();
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    EXPECT_EQ(digests_in(finished.out), digests_of(store_));
  }
  std::printf("%d kills; %zu lines sent %zu times; %zu readers agree with the store at offset %llu\n", killed,
              source.size(), source.sent(), readers_.size(),
              static_cast<unsigned long long>(head_of(store_)));
}

}  // namespace
}  // namespace touchline::integration
