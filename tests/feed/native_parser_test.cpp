// The native format's grammar: what a line and each of its keys does.

#include "feed/ingest/native_parser.h"

#include "core/event_table.h"
#include "tests/feed/native_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace touchline::native_tests {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// --- What a line says of itself.

TEST(NativeLine, NamesItsEventFirst) {
  const Update update = update_of(R"({"home_score":1,"event":"m-1"})");
  EXPECT_EQ(update.look(update.event), "m-1");
  EXPECT_EQ(update.kind, UpdateKind::change);
  EXPECT_THAT(ops_of(R"({"home_score":1,"event":"m-1"})"), ElementsAre("event m-1", "home_score = 1"));
}

TEST(NativeLine, WithNothingToSayChangesNothing) {
  EXPECT_THAT(ops_of(R"({"event":"m-1"})"), ElementsAre("event m-1"));
}

TEST(NativeLine, CarriesNumberIdTimeAndTheWishForAnAnswer) {
  const Update update = update_of(R"({"event":"e","seq":7,"id":"msg-7","time":1786802400000,"ack":true})");
  EXPECT_EQ(update.number, 7U);
  EXPECT_EQ(update.look(update.message_id), "msg-7");
  EXPECT_EQ(update.source_time_ms, 1'786'802'400'000);
  EXPECT_TRUE(update.wants_ack);
  EXPECT_EQ(update.look(update.ack), "true");
}

TEST(NativeLine, MayNameItsAnswer) {
  const auto name_in = [](const std::string& line) {
    NativeParser parser;
    Update update;
    (void)parse(parser, line, update);
    return update.wants_ack ? std::string(update.look(update.ack)) : "no answer";
  };
  EXPECT_EQ(name_in(R"({"event":"e","ack":17})"), "17");
  EXPECT_EQ(name_in(R"({"event":"e","ack":"m \"17\""})"), R"("m \"17\"")");
  // What is refused is answered, too, where it can be read that it asks for it.
  EXPECT_EQ(name_in(R"({"event":"e","ack":17,"prcie":1})"), "17");
  EXPECT_EQ(name_in(R"({"ack":true})"), "true");
  EXPECT_EQ(name_in(R"({"event":"e","ack":[]})"), "no answer");
  EXPECT_EQ(name_in(R"({"event":"e","ack":17)"), "no answer");
}

TEST(NativeLine, WithoutThemSaysNothingOfThem) {
  for (const char* line : {R"({"event":"e"})", R"({"event":"e","seq":null,"id":null,"time":null,"ack":null})",
                           R"({"event":"e","ack":false,"image":false})", R"({"event":"e","image":null})"}) {
    const Update update = update_of(line);
    EXPECT_FALSE(update.number) << line;
    EXPECT_EQ(update.message_id.size, 0U) << line;
    EXPECT_EQ(update.source_time_ms, 0) << line;
    EXPECT_FALSE(update.wants_ack) << line;
    EXPECT_THAT(update.ops, SizeIs(1)) << line;
  }
}

TEST(NativeLine, TakesIntegersAsIds) {
  EXPECT_THAT(ops_of(R"({"event":31573045,"markets":[{"id":-7,"outcomes":[{"id":18446744073709551615}]}]})"),
              ElementsAre("event 31573045", "market -7", "outcome 18446744073709551615"));
  const Update update = update_of(R"({"event":5,"id":12})");
  EXPECT_EQ(update.look(update.event), "5");
  EXPECT_EQ(update.look(update.message_id), "12");
}

