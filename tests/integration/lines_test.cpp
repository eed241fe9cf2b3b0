// The same lines twice, doubled, as lines A and B of one source, and cut off: nothing lost, doubled or reverted.
//
// On made-up days always, on recordings where there are any.

#include "tests/integration/betfair_fixture.h"
#include "tests/integration/files.h"
#include "tests/integration/program.h"
#include "tests/integration/stores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <random>
#include <string>
#include <vector>

namespace touchline::integration {
namespace {

using testing::HasSubstr;

constexpr std::string_view made_up = "made-up-";

Lines lines_of_input(std::string_view name) {
  if (!name.starts_with(made_up)) return lines_of(recording_named(name).path);
  std::uint64_t seed = 0;
  std::from_chars(name.data() + made_up.size(), name.data() + name.size(), seed);
  return make_betfair_day({.seed = seed}).lines;
}

const std::vector<std::string> made_up_inputs{"made-up-1", "made-up-2", "made-up-3", "made-up-4"};

std::vector<std::string> inputs() {
  std::vector<std::string> names = made_up_inputs;
  for (std::string& name : recording_names([](const RecordingFile&) { return true; }))
    names.push_back(std::move(name));
  return names;
}

class TakenLines : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == no_recording) GTEST_SKIP() << why_no_recordings();
    lines_ = lines_of_input(GetParam());
    path_ = write_lines(folder_ / "lines", lines_);
    summary_ = replay({path_}, store_);
    digests_ = digests_of(store_);
    ASSERT_FALSE(digests_.empty());
  }

  // How many of so many copies of the lines are told to be copies, where each update is taken once.
  std::uint64_t copies_among(std::uint64_t copies) const {
    const Summary once(summary_);
    const std::uint64_t changes = once["messages"] - once["heartbeats"] - once["controls"];
    return (copies - 1) * changes + once["duplicates"];
  }

  TempFolder folder_;
  Lines lines_;
  std::string path_;
  std::string store_ = folder_ / "once.db";
  std::string summary_;
  Digests digests_;  // of a plain replay
};

// What is of the line reader and the arbiter rather than of what the lines say.
class MadeUpLines : public TakenLines {};

TEST_P(TakenLines, TwiceAreTheSameTwiceAndIntoOneStoreOnce) {
  replay({path_}, folder_ / "again.db");
  EXPECT_EQ(digests_of(folder_ / "again.db"), digests_);
  const Summary again(replay({path_}, store_));
  EXPECT_EQ(again["messages"], 0U);
  EXPECT_EQ(digests_of(store_), digests_);
}

TEST_P(TakenLines, EachTwiceAreEachOnce) {
  Lines doubled;
  for (const std::string& line : lines_)
    doubled.insert(doubled.end(), 2, line);
  const Summary summary(replay({write_lines(folder_ / "doubled", doubled)}, folder_ / "doubled.db"));
  EXPECT_EQ(digests_of(folder_ / "doubled.db"), digests_);
  EXPECT_EQ(summary["duplicates"], copies_among(2));
  EXPECT_EQ(summary["deltas"], Summary(summary_)["deltas"]);
}

TEST_P(TakenLines, OfTwoThatLagEachUpdateCountsOnce) {
  const std::string other = write_lines(folder_ / "lines-b", lines_);
  for (const char* lag_ms : {"0", "5000"}) {
    const std::string store = folder_ / ("lag-" + std::string(lag_ms) + ".db");
    const Summary summary(replay({path_, other}, store, {"--as-lines", "--line-lag", lag_ms, "--seed", "7"}));
    EXPECT_EQ(digests_of(store), digests_) << "lag " << lag_ms;
    EXPECT_EQ(summary["duplicates"], copies_among(2)) << "lag " << lag_ms;
  }
}

TEST_P(MadeUpLines, OfThreeEachUpdateCountsOnce) {
  const std::string store = folder_ / "three.db";
  const std::vector<std::string> paths{path_, write_lines(folder_ / "b", lines_),
                                       write_lines(folder_ / "c", lines_)};
  const Summary summary(replay(paths, store, {"--as-lines", "--line-lag", "2000", "--seed", "3"}));
  EXPECT_EQ(digests_of(store), digests_);
  EXPECT_EQ(summary["duplicates"], copies_among(3));
}

