#include "core/state_json.h"

#include "core/event_table.h"
#include "core/state_names.h"
#include "core/update.h"

#include <gtest/gtest.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace touchline {
namespace {

constexpr SourceId source{1};

std::string json_of(const EventState& state) {
  std::string out;
  append_state_json(out, {state, {}, {}, 0});
  return out;
}

// An event with one market and one outcome, without any other cell.
EventState bare() {
  EventState state;
  state.set(Address(0, 0, Field::id), "e");
  state.set(Address(1, 0, Field::id), "m");
  state.set(Address(1, 1, Field::id), "o");
  return state;
}

// The outcome's JSON behind its id, up to its end.
std::string outcome_json(const EventState& state) {
  const std::string whole = json_of(state);
  const std::string_view head = R"("outcomes":[{"id":"o",)";
  const std::size_t begin = whole.find(head) + head.size();
  return whole.substr(begin, whole.rfind("}]}]}") - begin);
}

void expect_in_order(const std::string& text, std::initializer_list<const char*> parts) {
  std::size_t at = 0;
  for (const char* part : parts) {
    const std::size_t found = text.find(part, at);
    ASSERT_NE(found, std::string::npos) << part << " is not behind what stands before it in " << text;
    at = found + std::string_view(part).size();
  }
}

Update cricket() {
  Update update;
  update.on_market("1.200806927", "31573045");
  update.definition();
  update.its_event(Field::sport, "4");
  update.its_event(Field::name, "Netherlands v Papua New Guinea");
  update.set(Field::type, "MATCH_ODDS");
  update.set(Field::status, static_cast<std::int64_t>(MarketStatus::open));
  update.set(Field::in_play, 1);
  update.set(Field::version, 4'641'237'101);
  update.set(Field::bet_delay, 5);
  update.set(Field::total_matched, 12'345);
  update.attribute_json("timezone", R"("GMT")");
  update.attribute("numberOfWinners", 1);
  update.on_outcome("228749", 0);
  update.set(Field::name, "Netherlands");
  update.set(Field::status, static_cast<std::int64_t>(OutcomeStatus::active));
  update.set(Field::price, 157);
  update.set(Field::last_price, 140);
  update.set(Field::total_matched, 0);
  update.set(Field::sp_near, 250);
  update.set(Field::sp_far, 300);
  update.attribute("sortPriority", 1);
  update.set(Field::back, 12'050, 157);
  update.set(Field::back, 5'500, 156);
  update.set(Field::lay, 100, 160);
  update.set(Field::traded, 1, 101);
  update.set(Field::sp_back, 200, 100'000);
  update.set(Field::sp_lay, 300, 110);
  for (const Field field :
       {Field::best_back, Field::best_lay, Field::best_display_back, Field::best_display_lay}) {
    update.set(field, 157, 0);
    update.set(field, 12'050, 1);
  }
  return update;
}

TEST(StateJson, WritesEveryKeyInTheOrderOfTheDesign) {
  EventTable table;
  ASSERT_TRUE(table.apply(cricket(), source));
  Update score;
  score.on_event("31573045");
  score.set(Field::status, static_cast<std::int64_t>(EventStatus::live));
  score.set(Field::home_score, 147);
  score.attribute_json("fixtureInfo/eventStatus", R"("BALL_IN_PROGRESS")");
  ASSERT_TRUE(table.apply(score, source));
  EventState state = table.find("31573045")->state;
  state.seq = Seq(20'699);
  state.source_time_ms = 1'657'541'423'406;
  std::string out;
  append_state_json(out, {state, Epoch(1), Offset(20'700), 1'657'541'423'407});

  char digest[17] = {};
  std::snprintf(digest, sizeof digest, "%016llx", static_cast<unsigned long long>(state.digest()));
  const std::string expected =
      R"({"event":"31573045","sport":"4","name":"Netherlands v Papua New Guinea","status":"live",)"
      R"("feed":"live","epoch":1,"seq":20699,"offset":20700,"digest":")" +
      std::string(digest) +
      R"(","published_at":"2022-07-11T12:10:23.407Z","source_at":"2022-07-11T12:10:23.406Z",)"
      R"("attributes":{"fixtureInfo/eventStatus":"BALL_IN_PROGRESS","home_score":147},)"
      R"("markets":[{"id":"1.200806927","type":"MATCH_ODDS","status":"open","in_play":true,)"
      R"("version":4641237101,"bet_delay":5,"total_matched":123.45,)"
      R"("attributes":{"numberOfWinners":1,"timezone":"GMT"},)"
      R"("outcomes":[{"id":"228749","handicap":0,"name":"Netherlands","status":"active","price":1.57,)"
      R"("last_price":1.4,"total_matched":0,"sp_near":2.5,"sp_far":3,"attributes":{"sortPriority":1},)"
      R"("back":[[1.56,55],[1.57,120.5]],"lay":[[1.6,1]],"traded":[[1.01,0.01]],"sp_back":[[1000,2]],)"
      R"("sp_lay":[[1.1,3]],"best_back":[[0,1.57,120.5]],"best_lay":[[0,1.57,120.5]],)"
      R"("best_display_back":[[0,1.57,120.5]],"best_display_lay":[[0,1.57,120.5]]}]}]})";
  EXPECT_EQ(out, expected);
}

TEST(StateJson, LeavesOutWhatWasNeverSetOrIsNotKnown) {
  EventState state = bare();
  state.set(Address(1, 0, Field::in_play), 0);
  state.set(Address(1, 1, Field::status), static_cast<std::int64_t>(OutcomeStatus::loser));
  const std::string out = json_of(state);
  expect_in_order(out, {R"({"event":"e","feed":"live","seq":0,"digest":")",
                        R"(","attributes":{},"markets":[{"id":"m","in_play":false,"attributes":{},)",
                        R"("outcomes":[{"id":"o","handicap":0,"status":"loser","attributes":{}}]}]})"});
}

TEST(StateJson, WritesAnEmptyState) {
  EXPECT_EQ(json_of(EventState()),
            R"({"feed":"live","seq":0,"digest":"0000000000000000","attributes":{},"markets":[]})");
}

TEST(StateJson, AppendsBehindWhatIsThere) {
  std::string out = "{[";
  append_state_json(out, {EventState(), {}, {}, 0});
  EXPECT_TRUE(out.starts_with(R"({[{"feed":)")) << out;
}

TEST(StateJson, TellsTheWorstHealthOfAnySource) {
  EventState state = bare();
  const auto feed_with = [&](std::uint32_t number, FeedHealth health) {
    state.set(Address(0, 0, Field::feed, number), static_cast<std::int64_t>(health));
    return json_of(state);
  };
  EXPECT_NE(feed_with(1, FeedHealth::live).find(R"("feed":"live")"), std::string::npos);
  EXPECT_NE(feed_with(2, FeedHealth::incomplete).find(R"("feed":"incomplete")"), std::string::npos);
  EXPECT_NE(feed_with(3, FeedHealth::stale).find(R"("feed":"stale")"), std::string::npos);
  EXPECT_NE(feed_with(3, FeedHealth::live).find(R"("feed":"incomplete")"), std::string::npos);
}

TEST(StateJson, PutsFieldsThatTheListingDoesNotNameUnderAttributesSortedByPath) {
  EventState state = bare();
  state.set(Address(0, 0, Field::competition), "T20");
  state.set(Address(0, 0, Field::start_time), 1'657'537'200'000);
  state.set(Address(0, 0, Field::period), "innings 1");
  state.set(Address(0, 0, Field::clock_ms), 61'000);
  state.set(Address(0, 0, Field::home_score), 2);
  state.set(Address(0, 0, Field::away_score), 1);
  state.set(Address(0, 0, Field::attribute_name, 0), "venue");
  state.set(Address(0, 0, Field::attribute_name, 1), "a/b");
  state.set(Address(0, 0, Field::attribute, 0), R"({"city":"Bulawayo"})");
  state.set(Address(0, 0, Field::attribute, 1), 7);
  state.set(Address(1, 0, Field::name), "Match Odds");
  expect_in_order(
      json_of(state),
      {R"("attributes":{"a/b":7,"away_score":1,"clock_ms":61000,"competition":"T20","home_score":2,)"
       R"("period":"innings 1","start_time":"2022-07-11T11:00:00.000Z",)"
       R"("venue":{"city":"Bulawayo"}},"markets":)",
       R"("attributes":{"name":"Match Odds"},"outcomes":)"});
}

TEST(StateJson, KeepsAnAttributeThatIsCalledLikeAFieldApart) {
  EventState state = bare();
  state.set(Address(0, 0, Field::attribute_name, 0), "name");
  state.set(Address(1, 0, Field::name), "ours");
  state.set(Address(1, 0, Field::attribute, 0), R"("theirs")");
  expect_in_order(json_of(state), {R"("attributes":{"name":"ours","attribute/name":"theirs"})"});
}

TEST(StateJson, MergesExactPricesIntoNumericOrder) {
  EventTable table;
  Update update;
  update.on_market("m", "e");
  update.on_outcome("o", 0);
  update.set(Field::back, 100, 101);
  update.set(Field::back, 200, 200);
  update.exact_level(Field::back, "1.005", 300);
  update.exact_level(Field::back, "1.015", 400);
  update.exact_level(Field::back, "100000", 500);
  update.exact_level(Field::back, "9e-05", 600);
  ASSERT_TRUE(table.apply(update, source));
  EXPECT_EQ(
      outcome_json(table.find("e")->state),
      R"("handicap":0,"attributes":{},"back":[[9e-05,6],[1.005,3],[1.01,1],[1.015,4],[2,2],[100000,5]])");
}

TEST(StateJson, WritesNumbersThatAreNoHundredthsAsTheirLiterals) {
  EventState state = bare();
  state.set(Address(1, 1, Field::price), "1.5755");
  state.set(Address(1, 1, Field::last_price), "1e-05");
  state.set(Address(1, 1, Field::total_matched), "about 5");
  state.set(Address(1, 1, Field::lay, 150), "0.125");
  state.set(Address(1, 1, Field::lay, 140), 100);
  state.set(Address(1, 1, Field::lay, 160), 100);
  state.set(Address(1, 1, Field::best_lay, 2), "1.515");
  state.set(Address(1, 1, Field::best_lay, 3), 100);
  EXPECT_EQ(outcome_json(state),
            R"("handicap":0,"price":1.5755,"last_price":1e-05,"total_matched":"about 5","attributes":{},)"
            R"("lay":[[1.4,1],[1.5,0.125],[1.6,1]],"best_lay":[[1,1.515,1]])");
}

TEST(StateJson, WritesNaNAndInfinityAsStrings) {
  EventState state = bare();
  state.set(Address(1, 1, Field::sp_near), sp_not_a_number);
  state.set(Address(1, 1, Field::sp_far), sp_infinity);
  EXPECT_EQ(outcome_json(state), R"("handicap":0,"sp_near":"NaN","sp_far":"Infinity","attributes":{})");
  state.set(Address(1, 1, Field::sp_near), 0);
  state.erase(Address(1, 1, Field::sp_far));
  EXPECT_EQ(outcome_json(state), R"("handicap":0,"sp_near":0,"attributes":{})");
}

TEST(StateJson, SortsRanksAndWritesZeroForAMissingHalf) {
  EventState state = bare();
  state.set(Address(1, 1, Field::best_back, 0), "1.575");
  state.set(Address(1, 1, Field::best_back, 3), 100);
  state.set(Address(1, 1, Field::best_back, 4), 150);
  EXPECT_EQ(outcome_json(state),
            R"("handicap":0,"attributes":{},"best_back":[[0,1.575,0],[1,0,1],[2,1.5,0]])");
}

TEST(StateJson, WritesHandicapsInUnits) {
  EventState state = bare();
  state.set(Address(1, 1, Field::status), 1);
  state.set(Address(1, 1, Field::handicap), -150);
  EXPECT_EQ(outcome_json(state), R"("handicap":-1.5,"status":"active","attributes":{})");
}

TEST(StateJson, HidesMarketsAndOutcomesThatHoldOnlyTheirNames) {
  EventState state = bare();
  state.set(Address(1, 0, Field::owner), 2);
  state.set(Address(1, 1, Field::handicap), 50);
  state.set(Address(2, 0, Field::id), "second");
  state.set(Address(2, 1, Field::id), "hidden");
  state.set(Address(2, 2, Field::id), "seen");
  state.set(Address(2, 2, Field::name), "seen");
  expect_in_order(json_of(state), {R"("markets":[{"id":"second","attributes":{},"outcomes":[{"id":"seen")",
                                   R"("attributes":{}}]}]})"});
}

TEST(StateJson, HidesAMarketThatMovedToAnotherEvent) {
  EventTable table;
  ASSERT_TRUE(table.apply(cricket(), source));
  Update moved;
  moved.on_market("1.200806927", "other", 4'641'237'102);
  ASSERT_TRUE(table.apply(moved, source));
  EXPECT_NE(json_of(table.find("31573045")->state).find(R"("markets":[]})"), std::string::npos);
  expect_in_order(json_of(table.find("other")->state),
                  {R"("event":"other")", R"("markets":[{"id":"1.200806927","type":"MATCH_ODDS")",
                   R"("timezone":"GMT")", R"("back":[[1.56,55],[1.57,120.5]])"});
}

// Reads one JSON text with rules of its own.
std::string unescaped(std::string_view json) {
  std::string text;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] != '\\') {
      EXPECT_GE(static_cast<unsigned char>(json[i]), 0x20);
      text.push_back(json[i]);
      continue;
    }
    ++i;
    if (json[i] == 'u') {
      unsigned code = 0;
      std::from_chars(json.data() + i + 1, json.data() + i + 5, code, 16);
      text.push_back(static_cast<char>(code));
      i += 4;
    } else {
      const std::string_view short_forms = "nrt";
      const std::size_t at = short_forms.find(json[i]);
      text.push_back(at == std::string_view::npos ? json[i] : "\n\r\t"[at]);
    }
  }
  return text;
}

TEST(StateJson, EscapesNamesSoThatTheyReadBackAsTheyWere) {
  std::string control;
  for (int c = 0; c < 0x20; ++c)
    control.push_back(static_cast<char>(c));
  const std::vector<std::string> names{"",
                                       "\"quoted\"",
                                       "back\\slash",
                                       "line\nfeed\r\ttab",
                                       control,
                                       "Fran\u00e7ais",
                                       "\u65e5\u672c \U0001F3C6",
                                       "a/b </script>",
                                       "ends in \\",
                                       "{\"a\":[1,2]}",
                                       "\x7f"};
  for (const std::string& name : names) {
    EventState state = bare();
    state.set(Address(0, 0, Field::name), std::string_view(name));
    const std::string out = json_of(state);
    const std::string_view head = R"("name":")";
    const std::size_t begin = out.find(head) + head.size();
    const std::size_t end = out.find(R"(","feed":)", begin);
    EXPECT_EQ(unescaped(std::string_view(out).substr(begin, end - begin)), name);
    EXPECT_EQ(out.find('\n'), std::string::npos);
  }
}

TEST(StateJson, EscapesThePathsOfAttributes) {
  EventState state = bare();
  state.set(Address(0, 0, Field::attribute_name, 0), R"(a"b)");
  state.set(Address(0, 0, Field::attribute, 0), 1);
  expect_in_order(json_of(state), {R"("attributes":{"a\"b":1})"});
}

TEST(StateJson, CallsStatusesThatItDoesNotKnowUnknown) {
  EventState state = bare();
  state.set(Address(0, 0, Field::status), 77);
  state.set(Address(1, 0, Field::status), 256 + 2);
  state.set(Address(1, 1, Field::status), -1);
  expect_in_order(json_of(state),
                  {R"("status":"unknown")", R"("status":"unknown")", R"("status":"unknown")"});
}

TEST(StateJson, TellsNumbersOfJsonFromOtherTexts) {
  for (const char* number :
       {"0", "-0", "1", "10.5", "-0.25", "1e5", "1E+05", "1.5e-07", "123456789012345678901"}) {
    EXPECT_TRUE(is_json_number(number)) << number;
  }
  for (const char* other : {"", "-", "+1", "01", "-01", ".5", "5.", "1.e5", "1e", "1e+", "NaN", "Infinity",
                            "0x1", "1 ", " 1", "1,5", "--1", "1.2.3"}) {
    EXPECT_FALSE(is_json_number(other)) << other;
  }
}

}  // namespace
}  // namespace touchline
