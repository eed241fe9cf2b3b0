#include "core/event_table.h"

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

}  // namespace
}  // namespace touchline
