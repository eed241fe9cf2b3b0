// The markets that are made on a match, and the state in which each of them stands.
//
// Knows ids, types, names and outcomes of the simulated markets, and holds what they were last quoted at. Does not know
// how a quote comes about (book.h) nor when a bet is won (bets.h).
#pragma once

#include "core/fields.h"
#include "feed/simulate/bets.h"
#include "feed/simulate/fixtures.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace touchline::simulate {

// A price by its number on the ladder of core/ticks.h.
using Tick = std::int32_t;

// Money on offer at one price.
struct Level {
  Tick tick = 0;
  std::int64_t size_hundredths = 0;
};

struct Outcome {
  std::string id;
  std::string name;
  Bet bet;
  OutcomeStatus status = OutcomeStatus::active;
  std::optional<Tick> price;
  std::optional<Tick> last_price;
  std::vector<Level> back;  // best first; empty where the market shows no money
  std::vector<Level> lay;
};

enum class Display : std::uint8_t { prices, prices_and_ladders };

struct Market {
  std::string id;
  std::string type;
  std::string name;
  std::optional<int> line_halves;  // of an over/under market
  Display display = Display::prices;
  std::int64_t book_milli = 1'000;  // what the probabilities that are quoted add up to
  std::int64_t share_percent = 0;   // of the small updates
  MarketStatus status = MarketStatus::inactive;
  std::vector<Outcome> outcomes;
};

inline constexpr std::size_t outcomes_max = 32;

// The first one shows ladders, stays open as long as any, and is the one that updates fall back to. Shares add up to
// 100.
std::vector<Market> draw_up_markets(const Fixture& fixture);

}  // namespace touchline::simulate
