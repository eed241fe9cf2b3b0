#include "cmd/touchline/change_json.h"

#include "core/decimal.h"
#include "core/state_names.h"
#include "core/state_words.h"

#include <string_view>

namespace touchline {
namespace {

void key(std::string& out, std::string_view name) {
  if (out.back() != '{') out.push_back(',');
  out.append("\"").append(name).append("\":");
}

void append_level(std::string& out, const EventState& state, Address at) {
  const Field field = at.field();
  if (field == Field::attribute) {
    key(out, "level");
    append_json_text(out, attribute_path(state, at.level()));
  } else if (is_price_ladder(field)) {
    key(out, "level");
    append_json_price(
        out, {at.level(), at.level() < exact_price_level ? "" : exact_price_at(state, at.level()), 0, {}});
  } else if (is_rank_ladder(field)) {
    key(out, "level");
    append_integer(out, at.level() / 2);
  } else if (field == Field::feed || at.level() != 0) {
    key(out, "level");
    append_integer(out, at.level());
  }
}

void append_change(std::string& out, const EventState& state, const Delta& delta, const Change& change) {
  const Address at = change.at;
  out.push_back('{');
  if (at.market() != 0) {
    key(out, "market");
    append_json_text(out, text_at(state, Address(at.market(), 0, Field::id)));
  }
  if (at.outcome() != 0) {
    key(out, "outcome");
    append_json_text(out, text_at(state, Address(at.market(), at.outcome(), Field::id)));
    if (const auto handicap = state.integer(Address(at.market(), at.outcome(), Field::handicap));
        handicap.value_or(0) != 0) {
      key(out, "handicap");
      append_hundredths(out, *handicap);
    }
  }
  key(out, "field");
  std::string name(name_of(at.field()));
  if (is_rank_ladder(at.field())) name += at.level() % 2 == 0 ? "_price" : "_size";
  append_json_text(out, name);
  append_level(out, state, at);
  if (const Value before = delta.before(change)) {
    key(out, "before");
    append_json_value(out, at, before);
  }
  if (const Value now = delta.now(change)) {
    key(out, "now");
    append_json_value(out, at, now);
  }
  out.push_back('}');
}

}  // namespace

void append_changes_json(std::string& out, const EventState& after, const Delta& delta) {
  out.push_back('[');
  for (const Change& change : delta.changes) {
    if (out.back() != '[') out.push_back(',');
    append_change(out, after, delta, change);
  }
  out.push_back(']');
}

void append_words_json(std::string& out, const EventState& after, const Delta& delta) {
  out.push_back('[');
  for (const std::string& line : describe(after, delta)) {
    if (out.back() != '[') out.push_back(',');
    append_json_text(out, line);
  }
  out.push_back(']');
}

}  // namespace touchline
