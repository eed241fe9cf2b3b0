// The writing end of a coded update: what is to be told, seen from the state behind it.
//
// A template of what takes the bits: the range coder, or whoever learns from them (train.cpp). Knows the state that the
// update leads to, and from the delta what was there before. Starts no group and counts nothing.
#pragma once

#include "core/coded/header_walk.h"
#include "core/coded/range_coder.h"
#include "core/coded/update_walk.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace touchline::coded {
inline bool was_integer(const Change& change) { return change.before.kind == ValueKind::integer; }
inline bool is_text_change(const Change& change) {
  return change.now.kind == ValueKind::text ||
         (change.now.kind == ValueKind::none && change.before.kind == ValueKind::text);
}

inline Address name_address(Address attribute) {
  return Address(0, 0, Field::attribute_name, attribute.level());
}

// What a cell held before the delta.
inline Value value_before(const EventState& after, const Delta& delta, Address at) {
  const auto change = std::lower_bound(delta.changes.begin(), delta.changes.end(), at,
                                       [](const Change& c, Address address) { return c.at < address; });
  return change != delta.changes.end() && change->at == at ? delta.before(*change) : after.get(at);
}

// 0 where it is no attribute.
inline std::uint32_t attribute_called(Model& model, const EventState& after, Address at) {
  if (at.field() != Field::attribute) return 0;
  return model.attribute_names(at.level(), [&](std::uint32_t attribute) {
    return after.get(Address(0, 0, Field::attribute_name, attribute)).text;
  });
}

class WritingSide {
 public:
  WritingSide(const EventState& after, const Delta& delta, RowCells cells)
      : after_(after), delta_(delta), cells_(cells) {
    for (const Change& change : delta.changes) {
      if (is_text_change(change) && is_ladder(change.at.field())) texts_in_ladders_ = true;
    }
  }

  std::uint32_t called(Model& model, Address at) const { return attribute_called(model, after_, at); }
  static constexpr bool ok() { return true; }
  static void complain(const char* /*what*/) {}

  bool has_market() const { return next_ < cells_.size(); }
  std::uint32_t market() const { return next_ < cells_.size() ? cells_[next_].at.market() : 0; }
  bool enter_market(std::uint64_t market) {
    market_row_ = next_;
    while (next_ < cells_.size() && cells_[next_].at.market() == market && cells_[next_].at.outcome() == 0)
      ++next_;
    outcomes_ = next_;
    while (next_ < cells_.size() && cells_[next_].at.market() == market)
      ++next_;
    market_end_ = next_;
    row_at_ = outcomes_;
    return true;
  }

  bool has_outcome_row() const { return row_at_ < market_end_; }
  std::uint32_t outcome() const { return row_at_ < market_end_ ? cells_[row_at_].at.outcome() : 0; }
  bool has_market_row() const { return outcomes_ != market_row_; }
  // The ladders of best prices of an outcome go behind all others.
  bool enter_row(std::uint64_t outcome) {
    std::size_t begin = market_row_;
    std::size_t end = outcomes_;
    if (outcome != 0) {
      begin = row_at_;
      while (row_at_ < market_end_ && cells_[row_at_].at.outcome() == outcome)
        ++row_at_;
      end = row_at_;
    }
    row_ = cells_.subspan(begin, end - begin);
    best_from_ = row_.size();
    const auto best = [](const Change& change) { return is_best(change.at.field()); };
    if (outcome == 0 || std::none_of(row_.begin(), row_.end(), best)) return true;
    in_order_.assign(row_.begin(), row_.end());
    const auto first_best = std::stable_partition(in_order_.begin(), in_order_.end(), std::not_fn(best));
    best_from_ = static_cast<std::size_t>(first_best - in_order_.begin());
    row_ = in_order_;
    return true;
  }
  static void leave_row() {}

