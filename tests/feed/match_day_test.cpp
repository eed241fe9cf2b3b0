#include "feed/simulate/match_day.h"

#include "core/digest.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// What a subscriber sees of a simulated day, followed with another JSON library than the one under test and with rules
// of its own.

namespace touchline::simulate {
namespace {

using Ladder = std::map<std::int64_t, std::int64_t>;  // size by price, in hundredths

struct OutcomeSeen {
  std::string status;
  std::optional<std::int64_t> price;
  std::int64_t handicap = 0;
  Ladder back;
  Ladder lay;
};

struct MarketSeen {
  std::string type;
  std::string status;
  std::int64_t line = 0;
  std::map<std::string, OutcomeSeen> outcomes;
};

struct EventSeen {
  std::int64_t seq = 0;
  std::string status;
  std::set<std::string> statuses;
  std::int64_t home = 0;
  std::int64_t away = 0;
  bool score_fell = false;
  std::map<std::string, std::string> attributes;
  std::map<std::string, MarketSeen> markets;
};

// One line, and what it said.
struct Line {
  std::string text;
  std::int64_t at_ms = 0;
  std::int64_t time_ms = 0;
  std::string event;  // empty for a heartbeat
  std::int64_t seq = 0;
  bool score_rose = false;
  std::set<std::string> priced;         // markets that were given a price or a level
  std::vector<std::int64_t> prices;     // all prices and the prices of all levels
  std::vector<std::int64_t> not_there;  // levels that were removed without having been there
};

std::int64_t hundredths(double number) { return std::llround(number * 100); }

class Follower {
 public:
  explicit Follower(const MatchDayOptions& options) : day_(options) {}

  std::optional<Line> next() {
    Line line;
    if (!day_.next(line.text, line.at_ms)) return std::nullopt;
    const simdjson::dom::object update = parser_.parse(line.text);
    line.time_ms = std::int64_t{update["time"]};
    if (update["alive"].error() == simdjson::SUCCESS) return line;
    line.event = std::string_view(update["event"]);
    line.seq = std::int64_t{update["seq"]};
    follow_event(update, events[line.event], line);
    return line;
  }

  std::map<std::string, EventSeen> events;

 private:
  static void read(const simdjson::dom::object& from, std::string_view key, std::string& into) {
    std::string_view text;
    if (from[key].get(text) == simdjson::SUCCESS) into = text;
  }

  static void follow_event(const simdjson::dom::object& update, EventSeen& event, Line& line) {
    read(update, "status", event.status);
    event.statuses.insert(event.status);
    follow_score(update, "home_score", event.home, event, line);
    follow_score(update, "away_score", event.away, event, line);
    simdjson::dom::object attributes;
    if (update["attributes"].get(attributes) == simdjson::SUCCESS) {
      for (const auto& [path, value] : attributes)
        event.attributes[std::string(path)] = simdjson::to_string(value);
    }
    simdjson::dom::array markets;
    if (update["markets"].get(markets) != simdjson::SUCCESS) return;
    for (const simdjson::dom::object market : markets) {
      const std::string id{std::string_view(market["id"])};
      follow_market(market, id, event.markets[id], line);
    }
  }

  static void follow_score(const simdjson::dom::object& update, std::string_view key, std::int64_t& score,
                           EventSeen& event, Line& line) {
    std::int64_t now = 0;
    if (update[key].get(now) != simdjson::SUCCESS) return;
    line.score_rose |= now > score;
    event.score_fell |= now < score;
    score = now;
  }

  static void follow_market(const simdjson::dom::object& from, const std::string& id, MarketSeen& market,
                            Line& line) {
    read(from, "type", market.type);
    read(from, "status", market.status);
    double number = 0;
    if (from["attributes"]["line"].get(number) == simdjson::SUCCESS) market.line = hundredths(number);
    simdjson::dom::array outcomes;
    if (from["outcomes"].get(outcomes) != simdjson::SUCCESS) return;
    for (const simdjson::dom::object one : outcomes) {
      OutcomeSeen& outcome = market.outcomes[std::string(std::string_view(one["id"]))];
      read(one, "status", outcome.status);
      if (one["handicap"].get(number) == simdjson::SUCCESS) outcome.handicap = hundredths(number);
      if (one["last_price"].get(number) == simdjson::SUCCESS) line.prices.push_back(hundredths(number));
      if (one["price"].get(number) == simdjson::SUCCESS) {
        outcome.price = hundredths(number);
        line.prices.push_back(*outcome.price);
        line.priced.insert(id);
      } else if (one["price"].is_null()) {
        outcome.price.reset();
      }
      follow_ladder(one, "back", outcome.back, id, line);
      follow_ladder(one, "lay", outcome.lay, id, line);
    }
  }

