#include "core/state_csv.h"

#include "core/cell.h"
#include "core/decimal.h"
#include "core/state_names.h"

#include <cstdint>

namespace touchline {
namespace {

void append_field(std::string& out, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out.append(text);
    return;
  }
  out.push_back('"');
  for (const char c : text) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
}

std::string_view id_of(const EventState& state, std::uint32_t market, std::uint32_t outcome) {
  return text_at(state, Address(market, outcome, Field::id));
}

// The columns that all cells of one row of the table share, each with its comma.
std::string shared_columns(const EventState& state, std::uint32_t market, std::uint32_t outcome) {
  std::string columns;
  append_field(columns, id_of(state, 0, 0));
  columns += ',' + std::to_string(state.seq.value) + ',';
  if (market != 0) append_field(columns, id_of(state, market, 0));
  columns.push_back(',');
  if (outcome != 0) append_field(columns, id_of(state, market, outcome));
  columns.push_back(',');
  if (outcome != 0) {
    const Address handicap(market, outcome, Field::handicap);
    const Value value = state.get(handicap);
    append_plain_value(columns, handicap, value ? value : Value::of(0));
  }
  columns.push_back(',');
  return columns;
}

void append_level(std::string& out, const EventState& state, Address at) {
  if (at.field() == Field::attribute) {
    append_field(out, attribute_path(state, at.level()));
  } else if (is_price_ladder(at.field()) && at.level() >= exact_price_level) {
    append_field(out, exact_price_at(state, at.level()));
  } else if (is_price_ladder(at.field())) {
    append_hundredths(out, at.level());
  } else if (is_rank_ladder(at.field())) {
    append_integer(out, at.level() / 2);
  } else if (at.field() == Field::feed || at.level() != 0) {
    append_integer(out, at.level());
  }
}

// An attribute that is a JSON text without escapes is shown as that text; other JSON stays as it is.
std::string_view without_quotes(std::string_view json) {
  const bool plain = json.size() >= 2 && json.front() == '"' && json.find('\\') == std::string_view::npos;
  return plain ? json.substr(1, json.size() - 2) : json;
}

void append_value(std::string& out, Address at, const Value& value) {
  if (value.kind == ValueKind::text) {
    append_field(out, at.field() == Field::attribute ? without_quotes(value.text) : value.text);
  } else {
    append_plain_value(out, at, value);  // never holds what must be quoted
  }
}

}  // namespace

void append_state_csv(std::string& out, const EventState& state) {
  for (std::uint32_t m = 0; m < state.market_count(); ++m) {
    for (std::uint32_t o = 0; o < state.outcome_count(m); ++o) {
      const std::string columns = shared_columns(state, m, o);
      state.for_each_in_row(m, o, [&](Address at, const Value& value) {
        if (is_bookkeeping(at.field())) return;
        out.append(columns).append(name_of(at.field()));
        if (is_rank_ladder(at.field())) out.append(at.level() % 2 == 0 ? "_price" : "_size");
        out.push_back(',');
        append_level(out, state, at);
        out.push_back(',');
        append_value(out, at, value);
        out.push_back('\n');
      });
    }
  }
}

}  // namespace touchline