  RowCells row() const { return row_; }
  bool has_cell(std::size_t at, bool best) const { return at < (best ? row_.size() : best_from_); }
  bool is_raw(std::size_t at) const {
    const Field field = row_[at].at.field();
    if (!is_price_ladder(field)) return false;
    for (; at < row_.size() && row_[at].at.field() == field; ++at) {
      if (!is_tick(row_[at].at.level())) return true;
    }
    return false;
  }
  static void next_cell(Address /*at*/, std::size_t /*place*/) {}
  std::optional<std::int64_t> was(std::size_t at) const {
    if (!was_integer(row_[at])) return std::nullopt;
    return row_[at].before.integer;
  }
  // What a cell of the row held before the update.
  std::optional<std::int64_t> old_at(Address at) const {
    const Value old = value_before(after_, delta_, at);
    if (old.kind != ValueKind::integer) return std::nullopt;
    return old.integer;
  }
  bool is_erased(std::size_t at) const { return row_[at].now.kind != ValueKind::integer; }
  std::int64_t now(std::size_t at) const { return row_[at].now.integer; }
  static void erase(std::size_t /*at*/) {}
  static void set(std::size_t /*at*/, std::int64_t /*value*/) {}

  // The best price before the update, or the last one.
  std::int64_t reference(Address group) const {
    if (group.field() != Field::traded) {
      if (const auto best = best_before(group)) return *best;
    }
    const Address at(group.market(), group.outcome(), Field::last_price);
    std::int64_t last = 0;
    const auto change = std::lower_bound(delta_.changes.begin(), delta_.changes.end(), at,
                                         [](const Change& c, Address address) { return c.at < address; });
    if (change != delta_.changes.end() && change->at == at && is_text_change(*change)) {
      last = was_integer(*change) ? change->before.integer : 0;
    } else {
      last = after_.integer(at).value_or(0);
    }
    return last > 0 && last < exact_price_level ? last : 0;
  }

  bool can_derive() const { return !texts_in_ladders_; }
  void derive(Address row, std::uint32_t ranks) {
    derived_ = true;
    for (const Field best : {Field::best_back, Field::best_lay}) {
      const EventState::Cells cells = after_.cells(row.market(), row.outcome());
      const EventState::Cells from = cells.field(best == Field::best_back ? Field::back : Field::lay);
      const EventState::Cells held = cells.field(best);
      std::size_t count = from.keys.size();
      while (count != 0 && from.keys[count - 1].level() >= exact_price_level)
        --count;
      std::size_t next = 0;
      for (std::uint32_t rank = 0; rank < ranks; ++rank) {
        const bool there = rank < count;
        const std::size_t i = best == Field::best_back ? count - 1 - rank : rank;
        for (const std::uint32_t level : {2 * rank, 2 * rank + 1}) {
          const bool has = next < held.keys.size() && held.keys[next].level() == level;
          if (has != there) derived_ = false;
          if (!has || !there) continue;
          const std::int64_t value = level % 2 == 0 ? from.keys[i].level() : from.values[i];
          if (held.values[next] != value) derived_ = false;
          ++next;
        }
        if (!derived_) return;
      }
    }
    for (std::size_t i = best_from_; i < row_.size(); ++i) {
      if (row_[i].at.level() / 2 >= ranks) derived_ = false;
    }
  }
  bool is_derived() const { return derived_; }
  void take_derived(std::size_t& at) const { at = row_.size(); }

