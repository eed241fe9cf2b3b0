// A store that is cleared of its past: by hand and by a running service, whatever kills them, with the past whole in the
// archive and named where it is asked for in the wrong place.

#include "storage/journal_reader.h"
#include "tests/integration/files.h"
#include "tests/integration/program.h"
#include "tests/integration/socket.h"
#include "tests/integration/stores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace touchline::integration {
namespace {

using std::chrono::microseconds;
using testing::HasSubstr;
using testing::Not;

std::string all_states(const std::string& store) {
  return output_of({"export", store, "--all", "--format", "ndjson"});
}

Offset cleared_in(const std::string& store) { return JournalReader::open(store)->complete_after().value(); }

// The archive's deltas and behind them the store's are those of the whole journal, each once.
void expect_joined(const std::string& archive, const std::string& store, const std::string& whole) {
  auto deltas = journal_of(archive).deltas;
  const auto rest = journal_of(store).deltas;
  ASSERT_FALSE(rest.empty());
  std::erase_if(deltas, [&](const JournalDelta& delta) { return delta.offset >= rest.front().offset; });
  deltas.insert(deltas.end(), rest.begin(), rest.end());
  const auto all = journal_of(whole).deltas;
  ASSERT_GE(deltas.size(), all.size());
  deltas.resize(all.size());  // behind them stands what was forgotten
  EXPECT_EQ(journal_difference(deltas, all), "");
}

class Archived : public testing::Test {
 protected:
  Archived() {
    replay({simulate_day(folder_, 8, 71)}, whole_);
    std::filesystem::copy_file(whole_, store_);
  }
  std::vector<std::string> command() const {
    return {"archive", store_, "--older-than", "0", "--to", archive_};
  }

  TempFolder folder_;
  std::string whole_ = folder_ / "whole.db";
  std::string store_ = folder_ / "store.db";
  std::string archive_ = folder_ / "archive.db";
};

TEST_F(Archived, IsAStoreThatEveryCommandReads) {
  EXPECT_THAT(output_of(command()), HasSubstr("kept in " + archive_));
  expect_sound(store_);
  expect_sound(archive_);
  EXPECT_THAT(output_of({"verify", store_}), HasSubstr("cleared before that: "));
  EXPECT_THAT(output_of({"inspect", store_}),
              HasSubstr("up to offset " + std::to_string(cleared_in(store_).value)));
  EXPECT_THAT(output_of({"inspect", archive_, "events"}), HasSubstr("m-1001"));
  for (const std::vector<std::string>& question :
       {std::vector<std::string>{"--event", "m-1001", "--seq", "20"},
        {"--event", "m-1001", "--at-source", "2026-08-15T14:30:00Z"}}) {
    std::vector<std::string> here{"export", archive_};
    std::vector<std::string> there{"export", whole_};
    here.insert(here.end(), question.begin(), question.end());
    there.insert(there.end(), question.begin(), question.end());
    EXPECT_EQ(output_of(here), output_of(there));
  }
  EXPECT_EQ(output_of({"inspect", archive_, "deltas", "m-1001", "--to", "30"}),
            output_of({"inspect", whole_, "deltas", "m-1001", "--to", "30"}));
}

TEST_F(Archived, ReplayedGivesTheSameStates) {
  output_of(command());
  const std::string again = folder_ / "again.db";
  replay({archive_}, again);
  EXPECT_EQ(states_difference(states_and_seqs_of(again), states_and_seqs_of(archive_)), "");
  expect_sound(again);
}

TEST_F(Archived, IsWhereThePastIsAskedFor) {
  output_of(command());
  for (const std::vector<std::string>& question :
       {std::vector<std::string>{"export", store_, "--event", "m-1001", "--seq", "20"},
        {"export", store_, "--all", "--at-source", "2026-08-15T14:30:00Z"},
        {"inspect", store_, "deltas", "m-1001", "--from", "3"},
        {"diff", store_, "m-1001", "--from", "3", "--to", "5"}}) {
    const Finished asked = run(question);
    EXPECT_EQ(asked.exit_code, 2);
    EXPECT_THAT(asked.err, HasSubstr("older than retention"));
  }
  const Finished shown = run({"inspect", store_, "deltas", "m-1001"});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.err, HasSubstr("older than retention and were cleared"));
  const Finished played = run({"replay", store_, "--store", folder_ / "again.db"});
  EXPECT_EQ(played.exit_code, 2);
  EXPECT_THAT(played.err, HasSubstr("was cleared; its archive can"));
}

TEST_F(Archived, LeavesWhatIsNotOldAlone) {
  const std::string before = all_states(store_);
  EXPECT_THAT(output_of({"archive", store_, "--older-than", "30", "--to", archive_}),
              HasSubstr("nothing is that old"));
  EXPECT_FALSE(std::filesystem::exists(archive_));
  EXPECT_EQ(all_states(store_), before);
}

