// What the native format refuses, in which words, and that nothing of a refused line is left.

#include "core/limits.h"
#include "feed/ingest/native_parser.h"
#include "tests/feed/native_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace touchline::native_tests {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

TEST(NativeRefusal, NamesAnUnknownKeyByItsPath) {
  EXPECT_EQ(event_refusal(R"("statsu":"live")"), "statsu is an unknown key");
  EXPECT_EQ(market_refusal(R"("betdelay":5)"), "markets[1].betdelay is an unknown key");
  EXPECT_EQ(outcome_refusal(R"("Price":1.85)"), "markets[1].outcomes[2].Price is an unknown key");
  EXPECT_EQ(outcome_refusal(R"("":1)"), R"(markets[1].outcomes[2][""] is an unknown key)");
  EXPECT_EQ(event_refusal(R"("a b\n\"":1)"), R"(["a b\n\""] is an unknown key)");
  EXPECT_EQ(event_refusal('"' + std::string(50, 'x') + "\":1"),
            "[\"" + std::string(40, 'x') + "...\"] is an unknown key");
}

TEST(NativeRefusal, OfAKeyThatStandsTwice) {
  EXPECT_EQ(event_refusal(R"("event":"f")"), "event stands twice");
  EXPECT_EQ(outcome_refusal(R"("back":[],"back":[])"), "markets[1].outcomes[2].back stands twice");
}

TEST(NativeRefusal, OfAPathThatStandsTwiceAmongAttributes) {
  EXPECT_EQ(event_refusal(R"("attributes":{"a":1,"b":2,"a":1})"), R"(attributes["a"] stands twice)");
  EXPECT_EQ(event_refusal(R"("attributes":{"a":1,"\u0061":null})"), R"(attributes["a"] stands twice)");
  EXPECT_EQ(outcome_refusal(R"("attributes":{"a":1,"a":2})"),
            R"(markets[1].outcomes[2].attributes["a"] stands twice)");
  EXPECT_EQ(event_refusal(R"("attributes":{"a":{"b":[1,{"c":1,"d":{},"c":2}]}})"),
            R"(attributes["a"]["b"][1]["c"] stands twice)");
  std::string many = R"("attributes":{)";
  for (int i = 0; i < 100; ++i)
    many += "\"path/" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  EXPECT_THAT(event_ops(many + "\"path/100\":1}"), SizeIs(101));
  EXPECT_EQ(event_refusal(many + "\"path/41\":1}"), R"(attributes["path/41"] stands twice)");
}

TEST(NativeRefusal, NamesTheByteOfAKeyThatStandsTwice) {
  const auto text_at_byte = [](const std::string& line) { return line.substr(refusal_of(line).at_byte); };
  EXPECT_EQ(text_at_byte(R"({"event":"e","event":"f"})"), R"("event":"f"})");
  EXPECT_EQ(text_at_byte(R"({"event":"a \"a\": a","attributes":{"a":"a","b":[{"a":7,"\\":"a"}],"a":8}})"),
            R"("a":8}})");
  EXPECT_EQ(text_at_byte(R"({"event":"e","attributes":{"b":[{"a":1, "a" :2}],"a":8}})"),
            R"("a" :2}],"a":8}})");
  EXPECT_EQ(text_at_byte(R"({"markets":[{"id":"m","id":"n"}],"event":"e","name":"id"})"),
            R"("id":"n"}],"event":"e","name":"id"})");
}

