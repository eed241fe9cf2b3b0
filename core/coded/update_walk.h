// The way through one update that both ends of the codec `coded` go: what is told in which order, and what is known then.
//
// Written once, so that writer and reader cannot differ: with an encoder the rows hold what is to be told, with a
// decoder they grow by what was told. The `Side` (update_encode.cpp, update_decode.cpp) knows the state in front of the
// update. PROTOCOL.md, "Coded updates", says the same in words. Knows no group and no texts.
#pragma once

#include "core/coded/cell_walk.h"
#include "core/coded/contexts.h"
#include "core/coded/model.h"
#include "core/coded/symbols.h"
#include "core/delta.h"
#include "core/limits.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace touchline::coded {

template <class Coder, class Side>
class UpdateWalk {
 public:
  static constexpr bool encoding = Symbols<Coder>::encoding;

  UpdateWalk(Coder& coder, Model& model, Side& side)
      : symbols_(coder, model.slots()), model_(model), side_(side), cells_(symbols_, model, side) {}

  // Everything but the header and the texts.
  void markets(bool has_texts) {
    has_texts_ = has_texts;
    std::uint64_t market = 0;
    for (bool first = true; side_.ok(); first = false) {
      const std::uint32_t where = (first ? 1U : 0U) + (has_texts ? 2U : 0U);
      if (!symbols_.bit(context(Ask::more_markets, where), side_.has_market())) return;
      const std::uint64_t told = side_.market();
      if (first) {
        const bool last = symbols_.bit(context(Ask::last_market), told == model_.market);
        market = last ? model_.market : symbols_.number(context(Ask::market, 1), 12, told);
      } else {
        const std::uint64_t step = symbols_.number(context(Ask::market, 2), 12, told - market - 1);
        if (step > limits::markets_per_event) return side_.complain("names a market past the limit");
        market += 1 + step;
      }
      if (!side_.enter_market(market)) return;
      rows(static_cast<std::uint32_t>(market));
    }
  }

 private:
  Symbols<Coder>& s() { return symbols_; }

  void rows(std::uint32_t market) {
    cells_.begin_market();
    const std::uint32_t likely_first = market == model_.market ? model_.outcome : 0;
    std::uint32_t previous = 0;
    for (std::uint32_t count = 0; side_.ok(); ++count) {
      const std::uint32_t how = context(Ask::more_rows, std::min(count, 8U)) +
                                0x9E3779B1U * context(Ask::more_rows, 16 + std::min(count, 1U),
                                                      previous << 8 | (model_.after_erased ? 1U : 0U));
      if (!s().bit(how, side_.has_outcome_row())) break;
      const std::uint32_t told = side_.outcome();
      const std::uint64_t outcome = next_outcome(count, previous, likely_first, told);
      if (outcome <= previous) return side_.complain("has rows out of order");
      if (!side_.enter_row(outcome)) return;
      previous = static_cast<std::uint32_t>(outcome);
      row(market, previous);
      if (count == 0) model_.outcome = previous;
    }
    if (!side_.ok()) return;
    if (s().bit(context(Ask::market_row, previous == 0 ? 0 : 1, cells_.traded_in_market() ? 1 : 0),
                side_.has_market_row())) {
      if (!side_.enter_row(0)) return;
      row(market, 0);
    } else if (previous == 0) {
      return side_.complain("has a market without rows");
    }
    model_.market = market;
  }

  std::uint64_t next_outcome(std::uint32_t count, std::uint32_t previous, std::uint32_t likely_first,
                             std::uint32_t told) {
    if (count != 0) {
      model_.in_turn = s().bit(context(Ask::next_outcome, std::min(previous, 15U), model_.in_turn ? 1 : 0),
                               told == previous + 1);
      if (model_.in_turn) return previous + 1;
    }
    const std::uint32_t guess = count != 0 ? 64 + previous : likely_first;
    const std::uint32_t near = s().tree(context(Ask::outcome, 0x10000, guess), 6, std::min(told, 63U));
    return near < 63 ? near : near + s().number(context(Ask::outcome, 0x20000), 12, told - 63U);
  }