TEST(NativeLine, TakesTimesAsRfc3339) {
  const auto time_of = [](const std::string& text) {
    return update_of(R"({"event":"e","time":")" + text + "\"}").source_time_ms;
  };
  EXPECT_EQ(time_of("2026-08-15T14:00:00.000Z"), 1'786'802'400'000);
  EXPECT_EQ(time_of("2026-08-15T14:00:00Z"), 1'786'802'400'000);
  EXPECT_EQ(time_of("2026-08-15t14:00:00z"), 1'786'802'400'000);
  EXPECT_EQ(time_of("2026-08-15T16:30:00+02:30"), 1'786'802'400'000);
  EXPECT_EQ(time_of("2026-08-15T09:00:00-05:00"), 1'786'802'400'000);
  EXPECT_EQ(time_of("2026-08-15T14:00:00.1Z"), 1'786'802'400'100);
  EXPECT_EQ(time_of("2026-08-15T14:00:00.123999999+00:00"), 1'786'802'400'123);
  EXPECT_EQ(time_of("2024-02-29T23:59:59.999Z"), 1'709'251'199'999);
  EXPECT_EQ(time_of("9999-12-31T23:59:59.999Z"), 253'402'300'799'999);
}

TEST(NativeLine, TakesAnExportsSourceTimeWhereThereIsNoOther) {
  EXPECT_EQ(update_of(R"({"event":"e","source_at":"1970-01-01T00:00:01Z"})").source_time_ms, 1000);
  EXPECT_EQ(update_of(R"({"event":"e","source_at":1786802400000,"time":1786802400005})").source_time_ms,
            1'786'802'400'005);
  EXPECT_EQ(update_of(R"({"event":"e","time":1786802400005,"source_at":1786802400000})").source_time_ms,
            1'786'802'400'005);
}

TEST(NativeLine, IgnoresWhatAnExportSaysOfItsStream) {
  EXPECT_THAT(event_ops(R"("feed":"live","epoch":1,"offset":20699,"digest":[],"published_at":"soon")"),
              IsEmpty());
}

TEST(NativeLine, IsAHeartbeatWhenAlive) {
  const Update update = update_of(R"({"alive":true,"time":1786802400000})");
  EXPECT_EQ(update.kind, UpdateKind::heartbeat);
  EXPECT_EQ(update.source_time_ms, 1'786'802'400'000);
  EXPECT_THAT(update.ops, IsEmpty());
  EXPECT_EQ(update_of(R"({"alive":true})").kind, UpdateKind::heartbeat);
}

TEST(NativeLine, StartsAfreshForEachLine) {
  NativeParser parser;
  Update update;
  ASSERT_TRUE(
      parse(parser, R"({"event":"a","seq":3,"id":"x","time":1786802400000,"ack":true,"name":"A"})", update));
  ASSERT_TRUE(parse(parser, R"({"alive":true})", update));
  EXPECT_EQ(update.source_time_ms, 0);
  ASSERT_TRUE(parse(parser, R"({"event":"b"})", update));
  EXPECT_EQ(update.kind, UpdateKind::change);
  EXPECT_EQ(update.look(update.event), "b");
  EXPECT_FALSE(update.number || update.wants_ack);
  EXPECT_EQ(update.message_id.size, 0U);
  EXPECT_THAT(update.ops, SizeIs(1));
}

TEST(NativeLine, MayHaveSpacesAndACarriageReturn) {
  EXPECT_THAT(ops_of("  { \"event\" : \"e\" ,\t\"home_score\" : 2 }\r"),
              ElementsAre("event e", "home_score = 2"));
}

// --- Events.

TEST(NativeEvent, SetsEachOfItsFields) {
  EXPECT_THAT(event_ops(R"("sport":"football","competition":"Cup","name":"A v B","start_time":1786802400000,
                           "status":"live","period":"first_half","clock_ms":754000,"home_score":1,
                           "away_score":0)"),
              ElementsAre("sport = 'football'", "competition = 'Cup'", "name = 'A v B'",
                          "start_time = 1786802400000", "status = 4", "period = 'first_half'",
                          "clock_ms = 754000", "home_score = 1", "away_score = 0"));
  EXPECT_THAT(event_ops(R"("start_time":"2026-08-15T14:00:00Z")"), ElementsAre("start_time = 1786802400000"));
}

TEST(NativeEvent, KnowsEveryStatus) {
  std::int64_t number = 0;
  for (const char* status : {"scheduled", "delayed", "postponed", "live", "interrupted", "finished",
                             "settled", "cancelled", "abandoned"}) {
    EXPECT_THAT(event_ops(R"("status":")" + std::string(status) + '"'),
                ElementsAre("status = " + std::to_string(++number)));
  }
  EXPECT_THAT(event_ops(R"("status":"LIVE")"), ElementsAre("status = 4"));
}

