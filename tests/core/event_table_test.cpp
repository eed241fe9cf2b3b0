#include "core/event_table.h"

#include "core/limits.h"
#include "tests/core/update_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace touchline {
namespace {

using test::NamedCells;
using test::updated;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr SourceId ours(1);
constexpr SourceId theirs(2);

// A table that is asked in names.
struct Table {
  EventTable table;

  // How many events changed.
  std::size_t take(const Update& update, SourceId source = ours) {
    const auto changed = table.apply(update, source);
    EXPECT_TRUE(changed) << changed.error().text;
    for (const auto& event : *changed) {
      EXPECT_TRUE(test::is_normal(event.delta));
      EXPECT_FALSE(event.delta.empty());
      EXPECT_EQ(event.delta.kind, class_of(event.delta));
      EXPECT_EQ(event.event->state.digest(), event.event->state.digest_from_scratch());
    }
    return changed->size();
  }

  NamedCells cells(std::string_view event) {
    LiveEvent* live = table.find(event);
    return live == nullptr ? NamedCells{} : test::named_cells(live->state);
  }
};

TEST(EventTable, NamesWhatComesForTheFirstTime) {
  Table t;
  EXPECT_EQ(t.take(updated()
                       .event("e")
                       .set(Field::name, "A v B")
                       .market("m")
                       .outcome("o", -150)
                       .set(Field::price, 157)),
            1U);
  EXPECT_THAT(t.cells("e"),
              UnorderedElementsAre(Pair("id", "'e'"), Pair("name", "'A v B'"), Pair("m/id", "'m'"),
                                   Pair("m/o(-150)/id", "'o'"), Pair("m/o(-150)/handicap", "-150"),
                                   Pair("m/o(-150)/price", "157")));
  EXPECT_EQ(t.table.events().size(), 1U);
  EXPECT_EQ(t.table.find("e")->handle, EventHandle(1));
}

TEST(EventTable, WhatChangesNothingGivesNoDelta) {
  Table t;
  const Update update = updated().event("e").market("m").outcome("o").back(150, 5).attribute("a", 1);
  EXPECT_EQ(t.take(update), 1U);
  EXPECT_EQ(t.take(update), 0U);
  EXPECT_EQ(t.take(updated().event("e").market("m").outcome("o").erase(Field::back, 160)), 0U);
  EXPECT_EQ(t.take(updated().event("e").market("m").outcome("o").back(150, 6).back(150, 5)), 0U);
  EXPECT_EQ(t.take(updated().event("e").erase_attribute("never heard of")), 0U);
  EXPECT_EQ(t.take(updated().event("e").market("m").outcome("o").erase_exact(Field::back, "1.005")), 0U);
  EXPECT_EQ(t.take(updated().event("e").section("nothing")), 0U);
  EXPECT_EQ(t.take(Update()), 0U);
}

TEST(EventTable, AnOutcomeIsItsIdAndItsHandicap) {
  Table t;
  t.take(updated()
             .market("m", "e")
             .outcome("o")
             .set(Field::price, 1)
             .outcome("o", 50)
             .set(Field::price, 2)
             .outcome("o", -50)
             .set(Field::price, 3)
             .outcome("p", 50)
             .set(Field::price, 4));
  t.take(updated().market("m").outcome("o", 50).set(Field::price, 5));
  const NamedCells cells = t.cells("e");
  EXPECT_EQ(cells.at("m/o/price"), "1");
  EXPECT_EQ(cells.at("m/o(50)/price"), "5");
  EXPECT_EQ(cells.at("m/o(-50)/price"), "3");
  EXPECT_EQ(cells.at("m/p(50)/price"), "4");
  EXPECT_EQ(t.table.find("e")->state.outcome_count(1), 5U);
}

TEST(EventTable, TheSameMarketOfTwoEventsThatAreNamedIsTwoMarkets) {
  Table t;
  t.take(updated()
             .event("e")
             .market("1x2")
             .outcome("o")
             .set(Field::price, 1)
             .event("f")
             .market("1x2")
             .outcome("o")
             .set(Field::price, 2));
  EXPECT_EQ(t.cells("e").at("1x2/o/price"), "1");
  EXPECT_EQ(t.cells("f").at("1x2/o/price"), "2");
}

TEST(EventTable, OneUpdateMayChangeSeveralEvents) {
  Table t;
  EXPECT_EQ(t.take(updated().market("m", "e").set(Field::version, 1).market("n", "f").set(Field::version, 1)),
            2U);
  EXPECT_EQ(t.take(updated()
                       .market("m")
                       .outcome("o")
                       .back(150, 1)
                       .market("n")
                       .outcome("o")
                       .back(150, 1)
                       .market("m")
                       .outcome("o")
                       .back(151, 1)),
            2U);
  EXPECT_EQ(t.cells("e").at("m/o/back/151"), "1");
}

// --- Replacement.

TEST(EventTableImage, ReplacesTheWholeMarketUnlistedRunnersIncluded) {
  Table t;
  t.take(updated()
             .market("m", "e")
             .set(Field::status, 2)
             .set(Field::total_matched, 9)
             .attribute("kept", 1)
             .outcome("o")
             .back(150, 1)
             .back(152, 2)
             .set(Field::last_price, 150)
             .outcome("gone")
             .back(200, 3));
  t.take(updated().market("n", "e").outcome("o").back(150, 7));
  EXPECT_EQ(t.take(updated().market("m").image().outcome("o").back(152, 2).back(153, 4)), 1U);
  const NamedCells cells = t.cells("e");
  EXPECT_THAT(cells, UnorderedElementsAre(Pair("id", "'e'"), Pair("m/id", "'m'"), Pair("m/status", "2"),
                                          Pair("m/attribute/kept", "1"), Pair("m/o/id", "'o'"),
                                          Pair("m/o/back/152", "2"), Pair("m/o/back/153", "4"),
                                          Pair("m/gone/id", "'gone'"), Pair("n/id", "'n'"),
                                          Pair("n/o/id", "'o'"), Pair("n/o/back/150", "7")));
}

TEST(EventTableImage, SaysOnlyWhatIsDifferent) {
  Table t;
  t.take(updated().market("m", "e").outcome("o").back(150, 1).back(152, 2).exact(Field::back, "1.005", 3));
  EXPECT_EQ(t.take(updated().market("m").image().outcome("o").back(150, 1).back(152, 2).exact(Field::back,
                                                                                              "1.005", 3)),
            0U);
  const Update update =
      updated().market("m").image().outcome("o").back(150, 1).exact(Field::back, "1.005", 3);
  const auto changed = t.table.apply(update, ours);
  ASSERT_TRUE(changed);
  ASSERT_EQ(changed->size(), 1U);
  EXPECT_THAT(test::words((*changed)[0].delta), ElementsAre("(1,1,back,152): 2 -> nothing"));
}

TEST(EventTableImage, TakesTextsAwayToo) {
  Table t;
  t.take(
      updated().market("m", "e").outcome("o").set(Field::back, "0.005", 150).set(Field::last_price, "1.575"));
  t.take(updated().market("m").image().outcome("o").back(151, 1));
  EXPECT_THAT(t.cells("e"), Not(Contains(Key("m/o/back/150"))));
  EXPECT_THAT(t.cells("e"), Not(Contains(Key("m/o/last_price"))));
}

TEST(EventTableDefinition, ReplacesTheDefinitionOnly) {
  Table t;
  t.take(updated()
             .market("m", "e")
             .definition()
             .set(Field::type, "MATCH_ODDS")
             .set(Field::bet_delay, 5)
             .attribute("bspMarket", 1)
             .outcome("o")
             .set(Field::name, "Home")
             .set(Field::status, 1)
             .attribute("sort", 1));
  t.take(updated()
             .market("m")
             .set(Field::total_matched, 50)
             .outcome("o")
             .back(150, 1)
             .set(Field::last_price, 150));
  t.take(updated()
             .market("m", "e")
             .definition()
             .set(Field::type, "MATCH_ODDS")
             .attribute("regulators", 2)
             .outcome("o")
             .set(Field::name, "Home"));
  EXPECT_THAT(t.cells("e"),
              UnorderedElementsAre(Pair("id", "'e'"), Pair("m/id", "'m'"), Pair("m/type", "'MATCH_ODDS'"),
                                   Pair("m/attribute/regulators", "2"), Pair("m/total_matched", "50"),
                                   Pair("m/o/id", "'o'"), Pair("m/o/name", "'Home'"),
                                   Pair("m/o/back/150", "1"), Pair("m/o/last_price", "150")));
}

TEST(EventTableDefinition, InAnImageLeavesNothingOfTheOldMarket) {
  Table t;
  t.take(updated()
             .market("m", "e")
             .definition()
             .set(Field::bet_delay, 5)
             .set(Field::total_matched, 1)
             .outcome("o")
             .set(Field::name, "Home")
             .back(150, 1));
  t.take(updated()
             .market("m", "e")
             .image()
             .definition()
             .set(Field::type, "X")
             .its_event(Field::name, "A v B")
             .outcome("p")
             .set(Field::name, "Away")
             .market("m", "e")
             .set(Field::total_matched, 2)
             .outcome("p")
             .back(160, 1));
  EXPECT_THAT(
      t.cells("e"),
      UnorderedElementsAre(Pair("id", "'e'"), Pair("name", "'A v B'"), Pair("m/id", "'m'"),
                           Pair("m/type", "'X'"), Pair("m/total_matched", "2"), Pair("m/o/id", "'o'"),
                           Pair("m/p/id", "'p'"), Pair("m/p/name", "'Away'"), Pair("m/p/back/160", "1")));
}

TEST(EventTableReplacement, TheSameMarketTwiceInAMessageIsMergedInOrder) {
  Table t;
  t.take(updated().market("m", "e").outcome("o").back(150, 1).back(151, 1));
  EXPECT_EQ(t.take(updated().market("m").outcome("o").back(150, 2).back(152, 2).market("m").outcome("o").back(
                152, 3)),
            1U);
  EXPECT_EQ(t.cells("e").at("m/o/back/150"), "2");
  EXPECT_EQ(t.cells("e").at("m/o/back/152"), "3");
  // An image in the second part takes away what the first part brought.
  t.take(updated().market("m").outcome("o").back(153, 4).market("m").image().outcome("o").back(151, 5));
  EXPECT_THAT(t.cells("e"), UnorderedElementsAre(Pair("id", "'e'"), Pair("m/id", "'m'"),
                                                 Pair("m/o/id", "'o'"), Pair("m/o/back/151", "5")));
  // One in the first part leaves what the second part brings.
  t.take(updated().market("m").image().outcome("o").back(154, 6).market("m").outcome("o").back(155, 7));
  EXPECT_THAT(t.cells("e"),
              UnorderedElementsAre(Pair("id", "'e'"), Pair("m/id", "'m'"), Pair("m/o/id", "'o'"),
                                   Pair("m/o/back/154", "6"), Pair("m/o/back/155", "7")));
}

TEST(EventTableReplacement, TheSameRunnerTwiceInAMessageIsMergedInOrder) {
  Table t;
  t.take(updated()
             .market("m", "e")
             .outcome("o")
             .back(150, 1)
             .set(Field::last_price, 150)
             .outcome("p")
             .back(300, 1)
             .outcome("o")
             .erase(Field::back, 150)
             .back(151, 2));
  EXPECT_EQ(t.cells("e").at("m/o/last_price"), "150");
  EXPECT_EQ(t.cells("e").at("m/o/back/151"), "2");
  EXPECT_THAT(t.cells("e"), Not(Contains(Key("m/o/back/150"))));
}

TEST(EventTableReplacement, AClearEmptiesOneLadderOfOneRunner) {
  Table t;
  t.take(updated()
             .market("m", "e")
             .outcome("o")
             .set(Field::traded, 5, 150)
             .set(Field::traded, 6, 151)
             .set(Field::traded, "0.005", 152)
             .exact(Field::traded, "1.005", 4)
             .back(150, 1)
             .outcome("p")
             .set(Field::traded, 7, 150));
  t.take(updated().market("m").outcome("o").clear(Field::traded).set(Field::traded, 8, 160));
  const NamedCells cells = t.cells("e");
  EXPECT_EQ(cells.at("m/o/traded/160"), "8");
  EXPECT_EQ(cells.at("m/o/back/150"), "1");
  EXPECT_EQ(cells.at("m/p/traded/150"), "7");
  for (const char* gone : {"m/o/traded/150", "m/o/traded/151", "m/o/traded/152", "m/o/traded/1.005"}) {
    EXPECT_THAT(cells, Not(Contains(Key(gone))));
  }
}

TEST(EventTableReplacement, ASectionIsReplacedAndItsNeighboursStay) {
  Table t;
  t.take(updated()
             .event("e")
             .attribute("stats/1/runs", 5)
             .attribute("stats/2/runs", 6)
             .attribute("stats", "\"x\"")
             .attribute("statsOther", 7)
             .attribute("home/name", "\"A\""));
  t.take(updated().event("e").section("stats").attribute("stats/1/runs", 9));
  EXPECT_THAT(t.cells("e"), UnorderedElementsAre(Pair("id", "'e'"), Pair("attribute/stats/1/runs", "9"),
                                                 Pair("attribute/statsOther", "7"),
                                                 Pair("attribute/home/name", "'\"A\"'")));
}

TEST(EventTableReplacement, AnImageOfAnEventReplacesItsMarketsAndItsOwnCells) {
  Table t;
  t.take(updated()
             .event("e")
             .set(Field::name, "A v B")
             .set(Field::home_score, 1)
             .attribute("a", 1)
             .market("m")
             .set(Field::status, 2)
             .outcome("o")
             .back(150, 1)
             .market("n")
             .outcome("o")
             .back(150, 2));
  t.take(updated().event("e").image().set(Field::home_score, 2).market("m").outcome("o").back(150, 3));
  EXPECT_THAT(t.cells("e"),
              UnorderedElementsAre(Pair("id", "'e'"), Pair("home_score", "2"), Pair("m/id", "'m'"),
                                   Pair("m/o/id", "'o'"), Pair("m/o/back/150", "3"), Pair("n/id", "'n'"),
                                   Pair("n/o/id", "'o'")));
}

// --- Two sources.

TEST(EventTableSources, AnImageOfOneLeavesWhatTheOtherSet) {
  for (const auto& [first, second] : {std::pair(ours, theirs), std::pair(theirs, ours)}) {
    Table t;
    t.take(updated()
               .event("e")
               .set(Field::name, "A v B")
               .attribute("mine", 1)
               .market("m")
               .outcome("o")
               .back(150, 1),
           first);
    t.take(updated()
               .event("e")
               .set(Field::home_score, 1)
               .attribute("yours", 1)
               .market("n")
               .outcome("o")
               .back(150, 2),
           second);
    t.take(updated().event("e").image().set(Field::away_score, 0), second);
    EXPECT_THAT(t.cells("e"),
                UnorderedElementsAre(Pair("id", "'e'"), Pair("name", "'A v B'"), Pair("attribute/mine", "1"),
                                     Pair("away_score", "0"), Pair("m/id", "'m'"), Pair("m/o/id", "'o'"),
                                     Pair("m/o/back/150", "1"), Pair("n/id", "'n'"), Pair("n/o/id", "'o'")));
  }
}

TEST(EventTableSources, ACellBelongsToWhoeverSetItLast) {
  Table t;
  t.take(updated().event("e").set(Field::home_score, 1), ours);
  t.take(updated().event("e").set(Field::home_score, 2), theirs);
  t.take(updated().event("e").image(), ours);
  EXPECT_EQ(t.cells("e").at("home_score"), "2");
  t.take(updated().event("e").image(), theirs);
  EXPECT_THAT(t.cells("e"), Not(Contains(Key("home_score"))));
  t.take(updated().event("e").set(Field::home_score, 3), ours);
  t.take(updated().event("e").image(), theirs);
  EXPECT_EQ(t.cells("e").at("home_score"), "3");
}

TEST(EventTableSources, HealthIsKeptForEachAndSurvivesImages) {
  Table t;
  t.take(updated().event("e").set(Field::name, "A v B"));
  LiveEvent& event = *t.table.find("e");
  const auto* changed = t.table.set_health(event, theirs, FeedHealth::stale);
  ASSERT_NE(changed, nullptr);
  EXPECT_EQ(changed->delta.kind, DeltaClass::critical);
  EXPECT_THAT(test::words(changed->delta), ElementsAre("(0,0,feed,2): nothing -> 3"));
  EXPECT_EQ(t.table.set_health(event, theirs, FeedHealth::stale), nullptr);
  ASSERT_NE(t.table.set_health(event, ours, FeedHealth::live), nullptr);
  t.take(updated().event("e").image(), theirs);
  t.take(updated().event("e").image(), ours);
  EXPECT_EQ(t.cells("e").at("feed/2"), "3");
  EXPECT_EQ(t.cells("e").at("feed/1"), "1");
  ASSERT_NE(t.table.set_health(event, theirs, FeedHealth::live), nullptr);
  EXPECT_EQ(t.cells("e").at("feed/2"), "1");
}

// --- Life.

TEST(EventTableLife, UnexpectedStepsAreAppliedAndCounted) {
  Table t;
  t.take(updated()
             .event("e")
             .status(EventStatus::live)
             .market("m")
             .status(MarketStatus::open)
             .outcome("o")
             .status(OutcomeStatus::winner));
  t.take(updated().event("e").status(EventStatus::finished).market("m").status(MarketStatus::settled));
  EXPECT_EQ(t.table.counts().unexpected_steps, 0U);
  t.take(updated()
             .event("e")
             .status(EventStatus::live)
             .market("m")
             .status(MarketStatus::open)
             .outcome("o")
             .status(OutcomeStatus::active));
  EXPECT_EQ(t.table.counts().unexpected_steps, 2U);
  EXPECT_EQ(t.cells("e").at("status"), "4");
  EXPECT_EQ(t.cells("e").at("m/status"), "2");
}

// --- Limits.

class EventTableLimits : public testing::Test {
 protected:
  // Refused, and everything is as it was.
  void expect_refused(const Update& update, std::string_view why) {
    std::vector<std::pair<std::string, test::PlainTable>> before;
    for (const auto& event : t_.table.events())
      before.emplace_back(event->id, test::table_of(event->state));
    const auto changed = t_.table.apply(update, ours);
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().kind, ErrorKind::limit);
    EXPECT_THAT(changed.error().text, HasSubstr(std::string(why)));
    ASSERT_EQ(t_.table.events().size(), before.size());
    for (const auto& [id, table] : before)
      EXPECT_EQ(test::table_of(t_.table.find(id)->state), table);
  }

