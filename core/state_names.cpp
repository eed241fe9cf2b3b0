#include "core/state_names.h"

#include "core/decimal.h"
#include "core/time_text.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <limits>

namespace touchline {
namespace {

bool row_shows_something(const EventState& state, std::uint32_t market, std::uint32_t outcome) {
  const auto cells = state.cells(market, outcome);
  const auto texts = state.texts(market, outcome);
  return std::any_of(cells.keys.begin(), cells.keys.end(),
                     [](RowKey key) { return !is_bookkeeping(key.field()); }) ||
         std::any_of(texts.begin(), texts.end(),
                     [](const auto& cell) { return !is_bookkeeping(cell.first.field()); });
}

// What is no number sorts behind everything.
double number_of(std::string_view literal) {
  double number = 0;
  const auto [end, error] = std::from_chars(literal.data(), literal.data() + literal.size(), number);
  if (error == std::errc() && end == literal.data() + literal.size() && number == number) return number;
  return std::numeric_limits<double>::infinity();
}

PriceLevel price_level(const EventState& state, RowKey key, const Value& size) {
  PriceLevel level{key.level(), {}, static_cast<double>(key.level()), size};
  if (level.level < exact_price_level) return level;
  level.literal = exact_price_at(state, level.level);
  level.price = number_of(level.literal) * 100;
  return level;
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] >= '0' && text[at] <= '9')
    ++at;
  return at;
}

void append_starting_price(std::string& out, std::int64_t value) {
  if (value == sp_not_a_number) {
    out.append("NaN");
  } else if (value == sp_infinity) {
    out.append("Infinity");
  } else {
    append_hundredths(out, value);
  }
}

void append_plain_integer(std::string& out, Address at, std::int64_t value) {
  switch (unit_of(at.field())) {
    case Unit::plain:
    case Unit::json:
    case Unit::text:
      return append_integer(out, value);
    case Unit::hundredths:
      return append_hundredths(out, value);
    case Unit::starting_price:
      return append_starting_price(out, value);
    case Unit::truth:
      out.append(value != 0 ? "true" : "false");
      return;
    case Unit::time_ms:
      return append_time(out, value);
    case Unit::status:
      out.append(status_word(at, value));
      return;
  }
}

bool is_number(Unit unit) {
  return unit == Unit::plain || unit == Unit::hundredths || unit == Unit::starting_price;
}

bool is_quoted_in_json(Unit unit, std::int64_t value) {
  if (unit == Unit::starting_price) return value == sp_not_a_number || value == sp_infinity;
  return unit == Unit::status || unit == Unit::time_ms;
}

}  // namespace

Unit unit_of(Field field) {
  switch (field) {
    case Field::attribute:
      return Unit::json;
    case Field::status:
    case Field::feed:
      return Unit::status;
    case Field::in_play:
      return Unit::truth;
    case Field::version:
    case Field::bet_delay:
    case Field::home_score:
    case Field::away_score:
    case Field::clock_ms:
    case Field::owner:
      return Unit::plain;
    case Field::total_matched:
    case Field::price:
    case Field::last_price:
    case Field::back:
    case Field::lay:
    case Field::traded:
    case Field::sp_back:
    case Field::sp_lay:
    case Field::best_back:
    case Field::best_lay:
    case Field::best_display_back:
    case Field::best_display_lay:
    case Field::handicap:
      return Unit::hundredths;
    case Field::sp_near:
    case Field::sp_far:
      return Unit::starting_price;
    case Field::start_time:
      return Unit::time_ms;
    case Field::id:
    case Field::name:
    case Field::type:
    case Field::sport:
    case Field::competition:
    case Field::period:
    case Field::attribute_name:
    case Field::exact_price:
      return Unit::text;
  }
  return Unit::plain;
}

std::string_view text_at(const EventState& state, Address at) { return state.get(at).text; }

std::string_view attribute_path(const EventState& state, std::uint32_t number) {
  return text_at(state, Address(0, 0, Field::attribute_name, number));
}

std::string_view exact_price_at(const EventState& state, std::uint32_t level) {
  return text_at(state, Address(0, 0, Field::exact_price, level - exact_price_level));
}

std::string_view status_word(Address at, std::int64_t value) {
  if (value < 0 || value > std::numeric_limits<std::uint8_t>::max()) return "unknown";
  if (at.field() == Field::feed) return name_of(static_cast<FeedHealth>(value));
  if (at.market() == 0) return name_of(static_cast<EventStatus>(value));
  if (at.outcome() == 0) return name_of(static_cast<MarketStatus>(value));
  return name_of(static_cast<OutcomeStatus>(value));
}