TEST(NativeEvent, ErasesWhatIsNull) {
  EXPECT_THAT(event_ops(R"("sport":null,"competition":null,"name":null,"start_time":null,"status":null,
                           "period":null,"clock_ms":null,"home_score":null,"away_score":null)"),
              ElementsAre("no sport", "no competition", "no name", "no start_time", "no status", "no period",
                          "no clock_ms", "no home_score", "no away_score"));
}

TEST(NativeEvent, BecomesAnImageBeforeAnythingElseIsSaidOfIt) {
  EXPECT_THAT(ops_of(R"({"name":"A","markets":[{"id":"m"}],"image":true,"event":"e"})"),
              ElementsAre("event e", "image", "name = 'A'", "market m"));
}

TEST(NativeEvent, KeepsAttributesByTheirPaths) {
  EXPECT_THAT(event_ops(R"("attributes":{"incidents/3":"goal \"x\"\n","corners":4,"share":0.55,"whole":2.0,
                           "var":true,"big":18446744073709551615,"tree":{"a" : [1, null, {}], "b": []},
                           "old":null})"),
              ElementsAre(R"(incidents/3: json "goal \"x\"\n")", "corners: 4", "share: json 0.55",
                          "whole: json 2.0", "var: json true", "big: json 18446744073709551615",
                          R"(tree: json {"a":[1,null,{}],"b":[]})", "no old"));
}

TEST(NativeEvent, KeepsTheExtremesOfAttributes) {
  EXPECT_THAT(
      event_ops(R"("attributes":{"a":-9223372036854775808,"b":1e300,"c":-0.0,"d":0.000001,"e":"\u0001é"})"),
      ElementsAre("a: -9223372036854775808", "b: json 1e+300", "c: json -0.0", "d: json 1e-06",
                  R"(e: json "\u0001é")"));
}

TEST(NativeEvent, TakesWhatAnExportShowsAmongAttributesForItsFields) {
  EXPECT_THAT(
      event_ops(R"("attributes":{"competition":"Cup","start_time":"2026-08-15T14:00:00.000Z","period":"p1",
                           "clock_ms":754000,"home_score":1,"away_score":0})"),
      ElementsAre("competition = 'Cup'", "start_time = 1786802400000", "period = 'p1'", "clock_ms = 754000",
                  "home_score = 1", "away_score = 0"));
  EXPECT_THAT(event_ops(R"("attributes":{"period":null})"), ElementsAre("no period", "no period"));
}

TEST(NativeEvent, KeepsAttributesThatOnlyLookLikeItsFields) {
  EXPECT_THAT(event_ops(R"("attributes":{"period":{"number":1},"home_score":"one","name":"x","status":"y"})"),
              ElementsAre(R"(period: json {"number":1})", R"(home_score: json "one")", R"(name: json "x")",
                          R"(status: json "y")"));
  EXPECT_THAT(outcome_ops(R"("attributes":{"price":2,"name":"x"})"),
              ElementsAre("price: 2", R"(name: json "x")"));
}

// --- Markets.

TEST(NativeMarket, SetsEachOfItsFields) {
  EXPECT_THAT(market_ops(R"("type":"ah","name":"Handicap","status":"open","in_play":true,"version":4641237101,
                            "bet_delay":5,"total_matched":12.5)"),
              ElementsAre("type = 'ah'", "name = 'Handicap'", "status = 2", "in_play = 1",
                          "version = 4641237101", "bet_delay = 5", "total_matched = 1250"));
  EXPECT_THAT(market_ops(R"("in_play":false)"), ElementsAre("in_play = 0"));
}

TEST(NativeMarket, KnowsEveryStatus) {
  std::int64_t number = 0;
  for (const char* status : {"inactive", "open", "suspended", "closed", "settled", "cancelled"}) {
    EXPECT_THAT(market_ops(R"("status":")" + std::string(status) + '"'),
                ElementsAre("status = " + std::to_string(++number)));
  }
}

