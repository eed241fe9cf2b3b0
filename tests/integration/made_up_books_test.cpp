// The rules of the vendor's format without a recording: made-up days against a model of their own.

#include "tests/integration/betfair_fixture.h"
#include "tests/integration/books.h"
#include "tests/integration/files.h"
#include "tests/integration/program.h"
#include "tests/integration/stores.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>

namespace touchline::integration {
namespace {

class MadeUpBooks : public testing::TestWithParam<std::uint64_t> {};

TEST_P(MadeUpBooks, AreAtEveryTimeThoseOfTheModel) {
  const BetfairDay day = make_betfair_day({.seed = GetParam()});
  const TempFolder folder;
  const std::string store = folder / "day.db";
  replay({write_lines(folder / "day", day.lines)}, store);
  ASSERT_GT(day.moments.size(), 5U);
  for (const BetfairDay::Moment& moment : day.moments) {
    const Books ours = books_of_store(store, {"--at-source", std::to_string(moment.at_ms)});
    ASSERT_GT(moment.books.size(), 50U);
    ASSERT_EQ(books_difference(ours, moment.books), "") << "at " << moment.at_ms;
  }
  EXPECT_EQ(books_difference(books_of_store(store), day.moments.back().books), "");
  expect_sound(store);
}

INSTANTIATE_TEST_SUITE_P(Seed, MadeUpBooks, testing::Range<std::uint64_t>(1, 9));

// What the days above are worth is what is in them.
TEST(MadeUpDay, HasEverythingInIt) {
  const BetfairDay day = make_betfair_day({.seed = 1});
  const std::string text = text_of(day.lines);
  for (const char* part : {"\"img\":true", "\"trd\":[]", "\"bdatb\":[]", "\"batl\":[]", ",0,0]", "\"NaN\"",
                           "\"Infinity\"", "\"hc\":-0.5", "\"hc\":0.5", "\"REMOVED\"", "\"SUSPENDED\"",
                           "\"HEARTBEAT\"", "\"SUB_IMAGE\"", "\"op\":\"connection\"", "\"con\":true", ": "}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
  const auto twice = [&](const std::string& what) {
    return std::ranges::any_of(day.lines, [&](const std::string& line) {
      const auto first = line.find(what);
      return first != std::string::npos && line.find(what, first + 1) != std::string::npos;
    });
  };
  EXPECT_TRUE(twice("\"id\":\"1.101\"")) << "no market stands twice in a message";
  const TempFolder folder;
  const Summary summary(replay({write_lines(folder / "day", day.lines)}, folder / "day.db"));
  EXPECT_EQ(summary["unplaced_markets"], 1U);
  EXPECT_GT(summary["moved_markets"], 1U);
  EXPECT_GT(summary["no_ops"], 1U);
  EXPECT_EQ(summary["messages"], day.lines.size());
  EXPECT_EQ(summary["messages"], day.changes + summary["heartbeats"] + summary["controls"]);
}

TEST(MadeUpDay, IsTheSameForTheSameSeed) {
  EXPECT_EQ(make_betfair_day({.seed = 7}).lines, make_betfair_day({.seed = 7}).lines);
  EXPECT_NE(make_betfair_day({.seed = 7}).lines, make_betfair_day({.seed = 8}).lines);
}

}  // namespace
}  // namespace touchline::integration
