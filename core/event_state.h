// The state of one event: a sparse table of cells, its digest, and how far it has come.
//
// Knows cells and nothing of what they mean, of ids or of vendors. Rows are dense by market and outcome number;
// a row keeps its keys and values in two sorted arrays, because a ladder is read and changed at its edges and
// 12 bytes a cell is what 10,000 live events can afford. Owned by the origin's event table or by a subscriber;
// a value: copies are independent. Single-threaded.
#pragma once

#include "core/cell.h"
#include "core/ids.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace touchline {

class EventState {
 public:
  // What a cell held before it was changed. A text is moved out to the caller.
  struct Before {
    ValueKind kind = ValueKind::none;
    std::int64_t integer = 0;
    std::string text;
  };

  // The integer cells of one row, sorted by key.
  struct Cells {
    std::span<const RowKey> keys;
    std::span<const std::int64_t> values;
    // The part of one field.
    Cells field(Field field) const;
  };

  Value get(Address at) const;
  std::optional<std::int64_t> integer(Address at) const;

  // Rows appear when first written to; a gap in the numbering is filled with empty rows.
  Before set(Address at, std::int64_t value);
  Before set(Address at, std::string_view text);
  Before erase(Address at);

  // Lets go of rows behind the last that holds a cell. Numbers that were given there are given again: only for an
  // event that is forgotten.
  void release_empty_rows();

  // One more than the highest market (outcome) number so far; the event (market) itself is number 0.
  std::uint32_t market_count() const { return static_cast<std::uint32_t>(markets_.size()); }
  std::uint32_t outcome_count(std::uint32_t market) const;
  Cells cells(std::uint32_t market, std::uint32_t outcome) const;
  // The text cells of one row, sorted by key.
  std::span<const std::pair<RowKey, std::string>> texts(std::uint32_t market, std::uint32_t outcome) const;

  // Every cell, in table order.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::uint32_t m = 0; m < market_count(); ++m) {
      for (std::uint32_t o = 0; o < outcome_count(m); ++o)
        for_each_in_row(m, o, visit);
    }
  }
  template <class Visit>
  void for_each_in_row(std::uint32_t market, std::uint32_t outcome, Visit&& visit) const {
    const Cells row = cells(market, outcome);
    const auto written = texts(market, outcome);
    std::size_t text = 0;
    const auto visit_texts_before = [&](RowKey key) {
      for (; text < written.size() && written[text].first < key; ++text)
        visit(Address(market, outcome, written[text].first),
              Value::of(std::string_view(written[text].second)));
    };
    for (std::size_t i = 0; i < row.keys.size(); ++i) {
      visit_texts_before(row.keys[i]);
      visit(Address(market, outcome, row.keys[i]), Value::of(row.values[i]));
    }
    for (; text < written.size(); ++text)
      visit(Address(market, outcome, written[text].first), Value::of(std::string_view(written[text].second)));
  }

  std::uint64_t digest() const { return digest_; }
  std::uint64_t digest_from_scratch() const;
  std::size_t cell_count() const { return cell_count_; }
  std::size_t text_bytes() const { return text_bytes_; }  // of all text cells together
  std::size_t memory_bytes() const;

  Seq seq{};                        // of the last delta applied
  std::int64_t source_time_ms = 0;  // of the last delta applied, ms since 1970

 private:
  struct Row {
    std::vector<RowKey> keys;
    std::vector<std::int64_t> values;
    std::vector<std::pair<RowKey, std::string>> texts;
    std::uint64_t text_fields = 0;  // bit by field: whether a text may be there; a quick no

    bool may_hold_text(RowKey key) const {
      return (text_fields >> static_cast<unsigned>(key.field()) & 1) != 0;
    }
  };
  static_assert(field_count <= 64);
  using Market = std::vector<Row>;

  Row& row(Address at);
  const Row* find_row(std::uint32_t market, std::uint32_t outcome) const;
  Before take_text(Row& row, Address at);
  Before take_integer(Row& row, Address at);

  std::vector<Market> markets_;
  std::uint64_t digest_ = 0;
  std::size_t cell_count_ = 0;
  std::size_t text_bytes_ = 0;
};

}  // namespace touchline