TEST(NativeRefusal, OfMissingAndWrongIds) {
  EXPECT_EQ(refusal_of("{}").text, "event is missing");
  EXPECT_EQ(refusal_of(R"({"event":null,"name":"A"})").text, "event is missing");
  EXPECT_EQ(refusal_of(R"({"event":""})").text, "event is empty");
  EXPECT_EQ(refusal_of(R"({"event":1.5})").text, "event is neither a text nor an integer");
  EXPECT_EQ(event_refusal(R"("id":"")"), "id is empty");
  EXPECT_EQ(event_refusal(R"("markets":[{}])"), "markets[0].id is missing");
  EXPECT_EQ(market_refusal(R"("outcomes":[{"name":"A"}])"), "markets[1].outcomes[0].id is missing");
  EXPECT_EQ(market_refusal(R"("outcomes":[{"id":true}])"),
            "markets[1].outcomes[0].id is neither a text nor an integer");
  EXPECT_THAT(ops_of(R"({"event":")" + std::string(256, 'x') + "\"}"), SizeIs(1));
  const Error error = refusal_of(R"({"event":")" + std::string(257, 'x') + "\"}");
  EXPECT_EQ(error.text, "event is longer than 256 bytes");
  EXPECT_EQ(error.kind, ErrorKind::limit);
}

TEST(NativeRefusal, OfWrongMarksOfTheLine) {
  EXPECT_EQ(event_refusal(R"("seq":0)"), "seq is below 1");
  EXPECT_EQ(event_refusal(R"("seq":1.5)"), "seq is no integer");
  EXPECT_EQ(event_refusal(R"("seq":18446744073709551615)"), "seq is too large");
  EXPECT_EQ(event_refusal(R"("ack":1.5)"), "ack is neither true, false, a text nor an integer");
  EXPECT_EQ(event_refusal(R"("ack":"")"), "ack is empty");
  EXPECT_EQ(event_refusal(R"("image":"yes")"), "image is neither true nor false");
  EXPECT_EQ(market_refusal(R"("image":0)"), "markets[1].image is neither true nor false");
  EXPECT_EQ(refusal_of(R"({"alive":false})").text, "alive is never false");
  EXPECT_EQ(refusal_of(R"({"alive":true,"seq":3})").text,
            "seq does not belong in a heartbeat, which has alive and time alone");
}

TEST(NativeRefusal, OfTimesThatAreNone) {
  for (const char* time :
       {"0", "-5", "253402300800000", "\"1969-12-31T23:59:59Z\"", "\"9999-12-31T23:59:59-01:00\""}) {
    EXPECT_EQ(event_refusal(R"("time":)" + std::string(time)),
              "time is not within the years 1970 to 9999, in ms");
  }
  for (const char* seconds : {"1", "1786802400", "946684799999"}) {
    EXPECT_EQ(event_refusal(R"("start_time":)" + std::string(seconds)),
              "start_time " + std::string(seconds) +
                  " is before the year 2000: times are in ms since 1970, not in seconds");
  }
  EXPECT_THAT(event_ops(R"("start_time":946684800000)"), SizeIs(1));
  for (const char* text :
       {"", "today", "2026-08-15", "2026-08-15T14:00:00", "2026-02-29T14:00:00Z", "2026-13-15T14:00:00Z",
        "2026-08-15T24:00:00Z", "2026-08-15T14:60:00Z", "2026-08-15T14:00:61Z", "2026-08-15T14:00:00.Z",
        "2026-08-15T14:00:00+0200", "2026-08-15T14:00:00+24:00", "2026-08-15T14:00:00Zulu"}) {
    EXPECT_EQ(event_refusal(R"("start_time":")" + std::string(text) + '"'),
              "start_time \"" + std::string(text) + "\" is no time such as 2026-08-15T14:00:00.000Z");
  }
  EXPECT_EQ(event_refusal(R"("time":1786802400000.5)"), "time is no integer");
  EXPECT_EQ(event_refusal(R"("source_at":true)"), "source_at is no integer");
}