TEST(NativeMarket, ErasesWhatIsNull) {
  EXPECT_THAT(
      market_ops(R"("type":null,"name":null,"status":null,"in_play":null,"version":null,"bet_delay":null,
                            "total_matched":null,"image":null)"),
      ElementsAre("no type", "no name", "no status", "no in_play", "no version", "no bet_delay",
                  "no total_matched"));
}

TEST(NativeMarket, TakesItsNameFromAttributesToo) {
  EXPECT_THAT(market_ops(R"("attributes":{"name":"Match Odds","type":"x"})"),
              ElementsAre("name = 'Match Odds'", R"(type: json "x")"));
  EXPECT_THAT(market_ops(R"("attributes":{"name":null})"), ElementsAre("no name", "no name"));
  EXPECT_THAT(market_ops(R"("attributes":{"name":7})"), ElementsAre("name: 7"));
}

TEST(NativeMarket, IsSpokenOfBeforeItsOutcomesWhateverTheOrderOfKeys) {
  EXPECT_THAT(
      ops_of(R"({"markets":[{"outcomes":[{"price":2,"handicap":-0.5,"id":"o"}],"status":"open","id":"m",
                         "image":true}],"name":"A","event":"e"})"),
      ElementsAre("event e", "name = 'A'", "market m", "image", "definition", "status = 2", "outcome o -50",
                  "price = 200"));
}

TEST(NativeMarket, ImageReplacesItsDefinitionAndItsBook) {
  EventTable table;
  const SourceId source{1};
  const auto apply = [&](std::string_view line) { ASSERT_TRUE(table.apply(update_of(line), source)); };
  apply(R"({"event":"e","name":"A","markets":[{"id":"m","status":"open","attributes":{"rule":"x"},
            "outcomes":[{"id":"o","status":"active","price":2,"back":[[2,10]]}]},
            {"id":"other","status":"open"}]})");
  apply(R"({"event":"e","markets":[{"id":"m","image":true,"status":"closed"}]})");
  const EventState& state = table.find("e")->state;
  EXPECT_EQ(state.integer(Address(1, 0, Field::status)), static_cast<std::int64_t>(MarketStatus::closed));
  EXPECT_EQ(state.integer(Address(2, 0, Field::status)), static_cast<std::int64_t>(MarketStatus::open));
  EXPECT_EQ(state.get(Address(0, 0, Field::name)).text, "A");
  EXPECT_EQ(state.cells(1, 1).keys.size(), 0U);
  EXPECT_THAT(state.texts(1, 1), SizeIs(1));  // its id
  EXPECT_EQ(state.cells(1, 0).field(Field::attribute).keys.size() + state.texts(1, 0).size(), 1U);
}

// --- Outcomes.

TEST(NativeOutcome, SetsEachOfItsFields) {
  EXPECT_THAT(outcome_ops(R"("name":"Home","status":"active","price":1.85,"last_price":1.84,"total_matched":0,
                             "sp_near":1.9,"sp_far":3)"),
              ElementsAre("name = 'Home'", "status = 1", "price = 185", "last_price = 184",
                          "total_matched = 0", "sp_near = 190", "sp_far = 300"));
  EXPECT_THAT(outcome_ops(R"("attributes":{"shirt":"red"})"), ElementsAre(R"(shirt: json "red")"));
}

TEST(NativeOutcome, KnowsEveryStatus) {
  std::int64_t number = 0;
  for (const char* status :
       {"active", "winner", "loser", "placed", "removed", "removed_vacant", "hidden", "void"}) {
    EXPECT_THAT(outcome_ops(R"("status":")" + std::string(status) + '"'),
                ElementsAre("status = " + std::to_string(++number)));
  }
}