  static Update with_outcomes(std::string_view market, int first, int count) {
    test::Builder update = updated().market(market, "e");
    for (int i = first; i < first + count; ++i)
      update.outcome(std::to_string(i)).set(Field::price, 150);
    return update;
  }

  Table t_;
};

TEST_F(EventTableLimits, ATextPastItsLimitIsRefused) {
  t_.take(updated().event("e").set(Field::name, "before"));
  const std::string text(limits::text_bytes + 1, 'x');
  expect_refused(updated().event("e").set(Field::home_score, 1).set(Field::name, std::string_view(text)),
                 "text");
  expect_refused(updated().event("f").attribute("path", std::string_view(text)), "text");
  EXPECT_EQ(t_.take(updated().event("e").set(Field::name, std::string_view(text).substr(1))), 1U);
}

TEST_F(EventTableLimits, MoreTextThanAnEventMayHaveIsRefused) {
  const std::string text(limits::text_bytes, 'x');
  const auto room = static_cast<int>(limits::event_text_bytes / limits::text_bytes);
  for (int i = 0; i < room - 1; ++i) {
    const Update update = updated().market("m", "e").attribute(std::to_string(i), std::string_view(text));
    ASSERT_TRUE(t_.table.apply(update, ours));
  }
  expect_refused(updated().event("e").attribute("one more", std::string_view(text)), "text");
  expect_refused(updated().market("m").attribute("one more", std::string_view(text)), "text");
  expect_refused(updated().event("f").event("e").attribute("one more", std::string_view(text)), "text");
  const Update elsewhere = updated().event("f").attribute("elsewhere", std::string_view(text));
  EXPECT_TRUE(t_.table.apply(elsewhere, ours));
  const Update short_text = updated().event("e").set(Field::name, "short");
  EXPECT_TRUE(t_.table.apply(short_text, ours));
}