TEST(NativeRefusal, OfValuesOfAnotherType) {
  EXPECT_EQ(event_refusal(R"("name":7)"), "name is no text");
  EXPECT_EQ(event_refusal(R"("home_score":"1")"), "home_score is no integer");
  EXPECT_EQ(event_refusal(R"("markets":{"id":"m"})"), "markets is no list");
  EXPECT_EQ(event_refusal(R"("markets":["m"])"), "markets[0] is no object");
  EXPECT_EQ(market_refusal(R"("in_play":"true")"), "markets[1].in_play is neither true nor false");
  EXPECT_EQ(market_refusal(R"("outcomes":[[]])"), "markets[1].outcomes[0] is no object");
  EXPECT_EQ(outcome_refusal(R"("price":"1.85")"), "markets[1].outcomes[2].price is no number");
  EXPECT_EQ(outcome_refusal(R"("back":1.85)"), "markets[1].outcomes[2].back is no list");
  EXPECT_EQ(refusal_of("[]").text, "the line is no object");
  EXPECT_EQ(refusal_of("7").text, "the line is no object");
}

TEST(NativeRefusal, OfNullWhereNothingCanBeErased) {
  EXPECT_EQ(event_refusal(R"("markets":null)"),
            "markets is null, but what is once listed cannot be taken back");
  EXPECT_EQ(market_refusal(R"("outcomes":null)"),
            "markets[1].outcomes is null, but what is once listed cannot be taken back");
  EXPECT_EQ(outcome_refusal(R"("attributes":null)"),
            "markets[1].outcomes[2].attributes is null, which only a single attribute can be");
}

TEST(NativeRefusal, OfUnknownStatuses) {
  EXPECT_EQ(
      event_refusal(R"("status":"running")"),
      "status \"running\" is none of scheduled, delayed, postponed, live, interrupted, finished, settled, "
      "cancelled, abandoned");
  EXPECT_EQ(event_refusal(R"("status":503)"), "status is no text");
  EXPECT_EQ(market_refusal(R"("status":"unset")"),
            "markets[1].status \"unset\" is none of inactive, open, suspended, closed, settled, cancelled");
  EXPECT_THAT(outcome_refusal(R"("status":"voided")"),
              StartsWith("markets[1].outcomes[2].status \"voided\" is none"));
}

TEST(NativeRefusal, OfNumbersOutOfRange) {
  EXPECT_EQ(event_refusal(R"("clock_ms":-1)"), "clock_ms is not within 0 to 2678400000");
  EXPECT_EQ(event_refusal(R"("away_score":1000000001)"), "away_score is not within 0 to 1000000000");
  EXPECT_EQ(market_refusal(R"("version":-1)"), "markets[1].version is not within 0 to 9223372036854775807");
  EXPECT_EQ(market_refusal(R"("bet_delay":86401)"), "markets[1].bet_delay is not within 0 to 86400");
  EXPECT_EQ(market_refusal(R"("total_matched":-0.01)"), "markets[1].total_matched is negative");
  EXPECT_EQ(outcome_refusal(R"("total_matched":90000000000000.02)"),
            "markets[1].outcomes[2].total_matched is out of range");
  EXPECT_EQ(outcome_refusal(R"("price":0)"), "markets[1].outcomes[2].price is a price that is not above 0");
  EXPECT_EQ(outcome_refusal(R"("last_price":-0.001)"), "markets[1].outcomes[2].last_price is negative");
  EXPECT_EQ(outcome_refusal(R"("sp_near":-0.01)"), "markets[1].outcomes[2].sp_near is negative");
  EXPECT_EQ(outcome_refusal(R"("sp_far":"nan")"),
            "markets[1].outcomes[2].sp_far is neither a number nor \"NaN\" or \"Infinity\"");
  EXPECT_EQ(outcome_refusal(R"("handicap":0.125)"),
            "markets[1].outcomes[2].handicap is no whole count of hundredths");
}

