#include "feed/clients/subscription.h"

#include "feed/clients/client_limits.h"

#include <gtest/gtest.h>

#include <string>

namespace touchline {
namespace {

std::string told(const Subscription& subscription) {
  std::string json;
  append_subscription(json, subscription);
  return json;
}
std::string asked(std::string_view query) {
  const auto parsed = parse_live_query(query);
  return parsed ? told(parsed->subscription) : "refused: " + parsed.error().text;
}
std::string changed(const std::string& query, std::string_view message) {
  Subscription subscription = parse_live_query(query)->subscription;
  const auto parsed = parse_subscription_change(message);
  if (!parsed) return "refused: " + parsed.error().text;
  const auto done = change(subscription, *parsed);
  return done ? told(subscription) : "refused: " + done.error().text;
}

TEST(Subscriptions, AreNamedInTheQuery) {
  EXPECT_EQ(asked(""), R"({"all":true})");
  EXPECT_EQ(asked("event=2&event=1&event=2"), R"({"events":["1","2"]})");
  EXPECT_EQ(asked("sport=4&competition=Premier+League%21&event=%22"),
            R"({"events":["\""],"competitions":["Premier League!"],"sports":["4"]})");
  EXPECT_EQ(asked("follow=none"), "{}");
  EXPECT_EQ(asked("position=5-7"), R"({"all":true})");
  EXPECT_EQ(parse_live_query("event=1&position=5-7")->position, (Position{Epoch(5), Offset(7)}));
}

TEST(Subscriptions, ThatCannotBeMeantAreRefusedByName) {
  EXPECT_EQ(asked("evnt=1"),
            "refused: what is followed is said by event, competition, sport and follow, not by evnt");
  EXPECT_EQ(asked("event="), "refused: a name is empty");
  EXPECT_EQ(asked("event=%4"), "refused: the value of event is not percent-encoded UTF-8");
  EXPECT_EQ(asked("event=%FF"), "refused: the value of event is not percent-encoded UTF-8");
  EXPECT_EQ(asked("position=7"), "refused: the position is not EPOCH-OFFSET");
  EXPECT_EQ(asked("position=-7"), "refused: the position is not EPOCH-OFFSET");
  EXPECT_EQ(asked("follow=all"), "refused: follow is none, or is not there");
  EXPECT_EQ(asked("event=" + std::string(limits::client_name_bytes + 1, 'x')),
            "refused: a name is longer than any");
  std::string many;
  for (std::size_t i = 0; i <= limits::client_topics; ++i)
    many += "&event=" + std::to_string(i);
  EXPECT_EQ(asked(many), "refused: more than 256 names");
}

TEST(Subscriptions, AreChangedByMessages) {
  EXPECT_EQ(changed("event=1", R"({"subscribe":{"events":["2"],"sports":["4"]}})"),
            R"({"events":["1","2"],"sports":["4"]})");
  EXPECT_EQ(changed("event=1&event=2", R"({"unsubscribe":{"events":["2","9"]}})"), R"({"events":["1"]})");
  EXPECT_EQ(changed("", R"({"unsubscribe":{"all":true},"subscribe":{"events":["1"]}})"),
            R"({"events":["1"]})");
  EXPECT_EQ(changed("event=1", R"({"subscribe":{"all":true}})"), R"({"all":true,"events":["1"]})");
  EXPECT_EQ(changed("event=1", "{}"), R"({"events":["1"]})");
}

TEST(Subscriptions, KnowWhatIsNoSuchMessage) {
  EXPECT_EQ(changed("", "hello"), "refused: the message is no JSON object");
  EXPECT_EQ(changed("", "[]"), "refused: the message is no JSON object");
  EXPECT_EQ(changed("", R"({"follow":{}})"), "refused: \"follow\" is neither subscribe nor unsubscribe");
  EXPECT_EQ(changed("", R"({"subscribe":1})"), "refused: what is followed is no object");
  EXPECT_EQ(changed("", R"({"subscribe":{"events":"1"}})"), "refused: \"events\" is no list of texts");
  EXPECT_EQ(changed("", R"({"subscribe":{"events":[1]}})"), "refused: \"events\" is no list of texts");
  EXPECT_EQ(changed("", R"({"subscribe":{"event":["1"]}})"),
            "refused: \"event\" is none of events, competitions, sports, all");
  EXPECT_EQ(changed("", R"({"subscribe":{"events":[""]}})"), "refused: a name is empty");
}

}  // namespace
}  // namespace touchline
