#include "feed/simulate/book.h"

#include "core/check.h"
#include "core/ticks.h"

#include <algorithm>

namespace touchline::simulate {
namespace {

using Ladder = UpdateLine::Ladder;

constexpr std::size_t levels_per_ladder = 3;
constexpr std::size_t few_moves = 3;
constexpr std::int64_t chance_of_moving_everything_ppm = 25'000;
constexpr std::int64_t chance_of_trade_ppm = 200'000;
constexpr std::int64_t chance_of_second_level_ppm = 300'000;

std::int64_t price_at(Tick tick) { return price_of_tick(static_cast<std::uint32_t>(tick)); }

bool is_on_ladder(Tick tick) { return tick >= 0 && tick < static_cast<Tick>(tick_count); }

Tick fair_tick(const Market& market, const Outcome& outcome, const Outlook& outlook) {
  const std::int64_t fair = std::max<std::int64_t>(1, fair_q30(outcome.bet, outlook.to_come, outlook.score));
  const std::int64_t price = 100 * certain_q30 / fair * 1'000 / market.book_milli;
  return static_cast<Tick>(
      tick_floor(static_cast<std::uint32_t>(std::min<std::int64_t>(price, highest_price))));
}

OutcomeStatus status_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::undecided:
      return OutcomeStatus::active;
    case Verdict::wins:
      return OutcomeStatus::winner;
    case Verdict::loses:
      return OutcomeStatus::loser;
  }
  return OutcomeStatus::active;
}

bool is_decided(const Market& market, Score score) {
  return std::any_of(market.outcomes.begin(), market.outcomes.end(), [score](const Outcome& outcome) {
    return verdict_in_play(outcome.bet, score) == Verdict::wins;
  });
}

void write_status(Market& market, MarketStatus status, UpdateLine& line) {
  market.status = status;
  line.market(market.id);
  line.text("status", name_of(status));
}

void write_status(Outcome& outcome, OutcomeStatus status, UpdateLine& line) {
  outcome.status = status;
  line.outcome(outcome.id);
  line.text("status", name_of(status));
}

void write_level(Ladder ladder, const Level& level, UpdateLine& line) {
  line.level(ladder, price_at(level.tick), level.size_hundredths);
}

void remove_levels(std::vector<Level>& levels, Ladder ladder, UpdateLine& line) {
  for (const Level& level : levels)
    line.level(ladder, price_at(level.tick), 0);
  levels.clear();
}

bool holds(const std::vector<Level>& levels, Tick tick) {
  return std::any_of(levels.begin(), levels.end(), [tick](const Level& level) { return level.tick == tick; });
}

}  // namespace

bool Book::any(MarketStatus status) const {
  return std::any_of(markets_.begin(), markets_.end(),
                     [status](const Market& m) { return m.status == status; });
}

void Book::describe(UpdateLine& line) const {
  for (const Market& market : markets_) {
    line.market(market.id);
    line.text("type", market.type);
    line.text("name", market.name);
    line.text("status", name_of(market.status));
    line.boolean("in_play", false);
    line.integer("bet_delay", 0);
    if (market.line_halves) line.attribute_hundredths("line", *market.line_halves * std::int64_t{50});
    for (const Outcome& outcome : market.outcomes) {
      line.outcome(outcome.id);
      line.text("name", outcome.name);
      const bool has_handicap = outcome.bet.selection == Selection::home_with_handicap ||
                                outcome.bet.selection == Selection::away_with_handicap;
      if (has_handicap) line.hundredths("handicap", outcome.bet.line_halves * std::int64_t{50});
      line.text("status", name_of(outcome.status));
    }
  }
}

void Book::suspend(UpdateLine& line) {
  for (Market& market : markets_) {
    if (market.status == MarketStatus::open) write_status(market, MarketStatus::suspended, line);
  }
}