TEST(NativeRefusal, OfLadderRowsNamesTheRowAndItsPart) {
  const std::string at = "markets[1].outcomes[2].";
  EXPECT_EQ(outcome_refusal(R"("back":[[1.85,1],1.84])"), at + "back[1] is no list");
  EXPECT_EQ(outcome_refusal(R"("back":[[1.85]])"), at + "back[0] is not [price, size]");
  EXPECT_EQ(outcome_refusal(R"("lay":[[0,1.85,20]])"), at + "lay[0] is not [price, size]");
  EXPECT_EQ(outcome_refusal(R"("lay":[["1.85",20]])"), at + "lay[0][0] is no number");
  EXPECT_EQ(outcome_refusal(R"("lay":[[null,20]])"), at + "lay[0][0] is no number");
  EXPECT_EQ(outcome_refusal(R"("traded":[[1.85,1],[0,20]])"),
            at + "traded[1][0] is a price that is not above 0");
  EXPECT_EQ(outcome_refusal(R"("traded":[[-1.855,20]])"), at + "traded[0][0] is a price that is not above 0");
  EXPECT_EQ(outcome_refusal(R"("sp_back":[[1.85,-0.001]])"), at + "sp_back[0][1] is a negative size");
  EXPECT_EQ(outcome_refusal(R"("sp_lay":[[1e15,1]])"), at + "sp_lay[0][0] is out of range");
  EXPECT_EQ(outcome_refusal(R"("back":[[1.855,0.125]])"),
            at + "back[0] has neither price nor size as a whole count of hundredths");
  EXPECT_EQ(outcome_refusal(R"("best_back":[[1.85,20]])"), at + "best_back[0] is not [level, price, size]");
  EXPECT_EQ(outcome_refusal(R"("best_back":[[1001,1.85,20]])"),
            at + "best_back[0][0] is a level that is not within 0 to 1000");
  EXPECT_EQ(outcome_refusal(R"("best_lay":[[0,0,20]])"),
            at + "best_lay[0][1] is a price that is not above 0");
  EXPECT_EQ(outcome_refusal(R"("best_lay":[[0,1.85,-20]])"), at + "best_lay[0][2] is a negative size");
}

TEST(NativeRefusal, OfAttributesNamesThePath) {
  EXPECT_EQ(event_refusal(R"("attributes":[])"), "attributes is no object");
  EXPECT_EQ(event_refusal(R"("attributes":{"":1})"), R"(attributes[""] has no path)");
  const std::string long_text(limits::text_bytes, 'x');
  EXPECT_EQ(market_refusal(R"("attributes":{"notes/1":")" + long_text + "\"}"),
            R"(markets[1].attributes["notes/1"] is longer than 1048576 bytes)");
  EXPECT_EQ(event_refusal(R"("attributes":{"start_time":"noon"})"),
            R"(attributes["start_time"] "noon" is no time such as 2026-08-15T14:00:00.000Z)");
  EXPECT_EQ(event_refusal(R"("attributes":{"clock_ms":-1})"),
            R"(attributes["clock_ms"] is not within 0 to 2678400000)");
  EXPECT_EQ(market_refusal(R"("attributes":{"name":"x)" + long_text + "\"}"),
            R"(markets[1].attributes["name"] is longer than 1048576 bytes)");
}

TEST(NativeRefusal, OfTextsThatAreTooLongIsALimit) {
  const std::string longest(limits::text_bytes, 'x');
  EXPECT_THAT(event_ops(R"("period":")" + longest + '"'), SizeIs(1));
  const Error error = refusal_of(R"({"event":"e","period":"x)" + longest + "\"}");
  EXPECT_EQ(error.kind, ErrorKind::limit);
  EXPECT_EQ(error.text, "period is longer than 1048576 bytes");
}

