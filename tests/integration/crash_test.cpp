// Killed at any moment and run again with the same command: the end is that of a run that was never killed.

#include "storage/journal_reader.h"
#include "tests/integration/betfair_fixture.h"
#include "tests/integration/files.h"
#include "tests/integration/program.h"
#include "tests/integration/stores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

namespace touchline::integration {
namespace {

using testing::HasSubstr;

// Before the store is there, nothing is in it.
std::uint64_t head_of(const std::string& store) {
  if (!std::filesystem::exists(store)) return 0;
  auto reader = JournalReader::open(store);
  return reader ? reader->head().value : 0;
}

struct Killed {
  int interrupted = 0;  // runs that did not come to their end
  int advanced = 0;     // of these, how many had brought something to the disk
};

// Whether the program brought something to the disk before it ended.
bool advances(Program& program, const std::string& store, std::uint64_t head) {
  while (!program.ends_within(std::chrono::milliseconds(1))) {
    if (head_of(store) > head) return true;
  }
  return false;
}

// Runs the command again and again, each time killed after up to so long, every other time counted from its first
// commit; a run that comes to its end ends it. What is on disk after each is sound, and never less than before.
Killed kill_again_and_again(const std::vector<std::string>& command, const std::string& store, int kills,
                            std::chrono::microseconds after_max, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Killed killed;
  std::uint64_t head = 0;
  for (int i = 0; i < kills; ++i) {
    const std::chrono::microseconds after(random() % static_cast<std::uint64_t>(after_max.count()));
    Program program(command);
    if (i % 2 == 1 ? !advances(program, store, head) || program.ends_within(after / 4)
                   : program.ends_within(after)) {
      EXPECT_EQ(program.wait().exit_code, 0) << program.wait().err;
      break;
    }
    program.send(SIGKILL);
    killed.interrupted += program.wait().signal == SIGKILL ? 1 : 0;
    if (!std::filesystem::exists(store)) continue;
    const std::uint64_t before = std::exchange(head, head_of(store));
    EXPECT_GE(head, before) << "what was on disk is gone";
    killed.advanced += head > before ? 1 : 0;
    if (head != 0) expect_sound(store);
  }
  return killed;
}

// Runs it to its end, and says how long that took.
std::chrono::microseconds time_of_replay(const std::vector<std::string>& recordings, const std::string& store,
                                         const std::vector<std::string>& options = {}) {
  const auto started = std::chrono::steady_clock::now();
  replay(recordings, store, options);
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started);
}

void expect_replay_survives(const std::vector<std::string>& recordings, std::uint64_t seed) {
  const TempFolder folder;
  const std::string whole = folder / "whole.db";
  const std::string store = folder / "killed.db";
  const auto took = time_of_replay(recordings, whole);
  std::vector<std::string> command{"replay", "--store", store, "--json"};
  command.insert(command.end(), recordings.begin(), recordings.end());
  // On a busy machine the first run may have taken much longer than those after it do, which then end unharmed.
  Killed killed = kill_again_and_again(command, store, 10, took / 3, seed);
  for (int sooner = 6; killed.interrupted < 2 && sooner <= 96; sooner *= 2) {
    for (const char* suffix : {"", "-wal", "-shm"})
      std::filesystem::remove(store + suffix);
    killed = kill_again_and_again(command, store, 10, took / sooner, seed);
  }
  EXPECT_GE(killed.interrupted, 2) << "too few runs were killed for this to prove anything";
  EXPECT_GE(killed.advanced, 1) << "no run that was killed had brought anything to the disk";
  replay(recordings, store);
  EXPECT_EQ(digests_of(store), digests_of(whole));
  EXPECT_EQ(journal_difference(journal_of(store).deltas, journal_of(whole).deltas), "");
  expect_sound(store);
}

TEST(Crash, OfAReplayOfANativeDayLosesAndDoublesNothing) {
  const TempFolder folder;
  expect_replay_survives({simulate_day(folder, 8, 61)}, 1);
}

TEST(Crash, OfAReplayOfVendorLinesLosesAndDoublesNothing) {
  const TempFolder folder;
  std::vector<std::string> days;
  for (int d = 0; d < 3; ++d) {
    BetfairOptions options{.seed = 62 + static_cast<std::uint64_t>(d), .messages = 5'000};
    options.first_event += 1'000 * d;
    options.first_market += 1'000 * d;
    days.push_back(write_lines(folder / ("day-" + std::to_string(d)), make_betfair_day(options).lines));
  }
  expect_replay_survives(days, 2);
}

TEST(Crash, OfAReplayOfRecordingsLosesAndDoublesNothing) {
  std::vector<std::string> paths;
  for (const char* name : {"cricket-odds", "cricket-scores", "football-live-200-markets"}) {
    paths.push_back(recording_named(name).path);
    if (paths.back().empty()) GTEST_SKIP() << why_no_recordings();
  }
  expect_replay_survives(paths, 3);
}

// In the first milliseconds: while the store is made, opened, locked and restored.
TEST(Crash, WhileTheStoreIsMadeOrTakenUpLeavesAStoreThatCanBeTakenUp) {
  const TempFolder folder;
  const std::string day = write_lines(folder / "day", make_betfair_day({.seed = 65}).lines);
  const std::string store = folder / "killed.db";
  for (const std::uint64_t seed : {1U, 2U}) {
    kill_again_and_again({"replay", day, "--store", store, "--speed", "1"}, store, 20,
                         std::chrono::milliseconds(15), seed);
  }
  replay({day}, store);
  replay({day}, folder / "whole.db");
  EXPECT_EQ(digests_of(store), digests_of(folder / "whole.db"));
}

TEST(Crash, OfTheServiceWithARecordingLosesAndDoublesNothing) {
  const TempFolder folder;
  const std::string day = simulate_day(folder, 8, 66);
  const std::string whole = folder / "whole.db";
  const std::string store = folder / "killed.db";
  const auto took = time_of_replay({day}, whole);
  const std::vector<std::string> command{"serve",    "--store",   store, "--listen", "tcp://127.0.0.1:0",
                                         "--source", "day=" + day};
  const int kills = is_instrumented ? 3 : 8;
  const Killed killed = kill_again_and_again(command, store, kills, took / 3, 4);
  EXPECT_EQ(killed.interrupted, kills);
  EXPECT_GE(killed.advanced, 1);
  Program service(command);
  service.wait_for_line("a recording has ended");
  service.send(SIGTERM);
  EXPECT_EQ(service.wait().exit_code, 0) << service.wait().err;
  EXPECT_THAT(service.wait().err, HasSubstr("taken up behind line"));

  EXPECT_EQ(digests_of(store), digests_of(whole));
  EXPECT_EQ(journal_difference(journal_of(store).deltas, journal_of(whole).deltas), "");
  expect_sound(store);
}

// The lines stand at different places when the process dies. What one has yet to repeat may be said again, and is
// put right by the time that the other's place is reached.
TEST(Crash, OfAReplayOfTwoLinesEndsInTheSameBooks) {
  const TempFolder folder;
  const Lines lines = make_betfair_day({.seed = 68, .messages = 6'000}).lines;
  const std::vector<std::string> paths{write_lines(folder / "a", lines), write_lines(folder / "b", lines)};
  const std::string whole = folder / "whole.db";
  const std::string store = folder / "killed.db";
  const auto took = time_of_replay(paths, whole, {"--as-lines", "--line-lag", "20000"});
  kill_again_and_again({"replay", "--store", store, "--as-lines", "--line-lag", "20000", paths[0], paths[1]},
                       store, 8, took / 3, 6);
  replay(paths, store, {"--as-lines", "--line-lag", "20000"});
  EXPECT_EQ(states_difference(states_of(store), states_of(whole)), "");
  expect_sound(store);
}

// What readers have been given is on disk, whenever the publisher dies.
TEST(Crash, NeverTakesBackWhatAReaderHasSeen) {
  const TempFolder folder;
  const std::string day =
      write_lines(folder / "day", make_betfair_day({.seed = 67, .events = 4, .step_ms_max = 200}).lines);
  const std::string store = folder / "day.db";
  std::mt19937_64 random(5);
  for (int i = 0; i < 6; ++i) {
    Program replay({"replay", day, "--store", store, "--speed", "30", "--listen", "tcp://127.0.0.1:0",
                    "--wait-readers", "1"});
    const std::string url = url_in(replay.wait_for_line("listening on"));
    Program reader({"tail", url, "--format", "none"});
    reader.wait_for_line(", epoch ");
    EXPECT_FALSE(replay.ends_within(std::chrono::milliseconds(20 + random() % 200)));
    replay.send(SIGKILL);
    replay.wait();
    const Finished seen = reader.wait();
    EXPECT_EQ(seen.exit_code, 3) << "a lost line is the environment's: " << seen.err;
    const std::string position = "position " + std::to_string(epoch_of(store)) + ":";
    const auto at = seen.err.find(position);
    ASSERT_NE(at, std::string::npos) << seen.err;
    EXPECT_LE(std::stoull(seen.err.substr(at + position.size())), head_of(store));
  }
}

}  // namespace
}  // namespace touchline::integration