void Book::suspend_and_turn_in_play(std::int64_t bet_delay_s, UpdateLine& line) {
  for (Market& market : markets_) {
    if (market.status != MarketStatus::open) continue;
    write_status(market, MarketStatus::suspended, line);
    line.boolean("in_play", true);
    line.integer("bet_delay", bet_delay_s);
  }
}

void Book::close(UpdateLine& line) {
  for (Market& market : markets_) {
    if (market.status != MarketStatus::open) continue;
    write_status(market, MarketStatus::closed, line);
    for (Outcome& outcome : market.outcomes) {
      if (!outcome.price) continue;
      line.outcome(outcome.id);
      withdraw(outcome, line);
    }
  }
}

void Book::settle(Score final_score, UpdateLine& line) {
  for (Market& market : markets_) {
    if (market.status != MarketStatus::closed) continue;
    write_status(market, MarketStatus::settled, line);
    for (Outcome& outcome : market.outcomes) {
      if (outcome.status != OutcomeStatus::active) continue;
      write_status(outcome, status_of(verdict_at_end(outcome.bet, final_score)), line);
    }
  }
}

void Book::cancel(UpdateLine& line) {
  for (Market& market : markets_) {
    if (market.status != MarketStatus::suspended) continue;
    write_status(market, MarketStatus::cancelled, line);
    for (Outcome& outcome : market.outcomes) {
      write_status(outcome, OutcomeStatus::voided, line);
      if (outcome.price) withdraw(outcome, line);
    }
  }
}

void Book::move(const Outlook& outlook, UpdateLine& line) {
  Market& match_odds = markets_.front();
  TL_CHECK(match_odds.status == MarketStatus::open);
  bool moved = false;
  if (random_.chance_ppm(chance_of_moving_everything_ppm)) {
    for (Market& market : markets_) {
      if (market.status == MarketStatus::open) moved |= requote(market, outlook, Moves::all, line);
    }
    if (!moved) move_money(match_odds, line);
    return;
  }
  Market& market = draw_market();
  if (requote(market, outlook, Moves::few, line)) return;
  move_money(market.display == Display::prices_and_ladders ? market : match_odds, line);
}

void Book::open_from(MarketStatus status, const Outlook& outlook, UpdateLine& line) {
  for (Market& market : markets_) {
    if (market.status != status) continue;
    if (is_decided(market, outlook.score)) {
      settle_in_play(market, outlook.score, line);
      continue;
    }
    write_status(market, MarketStatus::open, line);
    for (Outcome& outcome : market.outcomes) {
      if (outcome.status != OutcomeStatus::active) continue;
      if (verdict_in_play(outcome.bet, outlook.score) == Verdict::loses) {
        write_status(outcome, OutcomeStatus::loser, line);
        withdraw(outcome, line);
        continue;
      }
      const Tick tick = fair_tick(market, outcome, outlook);
      if (outcome.price == tick) continue;
      line.outcome(outcome.id);
      quote(market, outcome, tick, line);
    }
  }
}

void Book::settle_in_play(Market& market, Score score, UpdateLine& line) {
  write_status(market, MarketStatus::settled, line);
  for (Outcome& outcome : market.outcomes) {
    write_status(outcome, status_of(verdict_in_play(outcome.bet, score)), line);
    withdraw(outcome, line);
  }
}

// A book is moved as a whole, or the prices of its outcomes would drift apart; where that would be many, those that
// are furthest down the list wait.
bool Book::requote(Market& market, const Outlook& outlook, Moves moves, UpdateLine& line) {
  std::size_t moved = 0;
  for (Outcome& outcome : market.outcomes) {
    if (moves == Moves::few && moved == few_moves) break;
    if (outcome.status != OutcomeStatus::active) continue;
    const Tick tick = fair_tick(market, outcome, outlook);
    if (outcome.price == tick) continue;
    if (moved++ == 0) line.market(market.id);
    line.outcome(outcome.id);
    quote(market, outcome, tick, line);
  }
  return moved > 0;
}