// Two copies of the lines. At any time one of them may be down, never both; one may start again further back.
std::pair<Lines, Lines> with_outages(const Lines& lines, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::size_t end) { return static_cast<std::size_t>(random() % end); };
  std::pair<Lines, Lines> copies;
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end =
        std::min(lines.size(), at + 1 + below(std::max<std::size_t>(2, lines.size() / 15)));
    const std::size_t down = below(3);
    const auto add = [&](Lines& copy, std::size_t from) {
      copy.insert(copy.end(), lines.begin() + static_cast<std::ptrdiff_t>(from),
                  lines.begin() + static_cast<std::ptrdiff_t>(end));
    };
    if (down != 0) add(copies.first, at);
    if (down != 1) add(copies.second, at);
    if (below(10) < 3) add(below(2) == 0 ? copies.first : copies.second, end - std::min(end, 1 + below(300)));
    at = end;
  }
  return copies;
}

TEST_P(TakenLines, ThatFailAndStartAgainLoseAndRevertNothing) {
  const States states = states_of(store_);
  const std::uint64_t trials = GetParam().starts_with(made_up) ? 8 : 3;
  for (std::uint64_t seed = 1; seed <= trials; ++seed) {
    const auto [a, b] = with_outages(lines_, seed);
    const std::string store = folder_ / ("outages-" + std::to_string(seed) + ".db");
    const std::vector<std::string> copies{write_lines(folder_ / ("a-" + std::to_string(seed)), a),
                                          write_lines(folder_ / ("b-" + std::to_string(seed)), b)};
    const char* lag_ms = seed % 3 == 0 ? "0" : seed % 3 == 1 ? "200" : "5000";
    const Summary summary(
        replay(copies, store, {"--as-lines", "--line-lag", lag_ms, "--seed", std::to_string(seed)}));
    EXPECT_EQ(states_difference(states_of(store), states), "") << "seed " << seed;
    // Where no line overtook the other, every step was the same, too.
    if (summary["late"] == 0 && summary["outdated"] == 0) {
      EXPECT_EQ(digests_of(store), digests_) << "seed " << seed;
    }
    if (seed == trials) expect_sound(store);
  }
}

TEST_P(TakenLines, CutOffAreTakenUpWhenTheRestIsThere) {
  std::mt19937_64 random(lines_.size());
  const std::string text = text_of(lines_);
  std::vector<std::size_t> cuts;
  for (int i = 0; i < 2; ++i)
    cuts.push_back(random() % text.size());
  std::ranges::sort(cuts);
  const std::string path = folder_ / "growing";
  const std::string store = folder_ / "growing.db";
  for (const std::size_t cut : cuts) {
    write_bytes(path, std::string_view(text).substr(0, cut));
    const Finished cut_off = run({"replay", path, "--store", store, "--json"});
    EXPECT_EQ(cut_off.exit_code, 0) << cut_off.err;
    const auto begin = text.rfind('\n', cut - 1) + 1;  // of the line that is cut
    const bool within = begin != cut && text[cut] != '\n';
    EXPECT_EQ(Summary(cut_off.out)["unfinished_lines"], within ? 1U : 0U);
    if (!within) continue;
    const auto number = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(begin), '\n');
    EXPECT_THAT(cut_off.err, HasSubstr(path + ":" + std::to_string(number) + ": byte " +
                                       std::to_string(begin) + ": the last line is unfinished"));
  }
  write_bytes(path, text);
  replay({path}, store);
  EXPECT_EQ(digests_of(store), digests_);
}

TEST_P(MadeUpLines, WithoutALastLineFeedOrWithCarriageReturnsAreTheSame) {
  std::string text;
  for (const std::string& line : lines_)
    text += line + "\r\n";
  text.resize(text.size() - 2);
  write_bytes(folder_ / "crlf", text);
  replay({folder_ / "crlf"}, folder_ / "crlf.db");
  EXPECT_EQ(digests_of(folder_ / "crlf.db"), digests_);
}

INSTANTIATE_TEST_SUITE_P(Of, TakenLines, testing::ValuesIn(inputs()),
                         [](const auto& test) { return test_name(test.param); });
INSTANTIATE_TEST_SUITE_P(Of, MadeUpLines, testing::ValuesIn(made_up_inputs),
                         [](const auto& test) { return test_name(test.param); });

}  // namespace
}  // namespace touchline::integration
