// The client's side of the exchange stream, without a socket: what it sends, what it takes, and when it gives up.

#include "feed/ingest/betfair_session.h"

#include "core/limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace touchline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string greeting = R"({"op":"connection","connectionId":"1-2"})"
                             "\r\n";

std::string ok(int id) {
  return R"({"op":"status","id":)" + std::to_string(id) +
         R"(,"statusCode":"SUCCESS","connectionClosed":false})" + "\r\n";
}

std::string error(int id, const std::string& code) {
  return R"({"op":"status","id":)" + std::to_string(id) + R"(,"statusCode":"FAILURE","errorCode":")" + code +
         R"(","errorMessage":"no","connectionClosed":true})" + "\r\n";
}

// A change of the market "1.1" and what else stands in its message.
std::string change(int id, const std::string& clk, int price, const std::string& more = "") {
  return R"({"op":"mcm","id":)" + std::to_string(id) + R"(,"clk":")" + clk + R"(","pt":170000000000)" +
         std::to_string(price % 10) + more + R"(,"mc":[{"id":"1.1","rc":[{"id":7,"ltp":)" +
         std::to_string(price) + "}]}]}\r\n";
}

struct Peer {
  explicit Peer(BetfairSessionOptions options = with_login()) : session(std::move(options), now_ms) {
    session.on_refused = [this](const BetfairSession::Refusal& refusal) {
      refused.push_back(std::to_string(refusal.number) + ": " + refusal.reason);
    };
    session.on_late = [this](bool is_late) { late.push_back(is_late); };
  }

  static BetfairSessionOptions with_login() {
    BetfairSessionOptions options;
    options.login = {"key", "to\"ken"};
    options.subscription.market_filter = R"({"marketIds":["1.1"]})";
    return options;
  }

  // Whatever comes of these bytes; the session is given so many at once.
  void say(std::string_view bytes, std::size_t at_once = 1'000) {
    while (!bytes.empty()) {
      session.receive(bytes.substr(0, at_once), now_ms);
      bytes.remove_prefix(std::min(at_once, bytes.size()));
      Update update;
      while (session.next(update) == BetfairSession::Step::update) {
        updates.push_back(update);
        clocks.push_back(session.clocks().clk);
        anew.push_back(session.begins_anew());
      }
    }
  }
  void subscribe() { say(greeting + ok(1) + ok(2)); }
  std::string said() { return session.take_output(); }

  std::int64_t now_ms = 1'000'000;
  BetfairSession session;
  std::vector<Update> updates;
  std::vector<std::string> clocks;  // behind each
  std::vector<bool> anew;
  std::vector<std::string> refused;
  std::vector<bool> late;
};

TEST(BetfairSession, LogsInSubscribesAndTakesWhatComes) {
  Peer peer;
  EXPECT_EQ(peer.said(), "");
  peer.say(greeting);
  EXPECT_EQ(peer.said(), R"({"op":"authentication","id":1,"appKey":"key","session":"to\"ken"})"
                         "\r\n");
  peer.say(ok(1));
  EXPECT_EQ(peer.said(),
            R"({"op":"marketSubscription","id":2,"marketFilter":{"marketIds":["1.1"]},)"
            R"("marketDataFilter":{},"segmentationEnabled":true,"heartbeatMs":5000,"conflateMs":0})"
            "\r\n");
  EXPECT_FALSE(peer.session.is_subscribed());
  peer.say(ok(2));
  EXPECT_TRUE(peer.session.is_subscribed());
  peer.say(change(2, "a", 2, R"(,"ct":"SUB_IMAGE","initialClk":"i")") + change(2, "b", 3));
  EXPECT_THAT(peer.clocks, ElementsAre("a", "b"));
  EXPECT_THAT(peer.anew, ElementsAre(true, false));
  EXPECT_EQ(peer.session.clocks().initial_clk, "i");
}

