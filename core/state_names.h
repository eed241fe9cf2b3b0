// How cells are called and written, for whatever shows a state to people or to their programs.
//
// Knows the unit of each field, the names that stand in the state's own text cells, which markets and
// outcomes are there to be seen, and the spelling of JSON. Does not know the form of any output (state_json,
// state_csv, state_words). What it returns as a view is borrowed from the state. Total: a name that a damaged
// state lacks is empty, a number out of range is "unknown".
#pragma once

#include "core/cell.h"
#include "core/event_state.h"
#include "core/fields.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace touchline {

// What an integer cell counts.
enum class Unit : std::uint8_t {
  plain,           // itself
  hundredths,      // prices, sizes, handicaps
  starting_price,  // hundredths, or one of sp_not_a_number and sp_infinity
  truth,           // 0 or 1
  time_ms,         // since 1970
  status,          // one of the enums of core/fields.h
  json,            // an attribute: itself; as a text it is JSON already
  text,            // the cell is a text by nature
};
Unit unit_of(Field field);

// The text of a cell; empty where it holds none.
std::string_view text_at(const EventState& state, Address at);
std::string_view attribute_path(const EventState& state, std::uint32_t number);
// The literal of a price whose ladder level is exact_price_level or above.
std::string_view exact_price_at(const EventState& state, std::uint32_t level);
// A status (of event, market or outcome, as the address says) or a feed's health.
std::string_view status_word(Address at, std::int64_t value);

// The worst that any source of the event says of itself; live where none says anything.
FeedHealth feed_health(const EventState& state);

// Cells that name or own others, but say nothing themselves.
constexpr bool is_bookkeeping(Field field) { return is_identity(field) || field == Field::owner; }
// A market or outcome that holds only bookkeeping is not there any more: it was emptied, or it moved to
// another event and left its number behind.
bool outcome_visible(const EventState& state, std::uint32_t market, std::uint32_t outcome);
bool market_visible(const EventState& state, std::uint32_t market);

// One level of a ladder keyed by price.
struct PriceLevel {
  std::uint32_t level = 0;
  std::string_view literal;  // of a price that is no level by itself, else empty
  double price = 0;          // to sort by
  Value size;
};
// Fills `levels` anew, in ascending order of price.
void price_levels(const EventState& state, Address ladder, std::vector<PriceLevel>& levels);
// The text cells of one field of a row.
std::span<const std::pair<RowKey, std::string>> texts_of(const EventState& state, Address field);

// A number that could not be held in hundredths is kept as its literal; what is none of JSON's must be quoted
// there.
bool is_json_number(std::string_view text);

void append_integer(std::string& out, std::int64_t number);
// In quotes, escaped. `text` is valid UTF-8.
void append_json_text(std::string& out, std::string_view text);
// The value of the cell at this address as JSON.
void append_json_value(std::string& out, Address at, const Value& value);
// The same without quotes: 1.57, open, true, 2022-07-11T11:00:00.000Z, NaN.
void append_plain_value(std::string& out, Address at, const Value& value);
// A price as a number; quoted where its literal is none.
void append_json_price(std::string& out, const PriceLevel& level);

}  // namespace touchline