TEST(NativeRefusal, OfWhatIsNoJsonTellsTheByte) {
  struct Case {
    std::string line;
    std::string text;
    std::uint64_t at_byte;
  };
  for (const Case& wrong : std::vector<Case>{
           {R"({"event":"e","name":"A")", "malformed JSON: it ends too early", 23},
           {R"({"event":"e)", "malformed JSON: it ends too early", 11},
           {R"({"event":"e",})", "malformed JSON: a key in quotes is expected", 13},
           {R"({"event":"e" "seq":1})", "malformed JSON: ',' or '}' is expected", 13},
           {R"({"event" "e"})", "malformed JSON: ':' is expected", 9},
           {R"({"event":"e","ack":True})", "malformed JSON: a value is expected", 19},
           {R"({"event":"e","seq":01})", "malformed JSON: a number begins with 0", 20},
           {R"({"event":"e","seq":1.})", "malformed JSON: a digit is expected", 21},
           {R"({"event":"e","seq":1e999})", "malformed JSON: a number is too large", 19},
           {R"({"event":"e","seq":99999999999999999999})", "malformed JSON: a number is too large", 19},
           {R"({"event":"e","markets":[1;2]})", "malformed JSON: ',' or ']' is expected", 25},
           {R"({"event":"e"}{})", "malformed JSON: something follows the end of the object", 13},
           {R"({"event":"\x"})", "malformed JSON: an escape is unknown", 11},
           {R"({"event":"\u12g4"})", "malformed JSON: a \\u escape is wrong", 11},
           {R"({"event":"\ud800"})", "malformed JSON: a \\u escape is wrong", 15},
           {"{\"event\":\"a\tb\"}", "malformed JSON: a control character stands in a text", 11},
           {"{\"event\":\"e\xFF\"}", "the line is not valid UTF-8", 11},
           {"{\"event\":\"\xC3\xA9\xE2\x82\"}", "the line is not valid UTF-8", 12},
           {"", "the line is empty", 0},
           {"  \t ", "the line is empty", 0},
       }) {
    const Error error = refusal_of(wrong.line);
    EXPECT_EQ(error.text, wrong.text) << wrong.line;
    EXPECT_EQ(error.at_byte, wrong.at_byte) << wrong.line;
    EXPECT_EQ(error.kind, ErrorKind::malformed) << wrong.line;
  }
}

TEST(NativeRefusal, OfNestingWithoutEnd) {
  EXPECT_THAT(event_refusal(R"("attributes":{"x":)" + std::string(100'000, '[')),
              StartsWith("malformed JSON: "));
}

TEST(NativeRefusal, LeavesTheParserReadyForTheNextLine) {
  NativeParser parser;
  Update update;
  EXPECT_FALSE(parse(
      parser, R"({"event":"e","markets":[{"id":"m","outcomes":[{"id":"o","back":[[1,-1]]}]}]})", update));
  EXPECT_FALSE(parse(parser, R"({"event")", update));
  EXPECT_TRUE(parse(parser, R"({"event":"e","home_score":1})", update));
  EXPECT_THAT(update.ops, SizeIs(2));
}

TEST(NativeRefusal, MeetsEveryCutAndEveryDamagedByteWithoutATrace) {
  const std::string line =
      R"({"event":"e","seq":7,"time":"2026-08-15T14:00:00Z","attributes":{"a/b":[1,"é\n"]},"markets":[{)"
      R"("id":"m","in_play":true,"outcomes":[{"id":"o","handicap":-0.5,"back":[[1.85,20],[1.84,null]],)"
      R"("best_lay":[[0,2,1]]}]}]})";
  for (std::size_t size = 0; size < line.size(); ++size) {
    EXPECT_LE(refusal_of(std::string_view(line).substr(0, size)).at_byte, size);
  }
  NativeParser parser;
  Update update;
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = line;
    for (std::size_t i = random() % 3; i < 3; ++i)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    if (const auto parsed = parse(parser, damaged, update); !parsed) {
      EXPECT_THAT(update.ops, IsEmpty());
      EXPECT_FALSE(parsed.error().text.empty());
      EXPECT_LE(parsed.error().at_byte, damaged.size());
    }
  }
}

}  // namespace
}  // namespace touchline::native_tests
