// The same input gives the same journal, byte for byte, but for the commit times, the epoch and where a commit ends.

#include "storage/journal_reader.h"
#include "tests/integration/betfair_fixture.h"
#include "tests/integration/files.h"
#include "tests/integration/program.h"
#include "tests/integration/stores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <tuple>
#include <vector>

#include <sys/stat.h>

namespace touchline::integration {
namespace {

using testing::IsEmpty;
using testing::Not;

// How far every recording was read, and under which number every event and source is known.
auto bookkeeping_of(const std::string& store) {
  auto reader = JournalReader::open(store);
  const auto read_cursors = reader->cursors();
  std::vector<std::tuple<std::string, std::uint64_t, std::uint64_t, std::int64_t, std::uint64_t>> cursors;
  for (const Cursor& cursor : *read_cursors)
    cursors.emplace_back(cursor.recording, cursor.byte, cursor.line, cursor.time_ms, cursor.fingerprint);
  const auto read_events = reader->events();
  std::vector<std::pair<std::uint32_t, std::string>> events;
  for (const EventEntry& event : *read_events)
    events.emplace_back(event.handle.value, event.id);
  return std::tuple(cursors, events, *reader->sources(), reader->head().value);
}

// Source times up to which to replay before going on: commits end in other places.
void expect_same_journal(const std::vector<std::string>& recordings, const std::vector<std::int64_t>& stops) {
  const TempFolder folder;
  const std::string once = folder / "once.db";
  const std::string again = folder / "again.db";
  const std::string in_parts = folder / "in-parts.db";
  replay(recordings, once);
  replay(recordings, again);
  for (const std::int64_t stop : stops)
    replay(recordings, in_parts, {"--until", std::to_string(stop)});
  replay(recordings, in_parts);

  const JournalContents journal = journal_of(once);
  ASSERT_THAT(journal.deltas, Not(IsEmpty()));
  EXPECT_EQ(journal.deltas.back().offset, journal.head);
  EXPECT_EQ(journal_difference(journal.deltas, journal_of(again).deltas), "");
  EXPECT_EQ(journal_difference(journal.deltas, journal_of(in_parts).deltas), "");
  EXPECT_NE(journal.batches, journal_of(in_parts).batches)
      << "commits ended in the same places, which proves little";
  EXPECT_EQ(bookkeeping_of(once), bookkeeping_of(again));
  EXPECT_EQ(bookkeeping_of(once), bookkeeping_of(in_parts));
}

TEST(SameJournal, ComesOfTheSameVendorLines) {
  const TempFolder folder;
  const BetfairDay one = make_betfair_day({.seed = 31});
  const BetfairDay other = make_betfair_day({.seed = 32, .first_event = 40'000'000, .first_market = 500});
  const std::int64_t middle = one.moments[one.moments.size() / 2].at_ms;
  expect_same_journal({write_lines(folder / "a", one.lines), write_lines(folder / "b", other.lines)},
                      {one.moments.front().at_ms, middle, middle + 40'000});
}

TEST(SameJournal, ComesOfTheSameNativeLines) {
  const TempFolder folder;
  constexpr std::int64_t kick_off_ms = 1'786'802'400'000;
  expect_same_journal({simulate_day(folder, 3, 5)},
                      {kick_off_ms, kick_off_ms + 600'000, kick_off_ms + 3'000'000});
}

TEST(SameJournal, ComesOfTheSameRecordings) {
  const RecordingFile odds = recording_named("cricket-odds");
  const RecordingFile scores = recording_named("cricket-scores");
  if (odds.path.empty() || scores.path.empty()) GTEST_SKIP() << why_no_recordings();
  expect_same_journal({odds.path, scores.path}, {1'657'541'000'000, 1'657'545'000'000});
}

TEST(SameJournal, ComesWhateverThePaceAndTheReaders) {
  const TempFolder folder;
  const std::string day = write_lines(folder / "day", make_betfair_day({.seed = 33, .messages = 400}).lines);
  replay({day}, folder / "max.db");
  // About 400 s of the day in half a second, in hundreds of commits.
  Program paced({"replay", day, "--store", folder / "paced.db", "--speed", "800", "--listen",
                 "tcp://127.0.0.1:0", "--wait-readers", "1", "--durability", "relaxed"});
  Program reader({"tail", url_in(paced.wait_for_line("listening on")), "--format", "none"});
  EXPECT_EQ(paced.wait().exit_code, 0);
  EXPECT_EQ(reader.wait().exit_code, 0);
  const JournalContents journal = journal_of(folder / "paced.db");
  EXPECT_GT(journal.batches.size(), is_instrumented ? 2U : 20U);
  EXPECT_EQ(journal_difference(journal_of(folder / "max.db").deltas, journal.deltas), "");
}

TEST(SameJournal, ComesOutOfAPipe) {
  const TempFolder folder;
  const Lines lines = make_betfair_day({.seed = 38}).lines;
  const std::string day = write_lines(folder / "day", lines);
  replay({day}, folder / "file.db");
  const Finished input = run_with_input({"replay", "-", "--store", folder / "input.db"}, day);
  EXPECT_EQ(input.exit_code, 0) << input.err;
  EXPECT_EQ(digests_of(folder / "input.db"), digests_of(folder / "file.db"));

  const std::string pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  Program named({"replay", pipe, "--store", folder / "pipe.db"});
  write_bytes(pipe, text_of(lines));  // waits until it is opened to be read
  EXPECT_EQ(named.wait().exit_code, 0) << named.wait().err;
  EXPECT_EQ(digests_of(folder / "pipe.db"), digests_of(folder / "file.db"));
}

// Days of one name that begin with the same heartbeat.
TEST(SameName, OfAnotherDayIsNoReasonToTakeItUpInItsMiddle) {
  const TempFolder folder;
  const std::string store = folder / "days.db";
  const std::string day = folder / "day.ndjson";
  output_of({"simulate", "--events", "1", "--seed", "1", "-o", day});
  replay({day}, store);
  output_of({"simulate", "--events", "1", "--seed", "2", "-o", day});
  const Summary second(replay({day}, store));
  EXPECT_EQ(second["messages"], lines_of(day).size());
}

TEST(SameName, IsTakenUpThoughItGrewByMuch) {
  const TempFolder folder;
  const Lines lines = make_betfair_day({.seed = 37, .messages = 2'000}).lines;
  const std::string path = folder / "growing";
  const std::string store = folder / "growing.db";
  // From a few lines to more than is read at once.
  std::uint64_t messages = 0;
  for (const std::size_t count :
       {std::size_t{1}, std::size_t{2}, std::size_t{5}, lines.size() / 2, lines.size()}) {
    write_lines(path, Lines(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(count)));
    messages += Summary(replay({path}, store))["messages"];
  }
  EXPECT_LE(messages, lines.size() + 2) << "lines were taken twice";
  replay({write_lines(folder / "whole", lines)}, folder / "whole.db");
  EXPECT_EQ(digests_of(store), digests_of(folder / "whole.db"));
}

// A store is a recording like any other: played again, its events go through the same states.
void expect_played_again_the_same(const std::vector<std::string>& recordings) {
  const TempFolder folder;
  const std::string once = folder / "once.db";
  const std::string again = folder / "again.db";
  replay(recordings, once);
  replay({once}, again);
  EXPECT_EQ(states_difference(states_and_seqs_of(again), states_and_seqs_of(once)), "");
  EXPECT_EQ(journal_of(again).head, journal_of(once).head);
  const Summary more(replay({once}, again));
  EXPECT_EQ(more["messages"], 0U);
  expect_sound(again);
}

TEST(StorePlayedAgain, HasTheSameStatesOfVendorLines) {
  const TempFolder folder;
  expect_played_again_the_same({write_lines(folder / "day", make_betfair_day({.seed = 34}).lines)});
}

TEST(StorePlayedAgain, IsToldFromAnotherOfItsName) {
  const TempFolder folder;
  const std::string first = folder / "first/day.db";
  const std::string second = folder / "second/day.db";
  for (const std::string& store : {first, second}) {
    std::filesystem::create_directory(std::filesystem::path(store).parent_path());
    const bool is_first = store == first;
    const BetfairOptions options{.seed = is_first ? 35U : 36U,
                                 .first_event = is_first ? 1'000 : 2'000,
                                 .first_market = is_first ? 1'000 : 2'000};
    replay({write_lines(folder / "day", make_betfair_day(options).lines)}, store);
  }
  const std::string both = folder / "both.db";
  replay({first}, both);
  replay({second}, both);
  States expected = states_and_seqs_of(first);
  expected.merge(states_and_seqs_of(second));
  EXPECT_EQ(states_difference(states_and_seqs_of(both), expected), "");
}

TEST(StorePlayedAgain, HasTheSameStatesOfNativeLines) {
  const TempFolder folder;
  expect_played_again_the_same({simulate_day(folder, 2, 6)});
}

TEST(StorePlayedAgain, HasTheSameStatesOfRecordings) {
  const RecordingFile odds = recording_named("cricket-odds");
  const RecordingFile scores = recording_named("cricket-scores");
  if (odds.path.empty() || scores.path.empty()) GTEST_SKIP() << why_no_recordings();
  expect_played_again_the_same({odds.path, scores.path});
}

}  // namespace
}  // namespace touchline::integration