TEST(NativeOutcome, IsTheOneOfItsHandicap) {
  EXPECT_THAT(
      event_ops(R"("markets":[{"id":"m","outcomes":[{"id":"o","handicap":-0.5},{"id":"o","handicap":2.25},
                           {"id":"o","handicap":0},{"id":"o","handicap":null},{"id":"o"}]}])"),
      ElementsAre("market m", "outcome o -50", "outcome o 225", "outcome o", "outcome o", "outcome o"));
}

TEST(NativeOutcome, ErasesWhatIsNull) {
  EXPECT_THAT(outcome_ops(R"("name":null,"status":null,"price":null,"last_price":null,"total_matched":null,
                             "sp_near":null,"sp_far":null)"),
              ElementsAre("no name", "no status", "no price", "no last_price", "no total_matched",
                          "no sp_near", "no sp_far"));
}

TEST(NativeOutcome, HasStartingPricesThatAreNoNumbers) {
  EXPECT_THAT(outcome_ops(R"("sp_near":"NaN","sp_far":"Infinity")"),
              ElementsAre("sp_near = -1", "sp_far = -2"));
}

TEST(NativeOutcome, KeepsNumbersThatAreNoHundredthsExactly) {
  EXPECT_THAT(outcome_ops(R"("price":1.855,"total_matched":0.001,"sp_near":3.14159265358979)"),
              ElementsAre("price = '1.855'", "total_matched = '0.001'", "sp_near = '3.14159265358979'"));
  EXPECT_THAT(outcome_ops(R"("price":1.8500,"last_price":185e-2,"total_matched":90000000000000)"),
              ElementsAre("price = 185", "last_price = 185", "total_matched = 9000000000000000"));
}

// --- Ladders.

TEST(NativeLadder, OfPricesSetsAndRemovesRows) {
  for (const char* ladder : {"back", "lay", "traded", "sp_back", "sp_lay"}) {
    const std::string name(ladder);
    EXPECT_THAT(outcome_ops('"' + name + R"(":[[1.85,120.5],[1000,2],[1.84,0],[1.83,null],[1.82,0.0]])"),
                ElementsAre(name + "[185] = 12050", name + "[100000] = 200", "no " + name + "[184]",
                            "no " + name + "[183]", "no " + name + "[182]"));
  }
}

TEST(NativeLadder, OfRanksSetsAndRemovesPriceAndSizeTogether) {
  for (const char* ladder : {"best_back", "best_lay", "best_display_back", "best_display_lay"}) {
    const std::string name(ladder);
    EXPECT_THAT(
        outcome_ops('"' + name + R"(":[[0,1.85,120.5],[3,1.8,20],[1,0,0],[2,1.8,null],[1000,null,null]])"),
        ElementsAre(name + " = 185", name + "[1] = 12050", name + "[6] = 180", name + "[7] = 2000",
                    "no " + name + "[2]", "no " + name + "[3]", "no " + name + "[4]", "no " + name + "[5]",
                    "no " + name + "[2000]", "no " + name + "[2001]"));
  }
}

TEST(NativeLadder, IsEmptiedByNullAndLeftAloneByAnEmptyList) {
  EXPECT_THAT(outcome_ops(R"("back":null,"best_lay":null)"),
              ElementsAre("no back at all", "no best_lay at all"));
  EXPECT_THAT(outcome_ops(R"("traded":[],"best_back":[])"), IsEmpty());
}

TEST(NativeLadder, KeepsSizesThatAreNoHundredthsExactly) {
  EXPECT_THAT(outcome_ops(R"("back":[[1.85,0.125]],"best_back":[[1,1.855,0.125]])"),
              ElementsAre("back[185] = '0.125'", "best_back[2] = '1.855'", "best_back[3] = '0.125'"));
}

TEST(NativeLadder, KeepsPricesThatAreNoHundredthsOrTooLargeByTheirLiterals) {
  EXPECT_THAT(outcome_ops(R"("back":[[1.855,20],[1.856,0],[83886.07,1],[83886.08,2],[100000,null]])"),
              ElementsAre("back[1.855] = 2000", "no back[1.856]", "back[8388607] = 100",
                          "back[83886.08] = 200", "no back[100000]"));
}

}  // namespace
}  // namespace touchline::native_tests
