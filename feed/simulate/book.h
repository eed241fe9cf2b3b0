// The bookmaker's side of one match: opens and suspends its markets, quotes them, settles them, and writes what changed.
//
// Knows prices, money on offer and which of these differ from what was last written. Does not know the match clock, or
// why prices move: odds and score are handed in, changes go into the line that is handed in, after the event's own
// fields and attributes. Owned by its match; a value with a source of chance of its own.
#pragma once

#include "core/fields.h"
#include "feed/simulate/fixtures.h"
#include "feed/simulate/markets.h"
#include "feed/simulate/random.h"
#include "feed/simulate/update_line.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace touchline::simulate {

// What prices follow from.
struct Outlook {
  ScoreOdds to_come;
  Score score;
};

class Book {
 public:
  Book(const Fixture& fixture, const Random& random) : random_(random), markets_(draw_up_markets(fixture)) {}

  bool any(MarketStatus status) const;

  // All that will not change, with every market inactive.
  void describe(UpdateLine& line) const;
  // First prices, of inactive markets.
  void open(const Outlook& outlook, UpdateLine& line) { open_from(MarketStatus::inactive, outlook, line); }
  // New prices, of suspended markets. What play has decided is settled instead.
  void reopen(const Outlook& outlook, UpdateLine& line) { open_from(MarketStatus::suspended, outlook, line); }
  void suspend(UpdateLine& line);
  // The same, and from now on bets are taken in play, after a delay.
  void suspend_and_turn_in_play(std::int64_t bet_delay_s, UpdateLine& line);
  // Takes back every price of the open markets.
  void close(UpdateLine& line);
  void settle(Score final_score, UpdateLine& line);
  // Of the suspended markets: bets are void.
  void cancel(UpdateLine& line);

  // What goes on all the time: some prices follow the outlook, or money comes and goes. Match odds must be open.
  void move(const Outlook& outlook, UpdateLine& line);

 private:
  enum class Moves : std::uint8_t { few, all };

  void open_from(MarketStatus status, const Outlook& outlook, UpdateLine& line);
  void settle_in_play(Market& market, Score score, UpdateLine& line);
  bool requote(Market& market, const Outlook& outlook, Moves moves, UpdateLine& line);
  void quote(const Market& market, Outcome& outcome, Tick tick, UpdateLine& line);
  void withdraw(Outcome& outcome, UpdateLine& line);
  void rebuild(std::vector<Level>& levels, UpdateLine::Ladder ladder, Tick best, UpdateLine& line);
  void move_money(Market& market, UpdateLine& line);
  void trade(Outcome& outcome, UpdateLine& line);
  Market& draw_market();
  std::int64_t draw_size_hundredths();

  Random random_;
  std::vector<Market> markets_;
};

}  // namespace touchline::simulate