FeedHealth feed_health(const EventState& state) {
  const auto sources = state.cells(0, 0).field(Field::feed);
  auto worst = static_cast<std::int64_t>(FeedHealth::live);
  for (const std::int64_t health : sources.values)
    worst = std::max(worst, health);
  return static_cast<FeedHealth>(std::min(worst, static_cast<std::int64_t>(FeedHealth::stale)));
}

bool outcome_visible(const EventState& state, std::uint32_t market, std::uint32_t outcome) {
  return row_shows_something(state, market, outcome);
}

bool market_visible(const EventState& state, std::uint32_t market) {
  for (std::uint32_t outcome = 0; outcome < state.outcome_count(market); ++outcome) {
    if (row_shows_something(state, market, outcome)) return true;
  }
  return false;
}

std::span<const std::pair<RowKey, std::string>> texts_of(const EventState& state, Address field) {
  const auto texts = state.texts(field.market(), field.outcome());
  const auto before = [](const auto& cell, Field wanted) { return cell.first.field() < wanted; };
  const auto after = [](Field wanted, const auto& cell) { return wanted < cell.first.field(); };
  const auto first = std::lower_bound(texts.begin(), texts.end(), field.field(), before);
  const auto last = std::upper_bound(first, texts.end(), field.field(), after);
  return {first, last};
}

void price_levels(const EventState& state, Address ladder, std::vector<PriceLevel>& levels) {
  levels.clear();
  const auto cells = state.cells(ladder.market(), ladder.outcome()).field(ladder.field());
  for (std::size_t i = 0; i < cells.keys.size(); ++i) {
    levels.push_back(price_level(state, cells.keys[i], Value::of(cells.values[i])));
  }
  for (const auto& [key, text] : texts_of(state, ladder)) {
    levels.push_back(price_level(state, key, Value::of(std::string_view(text))));
  }
  const auto by_price = [](const PriceLevel& a, const PriceLevel& b) { return a.price < b.price; };
  if (!std::is_sorted(levels.begin(), levels.end(), by_price)) {
    std::stable_sort(levels.begin(), levels.end(), by_price);
  }
}

bool is_json_number(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const std::size_t whole = skip_digits(text, at);
  if (whole == at || (text[at] == '0' && whole != at + 1)) return false;
  at = whole;
  if (at < text.size() && text[at] == '.') {
    const std::size_t fraction = skip_digits(text, at + 1);
    if (fraction == at + 1) return false;
    at = fraction;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const std::size_t exponent = skip_digits(text, at);
    if (exponent == at) return false;
    at = exponent;
  }
  return at == text.size();
}

void append_integer(std::string& out, std::int64_t number) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void append_json_text(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  constexpr std::string_view escaped = "\"\\\n\r\t";
  constexpr std::string_view letters = "\"\\nrt";
  out.push_back('"');
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(text.substr(written, i - written));
    written = i + 1;
    out.push_back('\\');
    if (const auto known = escaped.find(text[i]); known != std::string_view::npos) {
      out.push_back(letters[known]);
    } else {
      out.append("u00").push_back(hex[byte >> 4]);
      out.push_back(hex[byte & 0xF]);
    }
  }
  out.append(text.substr(written));
  out.push_back('"');
}

void append_json_value(std::string& out, Address at, const Value& value) {
  const Unit unit = unit_of(at.field());
  switch (value.kind) {
    case ValueKind::none:
      out.append("null");
      return;
    case ValueKind::integer: {
      const bool quoted = is_quoted_in_json(unit, value.integer);
      if (quoted) out.push_back('"');
      append_plain_integer(out, at, value.integer);
      if (quoted) out.push_back('"');
      return;
    }
    case ValueKind::text:
      if (unit == Unit::json || (is_number(unit) && is_json_number(value.text))) {
        out.append(value.text);
      } else {
        append_json_text(out, value.text);
      }
      return;
  }
}

void append_plain_value(std::string& out, Address at, const Value& value) {
  if (value.kind == ValueKind::integer) return append_plain_integer(out, at, value.integer);
  out.append(value.text);
}

void append_json_price(std::string& out, const PriceLevel& level) {
  if (level.level < exact_price_level) return append_hundredths(out, level.level);
  if (is_json_number(level.literal)) {
    out.append(level.literal);
  } else {
    append_json_text(out, level.literal);
  }
}

}  // namespace touchline
