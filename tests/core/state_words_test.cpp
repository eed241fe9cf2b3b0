#include "core/state_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace touchline {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

template <class Status>
std::int64_t number(Status status) {
  return static_cast<std::int64_t>(status);
}

EventState match() {
  EventState state;
  state.set(Address(0, 0, Field::id), "31573045");
  state.set(Address(0, 0, Field::name), "Netherlands v Papua New Guinea");
  state.set(Address(1, 0, Field::id), "1.200806927");
  state.set(Address(1, 0, Field::type), "MATCH_ODDS");
  state.set(Address(1, 0, Field::status), number(MarketStatus::open));
  state.set(Address(1, 1, Field::id), "228749");
  state.set(Address(1, 1, Field::name), "Netherlands");
  state.set(Address(1, 2, Field::id), "2857977");
  state.set(Address(1, 2, Field::handicap), -150);
  state.set(Address(1, 2, Field::back, 250), 100);
  return state;
}

template <class Edit>
std::vector<std::string> words_of(Edit&& edit) {
  const EventState before = match();
  EventState after = before;
  edit(after);
  const Delta delta = diff(before, after);
  auto lines = describe(before, delta);
  EXPECT_EQ(describe(after, delta), lines) << "the names of either state will do";
  return lines;
}

TEST(Describe, TellsAChangedStatus) {
  EXPECT_THAT(words_of([](EventState& s) {
                s.set(Address(0, 0, Field::status), number(EventStatus::live));
                s.set(Address(1, 0, Field::status), number(MarketStatus::suspended));
              }),
              ElementsAre("status set to live", "market 1.200806927 MATCH_ODDS: status open -> suspended"));
}