TEST(BetfairSession, IsTheSameHoweverTheBytesAreCut) {
  Peer peer;
  peer.say(greeting + ok(1) + ok(2) + change(2, "a", 2) + "\r\n" + change(2, "b", 3), 1);
  EXPECT_THAT(peer.clocks, ElementsAre("a", "b"));
  EXPECT_THAT(peer.refused, IsEmpty());
}

TEST(BetfairSession, GoesOnFromItsClocks) {
  auto options = Peer::with_login();
  options.clocks = {"i\\", "c"};
  options.first_id = 7;
  Peer peer(options);
  peer.say(greeting + ok(7));
  EXPECT_THAT(peer.said(), HasSubstr(R"("id":8,)"));
  EXPECT_EQ(peer.session.last_id(), 8U);
  peer.say(error(8, "INVALID_CLOCK"));
  ASSERT_TRUE(peer.session.end());
  EXPECT_EQ(peer.session.end()->cure, BetfairCure::afresh);
}

TEST(BetfairSession, AsksWithBothClocks) {
  auto options = Peer::with_login();
  options.clocks = {"i\\", "c"};
  Peer peer(options);
  peer.say(greeting + ok(1));
  EXPECT_THAT(peer.said(), HasSubstr(R"(,"initialClk":"i\\","clk":"c"})"));
  peer.say(ok(2) + change(2, "d", 2, R"(,"ct":"RESUB_DELTA")"));
  EXPECT_THAT(peer.anew, ElementsAre(false));
  EXPECT_EQ(peer.session.clocks().initial_clk, "i\\");
}

TEST(BetfairSession, GivesAChangeInSegmentsAsOneAndCountsTheClkOfTheLastAlone) {
  Peer peer;
  peer.subscribe();
  peer.say(change(2, "a", 2));
  peer.say(change(2, "no", 3, R"(,"segmentType":"SEG_START","ct":"SUB_IMAGE")"));
  peer.say(change(2, "no", 4, R"(,"segmentType":"SEG")"));
  EXPECT_EQ(peer.session.clocks().clk, "a");
  EXPECT_EQ(peer.updates.size(), 1U);
  peer.say(change(2, "b", 5, R"(,"segmentType":"SEG_END")"));
  ASSERT_EQ(peer.updates.size(), 2U);
  EXPECT_THAT(peer.clocks, ElementsAre("a", "b"));
  EXPECT_TRUE(peer.anew[1]);
  const Update& joined = peer.updates[1];
  std::vector<std::string> outcomes;
  for (const Op& op : joined.ops) {
    if (op.kind == OpKind::market || op.kind == OpKind::outcome) outcomes.emplace_back(joined.look(op.text));
  }
  EXPECT_THAT(outcomes, ElementsAre("1.1", "7", "1.1", "7", "1.1", "7"));
  EXPECT_EQ(joined.source_time_ms, 1'700'000'000'005);
}

TEST(BetfairSession, GivesWhatComesBetweenSegmentsAtOnceAndDoesNotMoveOnWithIt) {
  Peer peer;
  peer.subscribe();
  peer.say(change(2, "a", 2) + change(2, "no", 3, R"(,"segmentType":"SEG_START")") + change(2, "b", 4) +
           change(2, "c", 5, R"(,"segmentType":"SEG_END")"));
  EXPECT_THAT(peer.updates, testing::SizeIs(3));
  EXPECT_THAT(peer.clocks, ElementsAre("a", "a", "c"));
}

TEST(BetfairSession, DropsAChangeWhoseSegmentsAreNotAllThere) {
  Peer peer;
  peer.subscribe();
  peer.say(change(2, "a", 2, R"(,"segmentType":"SEG_END")"));
  peer.say(change(2, "b", 3, R"(,"segmentType":"SEG_START")"));
  peer.say("{\"op\":\"mcm\",\"id\":2,\"clk\":\"c\",\"pt\":1700000000000,\"segmentType\":\"SEG\",\"mc\":7}\n");
  peer.say(change(2, "d", 4, R"(,"segmentType":"SEG_END")"));
  EXPECT_THAT(peer.updates, IsEmpty());
  EXPECT_THAT(peer.refused,
              ElementsAre("4: a segment without the beginning of its change", "6: mc is no list"));
  peer.say(change(2, "e", 5));
  EXPECT_THAT(peer.clocks, ElementsAre("e"));
}

