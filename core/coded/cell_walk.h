// The way through the cells of one row of a coded update: levels, sizes, prices and other numbers.
//
// Written once for both ends, like the rows (update_walk.h). What a cell is guessed from: the best price, what the
// size did last, what was on offer where something was traded, where a ladder of ranks moved to, the row before.
// PROTOCOL.md, "Cells of a coded update". Knows no market and no texts.
#pragma once

#include "core/coded/contexts.h"
#include "core/coded/model.h"
#include "core/coded/symbols.h"
#include "core/delta.h"
#include "core/limits.h"
#include "core/ticks.h"

#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace touchline::coded {

using RowCells = std::span<const Change>;

inline constexpr std::uint32_t best_ranks_max = 31;

constexpr bool is_best(Field f) { return f == Field::best_back || f == Field::best_lay; }
constexpr bool has_listed_levels(Field f) {
  return f == Field::attribute || f == Field::feed || f == Field::attribute_name || f == Field::exact_price ||
         f == Field::owner;
}

// Steps wrap.
constexpr std::int64_t less(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
constexpr std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

constexpr std::int64_t tick_near(std::int64_t price) {
  return tick_floor(static_cast<std::uint32_t>(within<std::int64_t>(price, 0, highest_price)));
}
constexpr bool is_tick_price(std::int64_t price) {
  return price > 0 && price <= highest_price && is_tick(static_cast<std::uint32_t>(price));
}

template <class Coder, class Side>
class CellWalk {
 public:
  static constexpr bool encoding = Symbols<Coder>::encoding;

  CellWalk(Symbols<Coder>& symbols, Model& model, Side& side)
      : symbols_(symbols), model_(model), side_(side) {}

  void begin_market() { traded_in_market_ = 0; }
  bool traded_in_market() const { return traded_in_market_ != 0; }
  void begin_row(Address row) {
    row_at_ = row;
    traded_sum_ = 0;
    traded_price_ = -1;
    at_ = 0;
  }
  void end_row() {
    last_row_ ^= 1U;
    Described& described = described_[last_row_];
    described.clear();
    for (const Change& change : side_.row()) {
      if (is_ladder(change.at.field()) || change.now.kind != ValueKind::integer) continue;
      described.push_back({change.at.key(), change.at.outcome() == 0, change.now.integer});
    }
  }
  // The place in the row of the next cell.
  std::size_t& place() { return at_; }

  void ladder(Field field, bool raw) {
    const auto number = static_cast<std::uint32_t>(field);
    const bool prices = is_price_ladder(field);
    const bool ticks = prices && !raw;
    const std::int64_t side = prices && best_is_highest(field) ? 1 : -1;
    std::int64_t reference = 0;
    if (prices) {
      reference = side_.reference(at(field, 0));
      if (reference == 0 && at_ != 0 && is_price_ladder(side_.row()[at_ - 1].at.field())) {
        const std::uint32_t beside = side_.row()[at_ - 1].at.level();
        if (beside < exact_price_level) reference = beside;
      }
      if (ticks) reference = tick_floor(static_cast<std::uint32_t>(reference));
    }
    const auto distance = [&](std::int64_t code, std::int64_t low, std::int64_t high) {
      return static_cast<std::uint32_t>(within(side * (reference - code), low, high));
    };
    std::int64_t code = 0;
    move_ = Move::unknown;
    price_move_ = Move::unknown;
    for (std::uint32_t count = 0; side_.ok(); ++count) {
      const std::int64_t told = code_told(ticks);
      if (count == 0) {
        code = first_level(field, raw, side, reference, told);
      } else {
        const std::uint32_t where = ticks    ? distance(code, -2, 10)
                                    : prices ? 16
                                             : 20 + moved_where(field, code);
        const std::uint32_t how = context(Ask::more_levels, number, std::min(count, 6U)) +
                                  0x9E3779B1U * context(Ask::more_levels, 64 + number, where);
        if (!s().bit(how, same_field(field))) return;
        code += 1 + next_level(context(Ask::next_level, number, raw ? 1 : 0),
                               context(Ask::next_level, 64 + number,
                                       prices ? (raw ? 0 : std::min(count, 3U)) : moved_where(field, code)),
                               told - code - 1);
      }
      if (code < 0 || code >= (ticks ? tick_count : limits::levels_per_field)) {
        return side_.complain("has a level out of range");
      }
      const auto level = static_cast<std::uint32_t>(code);
      const Address address = at(field, ticks ? price_of_tick(level) : level);
      side_.next_cell(address, at_);
      if (is_best(field))
        model_.best_ranks = std::max(model_.best_ranks, std::min(level / 2 + 1, best_ranks_max));
      const std::int64_t rank =
          ticks ? within<std::int64_t>(side * (reference - code), -1, 4) : std::int64_t{0};
      if (prices) {
        size(address, static_cast<std::uint32_t>(rank));
      } else if (level % 2 == 0) {
        rank_price(address);
      } else if (price_move_ == Move::unknown || price_at_ + 1 != level || !moved_size(address)) {
        size(address, static_cast<std::uint32_t>(rank));
      }
      ++at_;
    }
  }

  void listed(Field field, std::uint32_t kind) {
    const std::uint32_t number = static_cast<std::uint32_t>(field) | kind << 8;
    std::int64_t level = -1;
    for (std::uint32_t count = 0; side_.ok(); ++count) {
      const std::int64_t told = code_told(false);
      const auto where = static_cast<std::uint32_t>(std::min<std::int64_t>(level + 1, 63));
      if (count != 0 && !s().bit(context(Ask::more_levels, number | 1U << 16, where), same_field(field))) {
        return;
      }
      const std::uint64_t left_out = s().number(context(Ask::listed_level, number, where), 12,
                                                static_cast<std::uint64_t>(told - level - 1));
      level += 1 + static_cast<std::int64_t>(std::min<std::uint64_t>(left_out, limits::levels_per_field));
      if (level >= limits::levels_per_field) return side_.complain("has a level out of range");
      scalar(at(field, static_cast<std::uint32_t>(level)), kind);
    }
  }

  void scalar(Address address, std::uint32_t kind) {
    side_.next_cell(address, at_);
    value(address, kind);
    ++at_;
  }

 private:
  Symbols<Coder>& s() { return symbols_; }
  const Change& cell() const { return side_.row()[at_]; }
  bool same_field(Field field) const { return at_ < side_.row().size() && cell().at.field() == field; }
  Address at(Field field, std::uint32_t level) const {
    return Address(row_at_.market(), row_at_.outcome(), field, level);
  }

  std::int64_t code_told(bool ticks) const {
    if constexpr (!encoding) return 0;
    if (at_ >= side_.row().size()) return 0;
    const std::uint32_t level = cell().at.level();
    return ticks ? tick_floor(level) : level;
  }

  std::int64_t first_level(Field field, bool raw, std::int64_t side, std::int64_t reference,
                           std::int64_t told) {
    const auto number = static_cast<std::uint32_t>(field);
    if (!is_price_ladder(field)) {
      return static_cast<std::int64_t>(std::min<std::uint64_t>(
          s().number(context(Ask::level, number), 12, static_cast<std::uint64_t>(told)),
          limits::levels_per_field));
    }
    std::int64_t step = side * (reference - told);
    if (raw) {
      step = s().step(context(Ask::raw_level, number), 6, -step * side);
      return reference + within<std::int64_t>(step, -furthest, furthest);
    }
    constexpr std::int64_t near_from = -4;
    constexpr std::int64_t near_to = 26;
    const bool near = step >= near_from && step <= near_to;
    const std::uint32_t code = s().tree(context(Ask::level, 64 + number), 5,
                                        near ? static_cast<std::uint32_t>(step - near_from) : 31);
    step = code != 31 ? std::int64_t{code} + near_from
                      : within(s().step(context(Ask::far_level, number), 6, step), -furthest, furthest);
    return reference - side * step;
  }

  // How many levels are left out; one past any is out of range whatever it is added to.
  std::int64_t next_level(std::uint32_t lengths, std::uint32_t mantissas, std::int64_t told) {
    // The sizes of steps are common to all places, their lengths are not.
    const std::uint64_t left_out = s().number(mantissas, lengths, 4, static_cast<std::uint64_t>(told));
    return static_cast<std::int64_t>(std::min<std::uint64_t>(left_out, limits::levels_per_field));
  }

  void size(Address address, std::uint32_t rank) {
    const Field field = address.field();
    const auto number = static_cast<std::uint32_t>(field);
    const std::optional<std::int64_t> was = side_.was(at_);
    const std::int64_t old = was.value_or(0);
    const std::uint32_t has_old = was ? 1 : 0;
    if (was &&
        s().bit(context(Ask::erased, number, rank + (model_.after_erased ? 8U : 0U)), side_.is_erased(at_))) {
      model_.after_erased = true;
      model_.recent.push(magnitude(old));
      model_.last_steps[address] = less(0, old);
      return side_.erase(at_);
    }
    model_.after_erased = false;
    const std::int64_t told = less(side_.now(at_), old);
    std::int64_t& last_step = model_.last_steps[address];
    std::optional<std::int64_t> step;
    if (field == Field::traded) step = traded_step(address, told);
    if (!step && last_step != 0 && less(old, last_step) > 0) {
      if (s().bit(context(Ask::undone, 64 + number, rank + 8 * has_old), told == less(0, last_step))) {
        step = less(0, last_step);
      }
    }
    if (!step) step = recent_step(number, rank, was, told);
    if (!step && was) step = s().step(context(Ask::size_step, 64 + rank, number), 0, told);
    if (!step) step = new_size(address, told);
    model_.recent.push(magnitude(*step));
    last_step = *step;
    side_.set(at_, plus(old, *step));
    if (field == Field::traded) {
      traded_sum_ = plus(traded_sum_, *step);
      traded_price_ = address.level();
    }
  }

  static std::uint64_t magnitude(std::int64_t v) {
    return v < 0 ? 0 - static_cast<std::uint64_t>(v) : static_cast<std::uint64_t>(v);
  }

  // Often a whole number of units, whose hundredths need not be told.
  std::int64_t new_size(Address address, std::int64_t told) {
    const auto number = static_cast<std::uint32_t>(address.field());
    const auto plain = static_cast<std::uint64_t>(told);
    const std::uint64_t price =
        is_price_ladder(address.field()) && address.level() < exact_price_level ? address.level() : 0;
    if (const std::uint64_t guess = model_.payout.size_at(price); guess != 0) {
      const std::int64_t off = less(told, static_cast<std::int64_t>(guess));
      const bool same = s().bit(context(Ask::payout, 1, model_.payout.held), off >= -1 && off <= 1);
      std::int64_t size = 0;
      if (same) {
        size = plus(static_cast<std::int64_t>(guess), s().step(context(Ask::payout, 2), 0, off));
      } else {
        size = plain_size(number, plain);
      }
      model_.payout.note(static_cast<std::uint64_t>(size), price, same);
      return size;
    }
    const std::int64_t size = plain_size(number, plain);
    if (price != 0) model_.payout.note(static_cast<std::uint64_t>(size), price, false);
    return size;
  }

  std::int64_t plain_size(std::uint32_t number, std::uint64_t plain) {
    const bool whole = s().bit(context(Ask::whole, number), plain % 100 == 0);
    const std::uint64_t size =
        s().number(context(Ask::new_size, number, whole ? 1 : 0), whole ? 3 : 0, whole ? plain / 100 : plain);
    return static_cast<std::int64_t>(whole ? size * 100 : size);
  }

  // What was traded was on offer at this price: once, or seen from both sides.
  std::optional<std::int64_t> traded_step(Address address, std::int64_t told) {
    std::int64_t taken = 0;
    for (std::size_t i = 0; i < at_; ++i) {
      const Change& change = side_.row()[i];
      const Field field = change.at.field();
      if ((field != Field::back && field != Field::lay) || change.at.level() != address.level()) continue;
      const std::int64_t went = less(side_.was(i).value_or(0), side_.is_erased(i) ? 0 : side_.now(i));
      if (went > 0) taken = went;
    }
    if (taken == 0) return std::nullopt;
    if (s().bit(context(Ask::traded_twice), told == plus(taken, taken))) return plus(taken, taken);
    if (s().bit(context(Ask::traded_once), told == taken)) return taken;
    return std::nullopt;
  }

  std::optional<std::int64_t> recent_step(std::uint32_t number, std::uint32_t rank,
                                          std::optional<std::int64_t> was, std::int64_t told) {
    std::uint32_t place = RecentSizes::count_max;
    if constexpr (encoding) {
      // One that is new has no sign.
      if (was || told > 0) place = model_.recent.find(magnitude(told));
    }
    if (!s().bit(context(Ask::recent, number, was ? 1 : 0), place != RecentSizes::count_max)) {
      return std::nullopt;
    }
    place = s().tree(context(Ask::which_recent, 64 + rank), 5, place);
    const std::uint64_t size = model_.recent.at(place);
    if (!was) return static_cast<std::int64_t>(size);
    const std::uint32_t drop = size >= static_cast<std::uint64_t>(*was) ? 1 : 0;
    const bool negative = s().bit(context(Ask::less, number, drop), told < 0);
    return static_cast<std::int64_t>(negative ? 0 - size : size);
  }

  // Where a rank ladder's cells go when a price comes or goes: to the next rank, or to the one before.
  enum class Move : std::uint8_t { unknown, back, ahead, none };

  static std::uint32_t number_of(Move move) { return static_cast<std::uint32_t>(move); }

  std::uint32_t moved_where(Field field, std::int64_t level) const {
    const bool last =
        !side_.old_at(at(field, static_cast<std::uint32_t>(level) + 1 + (level % 2 == 0 ? 1U : 0U)));
    return number_of(move_) + (level % 2 == 0 ? 4U : 0U) + (last ? 8U : 0U);
  }

  std::optional<std::int64_t> moved_from(Address address, Move move) const {
    const std::uint32_t level = address.level();
    if (move == Move::back && level < 2) return std::nullopt;
    return side_.old_at(at(address.field(), move == Move::back ? level - 2 : level + 2));
  }

  // Whether the price is the one that stood at a neighbouring rank.
  bool moved_price(Address address) {
    const auto number = static_cast<std::uint32_t>(address.field());
    const Move first = move_ == Move::ahead ? Move::ahead : Move::back;
    const Move second = first == Move::back ? Move::ahead : Move::back;
    const std::uint32_t known = number_of(move_);
    std::uint32_t asked = 0;
    for (const Move move : {first, second}) {
      const auto from = moved_from(address, move);
      if (!from || from == side_.was(at_)) continue;
      const bool is_it = s().bit(context(Ask::moved, number | known << 8, asked), side_.now(at_) == *from);
      ++asked;
      if (!is_it) continue;
      side_.set(at_, *from);
      move_ = price_move_ = move;
      return true;
    }
    move_ = price_move_ = Move::none;
    return false;
  }

  // Whether its size went with it.
  bool moved_size(Address address) {
    if (price_move_ == Move::none) return false;
    const auto number = static_cast<std::uint32_t>(address.field());
    const auto from = moved_from(address, price_move_);
    if (!from || from == side_.was(at_)) return false;
    const bool erased = side_.is_erased(at_);
    if (!s().bit(context(Ask::moved, number, 16 + number_of(price_move_)),
                 !erased && side_.now(at_) == *from)) {
      return false;
    }
    side_.set(at_, *from);
    return true;
  }

  // The price at a rank of a ladder of best prices.
  void rank_price(Address address) {
    const auto number = static_cast<std::uint32_t>(address.field());
    const std::optional<std::int64_t> was = side_.was(at_);
    price_at_ = address.level();
    price_move_ = Move::unknown;
    const std::uint32_t gone = 96 + number_of(move_) + (moved_from(address, Move::ahead) ? 0U : 4U);
    if (was && s().bit(context(Ask::erased, number, gone), side_.is_erased(at_))) return side_.erase(at_);
    if (moved_price(address)) return;
    const std::int64_t old = was.value_or(0);
    price(old, context(Ask::last_on_tick, number),
          context(Ask::rank_price, 32 + number, std::min(address.level(), 6U)),
          context(Ask::rank_price, 64 + number, old == 0 ? 1 : 0), context(Ask::rank_price, 96 + number));
  }

  // A price told from a guess, in ticks where it is one.
  void price(std::int64_t guess, std::uint32_t on_tick, std::uint32_t lengths, std::uint32_t mantissas,
             std::uint32_t off_tick) {
    const std::int64_t now = side_.now(at_);
    if (s().bit(on_tick, is_tick_price(now))) {
      std::int64_t step = encoding ? tick_near(now) - tick_near(guess) : 0;
      step = s().step(lengths, mantissas, 2, step);
      const std::int64_t tick = tick_near(guess) + within<std::int64_t>(step, -furthest, furthest);
      if (tick < 0 || tick >= tick_count) return side_.complain("has a price out of range");
      return side_.set(at_, price_of_tick(static_cast<std::uint32_t>(tick)));
    }
    side_.set(at_, plus(guess, s().step(off_tick, 2, less(now, guess))));
  }

  void value(Address address, std::uint32_t kind) {
    const Field field = address.field();
    // Attributes are told apart by their numbers.
    const std::uint32_t number = static_cast<std::uint32_t>(field) + 64U * kind +
                                 (field == Field::attribute  ? side_.called(model_, address) << 10
                                  : has_listed_levels(field) ? (std::min(address.level(), 61U) + 1U) << 10
                                                             : 0U);
    const std::optional<std::int64_t> was = side_.was(at_);
    const std::int64_t old = was.value_or(0);
    if (was && s().bit(context(Ask::erased, 128 + number), side_.is_erased(at_))) return side_.erase(at_);
    const std::int64_t now = side_.now(at_);
    if (field == Field::last_price && was) {
      const bool traded = traded_price_ >= 0;
      const std::uint32_t how = context(Ask::last_step, traded ? 1 : 0);
      return price(traded ? traded_price_ : old, context(Ask::last_on_tick), how, how,
                   context(Ask::last_step, 2));
    }
    if (field == Field::total_matched) {
      const bool market = row_at_.outcome() == 0;
      const std::int64_t guess = plus(old, market ? traded_in_market_ : traded_sum_);
      const std::uint32_t how = context(market ? Ask::market_total : Ask::total, was ? 1 : 0);
      const std::int64_t then = plus(guess, s().step(how, 4, less(now, guess)));
      if (!market) traded_in_market_ = plus(traded_in_market_, less(then, old));
      return side_.set(at_, then);
    }
    if (!was) {
      // As in the row before, or the one before that.
      const Described& beside = described_[field == Field::handicap ? last_row_ ^ 1U : last_row_];
      const auto found = std::find_if(beside.begin(), beside.end(), [&](const DescribedCell& cell) {
        return cell.key == address.key() && cell.of_all == (address.outcome() == 0);
      });
      if (found != beside.end()) {
        const std::int64_t guess = found->value;
        return side_.set(at_, plus(guess, s().step(context(Ask::scalar, number, 16), 12, less(now, guess))));
      }
    }
    const auto held = static_cast<std::uint32_t>(was ? 1 + within<std::int64_t>(old, 0, 7) : 0);
    side_.set(at_, plus(old, s().step(context(Ask::scalar, number, held), 12, less(now, old))));
  }

  static constexpr std::int64_t furthest = 1 << 25;

  Symbols<Coder>& symbols_;
  Model& model_;
  Side& side_;
  Address row_at_;
  std::size_t at_ = 0;  // of the row's cells
  std::int64_t traded_sum_ = 0;
  std::int64_t traded_price_ = -1;
  std::int64_t traded_in_market_ = 0;
  Move move_ = Move::unknown;        // of the rank ladder at hand
  Move price_move_ = Move::unknown;  // of the last price in it
  std::uint32_t price_at_ = 0;       // and its level

  // What is no ladder in the last two rows.
  struct DescribedCell {
    RowKey key;
    bool of_all = false;  // outcomes of the market, or markets of the event
    std::int64_t value = 0;
  };
  using Described = boost::container::small_vector<DescribedCell, 8>;
  std::array<Described, 2> described_;
  std::size_t last_row_ = 0;  // which of them
};

}  // namespace touchline::coded