  static void follow_ladder(const simdjson::dom::object& from, std::string_view key, Ladder& ladder,
                            const std::string& market, Line& line) {
    simdjson::dom::array levels;
    if (from[key].get(levels) != simdjson::SUCCESS) return;
    for (const simdjson::dom::array level : levels) {
      const std::int64_t price = hundredths(level.at(0));
      const std::int64_t size = hundredths(level.at(1));
      line.prices.push_back(price);
      if (size > 0) {
        ladder[price] = size;
        line.priced.insert(market);
      } else if (ladder.erase(price) == 0) {
        line.not_there.push_back(price);
      }
    }
  }

  MatchDay day_;
  simdjson::dom::parser parser_;
};

MatchDayOptions options_of(int events, double updates_per_second, std::uint64_t seed) {
  MatchDayOptions options;
  options.events = events;
  options.updates_per_second = updates_per_second;
  options.seed = seed;
  return options;
}

std::uint64_t digest_of(const MatchDayOptions& options) {
  MatchDay day(options);
  std::string line;
  std::int64_t at_ms = 0;
  std::uint64_t digest = fnv1a64("");
  while (day.next(line, at_ms))
    digest = fnv1a64("\n", fnv1a64(line, digest));
  return digest;
}

bool is_on_ladder(std::int64_t price) {
  const std::int64_t step = price <= 200     ? 1
                            : price <= 300   ? 2
                            : price <= 400   ? 5
                            : price <= 600   ? 10
                            : price <= 1000  ? 20
                            : price <= 2000  ? 50
                            : price <= 3000  ? 100
                            : price <= 5000  ? 200
                            : price <= 10000 ? 500
                                             : 1000;
  return price >= 101 && price <= 100'000 && price % step == 0;
}

// Whether a bet has won at the end, by the market's type and the outcome's id.
bool has_won(const MarketSeen& market, const std::string& id, std::int64_t home, std::int64_t away) {
  const std::int64_t total = 100 * (home + away);
  const bool is_listed = home <= 3 && away <= 3;
  if (market.type == "OVER_UNDER") return (id == "over") == (total > market.line);
  if (market.type == "BOTH_TEAMS_TO_SCORE") return (id == "yes") == (home > 0 && away > 0);
  if (market.type == "ASIAN_HANDICAP") {
    const std::int64_t lead = 100 * (id == "home" ? home - away : away - home);
    return lead + market.outcomes.at(id).handicap > 0;
  }
  if (id == "home" || id == "other_home_win") return home > away && (id == "home" || !is_listed);
  if (id == "draw" || id == "other_draw") return home == away && (id == "draw" || !is_listed);
  if (id == "away" || id == "other_away_win") return home < away && (id == "away" || !is_listed);
  return id == std::to_string(home) + "-" + std::to_string(away);
}

// Golden values: whoever changes them changes every recording that was made with a seed.
TEST(MatchDay, SameOptionsGiveTheSameBytesOnEveryMachine) {
  EXPECT_EQ(digest_of(MatchDayOptions{}), digest_of(MatchDayOptions{}));
  EXPECT_EQ(digest_of(MatchDayOptions{}), 12302484098503501865U);
  EXPECT_EQ(digest_of(options_of(4, 0.4, 7)), 2000506238978890170U);
}

TEST(MatchDay, AnotherSeedGivesAnotherDay) {
  std::set<std::uint64_t> digests;
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    digests.insert(digest_of(options_of(2, 0.2, seed)));
  EXPECT_EQ(digests.size(), 20U);
}

TEST(MatchDay, EveryLineIsOneObjectAndTimeNeverRunsBackwards) {
  Follower day(MatchDayOptions{});
  std::int64_t lines = 0;
  std::int64_t last_ms = 0;
  while (const auto line = day.next()) {
    EXPECT_EQ(line->text.find('\n'), std::string::npos);
    EXPECT_EQ(line->time_ms, line->at_ms);
    EXPECT_GE(line->time_ms, last_ms);
    last_ms = line->time_ms;
    ++lines;
  }
  EXPECT_GE(lines, 30'000);
  EXPECT_LE(lines, 80'000);
}

TEST(MatchDay, EveryEventIsNumberedDenselyFromOne) {
  Follower day(MatchDayOptions{});
  std::map<std::string, std::int64_t> seqs;
  while (const auto line = day.next()) {
    if (line->event.empty()) continue;
    ASSERT_EQ(line->seq, ++seqs[line->event]) << line->text;
  }
  EXPECT_EQ(seqs.size(), 8U);
}

TEST(MatchDay, AHeartbeatComesEveryTenSecondsOfTheDay) {
  Follower day(options_of(3, 0.01, 1));
  std::optional<std::int64_t> last_ms;
  std::int64_t beats = 0;
  std::int64_t end_ms = 0;
  while (const auto line = day.next()) {
    end_ms = line->time_ms;
    if (!line->event.empty()) continue;
    EXPECT_EQ(line->time_ms, last_ms.value_or(line->time_ms - 10'000) + 10'000);
    last_ms = line->time_ms;
    ++beats;
  }
  EXPECT_GT(beats, 800);
  EXPECT_LE(end_ms - last_ms.value(), 10'000);
}

TEST(MatchDay, EveryPriceStandsOnTheExchangeLadder) {
  Follower day(MatchDayOptions{});
  while (const auto line = day.next()) {
    for (const std::int64_t price : line->prices)
      ASSERT_TRUE(is_on_ladder(price)) << price << " in " << line->text;
    ASSERT_TRUE(line->not_there.empty()) << line->text;
  }
}

TEST(MatchDay, ThePriceOfAMarketWithLaddersIsItsBestOfferAndBelowEveryLay) {
  Follower day(MatchDayOptions{});
  std::int64_t looked_at = 0;
  while (const auto line = day.next()) {
    for (const std::string& id : line->priced) {
      for (const auto& [name, outcome] : day.events[line->event].markets[id].outcomes) {
        if (outcome.back.empty()) continue;
        ASSERT_EQ(outcome.price, outcome.back.rbegin()->first) << line->text;
        ASSERT_LE(outcome.back.size(), 3U) << line->text;
        if (outcome.lay.empty()) continue;
        ASSERT_LT(outcome.back.rbegin()->first, outcome.lay.begin()->first) << line->text;
        ++looked_at;
      }
    }
  }
  EXPECT_GT(looked_at, 30'000);
}

TEST(MatchDay, BettingIsSuspendedWithTheGoalOrBefore) {
  Follower day(options_of(40, 8, 3));
  std::int64_t goals = 0;
  while (const auto line = day.next()) {
    if (!line->score_rose) continue;
    ++goals;
    for (const auto& [id, market] : day.events[line->event].markets) {
      ASSERT_NE(market.status, "open") << id << " in " << line->text;
    }
  }
  EXPECT_GT(goals, 60);
}

TEST(MatchDay, OnlyOpenMarketsAreGivenPrices) {
  Follower day(MatchDayOptions{});
  while (const auto line = day.next()) {
    for (const std::string& id : line->priced) {
      ASSERT_EQ(day.events[line->event].markets[id].status, "open") << line->text;
    }
  }
}

TEST(MatchDay, AMarketThatPlayHasDecidedIsNeverOpenAgain) {
  Follower day(options_of(40, 8, 4));
  std::int64_t settled_in_play = 0;
  while (const auto line = day.next()) {
    if (line->event.empty()) continue;
    const EventSeen& event = day.events[line->event];
    for (const auto& [id, market] : event.markets) {
      const bool over = market.type == "OVER_UNDER" && 100 * (event.home + event.away) > market.line;
      const bool both = market.type == "BOTH_TEAMS_TO_SCORE" && event.home > 0 && event.away > 0;
      if (!over && !both) continue;
      ASSERT_NE(market.status, "open") << id << " in " << line->text;
      if (market.status == "settled" && event.status == "live") ++settled_in_play;
    }
  }
  EXPECT_GT(settled_in_play, 1'000);
}

TEST(MatchDay, EveryMarketIsSettledOrCancelledWhenTheDayIsOver) {
  Follower day(options_of(40, 8, 5));
  while (day.next()) {
  }
  for (const auto& [event_id, event] : day.events) {
    const bool played = event.status == "settled";
    EXPECT_TRUE(played || event.status == "postponed" || event.status == "abandoned") << event_id;
    EXPECT_EQ(event.markets.size(), 9U);
    for (const auto& [id, market] : event.markets) {
      EXPECT_TRUE(market.status == "settled" || (market.status == "cancelled" && !played)) << id;
      for (const auto& [name, outcome] : market.outcomes) {
        EXPECT_TRUE(!outcome.price && outcome.back.empty() && outcome.lay.empty()) << id << " " << name;
        const bool decided = outcome.status == "winner" || outcome.status == "loser";
        EXPECT_TRUE(market.status == "settled" ? decided : outcome.status == "void") << id << " " << name;
      }
    }
  }
}

TEST(MatchDay, ADayOfFourOrMoreHasAPostponedAndAnAbandonedMatchAndAGoalTakenBack) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Follower day(options_of(seed % 2 == 0 ? 4 : 8, 0.1, seed));
    while (day.next()) {
    }
    int postponed = 0;
    int abandoned = 0;
    int taken_back = 0;
    for (const auto& [id, event] : day.events) {
      postponed += event.status == "postponed" && event.statuses.count("live") == 0 ? 1 : 0;
      abandoned += event.status == "abandoned" && event.statuses.count("interrupted") == 1 ? 1 : 0;
      taken_back += event.score_fell ? 1 : 0;
    }
    EXPECT_EQ(postponed, 1) << "seed " << seed;
    EXPECT_EQ(abandoned, 1) << "seed " << seed;
    EXPECT_GE(taken_back, 1) << "seed " << seed;
  }
}

TEST(MatchDay, SettledOutcomesAgreeWithTheFinalScore) {
  Follower day(options_of(200, 20, 6));
  while (day.next()) {
  }
  std::int64_t winners = 0;
  for (const auto& [event_id, event] : day.events) {
    for (const auto& [id, market] : event.markets) {
      if (market.status != "settled") continue;
      for (const auto& [name, outcome] : market.outcomes) {
        const bool won = has_won(market, name, event.home, event.away);
        ASSERT_EQ(outcome.status, won ? "winner" : "loser") << id << " " << name;
        winners += won ? 1 : 0;
      }
    }
  }
  EXPECT_GE(winners, 198 * 9);
}

TEST(MatchDay, ThePricesOfMatchOddsAlwaysAddUpToABook) {
  Follower day(MatchDayOptions{});
  while (const auto line = day.next()) {
    for (const std::string& id : line->priced) {
      const MarketSeen& market = day.events[line->event].markets[id];
      if (market.type != "MATCH_ODDS") continue;
      double book = 0;
      for (const auto& [name, outcome] : market.outcomes)
        book += 100.0 / static_cast<double>(outcome.price.value());
      ASSERT_GE(book, 0.98) << line->text;
      ASSERT_LE(book, 1.05) << line->text;
    }
  }
}

// Whoever backs at random must neither win nor lose more than the bookmaker's margin and luck explain.
TEST(MatchDay, OutcomesWinAsOftenAsTheirFirstPricesSay) {
  struct Tally {
    double expected = 0;
    double variance = 0;
    double won = 0;
  };
  Follower day(options_of(1'500, 15, 8));
  std::map<std::string, std::map<std::string, double>> first_chances;
  while (const auto line = day.next()) {
    for (const std::string& id : line->priced) {
      if (first_chances.count(id) > 0) continue;
      double book = 0;
      const MarketSeen& market = day.events[line->event].markets[id];
      for (const auto& [name, outcome] : market.outcomes)
        book += 100.0 / static_cast<double>(outcome.price.value());
      for (const auto& [name, outcome] : market.outcomes) {
        first_chances[id][name] = 100.0 / static_cast<double>(outcome.price.value()) / book;
      }
    }
  }
  std::map<std::string, Tally> tallies;
  for (const auto& [event_id, event] : day.events) {
    if (event.status != "settled") continue;
    for (const auto& [id, market] : event.markets) {
      for (const auto& [name, chance] : first_chances.at(id)) {
        Tally& tally = tallies[market.type + "/" + std::to_string(market.line) + "/" + name];
        tally.expected += chance;
        tally.variance += chance * (1 - chance);
        tally.won += market.outcomes.at(name).status == "winner" ? 1 : 0;
      }
    }
  }
  EXPECT_EQ(tallies.size(), 3U + 5 * 2 + 2 + 2 + 19);
  for (const auto& [bet, tally] : tallies) {
    EXPECT_LT(std::abs(tally.won - tally.expected), 3.5 * std::sqrt(tally.variance) + 3)
        << bet << " " << tally.won << " of " << tally.expected;
  }
}

TEST(MatchDay, UpdatesComeAtTheRateThatWasAskedFor) {
  constexpr std::int64_t minute_ms = 60'000;
  const MatchDayOptions options = options_of(2, 100, 1);
  const std::int64_t from_ms = options.first_kick_off_ms + 18 * minute_ms;
  const std::int64_t until_ms = options.first_kick_off_ms + 43 * minute_ms;
  MatchDay day(options);
  std::string line;
  std::int64_t at_ms = 0;
  std::int64_t updates = 0;
  while (day.next(line, at_ms))
    updates += at_ms >= from_ms && at_ms < until_ms ? 1 : 0;
  EXPECT_NEAR(static_cast<double>(updates) / (25 * 60), 100.0, 12.0);
}

TEST(MatchDay, MostUpdatesAreSmall) {
  Follower day(MatchDayOptions{});
  std::int64_t lines = 0;
  std::int64_t small = 0;
  while (const auto line = day.next()) {
    ++lines;
    if (line->prices.size() <= 3) ++small;
  }
  EXPECT_GT(small * 10, lines * 7);
}

}  // namespace
}  // namespace touchline::simulate