TEST_F(EventTableLimits, OutcomesPastTheirLimitAreRefusedInOneUpdate) {
  constexpr int most = limits::outcomes_per_market - 1;
  expect_refused(with_outcomes("m", 0, most + 1), "outcomes");
  EXPECT_EQ(t_.take(with_outcomes("m", 0, most)), 1U);
  EXPECT_EQ(t_.table.find("e")->state.outcome_count(1), limits::outcomes_per_market);
}

TEST_F(EventTableLimits, OutcomesPastTheirLimitAreRefusedOverSeveralUpdates) {
  constexpr int most = limits::outcomes_per_market - 1;
  t_.take(with_outcomes("m", 0, most - 100));
  expect_refused(with_outcomes("m", most - 100, 101), "outcomes");
  EXPECT_EQ(t_.take(with_outcomes("m", most - 100, 100)), 1U);
  expect_refused(with_outcomes("m", most, 1), "outcomes");
  EXPECT_EQ(t_.take(with_outcomes("n", most, 1)), 1U);
}

TEST_F(EventTableLimits, AnOutcomeThatIsThereAlreadyCountsOnce) {
  constexpr int most = limits::outcomes_per_market - 1;
  t_.take(with_outcomes("m", 0, most));
  test::Builder update = updated().market("m", "e");
  for (int i = 0; i < 2 * most; ++i)
    update.outcome(std::to_string(i % 7)).set(Field::price, i);
  EXPECT_EQ(t_.take(update), 1U);
}

