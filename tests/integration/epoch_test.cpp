// Readers and epochs: a position of one epoch is never gone on from in another.

#include "tests/integration/betfair_fixture.h"
#include "tests/integration/files.h"
#include "tests/integration/program.h"
#include "tests/integration/stores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

namespace touchline::integration {
namespace {

using testing::HasSubstr;
using testing::Not;

std::uint64_t now_ms() {
  using namespace std::chrono;
  return static_cast<std::uint64_t>(
      duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

class Epoch : public testing::Test {
 protected:
  void start(const std::vector<std::string>& options = {}) {
    std::vector<std::string> arguments{
        "serve", "--store", store_, "--listen", "tcp://127.0.0.1:0", "--source", "day=" + day_ + "@40"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    service_ = std::make_unique<Program>(std::move(arguments));
    url_ = url_in(service_->wait_for_line("serving readers on"));
    service_->wait_for_line("ready:");
  }
  Finished end(int signal) {
    service_->send(signal);
    return service_->wait();
  }
  // Joins, lets a few deltas pass, and says what it was told.
  std::string read(const std::vector<std::string>& options = {}) const {
    std::vector<std::string> arguments{"tail", url_, "--format", "none", "--count", "20"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run(std::move(arguments)).err;
  }
  std::string position(std::uint64_t offset) const {
    return std::to_string(epoch_of(store_)) + ":" + std::to_string(offset);
  }

  TempFolder folder_;
  std::string day_ = write_lines(folder_ / "day",
                                 make_betfair_day({.seed = 81, .messages = 4'000, .step_ms_max = 200}).lines);
  std::string store_ = folder_ / "day.db";
  std::string url_;
  std::unique_ptr<Program> service_;
};

TEST_F(Epoch, OfANewStoreIsTheTimeOfItsMaking) {
  const std::uint64_t before = now_ms();
  start();
  EXPECT_GE(epoch_of(store_), before);
  EXPECT_LE(epoch_of(store_), now_ms());
  EXPECT_THAT(read(), HasSubstr("epoch " + std::to_string(epoch_of(store_)) + " offset "));
  EXPECT_EQ(end(SIGTERM).exit_code, 0);
  EXPECT_THAT(output_of({"export", store_, "--all", "--format", "ndjson"}),
              HasSubstr("\"epoch\":" + std::to_string(epoch_of(store_))));
}

TEST_F(Epoch, GoesOnBehindAKillIfNothingWasPublishedBeforeItsCommit) {
  start();
  read();
  const std::uint64_t epoch = epoch_of(store_);
  end(SIGKILL);
  start();
  EXPECT_EQ(epoch_of(store_), epoch);
  EXPECT_THAT(end(SIGTERM).err, Not(HasSubstr("begins")));
}

TEST_F(Epoch, GoesOnBehindACleanRelaxedEnd) {
  start({"--durability", "relaxed"});
  read();
  EXPECT_EQ(end(SIGTERM).exit_code, 0);
  const std::uint64_t epoch = epoch_of(store_);
  start({"--durability", "relaxed"});
  EXPECT_EQ(epoch_of(store_), epoch);
  end(SIGTERM);
  expect_sound(store_);
}

TEST_F(Epoch, IsANewOneBehindARelaxedKillAndReadersStartOver) {
  start({"--durability", "relaxed"});
  read();
  end(SIGKILL);
  const std::uint64_t epoch = epoch_of(store_);
  const std::string held = position(5);
  start({"--durability", "relaxed"});
  EXPECT_GT(epoch_of(store_), epoch);
  EXPECT_THAT(read({"--from", held}), HasSubstr("reset (the position is of epoch "));
  EXPECT_THAT(end(SIGTERM).err, HasSubstr("did not end cleanly"));
  expect_sound(store_);
  // And the whole day is in it in the end, at offsets without a gap.
  replay({day_}, folder_ / "whole.db");
  replay({day_}, store_);
  EXPECT_EQ(states_difference(states_of(store_), states_of(folder_ / "whole.db")), "");
}

TEST_F(Epoch, IsANewOneOnRequest) {
  start();
  read();
  end(SIGTERM);
  const std::uint64_t first = epoch_of(store_);
  const std::string held = position(5);
  start({"--new-epoch"});
  EXPECT_GT(epoch_of(store_), first);
  EXPECT_THAT(read({"--from", held}), HasSubstr("reset (the position is of epoch "));
  EXPECT_THAT(end(SIGTERM).err, HasSubstr("begins, as asked for"));
  const std::uint64_t second = epoch_of(store_);
  const Summary summary(replay({day_}, store_, {"--new-epoch"}));
  EXPECT_GT(epoch_of(store_), second);
  EXPECT_EQ(summary["epoch"], epoch_of(store_));
  const std::uint64_t third = epoch_of(store_);
  replay({day_}, store_, {"--durability", "relaxed"});
  EXPECT_EQ(epoch_of(store_), third);
  expect_sound(store_);
}

}  // namespace
}  // namespace touchline::integration