TEST(Describe, TellsLevelsOfLadders) {
  EventState before = match();
  before.set(Address(1, 1, Field::back, 157), 12'050);
  before.set(Address(1, 1, Field::lay, 160), 5'500);
  EventState after = before;
  after.set(Address(1, 1, Field::back, 157), 9'820);
  after.erase(Address(1, 1, Field::lay, 160));
  after.set(Address(1, 1, Field::traded, 155), 1);
  after.set(Address(1, 1, Field::best_back, 0), 157);
  after.set(Address(1, 1, Field::best_back, 1), 9'820);
  const std::string place = "market 1.200806927 MATCH_ODDS, outcome Netherlands (228749): ";
  EXPECT_THAT(describe(before, diff(before, after)),
              ElementsAre(place + "back 1.57: 120.5 -> 98.2", place + "lay 1.6: 55 removed",
                          place + "traded 1.55: 0.01 added", place + "best_back level 0 price: 1.57 added",
                          place + "best_back level 0 size: 98.2 added"));
}

TEST(Describe, TellsAttributesByTheirPath) {
  EventState before = match();
  before.set(Address(0, 0, Field::attribute_name, 0), "fixtureInfo/eventStatus");
  before.set(Address(0, 0, Field::attribute, 0), R"("MATCH_STABLE")");
  EventState after = before;
  after.set(Address(0, 0, Field::attribute, 0), R"("BALL_IN_PROGRESS")");
  EXPECT_THAT(describe(before, diff(before, after)),
              ElementsAre(R"(attribute fixtureInfo/eventStatus: "MATCH_STABLE" -> "BALL_IN_PROGRESS")"));
  after.erase(Address(0, 0, Field::attribute, 0));
  EXPECT_THAT(describe(before, diff(before, after)),
              ElementsAre(R"(attribute fixtureInfo/eventStatus: "MATCH_STABLE" removed)"));
}

TEST(Describe, NamesAnOutcomeWithoutANameByItsIdAndHandicap) {
  EXPECT_THAT(
      words_of([](EventState& s) { s.set(Address(1, 2, Field::last_price), 250); }),
      ElementsAre("market 1.200806927 MATCH_ODDS, outcome 2857977 (handicap -1.5): last_price set to 2.5"));
}

TEST(Describe, TakesNamesThatCameWithTheChangeFromTheChange) {
  EXPECT_THAT(words_of([](EventState& s) {
                s.set(Address(0, 0, Field::attribute_name, 3), "venue");
                s.set(Address(0, 0, Field::exact_price, 0), "1.575");
                s.set(Address(2, 0, Field::id), "1.3");
                s.set(Address(2, 0, Field::type), "TOSS");
                s.set(Address(2, 0, Field::attribute, 3), R"("Bulawayo")");
                s.set(Address(2, 1, Field::id), "9");
                s.set(Address(2, 1, Field::name), "Draw");
                s.set(Address(2, 1, Field::handicap), 50);
                s.set(Address(2, 1, Field::back, exact_price_level), 100);
              }),
              ElementsAre(R"(market 1.3 TOSS: attribute venue: set to "Bulawayo")",
                          "market 1.3 TOSS: appeared", R"(market 1.3 TOSS: type set to "TOSS")",
                          "market 1.3 TOSS, outcome Draw (9, handicap 0.5): back 1.575: 1 added",
                          "market 1.3 TOSS, outcome Draw (9, handicap 0.5): appeared",
                          R"(market 1.3 TOSS, outcome Draw (9, handicap 0.5): name set to "Draw")"));
}

TEST(Describe, TakesANameThatTheChangeRemovesFromBeforeIt) {
  const EventState before = match();
  EventState after = before;
  after.erase(Address(1, 0, Field::type));
  after.set(Address(1, 0, Field::in_play), 1);
  EXPECT_THAT(describe(after, diff(before, after)),
              ElementsAre("market 1.200806927 MATCH_ODDS: in_play set to true",
                          R"(market 1.200806927 MATCH_ODDS: type "MATCH_ODDS" removed)"));
}

TEST(Describe, TellsANewEvent) {
  EventState after;
  after.set(Address(0, 0, Field::id), "e");
  EXPECT_THAT(describe(after, diff(EventState(), after)), ElementsAre("event e: appeared"));
}

TEST(Describe, TellsTheHealthOfSourcesAndWhoOwnsWhat) {
  EventState before = match();
  before.set(Address(0, 0, Field::feed, 2), number(FeedHealth::live));
  EventState after = before;
  after.set(Address(0, 0, Field::feed, 2), number(FeedHealth::stale));
  after.set(Address(0, 0, Field::attribute_name, 1), "venue");
  after.set(Address(0, 0, Field::owner, static_cast<std::uint32_t>(Field::status)), 2);
  after.set(Address(0, 0, Field::owner, 257), 3);
  after.set(Address(1, 0, Field::owner), 2);
  EXPECT_THAT(describe(before, diff(before, after)),
              ElementsAre("feed of source 2: live -> stale", "owner of status: set to source 2",
                          "owner of attribute venue: set to source 3",
                          "market 1.200806927 MATCH_ODDS: owner set to source 2"));
}

TEST(Describe, TellsTimesAndNumbersThatAreNoHundredths) {
  EXPECT_THAT(
      words_of([](EventState& s) {
        s.set(Address(0, 0, Field::start_time), 1'657'537'200'000);
        s.set(Address(1, 1, Field::price), "1.5755");
        s.set(Address(1, 1, Field::sp_near), sp_infinity);
      }),
      ElementsAre("start_time set to 2022-07-11T11:00:00.000Z",
                  "market 1.200806927 MATCH_ODDS, outcome Netherlands (228749): price set to 1.5755",
                  "market 1.200806927 MATCH_ODDS, outcome Netherlands (228749): sp_near set to Infinity"));
}

TEST(Describe, LetsNoNameSteerTheTerminal) {
  EventState before = match();
  before.set(Address(1, 1, Field::name), "\x1b[2J\nNeth\u009b\u00e9\x7f");
  EventState after = before;
  after.set(Address(1, 1, Field::price), 157);
  EXPECT_THAT(
      describe(before, diff(before, after)),
      ElementsAre("market 1.200806927 MATCH_ODDS, outcome ?[2J?Neth?\u00e9? (228749): price set to 1.57"));
}

TEST(Describe, SaysNothingOfNoChange) {
  EXPECT_THAT(words_of([](EventState&) {}), IsEmpty());
}

TEST(SummaryLine, TellsNameStatusScoreAndPrices) {
  EventState state = match();
  state.set(Address(0, 0, Field::status), number(EventStatus::live));
  state.set(Address(0, 0, Field::home_score), 2);
  state.set(Address(0, 0, Field::away_score), 1);
  state.set(Address(1, 1, Field::back, 156), 100);
  state.set(Address(1, 1, Field::back, 157), 100);
  state.set(Address(1, 1, Field::lay, 158), 100);
  state.set(Address(1, 1, Field::lay, 159), 100);
  EXPECT_EQ(summary_line(state),
            "31573045  Netherlands v Papua New Guinea  live  2-1  1 market  "
            "MATCH_ODDS: Netherlands 1.57/1.58, 2857977 -1.5 2.5/-");
}

TEST(SummaryLine, TakesRankedLaddersAndPlainPricesWhereThereIsNoLadderByPrice) {
  EventState state = match();
  state.set(Address(1, 1, Field::best_back, 0), 157);
  state.set(Address(1, 1, Field::best_lay, 0), 0);
  state.set(Address(1, 1, Field::best_display_lay, 0), 160);
  state.erase(Address(1, 2, Field::back, 250));
  state.set(Address(1, 2, Field::price), 275);
  state.set(Address(1, 3, Field::id), "3");
  state.set(Address(1, 3, Field::name), "The Draw");
  state.set(Address(1, 4, Field::id), "4");
  state.set(Address(1, 4, Field::name), "a fourth");
  EXPECT_TRUE(
      summary_line(state).ends_with("  MATCH_ODDS: Netherlands 1.57/1.6, 2857977 -1.5 2.75, The Draw -"))
      << summary_line(state);
}

TEST(SummaryLine, TakesTheBestPriceThoughItIsAnExactOne) {
  EventState state = match();
  state.set(Address(0, 0, Field::exact_price, 0), "1.575");
  state.set(Address(1, 1, Field::back, 157), 100);
  state.set(Address(1, 1, Field::back, exact_price_level), 100);
  EXPECT_NE(summary_line(state).find("Netherlands 1.575/-"), std::string::npos);
}

TEST(SummaryLine, DerivesTheStatusWhereTheSourceTellsNone) {
  EventState state = match();
  EXPECT_EQ(shown_status(state), EventStatus::scheduled);
  state.set(Address(1, 0, Field::in_play), 1);
  EXPECT_EQ(shown_status(state), EventStatus::live);
  state.set(Address(1, 0, Field::status), number(MarketStatus::closed));
  EXPECT_EQ(shown_status(state), EventStatus::settled);
  state.set(Address(2, 0, Field::id), "moved away");
  EXPECT_EQ(shown_status(state), EventStatus::settled);
  state.set(Address(2, 0, Field::status), number(MarketStatus::suspended));
  EXPECT_EQ(shown_status(state), EventStatus::scheduled);
  state.set(Address(0, 0, Field::status), number(EventStatus::abandoned));
  EXPECT_EQ(shown_status(state), EventStatus::abandoned);
  EXPECT_EQ(shown_status(EventState()), EventStatus::scheduled);
}

TEST(SummaryLine, SaysThatAFeedIsNotLive) {
  EventState state = match();
  state.set(Address(1, 0, Field::status), number(MarketStatus::suspended));
  state.set(Address(0, 0, Field::home_score), 3);
  state.set(Address(0, 0, Field::feed, 1), number(FeedHealth::stale));
  EXPECT_EQ(summary_line(state),
            "31573045  Netherlands v Papua New Guinea  scheduled (feed stale)  3-?  1 market");
}

}  // namespace
}  // namespace touchline