TEST_F(EventTableLimits, MarketsPastTheirLimitAreRefused) {
  test::Builder update = updated().event("e");
  for (std::uint32_t i = 0; i < limits::markets_per_event - 1; ++i)
    update.market(std::to_string(i));
  EXPECT_EQ(t_.take(update), 1U);
  expect_refused(updated().event("e").market("one more"), "markets");
  expect_refused(updated().market("one more", "e"), "markets");
  EXPECT_EQ(t_.take(updated().event("e").market("7").set(Field::status, 2)), 1U);
  EXPECT_EQ(t_.take(updated().event("f").market("one more")), 1U);
}

TEST_F(EventTableLimits, ALevelPastItsLimitIsRefused) {
  t_.take(updated().market("m", "e").outcome("o").back(150, 1));
  // From there on levels of price ladders are numbers of exact prices.
  expect_refused(updated().market("m").outcome("o").back(151, 1).back(exact_price_level, 1), "level");
  expect_refused(updated().market("m").outcome("o").erase(Field::lay, exact_price_level), "level");
  expect_refused(updated().market("m").outcome("o").set(Field::best_back, 1, limits::levels_per_field),
                 "level");
  EXPECT_EQ(t_.take(updated().market("m").outcome("o").back(exact_price_level - 1, 1)), 1U);
}

}  // namespace
}  // namespace touchline