TEST(BetfairSession, TakesNothingOfASubscriptionThatIsNotItsOwn) {
  Peer peer;
  peer.subscribe();
  peer.say(change(1, "a", 2) + change(3, "b", 3));
  EXPECT_THAT(peer.updates, IsEmpty());
  EXPECT_EQ(peer.session.counts().foreign, 2U);
}

TEST(BetfairSession, TakesAChangeThatOvertakesTheAnswer) {
  Peer peer;
  peer.say(greeting + ok(1) + change(2, "a", 2) + ok(2) + change(2, "b", 3));
  EXPECT_THAT(peer.clocks, ElementsAre("a", "b"));
}

TEST(BetfairSession, MovesOnWithHeartbeats) {
  Peer peer;
  peer.subscribe();
  peer.say(R"({"op":"mcm","id":2,"clk":"h","pt":1700000000000,"ct":"HEARTBEAT"})"
           "\r\n");
  ASSERT_EQ(peer.updates.size(), 1U);
  EXPECT_EQ(peer.updates[0].kind, UpdateKind::heartbeat);
  EXPECT_EQ(peer.session.clocks().clk, "h");
}

TEST(BetfairSession, CountsWhatIsConflatedAndTellsWhatIsLate) {
  Peer peer;
  peer.subscribe();
  peer.say(change(2, "a", 2, R"(,"con":true)") + change(2, "b", 3, R"(,"status":503)") +
           change(2, "c", 4, R"(,"status":503)") + change(2, "d", 5));
  EXPECT_EQ(peer.session.counts().conflated, 1U);
  EXPECT_THAT(peer.late, ElementsAre(true, false));
  EXPECT_EQ(peer.updates[1].status, 503);
}

TEST(BetfairSession, RefusesABadLineAndGoesOn) {
  Peer peer;
  peer.subscribe();
  peer.say("no JSON\n[1]\n" + change(2, "a", 2));
  EXPECT_THAT(peer.refused, ElementsAre(HasSubstr("4: malformed JSON"), "5: the line is no object"));
  EXPECT_THAT(peer.clocks, ElementsAre("a"));
}

TEST(BetfairSession, SkipsALineThatIsTooLong) {
  Peer peer;
  peer.subscribe();
  peer.say(std::string(limits::line_bytes + 2'000'000, ' '), 1U << 20);
  peer.say("\n" + change(2, "a", 2));
  EXPECT_THAT(peer.refused, ElementsAre(HasSubstr("a line of more than")));
  EXPECT_THAT(peer.clocks, ElementsAre("a"));
}

