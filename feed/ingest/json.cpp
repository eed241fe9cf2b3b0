#include "feed/ingest/json.h"

#include "core/cell.h"
#include "core/decimal.h"
#include "core/state_names.h"
#include "core/time_text.h"
#include "feed/ingest/json_fault.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace touchline::json {
namespace {

constexpr std::int64_t rank_max = 1000;

[[noreturn]] void refuse(std::string_view what, std::string_view wrong) {
  throw Refusal(std::string(what) + " " + std::string(wrong));
}

// The shortest digits that read back as the same double. A whole one ends in ".0": it came with a fraction or
// an exponent, and is to be read back as what it was.
void append_double(std::string& out, double number) {
  const double size = std::fabs(number);
  const bool plain = size == 0 || (size >= 1e-5 && size < 1e17);
  char digits[40];
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  char* const end = std::to_chars(digits, digits + sizeof digits, number, format).ptr;
  out.append(digits, end);
  if (plain && std::find(digits, end, '.') == end) out.append(".0");
}

void append_json(std::string& out, dom::element value) {
  switch (value.type()) {
    case dom::element_type::ARRAY: {
      char before = '[';
      for (const dom::element item : dom::array(value)) {
        out.push_back(before);
        append_json(out, item);
        before = ',';
      }
      return out.append(before == '[' ? "[]" : "]"), void();
    }
    case dom::element_type::OBJECT: {
      char before = '{';
      for (const auto [key, member] : dom::object(value)) {
        out.push_back(before);
        append_json_text(out, key);
        out.push_back(':');
        append_json(out, member);
        before = ',';
      }
      return out.append(before == '{' ? "{}" : "}"), void();
    }
    case dom::element_type::INT64:
      return append_integer(out, std::int64_t{value});
    case dom::element_type::UINT64:
      return out.append(std::to_string(std::uint64_t{value})), void();
    case dom::element_type::DOUBLE:
      return append_double(out, double{value});
    case dom::element_type::STRING:
      return append_json_text(out, std::string_view{value});
    case dom::element_type::BOOL:
      return out.append(bool{value} ? "true" : "false"), void();
    case dom::element_type::NULL_VALUE:
      return out.append("null"), void();
  }
}

// What is refused here begins behind the name of the row.
void take_price_row(Update& out, Field field, dom::array row) {
  if (row.size() != 2) refuse("", "is not [price, size]");
  auto cell = row.begin();
  const Amount price = amount_of(*cell, "[0]");
  const dom::element size_cell = *++cell;
  const Amount size = size_cell.is_null() ? Amount{} : amount_of(size_cell, "[1]");
  if (price.is_negative() || price.is_zero()) refuse("[0]", "is a price that is not above 0");
  if (size.is_negative()) refuse("[1]", "is a negative size");
  if (!price.exact || price.hundredths >= exact_price_level) {
    std::string literal = price.literal;
    if (price.exact) append_hundredths(literal, price.hundredths);
    if (size.is_zero()) return out.erase_exact_level(field, literal);
    if (!size.exact) refuse("", "has neither price nor size as a whole count of hundredths");
    return out.exact_level(field, literal, size.hundredths);
  }
  const auto level = static_cast<std::uint32_t>(price.hundredths);
  if (size.is_zero()) return out.erase(field, level);
  set_amount(out, field, size, level);
}

void take_rank_row(Update& out, Field field, dom::array row) {
  if (row.size() != 3) refuse("", "is not [level, price, size]");
  auto cell = row.begin();
  const std::int64_t rank = integer_of(*cell, "[0]");
  if (rank < 0 || rank > rank_max) refuse("[0]", "is a level that is not within 0 to 1000");
  const auto price_level = static_cast<std::uint32_t>(rank * 2);
  const dom::element price_cell = *++cell;
  const dom::element size_cell = *++cell;
  const Amount size = size_cell.is_null() ? Amount{} : amount_of(size_cell, "[2]");
  if (size.is_negative()) refuse("[2]", "is a negative size");
  const Amount price = price_cell.is_null() && size.is_zero() ? Amount{} : amount_of(price_cell, "[1]");
  if (size.is_zero()) {
    out.erase(field, price_level);
    out.erase(field, price_level + 1);
    return;
  }
  if (price.is_negative() || price.is_zero()) refuse("[1]", "is a price that is not above 0");
  set_amount(out, field, price, price_level);
  set_amount(out, field, size, price_level + 1);
}

// A row for callers that know the ladder by its field alone.
template <class Take>
void take_named(Field field, Take take) {
  try {
    take();
  } catch (Refusal& refusal) {
    refusal.put_before(name_of(field));
    throw;
  }
}

}  // namespace

void Refusal::put_before(std::string_view place) {
  const bool goes_on = error.text.starts_with('[') || error.text.starts_with(' ');
  error.text.insert(0, goes_on ? "" : ".").insert(0, place);
}

dom::element parse(dom::parser& parser, std::string_view line) {
  if (parser.capacity() > kept_line_bytes && line.size() <= kept_line_bytes) parser = dom::parser();
  dom::element root;
  const auto code = parser.parse(line.data(), line.size(), false).get(root);
  if (code == simdjson::SUCCESS) return root;
  const JsonFault fault = fault_of(line, code);
  throw Refusal(code == simdjson::CAPACITY ? ErrorKind::limit : ErrorKind::malformed, fault.text,
                fault.at_byte);
}

std::string quoted(std::string_view text) {
  constexpr std::size_t shown = 40;
  std::size_t size = std::min(text.size(), shown);
  // A character is cut as a whole.
  while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
    --size;
  std::string out;
  append_json_text(out, text.substr(0, size));
  if (size < text.size()) out.insert(out.size() - 1, "...");
  return out;
}