TEST_F(Archived, IsNeitherTheStoreNorNowhere) {
  const auto refused = [&](const std::vector<std::string>& options) {
    std::vector<std::string> arguments{"archive", store_, "--older-than", "0"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Finished finished = run(arguments);
    EXPECT_EQ(finished.exit_code, 2) << finished.err;
    return finished.err;
  };
  EXPECT_THAT(refused({"--to", store_}), HasSubstr("is the store itself"));
  EXPECT_THAT(refused({"--to", folder_ / "no/archive.db"}), HasSubstr("its folder is not there"));
  EXPECT_THAT(refused({}), HasSubstr("needs --to FILE or --discard"));
  EXPECT_EQ(cleared_in(store_), Offset(0));
}

// Killed at any moment, between copy and clearing too, and run again.
TEST_F(Archived, LosesAndDoublesNothingWhateverKillsIt) {
  const auto started = std::chrono::steady_clock::now();
  output_of(command());
  const auto took =
      std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - started).count();
  const Digests end = digests_of(store_);
  std::mt19937_64 random(1);
  int interrupted = 0;
  int halfway = 0;  // something was copied, and nothing had been cleared yet
  for (int i = 0; i < 12; ++i) {
    for (const std::string& path : {store_, archive_}) {
      for (const char* beside : {"", "-wal", "-shm"})
        std::filesystem::remove(path + beside);
    }
    std::filesystem::copy_file(whole_, store_);
    for (int kill = 0; kill < 3; ++kill) {
      Program program(command());
      if (program.ends_within(microseconds(random() % static_cast<std::uint64_t>(took)))) break;
      program.send(SIGKILL);
      interrupted += program.wait().signal == SIGKILL ? 1 : 0;
      expect_sound(store_);
      if (!std::filesystem::exists(archive_) || std::filesystem::file_size(archive_) == 0) continue;
      if (auto copied = JournalReader::open(archive_);
          copied && copied->database().value("SELECT count(*) FROM batches") != 0)
        halfway += cleared_in(store_) == Offset(0) ? 1 : 0;
    }
    EXPECT_EQ(run(command()).exit_code, 0);
    expect_sound(store_);
    expect_sound(archive_);
    EXPECT_EQ(digests_of(store_), end);
    if (i % 4 == 0) expect_joined(archive_, store_, whole_);
    if (HasFailure()) return;
  }
  EXPECT_GE(interrupted, 5);
  RecordProperty("halfway", halfway);
}

// Of a store that is not there yet, too: the service would make it, and then find its archive to be itself.
TEST(Archive, IsNotTheStoreUnderAnotherName) {
  TempFolder folder;
  const std::string store = folder / "store.db";
  const auto refusal_of = [&](const std::string& archive) {
    const Finished finished = run({"serve", "--store", store, "--listen", "tcp://127.0.0.1:0", "--source",
                                   "feed=tcp://127.0.0.1:0", "--retain-days", "1", "--archive", archive});
    EXPECT_EQ(finished.exit_code, 2) << finished.err;
    EXPECT_FALSE(std::filesystem::exists(store)) << "nothing is made";
    return finished.err;
  };
  std::filesystem::create_symlink("store.db", folder / "near.db");
  std::filesystem::create_symlink(folder / "near.db", folder / "far.db");
  for (const char* name : {"store.db", "near.db", "far.db"})
    EXPECT_THAT(refusal_of(folder / name), HasSubstr(folder / name + std::string(": is the store itself")));
  EXPECT_THAT(refusal_of(folder / "store.db-wal"), HasSubstr("is a file of the store"));
}

// A service that forgets and clears while it takes lines, killed again and again.
class Retaining : public testing::Test {
 protected:
  void start(const std::string& days) {
    service_ = std::make_unique<Program>(std::vector<std::string>{
        "serve", "--store", store_, "--listen", "tcp://127.0.0.1:0", "--source", "feed=tcp://127.0.0.1:0",
        "--stale-after-ms", "0", "--lost-after-ms", "0", "--retain-days", days, "--archive", archive_});
    readers_ = url_in(service_->wait_for_line("serving readers on"));
    feed_ = url_in(service_->wait_for_line("taking lines on"));
    service_->wait_for_line("ready:");
  }
  // Numbered, so that what was taken before a kill is a repeat; each answered when it is on disk.
  static std::string line_of(int event, int seq) {
    const bool ends = seq == 30;
    return "{\"event\":\"e-" + std::to_string(event) + "\",\"seq\":" + std::to_string(seq) +
           ",\"status\":\"" + (ends ? "settled" : "live") + "\",\"home_score\":" + std::to_string(seq) +
           ",\"ack\":" + std::to_string(seq) + "}\n";
  }

