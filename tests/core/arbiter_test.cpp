#include "core/arbiter.h"

#include "core/event_table.h"
#include "tests/core/random_fixture.h"
#include "tests/core/update_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace touchline {
namespace {

using test::updated;
using Verdict = Arbiter::Verdict;

// A price of a market's only runner, at a source time.
Update price(std::int64_t time_ms, std::int64_t value, const char* market = "m") {
  return updated().at_ms(time_ms).market(market).outcome("o").set(Field::price, value);
}

struct Lines {
  explicit Lines(std::size_t count = 2, std::size_t remembered_max = limits::arbiter_updates)
      : arbiter(remembered_max) {
    for (std::size_t i = 0; i < count; ++i)
      lines.push_back(arbiter.add_line());
  }

  Verdict take(std::size_t line, Update update) {
    const Verdict verdict = arbiter.judge(lines[line], update);
    last = std::move(update);
    if (verdict == Verdict::news || verdict == Verdict::late) {
      EXPECT_TRUE(table.apply(last, SourceId(1)));
    }
    return verdict;
  }
  std::vector<Verdict> take(std::size_t line, const std::vector<Update>& updates) {
    std::vector<Verdict> verdicts;
    for (const Update& update : updates)
      verdicts.push_back(take(line, update));
    return verdicts;
  }
  void reconnect(std::size_t line) { arbiter.restart_line(lines[line]); }

  // The price of a market's runner as it was applied.
  std::int64_t now(const std::string& market = "m") {
    const LiveEvent* event = table.find("market:" + market);
    return event == nullptr ? 0 : event->state.integer(Address(1, 1, Field::price)).value_or(0);
  }