dom::element required(dom::object in, std::string_view key) {
  dom::element value;
  if (in[key].get(value) != simdjson::SUCCESS || value.is_null()) refuse(key, "is missing");
  return value;
}

std::optional<dom::element> optional(dom::object in, std::string_view key) {
  dom::element value;
  if (in[key].get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
  return value;
}

dom::object object_of(dom::element value, std::string_view what) {
  dom::object object;
  if (value.get(object) != simdjson::SUCCESS) refuse(what, "is no object");
  return object;
}

dom::array array_of(dom::element value, std::string_view what) {
  dom::array array;
  if (value.get(array) != simdjson::SUCCESS) refuse(what, "is no list");
  return array;
}

std::string_view text_of(dom::element value, std::string_view what) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) refuse(what, "is no text");
  return text;
}

std::int64_t integer_of(dom::element value, std::string_view what) {
  std::int64_t integer = 0;
  if (value.get(integer) == simdjson::SUCCESS) return integer;
  double number = 0;
  if (value.is_double() && value.get(number) == simdjson::SUCCESS && std::fabs(number) < 9e15 &&
      number == std::trunc(number)) {
    return static_cast<std::int64_t>(number);
  }
  refuse(what, value.is_uint64() ? "is too large" : "is no integer");
}

bool bool_of(dom::element value, std::string_view what) {
  bool truth = false;
  if (value.get(truth) != simdjson::SUCCESS) refuse(what, "is neither true nor false");
  return truth;
}

double number_of(dom::element value, std::string_view what) {
  double number = 0;
  if (!value.is_number() || value.get(number) != simdjson::SUCCESS) refuse(what, "is no number");
  return number;
}

std::int64_t exact_hundredths_of(dom::element value, std::string_view what) {
  const auto hundredths = hundredths_of(number_of(value, what));
  if (!hundredths) refuse(what, "is no whole count of hundredths");
  return *hundredths;
}

std::int64_t time_ms_of(dom::element value, std::string_view what) {
  std::int64_t ms = 0;
  if (value.is_string()) {
    const std::string_view text = text_of(value, what);
    const auto read = touchline::time_ms_of(text);
    if (!read) refuse(what, quoted(text) + " is no time such as 2026-08-15T14:00:00.000Z");
    ms = *read;
  } else {
    ms = integer_of(value, what);
    if (ms > 0 && ms < time_ms_min) {
      refuse(what,
             std::to_string(ms) + " is before the year 2000: times are in ms since 1970, not in seconds");
    }
  }
  if (ms <= 0 || ms > time_ms_max) refuse(what, "is not within the years 1970 to 9999, in ms");
  return ms;
}

Id::Id(std::int64_t number) {
  const auto end = std::to_chars(digits_, digits_ + sizeof digits_, number).ptr;
  text_ = std::string_view(digits_, static_cast<std::size_t>(end - digits_));
}

Id::Id(std::uint64_t number) {
  const auto end = std::to_chars(digits_, digits_ + sizeof digits_, number).ptr;
  text_ = std::string_view(digits_, static_cast<std::size_t>(end - digits_));
}

Id id_of(dom::element value, std::string_view what) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) {
    std::int64_t integer = 0;
    if (value.get(integer) == simdjson::SUCCESS) return Id(integer);
    std::uint64_t large = 0;
    if (value.get(large) == simdjson::SUCCESS) return Id(large);
    refuse(what, "is neither a text nor an integer");
  }
  if (text.empty()) refuse(what, "is empty");
  if (text.size() > id_bytes_max) {
    throw Refusal(ErrorKind::limit,
                  std::string(what) + " is longer than " + std::to_string(id_bytes_max) + " bytes");
  }
  return Id(text);
}

Amount amount_of(dom::element value, std::string_view what) {
  std::int64_t integer = 0;
  if (value.get(integer) == simdjson::SUCCESS && integer <= hundredths_max / 100 &&
      integer >= -hundredths_max / 100) {
    return {true, integer * 100, {}};
  }
  const double number = number_of(value, what);
  if (const auto hundredths = hundredths_of(number)) return {true, *hundredths, {}};
  if (!(std::fabs(number) <= static_cast<double>(hundredths_max) / 100.0)) refuse(what, "is out of range");
  return {false, 0, literal_of(number)};
}

void set_amount(Update& out, Field field, dom::element value) {
  set_amount(out, field, amount_of(value, name_of(field)));
}

void set_amount(Update& out, Field field, const Amount& amount, std::uint32_t level) {
  if (amount.exact) {
    out.set(field, amount.hundredths, level);
  } else {
    out.set(field, std::string_view(amount.literal), level);
  }
}

void price_ladder(Update& out, Field field, dom::element rows, std::string_view what) {
  each(rows, what, [&](dom::element row) { take_price_row(out, field, array_of(row, "")); });
}

void rank_ladder(Update& out, Field field, dom::element rows, std::string_view what) {
  each(rows, what, [&](dom::element row) { take_rank_row(out, field, array_of(row, "")); });
}

void price_level(Update& out, Field field, dom::array row) {
  take_named(field, [&] { take_price_row(out, field, row); });
}

void rank_level(Update& out, Field field, dom::array row) {
  take_named(field, [&] { take_rank_row(out, field, row); });
}

void attribute(Update& out, std::string_view path, dom::element value) {
  std::int64_t integer = 0;
  if (value.get(integer) == simdjson::SUCCESS) return out.attribute(path, integer);
  const TextRef held = out.hold(path);
  const std::size_t begin = out.arena.size();
  append_json(out.arena, value);
  const TextRef json{static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(out.arena.size() - begin)};
  out.ops.push_back({.kind = OpKind::attribute_text, .text = held, .extra = json});
}

}  // namespace touchline::json