  TempFolder folder_;
  std::string store_ = folder_ / "served.db";
  std::string archive_ = folder_ / "archive.db";
  std::unique_ptr<Program> service_;
  std::string readers_;
  std::string feed_;
};

TEST_F(Retaining, ForgetsWhatIsOverAndTellsReaders) {
  start("0.00001");  // not a second
  Program reader({"tail", readers_, "--format", "text", "--count", "3"});
  reader.wait_for_line(", epoch ");
  Socket feed(feed_);
  EXPECT_TRUE(feed.send("{\"event\":\"e\",\"status\":\"live\"}\n{\"event\":\"e\",\"status\":\"settled\"}\n"));
  service_->wait_for_line("forgot 1 event");
  EXPECT_THAT(reader.wait().out, HasSubstr("forgotten: all that stood in it"));
  // Whoever comes now need not hear of it; and it begins anew when it is spoken of.
  Program late({"tail", readers_, "--format", "json", "--count", "1"});
  late.wait_for_line(", epoch ");
  EXPECT_TRUE(feed.send("{\"event\":\"e\",\"home_score\":3}\n"));
  EXPECT_THAT(output_of({"inspect", store_, "events"}), HasSubstr("e  "));
  service_->send(SIGTERM);
  EXPECT_EQ(service_->wait().exit_code, 0);
  expect_sound(store_);
}

TEST_F(Retaining, LosesNothingWhateverKillsIt) {
  std::mt19937_64 random(2);
  for (int life = 0; life < 8; ++life) {
    start("0.00001");
    Socket feed(feed_);
    for (int seq = 1; seq <= 30; ++seq) {
      for (int event = life * 3; event < life * 3 + 3; ++event) {
        if (!feed.send(line_of(event, seq)) || feed.receive(1).empty())
          ADD_FAILURE() << "the service is gone";
      }
    }
    service_->wait_for_line("cleared up to offset");
    service_->ends_within(microseconds(random() % 1'500'000));
    service_->send(SIGKILL);
    service_->wait();
    expect_sound(store_);
    expect_sound(archive_);
    if (HasFailure()) return;
  }
  auto archive = JournalReader::open(archive_).value();
  auto store = JournalReader::open(store_).value();
  EXPECT_GE(archive.head(), store.complete_after().value());
  EXPECT_EQ(archive.complete_after().value(), Offset(0));
  int found = 0;
  for (int event = 0; event < 8 * 3; ++event) {
    const std::string id = "e-" + std::to_string(event);
    // Its 30th state, wherever that is by now.
    for (JournalReader* reader : {&archive, &store}) {
      const auto entry = reader->find_event(id).value();
      if (!entry) continue;
      const auto at = reader->state(entry->handle, {.seq = Seq(30)});
      if (!at || at->state.seq != Seq(30)) continue;
      EXPECT_EQ(at->state.integer(Address(0, 0, Field::home_score)), 30) << id;
      ++found;
      break;
    }
  }
  EXPECT_EQ(found, 8 * 3);
}

TEST_F(Retaining, NamesAPositionThatIsOlderThanItsJournal) {
  start("0.00001");
  Socket feed(feed_);
  for (int seq = 1; seq <= 29; ++seq) {
    EXPECT_TRUE(feed.send(line_of(1, seq)));
    EXPECT_FALSE(feed.receive(1).empty());
  }
  service_->wait_for_line("cleared up to offset");
  const std::uint64_t cleared = cleared_in(store_).value;
  ASSERT_GT(cleared, 1U);
  service_->send(SIGTERM);
  service_->wait();
  start("1");
  const std::string held = std::to_string(epoch_of(store_)) + ":1";
  Program reader({"tail", readers_, "--format", "none", "--from", held});
  EXPECT_THAT(reader.wait_for_line(", epoch "),
              HasSubstr("the position is older than retention: the journal begins behind offset " +
                        std::to_string(cleared)));
  service_->send(SIGTERM);
  EXPECT_EQ(service_->wait().exit_code, 0);
}

TEST_F(Retaining, SaysWhyItDoesNotClearAndPublishesOn) {
  write_bytes(archive_, "no store at all, but long enough to be looked at\n");
  start("0.00001");
  Socket feed(feed_);
  for (int seq = 1; seq <= 29; ++seq) {
    EXPECT_TRUE(feed.send(line_of(1, seq)));
    EXPECT_FALSE(feed.receive(1).empty());
  }
  EXPECT_THAT(service_->wait_for_line("nothing more is cleared"), HasSubstr("is not a Touchline store"));
  EXPECT_TRUE(feed.send(line_of(1, 30)));
  EXPECT_FALSE(feed.receive(1).empty());
  service_->send(SIGTERM);
  EXPECT_EQ(service_->wait().exit_code, 0);
  expect_sound(store_);
  EXPECT_EQ(cleared_in(store_), Offset(0));
}

}  // namespace
}  // namespace touchline::integration