void Book::quote(const Market& market, Outcome& outcome, Tick tick, UpdateLine& line) {
  outcome.price = tick;
  line.hundredths("price", price_at(tick));
  if (market.display == Display::prices) return;
  rebuild(outcome.back, Ladder::back, tick, line);
  rebuild(outcome.lay, Ladder::lay, tick + 1, line);
}

void Book::withdraw(Outcome& outcome, UpdateLine& line) {
  outcome.price.reset();
  line.erase("price");
  remove_levels(outcome.back, Ladder::back, line);
  remove_levels(outcome.lay, Ladder::lay, line);
}

// Money at a price that is still on offer stays what it was.
void Book::rebuild(std::vector<Level>& levels, Ladder ladder, Tick best, UpdateLine& line) {
  const Tick step = ladder == Ladder::back ? -1 : 1;
  std::vector<Level> rebuilt;
  rebuilt.reserve(levels_per_ladder);
  for (Tick tick = best; rebuilt.size() < levels_per_ladder && is_on_ladder(tick); tick += step) {
    const auto kept =
        std::find_if(levels.begin(), levels.end(), [tick](const Level& level) { return level.tick == tick; });
    rebuilt.push_back(kept != levels.end() ? *kept : Level{tick, draw_size_hundredths()});
    if (kept == levels.end()) write_level(ladder, rebuilt.back(), line);
  }
  for (const Level& level : levels) {
    if (!holds(rebuilt, level.tick)) line.level(ladder, price_at(level.tick), 0);
  }
  levels = std::move(rebuilt);
}

void Book::move_money(Market& market, UpdateLine& line) {
  const auto drawn = random_.between(0, static_cast<std::int64_t>(market.outcomes.size()) - 1);
  Outcome& outcome = market.outcomes[static_cast<std::size_t>(drawn)];
  line.market(market.id);
  line.outcome(outcome.id);
  if (random_.chance_ppm(chance_of_trade_ppm)) return trade(outcome, line);
  const bool on_lay = !outcome.lay.empty() && random_.chance_ppm(500'000);
  const Ladder ladder = on_lay ? Ladder::lay : Ladder::back;
  std::vector<Level>& levels = on_lay ? outcome.lay : outcome.back;
  const auto last = static_cast<std::int64_t>(levels.size()) - 1;
  const auto first = static_cast<std::size_t>(random_.between(0, last));
  levels[first].size_hundredths = draw_size_hundredths();
  write_level(ladder, levels[first], line);
  if (first + 1 < levels.size() && random_.chance_ppm(chance_of_second_level_ppm)) {
    levels[first + 1].size_hundredths = draw_size_hundredths();
    write_level(ladder, levels[first + 1], line);
  }
}

// Someone takes part of the best offer.
void Book::trade(Outcome& outcome, UpdateLine& line) {
  const bool on_lay = !outcome.lay.empty() && random_.chance_ppm(500'000);
  Level& level = on_lay ? outcome.lay.front() : outcome.back.front();
  if (outcome.last_price != level.tick) {
    outcome.last_price = level.tick;
    line.hundredths("last_price", price_at(level.tick));
  }
  level.size_hundredths = std::max<std::int64_t>(1'00, level.size_hundredths * random_.between(10, 90) / 100);
  write_level(on_lay ? Ladder::lay : Ladder::back, level, line);
}

Market& Book::draw_market() {
  std::int64_t percent = random_.between(0, 99);
  for (Market& market : markets_) {
    percent -= market.share_percent;
    if (percent < 0) return market.status == MarketStatus::open ? market : markets_.front();
  }
  return markets_.front();
}

// Most offers are small and many are round.
std::int64_t Book::draw_size_hundredths() {
  constexpr std::int64_t mean_hundredths = 140'00;
  const std::int64_t size = 2'00 + random_.waiting(mean_hundredths);
  return random_.chance_ppm(400'000) ? size - size % 5'00 + 5'00 : size;
}

}  // namespace touchline::simulate