TEST(BetfairSession, EndsWhenNothingComesForThreeHeartbeats) {
  Peer peer;
  EXPECT_EQ(peer.session.due_ms(), peer.now_ms + 15'000);  // for the greeting
  peer.subscribe();
  peer.say(change(2, "a", 2, R"(,"heartbeatMs":1000)"));
  EXPECT_EQ(peer.session.due_ms(), peer.now_ms + 3'000);
  peer.session.check(peer.now_ms + 2'999);
  EXPECT_FALSE(peer.session.end());
  peer.session.check(peer.now_ms + 3'000);
  ASSERT_TRUE(peer.session.end());
  EXPECT_EQ(peer.session.end()->cure, BetfairCure::again);
  EXPECT_EQ(peer.session.end()->text, "nothing came for 3000 ms");
  Update update;
  EXPECT_EQ(peer.session.next(update), BetfairSession::Step::ended);
}

struct ErrorCase {
  const char* code;
  BetfairCure cure;
};
class BetfairErrors : public testing::TestWithParam<ErrorCase> {};

TEST_P(BetfairErrors, SayWhatHelps) {
  for (const bool is_subscribed : {false, true}) {
    Peer peer;
    is_subscribed ? peer.subscribe() : peer.say(greeting);
    peer.say(error(is_subscribed ? 2 : 1, GetParam().code));
    ASSERT_TRUE(peer.session.end());
    EXPECT_EQ(peer.session.end()->cure, GetParam().cure);
    EXPECT_EQ(peer.session.end()->text, std::string(GetParam().code) + ": no");
  }
}

INSTANTIATE_TEST_SUITE_P(Codes, BetfairErrors,
                         testing::Values(ErrorCase{"INVALID_APP_KEY", BetfairCure::new_login},
                                         ErrorCase{"INVALID_SESSION_INFORMATION", BetfairCure::new_login},
                                         ErrorCase{"SUBSCRIPTION_LIMIT_EXCEEDED", BetfairCure::none},
                                         ErrorCase{"INVALID_INPUT", BetfairCure::none},
                                         ErrorCase{"TIMEOUT", BetfairCure::again},
                                         ErrorCase{"NEVER_HEARD_OF", BetfairCure::again},
                                         ErrorCase{"TOO_MANY_REQUESTS", BetfairCure::later},
                                         ErrorCase{"MAX_CONNECTION_LIMIT_EXCEEDED", BetfairCure::later}),
                         [](const auto& test) { return std::string(test.param.code); });

// --- What the operator says.

TEST(BetfairSettings, AreReadFromJson) {
  const auto login = betfair_login_of(R"({"appKey":"k","session":"s"})");
  ASSERT_TRUE(login);
  EXPECT_EQ(login->app_key + login->session, "ks");
  const auto subscription = betfair_subscription_of(
      "{\"marketFilter\": {\"eventTypeIds\": [\"1\"]},\n \"marketDataFilter\": {\"fields\": "
      "[\"EX_ALL_OFFERS\"]},"
      "\"heartbeatMs\": 1000}");
  ASSERT_TRUE(subscription);
  EXPECT_EQ(subscription->market_filter, R"({"eventTypeIds":["1"]})");
  EXPECT_EQ(subscription->market_data_filter, R"({"fields":["EX_ALL_OFFERS"]})");
  EXPECT_EQ(subscription->heartbeat_ms, 1'000U);
}

TEST(BetfairSettings, AreRefusedByNameAndWithoutTheirValues) {
  const auto login_error = [](const char* text) { return betfair_login_of(text).error().text; };
  EXPECT_EQ(login_error(R"({"appKey":"secret"})"), "session is missing");
  EXPECT_EQ(login_error(R"({"appKey":["secret"],"session":"s"})"), "appKey is no text");
  EXPECT_THAT(login_error(R"({"appKey":"secret)"), Not(HasSubstr("secret")));
  EXPECT_EQ(betfair_subscription_of(R"({"marketDataFilter":{}})").error().text, "marketFilter is missing");
  EXPECT_EQ(betfair_subscription_of(R"({"marketFliter":{}})").error().text,
            "\"marketFliter\" is an unknown key");
  EXPECT_EQ(betfair_subscription_of(R"({"marketFilter":{},"heartbeatMs":5})").error().text,
            "heartbeatMs is not within 500 to 30000");
}

TEST(BetfairClocks, ComeBackFromTheirText) {
  const BetfairClocks clocks{"a\"\\", "b"};
  EXPECT_EQ(BetfairClocks::of(clocks.text()), clocks);
  for (const char* text : {"", "x", "[]", R"(["a"])", R"(["a",1])"})
    EXPECT_TRUE(BetfairClocks::of(text).empty()) << text;
}

}  // namespace
}  // namespace touchline