  void row(std::uint32_t market, std::uint32_t outcome) {
    row_at_ = Address(market, outcome, RowKey());
    cells_.begin_row(row_at_);
    fields(false);
    if (outcome != 0 && side_.ok()) best_ladders();
    if (!side_.ok()) return;
    std::swap(fields_before_, fields_here_);
    fields_here_.clear();
    cells_.end_row();
    side_.leave_row();
  }

  // The ladders of best prices mostly follow from the ladders in full.
  void best_ladders() {
    if (model_.best_ranks != 0 && side_.can_derive()) {
      const auto changes = static_cast<std::uint32_t>(std::min<std::size_t>(cells_.place(), 3));
      side_.derive(row_at_, model_.best_ranks);
      const bool derived = s().bit(context(Ask::derived, 1 + changes), side_.is_derived());
      if (derived) return side_.take_derived(cells_.place());
    }
    fields(true);
  }

  static constexpr std::uint32_t field_end = 31;
  static constexpr std::uint32_t field_escape = 30;

  void fields(bool best) {
    const std::uint32_t kind =
        (row_at_.outcome() == 0 ? 1U : 0U) + (best ? 2U : 0U) + (row_at_.market() == 0 ? 4U : 0U);
    std::uint32_t previous = 30;
    while (side_.ok()) {
      std::uint32_t told = field_end;
      std::uint32_t number = 0;
      bool raw = false;
      if constexpr (encoding) {
        if (side_.has_cell(cells_.place(), best)) {
          number = static_cast<std::uint32_t>(side_.row()[cells_.place()].at.field());
          raw = side_.is_raw(cells_.place());
          told = number < field_escape ? number + (raw ? 14U : 0U) : field_escape;
        }
      }
      // Where an event or a market is described, rows are alike.
      told = next_field(kind, previous, told);
      if (told == field_end) return;
      if (told == field_escape) {
        number = s().tree(context(Ask::field, 8), 6, number);
      } else {
        number = number_in(told);
        raw = number != told;
      }
      if (has_texts_) fields_here_.push_back(told);
      const bool may_be_here = row_at_.outcome() == 0 || is_best(static_cast<Field>(number)) == best;
      if (number >= field_count || !may_be_here) {
        return side_.complain("has an unknown field");
      }
      if (previous != 30 && number <= previous) return side_.complain("has fields out of order");
      previous = number;
      const auto field = static_cast<Field>(number);
      if (is_ladder(field)) {
        cells_.ladder(field, raw);
      } else if (has_listed_levels(field)) {
        cells_.listed(field, kind);
      } else {
        cells_.scalar(Address(row_at_.market(), row_at_.outcome(), field), kind);
      }
    }
  }

  std::uint32_t next_field(std::uint32_t kind, std::uint32_t previous, std::uint32_t told) {
    if (has_texts_) {
      const std::uint32_t beside = field_beside(previous);
      const bool same =
          s().bit(context(Ask::field_beside, number_in(beside) | kind << 8, alike_), told == beside);
      alike_ = (alike_ << 1 | (same ? 1U : 0U)) & 7;
      if (same) return beside;
    }
    return s().tree(context(Ask::field, kind, previous), 5, told);
  }

  // The field, raw or not, that follows in the row before.
  std::uint32_t field_beside(std::uint32_t previous) const {
    for (const std::uint32_t code : fields_before_) {
      if (previous == 30 || number_in(code) > previous) return code;
    }
    return field_end;
  }
  static constexpr std::uint32_t number_in(std::uint32_t code) {
    return code >= 22 && code <= 26 ? code - 14 : code;
  }

  Symbols<Coder> symbols_;
  Model& model_;
  Side& side_;
  CellWalk<Coder, Side> cells_;
  Address row_at_;
  bool has_texts_ = false;
  std::vector<std::uint32_t> fields_here_;  // both only where there are texts
  std::vector<std::uint32_t> fields_before_;
  std::uint32_t alike_ = 0;  // whether the last fields followed as in the row before
};

}  // namespace touchline::coded