 private:
  std::optional<std::int64_t> best_before(Address group) const {
    const bool highest = best_is_highest(group.field());
    std::optional<std::uint32_t> best;
    const auto consider = [&](std::uint32_t level) {
      if (!best || (highest ? level > *best : level < *best)) best = level;
    };
    // All of the ladder's changes, whatever they turned from or into.
    const Address from(group.market(), group.outcome(), group.field(), 0);
    const auto first = std::lower_bound(delta_.changes.begin(), delta_.changes.end(), from,
                                        [](const Change& c, Address address) { return c.at < address; });
    auto last = first;
    for (; last != delta_.changes.end() && last->at.packed >> 24 == from.packed >> 24; ++last) {
      if (was_integer(*last) && last->at.level() < exact_price_level) consider(last->at.level());
    }
    const auto ladder = after_.cells(group.market(), group.outcome()).field(group.field());
    const std::size_t count = ladder.keys.size();
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t level = ladder.keys[highest ? count - 1 - i : i].level();
      if (level >= exact_price_level) continue;
      const bool is_new = std::any_of(first, last, [&](const Change& change) {
        return change.at.level() == level && !was_integer(change);
      });
      if (is_new) continue;
      consider(level);
      break;
    }
    if (!best) return std::nullopt;
    return *best;
  }

  const EventState& after_;
  const Delta& delta_;
  RowCells cells_;
  RowCells row_;
  std::vector<Change> in_order_;  // of a row, where that is another order than the delta's
  std::size_t best_from_ = 0;
  std::size_t next_ = 0;
  std::size_t market_row_ = 0;
  std::size_t outcomes_ = 0;
  std::size_t market_end_ = 0;
  std::size_t row_at_ = 0;
  bool texts_in_ladders_ = false;
  bool derived_ = false;
};

// How many best prices the event's first ladders of them have.
inline std::uint32_t best_ranks_of(const EventState& state) {
  constexpr std::uint32_t looked_at = 8;
  std::uint32_t ranks = 0;
  for (std::uint32_t market = 1; market < std::min(state.market_count(), looked_at); ++market) {
    for (std::uint32_t outcome = 1; outcome < std::min(state.outcome_count(market), looked_at); ++outcome) {
      const EventState::Cells cells = state.cells(market, outcome);
      for (const Field field : {Field::best_back, Field::best_lay}) {
        const auto ladder = cells.field(field);
        if (!ladder.keys.empty()) ranks = std::max(ranks, ladder.keys.back().level() / 2 + 1);
      }
    }
  }
  return ranks;
}

template <class Coder>
void write_update(Coder& coder, Model& model, bool first_of_group, const EventState& after,
                  const Delta& delta, std::int64_t source_time_before_ms) {
  HeaderWalk<Coder> header{coder, model};
  if (first_of_group) header.best_ranks(best_ranks_of(after));
  const auto texts =
      static_cast<std::size_t>(std::count_if(delta.changes.begin(), delta.changes.end(), is_text_change));
  RowCells cells = delta.changes;
  std::vector<Change> others;
  if (texts != 0) {
    std::remove_copy_if(cells.begin(), cells.end(), std::back_inserter(others), is_text_change);
    cells = others;
  }
  header.time_step(less(delta.source_time_ms, source_time_before_ms));
  header.kind({delta.kind != class_of(delta), delta.cause});
  if (header.has_texts(texts != 0)) {
    header.text_count(texts);
    Address previous;
    bool first = true;
    std::string unused;
    const auto called = [&](Address at) {
      if (at.market() != 0 || at.field() != Field::attribute) return attribute_called(model, after, at);
      // Texts of the event's own row stand in front of the names that come with them.
      const Value name = value_before(after, delta, name_address(at));
      return name ? model.attribute_names(at.level(), [&](std::uint32_t) { return name.text; }) : 1U;
    };
    for (const Change& change : delta.changes) {
      if (!is_text_change(change)) continue;
      header.text_address(previous, first, change.at);
      previous = change.at;
      first = false;
      const bool erased = change.now.kind != ValueKind::text;
      const bool has_old = change.before.kind == ValueKind::text;
      if (has_old && header.text_erased(change.at, erased)) continue;
      header.text(change.at, called(change.at), has_old ? delta.before(change).text : std::string_view(),
                  has_old, delta.now(change).text, unused);
    }
  }
  WritingSide side(after, delta, cells);
  UpdateWalk<Coder, WritingSide> walk(coder, model, side);
  walk.markets(texts != 0);
  ++model.updates;
}

}  // namespace touchline::coded
