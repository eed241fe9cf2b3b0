// Recordings merged by time do not get into each other's way.

#include "tests/integration/betfair_fixture.h"
#include "tests/integration/files.h"
#include "tests/integration/program.h"
#include "tests/integration/stores.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

namespace touchline::integration {
namespace {

// The lines with other ids: every market and event id, wherever it stands, has a digit more.
Lines renamed(const Lines& lines) {
  Lines out;
  for (const std::string& line : lines) {
    std::string& to = out.emplace_back();
    for (std::size_t at = 0; at < line.size(); ++at) {
      to += line[at];
      const std::string_view rest = std::string_view(line).substr(at + 1);
      // "1.123" -> "1.9123", "eventId":"123" -> "eventId":"9123", whatever the spacing.
      const bool market = std::string_view(to).ends_with("\"1.");
      const bool event = line[at] == '"' && !rest.empty() &&
                         std::isdigit(static_cast<unsigned char>(rest[0])) != 0 &&
                         (std::string_view(to).ends_with("\"eventId\":\"") ||
                          std::string_view(to).ends_with("\"eventId\": \""));
      if (market || event) to += '9';
    }
  }
  return out;
}

States both(States a, States b) {
  a.merge(b);
  EXPECT_TRUE(b.empty()) << "the two share an event: " << b.begin()->first;
  return a;
}

// (the one, the other), as lines.
void expect_merged_as_alone(const Lines& one, const Lines& other) {
  const TempFolder folder;
  const std::string a = write_lines(folder / "a", one);
  const std::string b = write_lines(folder / "b", other);
  replay({a}, folder / "a.db");
  replay({b}, folder / "b.db");
  replay({a, b}, folder / "merged.db");
  EXPECT_EQ(states_difference(states_and_seqs_of(folder / "merged.db"),
                              both(states_and_seqs_of(folder / "a.db"), states_and_seqs_of(folder / "b.db"))),
            "");
  expect_sound(folder / "merged.db");

  // Once more, with the other as the first, and one after the other rather than by time.
  replay({b}, folder / "in-turn.db");
  replay({a}, folder / "in-turn.db");
  EXPECT_EQ(
      states_difference(states_and_seqs_of(folder / "in-turn.db"), states_and_seqs_of(folder / "merged.db")),
      "");
}

TEST(Merged, TwoMadeUpDaysAreWhatEachIsAlone) {
  expect_merged_as_alone(
      make_betfair_day({.seed = 11}).lines,
      make_betfair_day({.seed = 12, .first_event = 40'000'000, .first_market = 500}).lines);
}

TEST(Merged, ADayAndItselfUnderOtherNamesAreWhatEachIsAlone) {
  const Lines day = make_betfair_day({.seed = 13}).lines;
  const Lines again = renamed(day);
  ASSERT_NE(day, again);
  expect_merged_as_alone(day, again);
}

class MergedRecordings : public testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(MergedRecordings, AreWhatEachIsAlone) {
  const RecordingFile one = recording_named(GetParam().first);
  const RecordingFile other = recording_named(GetParam().second);
  if (one.path.empty() || other.path.empty()) GTEST_SKIP() << why_no_recordings();
  expect_merged_as_alone(lines_of(one.path), renamed(lines_of(other.path)));
}

INSTANTIATE_TEST_SUITE_P(Of, MergedRecordings,
                         testing::Values(std::pair("tennis-4-markets", "tennis-4-markets"),
                                         std::pair("horse-live-depth", "horse-best-depth"),
                                         std::pair("football-btts", "football-live-200-markets"),
                                         std::pair("horse-4-days-images", "football-77-markets.basic")),
                         [](const auto& test) {
                           return test_name(test.param.first + " and " + test.param.second);
                         });

TEST(Merged, InOneFileTwoDaysAreWhatEachIsAlone) {
  const BetfairOptions second{.seed = 22, .first_event = 40'000'000, .first_market = 500};
  const Lines one = make_betfair_day({.seed = 21}).lines;
  const Lines other = make_betfair_day(second).lines;
  const auto time_of = [](const std::string& line) {
    const auto at = line.find("\"pt\":");
    return at == std::string::npos ? 0LL : std::stoll(line.substr(at + 5));
  };
  Lines merged;
  std::int64_t last = 0;
  for (std::size_t a = 0, b = 0; a < one.size() || b < other.size();) {
    const bool first = b == other.size() || (a < one.size() && time_of(one[a]) <= time_of(other[b]));
    merged.push_back(first ? one[a++] : other[b++]);
    const auto time = time_of(merged.back());
    EXPECT_TRUE(time == 0 || time >= last);
    last = std::max<std::int64_t>(last, time);
  }
  const TempFolder folder;
  replay({write_lines(folder / "a", one)}, folder / "a.db");
  replay({write_lines(folder / "b", other)}, folder / "b.db");
  replay({write_lines(folder / "merged", merged)}, folder / "merged.db");
  Digests digests = digests_of(folder / "a.db");
  digests.merge(digests_of(folder / "b.db"));
  EXPECT_EQ(digests_of(folder / "merged.db"), digests);
}

}  // namespace
}  // namespace touchline::integration