  Arbiter arbiter;
  std::vector<LineId> lines;
  EventTable table;
  Update last;  // as it was left to be applied
};

std::vector<Verdict> all(std::size_t count, Verdict verdict) { return std::vector<Verdict>(count, verdict); }

// --- One line.

TEST(OneLine, BringsNewsHoweverOftenAPriceFlipsBack) {
  Lines lines(1);
  std::vector<Update> updates;
  for (int i = 0; i < 20; ++i)
    updates.push_back(price(100 + i / 6, 150 + i % 2));
  EXPECT_EQ(lines.take(0, updates), all(20, Verdict::news));
}

TEST(OneLine, ThatSaysTheSameTwiceRunningSaysItOnce) {
  Lines lines(1);
  EXPECT_EQ(lines.take(0, price(1, 150)), Verdict::news);
  EXPECT_EQ(lines.take(0, price(1, 150)), Verdict::copy);
  EXPECT_EQ(lines.take(0, price(1, 151)), Verdict::news);
  EXPECT_EQ(lines.take(0, price(1, 150)), Verdict::news);
  EXPECT_EQ(lines.take(0, price(2, 150)), Verdict::news);
}

TEST(OneLine, WhoseTimeJittersIsTakenAsItComes) {
  Lines lines(1);
  EXPECT_EQ(lines.take(0, {price(10, 1), price(8, 2), price(12, 3), price(9, 4), price(12, 5)}),
            all(5, Verdict::news));
  EXPECT_EQ(lines.now(), 5);
}

TEST(OneLine, ThatRepeatsFromFurtherBackBringsCopiesUntilItIsPast) {
  const std::vector<Update> updates{price(1, 150), price(1, 151), price(1, 150), price(3, 152),
                                    price(4, 150)};
  for (std::size_t back = 0; back < updates.size(); ++back) {
    for (const bool announced : {true, false}) {
      // A repeat of the same time that nobody announces cannot be told from a price that flips.
      if (!announced && updates[back].source_time_ms == 4) continue;
      Lines lines(1);
      lines.take(0, updates);
      if (announced) lines.reconnect(0);
      const std::vector<Update> again(updates.begin() + static_cast<std::ptrdiff_t>(back), updates.end());
      EXPECT_EQ(lines.take(0, again), all(again.size(), Verdict::copy)) << back << announced;
      EXPECT_EQ(lines.take(0, price(4, 151)), Verdict::news);
    }
  }
}

// --- Two lines.

TEST(TwoLines, BringEachUpdateOnceInWhateverTurns) {
  std::vector<Update> updates;
  for (int i = 0; i < 30; ++i)
    updates.push_back(price(100 + i / 5, 150 + i % 3));
  test::Random random(1);
  for (int run = 0; run < 200; ++run) {
    Lines lines;
    std::vector<std::size_t> next(2, 0);
    std::size_t brought = 0;
    while (next[0] < updates.size() || next[1] < updates.size()) {
      const std::size_t line = random.below(2);
      if (next[line] == updates.size()) continue;
      const std::size_t index = next[line]++;
      const Verdict verdict = lines.take(line, updates[index]);
      ASSERT_EQ(verdict, index == brought ? Verdict::news : Verdict::copy) << "run " << run;
      brought = std::max(brought, index + 1);
      ASSERT_EQ(lines.now(), 150 + static_cast<std::int64_t>(brought - 1) % 3);
    }
  }
}

TEST(TwoLines, ALateCopyNeverRollsAPriceBack) {
  Lines lines;
  lines.take(0, {price(1, 150), price(2, 151), price(3, 152)});
  EXPECT_EQ(lines.take(1, {price(1, 150), price(2, 151), price(3, 152)}), all(3, Verdict::copy));
  EXPECT_EQ(lines.now(), 152);
}

TEST(TwoLines, WhatOneMissedIsLateAndOverruledByWhatIsNewer) {
  Lines lines;
  lines.take(0, {price(1, 150), price(3, 152)});
  EXPECT_EQ(lines.take(1, price(1, 150)), Verdict::copy);
  EXPECT_EQ(lines.take(1, price(2, 151)), Verdict::late);
  EXPECT_EQ(lines.now(), 152);
  EXPECT_EQ(lines.take(1, price(3, 152)), Verdict::copy);
  EXPECT_EQ(lines.take(0, price(4, 153)), Verdict::news);
}

TEST(TwoLines, WhatOneMissedIsAppliedWhereNothingNewerHasSpoken) {
  Lines lines;
  lines.take(0, {price(1, 150), price(3, 152)});
  EXPECT_EQ(lines.take(1, price(2, 310, "n")), Verdict::late);
  EXPECT_EQ(lines.now("n"), 310);
  EXPECT_EQ(lines.last.ops.size(), 3U) << "nothing of another market is said again";
}

TEST(TwoLines, AnImageThatComesLateTakesAwayOnlyWhatIsOlder) {
  Lines lines;
  lines.take(0, updated().at_ms(1).market("m").outcome("o").back(150, 1).back(151, 1));
  lines.take(0, updated().at_ms(3).market("m").outcome("o").back(152, 3));
  lines.take(1, updated().at_ms(2).market("m").image().outcome("o").back(151, 2));
  const auto cells = test::named_cells(lines.table.find("market:m")->state);
  EXPECT_FALSE(cells.contains("m/o/back/150"));
  EXPECT_EQ(cells.at("m/o/back/151"), "2");
  EXPECT_EQ(cells.at("m/o/back/152"), "3");
}

TEST(TwoLines, OneThatGoesOnWithoutAHoleBringsWhatIsOlderThanItsTimesRest) {
  Lines lines;
  // The first came back in the middle of time 2.
  lines.take(0, {price(1, 150), price(2, 153)});
  EXPECT_EQ(lines.take(1, price(1, 150)), Verdict::copy);
  EXPECT_EQ(lines.take(1, price(2, 151)), Verdict::late);
  EXPECT_EQ(lines.take(1, price(2, 152)), Verdict::late);
  EXPECT_EQ(lines.now(), 153);
  EXPECT_EQ(lines.take(1, price(2, 153)), Verdict::copy);
  EXPECT_EQ(lines.take(1, price(2, 154)), Verdict::news);
  EXPECT_EQ(lines.take(0, price(2, 154)), Verdict::copy);
}

TEST(TwoLines, OneThatComesBackInTheMiddleOfATimeBringsWhatIsNewer) {
  Lines lines;
  lines.take(1, price(1, 150));
  lines.take(0, {price(1, 150), price(2, 151), price(3, 152), price(3, 153)});
  EXPECT_EQ(lines.take(1, price(3, 154)), Verdict::news);
  EXPECT_EQ(lines.now(), 154);
  EXPECT_EQ(lines.take(0, price(3, 154)), Verdict::copy);
}

TEST(TwoLines, OneDeadLineIsMissedByNobody) {
  Lines lines;
  EXPECT_EQ(lines.take(0, {price(1, 150), price(2, 151)}), all(2, Verdict::news));
  EXPECT_EQ(lines.take(1, {price(3, 152), price(4, 153)}), all(2, Verdict::news));
  EXPECT_EQ(lines.take(0, {price(5, 154), price(6, 155)}), all(2, Verdict::news));
  EXPECT_EQ(lines.take(1, {price(5, 154), price(6, 155), price(7, 156)}),
            (std::vector{Verdict::copy, Verdict::copy, Verdict::news}));
}

TEST(TwoLines, OneThatIsConnectedAnewFindsItsPlaceAgain) {
  Lines lines;
  lines.take(0, {price(1, 150), price(1, 151), price(2, 150), price(3, 151)});
  lines.take(1, {price(1, 150), price(1, 151), price(2, 150)});
  lines.reconnect(1);
  EXPECT_EQ(lines.take(1, {price(1, 150), price(1, 151), price(2, 150), price(3, 151), price(3, 150)}),
            (std::vector{Verdict::copy, Verdict::copy, Verdict::copy, Verdict::copy, Verdict::news}));
}

TEST(ThreeLines, AgreeOnWhatCameLate) {
  Lines lines(3);
  lines.take(0, {price(1, 150), price(4, 154)});
  EXPECT_EQ(lines.take(1, price(3, 153)), Verdict::late);
  // Older than both, and brought by the third alone.
  EXPECT_EQ(lines.take(2, {price(1, 150), price(2, 152)}), (std::vector{Verdict::copy, Verdict::late}));
  EXPECT_EQ(lines.now(), 154);
  EXPECT_EQ(lines.take(2, {price(3, 153), price(4, 154)}), all(2, Verdict::copy));
}

TEST(ThreeLines, ALateUpdateOverrulesWhatIsOlderThanIt) {
  Lines lines(3);
  lines.take(0, {price(1, 150), price(4, 310, "n")});
  EXPECT_EQ(lines.take(1, price(3, 153)), Verdict::late);
  EXPECT_EQ(lines.take(2, price(2, 152)), Verdict::late);
  EXPECT_EQ(lines.now(), 153);
}

// --- The bounds of the memory.

TEST(ForgottenUpdates, AreOldToALineThatIsFurtherBack) {
  Lines lines(2, 4);
  for (std::int64_t time = 1; time <= 8; ++time)
    lines.take(0, price(time, 150 + time));
  EXPECT_EQ(lines.take(1, {price(3, 153), price(4, 154)}), all(2, Verdict::old));
  EXPECT_EQ(lines.take(1, {price(5, 155), price(6, 156)}), all(2, Verdict::copy));
  EXPECT_EQ(lines.take(1, {price(7, 157), price(8, 158), price(9, 159)}),
            (std::vector{Verdict::copy, Verdict::copy, Verdict::news}));
}

TEST(ForgottenUpdates, OfATimeThatIsHalfForgottenAreOld) {
  Lines lines(2, 4);
  for (std::int64_t i = 0; i < 6; ++i)
    lines.take(0, price(1, 150 + i));
  EXPECT_EQ(lines.take(1, {price(1, 150), price(1, 151)}), all(2, Verdict::old));
  EXPECT_EQ(lines.take(1, {price(1, 152), price(1, 153), price(1, 154), price(1, 155)}),
            all(4, Verdict::copy));
  EXPECT_EQ(lines.take(0, price(2, 156)), Verdict::news);
}

TEST(ForgottenUpdates, AreBoundedInBytes) {
  Lines lines;
  const std::string text(limits::text_bytes, 'x');
  const auto count = static_cast<std::int64_t>(limits::arbiter_bytes / limits::text_bytes) + 4;
  for (std::int64_t time = 1; time <= count; ++time) {
    Update update = updated().at_ms(time).market("m").set(Field::name, std::string_view(text));
    lines.arbiter.judge(lines.lines[0], update);
  }
  Update first = updated().at_ms(1).market("m").set(Field::name, std::string_view(text));
  EXPECT_EQ(lines.arbiter.judge(lines.lines[1], first), Verdict::old);
  Update last = updated().at_ms(count).market("m").set(Field::name, std::string_view(text));
  EXPECT_EQ(lines.arbiter.judge(lines.lines[1], last), Verdict::copy);
}

TEST(ForgottenUpdates, OfOneLineAreOldToASecondThatComesLater) {
  Lines lines(1);
  lines.take(0, {price(1, 150), price(2, 151), price(3, 152)});
  lines.lines.push_back(lines.arbiter.add_line());
  EXPECT_EQ(lines.take(1, {price(1, 150), price(2, 151)}), all(2, Verdict::old));
  EXPECT_EQ(lines.take(0, price(4, 153)), Verdict::news);
  EXPECT_EQ(lines.take(1, price(4, 153)), Verdict::copy);
}

// --- Updates without a time.

TEST(UntimedUpdates, AreToldApartByTheirPlaceInOrder) {
  Lines lines;
  const std::vector<Update> updates{price(0, 150), price(0, 151), price(0, 150), price(0, 151)};
  EXPECT_EQ(lines.take(0, updates), all(4, Verdict::news));
  EXPECT_EQ(lines.take(1, updates), all(4, Verdict::copy));
  EXPECT_EQ(lines.take(1, price(0, 150)), Verdict::news);
  EXPECT_EQ(lines.take(0, price(0, 150)), Verdict::copy);
}

TEST(UntimedUpdates, OfALineThatIsConnectedAnewBesideAnotherAreFoundAgain) {
  Lines lines;
  const std::vector<Update> updates{price(0, 150), price(0, 151), price(0, 152)};
  lines.take(0, updates);
  lines.reconnect(0);
  EXPECT_EQ(lines.take(0, {price(0, 151), price(0, 152), price(0, 153)}),
            (std::vector{Verdict::copy, Verdict::copy, Verdict::news}));
}

// 150, 160, and then, on a new connection, 150 again: the price is 150 now, whatever was said before.
TEST(UntimedUpdates, OfTheOnlyLineAreNewsAfterItWasConnectedAnew) {
  Lines lines(1);
  EXPECT_EQ(lines.take(0, price(0, 150)), Verdict::news);
  EXPECT_EQ(lines.take(0, price(0, 160)), Verdict::news);
  lines.arbiter.end_line(lines.lines[0]);
  lines.arbiter.restart_line(lines.lines[0]);
  EXPECT_EQ(lines.take(0, price(0, 150)), Verdict::news);
}

TEST(UntimedUpdates, ThatOthersNeverBroughtPutTheirLineAhead) {
  Lines lines;
  lines.take(0, {price(0, 150), price(0, 151)});
  EXPECT_EQ(lines.take(1, {price(0, 150), price(0, 152), price(0, 153)}),
            (std::vector{Verdict::copy, Verdict::news, Verdict::news}));
  EXPECT_EQ(lines.take(0, {price(0, 152), price(0, 153)}), all(2, Verdict::copy));
}

TEST(UntimedUpdates, AreForgottenOldestFirst) {
  Lines lines(2, 3);
  for (std::int64_t i = 0; i < 6; ++i)
    lines.take(0, price(0, 150 + i));
  EXPECT_EQ(lines.take(1, {price(0, 153), price(0, 154), price(0, 155), price(0, 156)}),
            (std::vector{Verdict::copy, Verdict::copy, Verdict::copy, Verdict::news}));
}

}  // namespace
}  // namespace touchline
