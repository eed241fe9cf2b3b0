#include "feed/ingest/native_parser.h"

#include "core/cell.h"
#include "core/limits.h"
#include "core/state_names.h"
#include "feed/ingest/json.h"
#include "feed/ingest/json_fault.h"
#include "feed/ingest/native_keys.h"
#include "feed/ingest/unique_keys.h"

#include <simdjson.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace touchline {
namespace {

namespace dom = simdjson::dom;
using json::Refusal;
using native::Form;
using native::Key;
using native::KeySet;

constexpr std::uint64_t bit_of(std::size_t place) { return std::uint64_t{1} << place; }

consteval std::uint64_t bit_of(Form form) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < native::line_keys.size(); ++i) {
    if (native::line_keys[i].form == form) bits |= bit_of(i);
  }
  return bits;
}

// A key that the sender made up, as part of a path.
std::string place_of(std::string_view key) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  constexpr std::size_t plain_bytes_max = 40;
  const bool is_plain = !key.empty() && key.find_first_not_of(plain) == std::string_view::npos;
  return is_plain && key.size() <= plain_bytes_max ? std::string(key) : "[" + json::quoted(key) + "]";
}

[[noreturn]] void refuse(const Key& key, std::string_view wrong) {
  throw Refusal(std::string(key.name) + " " + std::string(wrong));
}

void check_length(std::string_view what, std::size_t bytes) {
  if (bytes <= limits::text_bytes) return;
  throw Refusal(ErrorKind::limit,
                std::string(what) + " is longer than " + std::to_string(limits::text_bytes) + " bytes");
}

template <class Status>
std::int64_t status_of(const Key& key, dom::element value, std::optional<Status> find(std::string_view),
                       Status last) {
  const std::string_view name = json::text_of(value, key.name);
  const auto status = find(name);
  if (status) return static_cast<std::int64_t>(*status);
  std::string known;
  for (int i = 1; i <= static_cast<int>(last); ++i) {
    known.append(i == 1 ? "" : ", ").append(name_of(static_cast<Status>(i)));
  }
  refuse(key, json::quoted(name) + " is none of " + known);
}

// The field that an export shows as this attribute, under a name that leaves the place to the path.
std::optional<Key> field_behind(Form attributes, std::string_view path) {
  const auto find = [&](const auto& keys) -> std::optional<Key> {
    const auto place = keys.find(path);
    if (!place || keys.keys()[*place].exported != native::Exported::as_attribute) return std::nullopt;
    Key key = keys.keys()[*place];
    key.name = "";
    return key;
  };
  if (attributes == Form::event_attributes) return find(native::keys_of_line);
  if (attributes == Form::market_attributes) return find(native::keys_of_market);
  return std::nullopt;
}

// Whether an attribute of this value can be such a field; one that cannot stays what it is.
bool can_be(const Key& key, dom::element value) {
  if (key.form == Form::text) return value.is_string();
  if (key.form == Form::integer) return value.is_int64();
  return key.form == Form::instant && (value.is_string() || value.is_int64());
}

}  // namespace

struct NativeParser::Impl {
  // The event, market or outcome at work.
  struct Part {
    std::size_t op = 0;                 // names it
    std::uint64_t seen = 0;             // its keys, by their places in the table
    std::optional<dom::element> parts;  // of it; walked when all else of it is said
  };

  dom::parser parser;
  json::UniqueKeys unique_keys;
  std::string_view text_of_line;
  dom::element document;
  Update* out = nullptr;

  void line(dom::object object);
  void market(dom::object object);
  void outcome(dom::object object);

  template <std::size_t count>
  Part walk(dom::object object, const KeySet<count>& keys);
  void take(const Key& key, dom::element value, Part& part);
  void take_null(const Key& key);

  void hold_id(const Key& key, dom::element value, Part& part);
  void hold_message_id(const Key& key, dom::element value);
  void hold_number(const Key& key, dom::element value);
  void ack(const Key& key, dom::element value);
  void ack_of_refused(dom::object line);
  void image(const Key& key, dom::element value, const Part& part);
  void text(const Key& key, std::string_view value);
  void integer(const Key& key, dom::element value);
  void amount(const Key& key, dom::element value);
  void starting_price(const Key& key, dom::element value);
  // `name` as the document gives it.
  [[noreturn]] void stands_twice(const std::string& place, std::string_view name) const;
  void refuse_repeats(dom::element value);
  void attributes(const Key& key, dom::element value, Part& part);
  void attribute(std::string_view path, dom::element value);
};

NativeParser::NativeParser() : impl_(std::make_unique<Impl>()) {}
NativeParser::~NativeParser() = default;

Result<void> NativeParser::parse(std::string_view line, Update& update) {
  update.clear();
  impl_->out = &update;
  impl_->text_of_line = line;
  std::optional<dom::object> object;
  try {
    impl_->document = json::parse(impl_->parser, line);
    object = json::object_of(impl_->document, "the line");
    impl_->line(*object);
  } catch (const Refusal& refusal) {
    update.clear();
    if (object) impl_->ack_of_refused(*object);
    return refusal.error;
  }
  return {};
}

void NativeParser::Impl::line(dom::object object) {
  out->on_event({});
  const Part event = walk(object, native::keys_of_line);
  if (out->kind == UpdateKind::heartbeat) {
    const std::uint64_t others = event.seen & ~(bit_of(Form::alive) | bit_of(Form::time));
    if (others != 0) {
      refuse(native::line_keys[static_cast<std::size_t>(std::countr_zero(others))],
             "does not belong in a heartbeat, which has alive and time alone");
    }
    out->ops.clear();
    return;
  }
  out->event = out->ops[event.op].text;
  if (out->event.size == 0) throw Refusal("event is missing");
  if (!event.parts) return;
  json::each(*event.parts, "markets", [this](dom::element part) { market(json::object_of(part, "")); });
}

void NativeParser::Impl::market(dom::object object) {
  out->on_market({}, {});
  const Part market = walk(object, native::keys_of_market);
  if (out->ops[market.op].text.size == 0) throw Refusal("id is missing");
  if (!market.parts) return;
  json::each(*market.parts, "outcomes", [this](dom::element part) { outcome(json::object_of(part, "")); });
}

void NativeParser::Impl::outcome(dom::object object) {
  out->on_outcome({}, 0);
  const Part outcome = walk(object, native::keys_of_outcome);
  if (out->ops[outcome.op].text.size == 0) throw Refusal("id is missing");
}

// The op that names the part stands already; its id is filled in wherever it comes among the keys.
template <std::size_t count>
NativeParser::Impl::Part NativeParser::Impl::walk(dom::object object, const KeySet<count>& keys) {
  Part part{.op = out->ops.size() - 1, .seen = 0, .parts = std::nullopt};
  for (const auto [name, value] : object) {
    const auto place = keys.find(name);
    if (!place) throw Refusal(place_of(name) + " is an unknown key");
    const Key& key = keys.keys()[*place];
    if ((part.seen & bit_of(*place)) != 0) stands_twice(std::string(key.name), name);
    part.seen |= bit_of(*place);
    if (value.is_null()) {
      take_null(key);
    } else {
      take(key, value, part);
    }
  }
  return part;
}

void NativeParser::Impl::take(const Key& key, dom::element value, Part& part) {
  switch (key.form) {
    case Form::event:
    case Form::id:
      return hold_id(key, value, part);
    case Form::handicap:
      out->ops[part.op].number = json::exact_hundredths_of(value, key.name);
      return;
    case Form::number:
      return hold_number(key, value);
    case Form::message_id:
      return hold_message_id(key, value);
    case Form::time:
      out->source_time_ms = json::time_ms_of(value, key.name);
      return;
    case Form::other_time: {
      const std::int64_t time_ms = json::time_ms_of(value, key.name);
      if (out->source_time_ms == 0) out->source_time_ms = time_ms;
      return;
    }
    case Form::ack:
      return ack(key, value);
    case Form::alive:
      if (!json::bool_of(value, key.name)) refuse(key, "is never false");
      out->kind = UpdateKind::heartbeat;
      return;
    case Form::image:
    case Form::market_image:
      return image(key, value, part);
    case Form::ignored:
      return;
    case Form::text:
      return text(key, json::text_of(value, key.name));
    case Form::boolean:
      return out->set(key.field, json::bool_of(value, key.name) ? 1 : 0);
    case Form::integer:
      return integer(key, value);
    case Form::instant:
      return out->set(key.field, json::time_ms_of(value, key.name));
    case Form::event_status:
      return out->set(key.field, status_of(key, value, event_status_of, EventStatus::abandoned));
    case Form::market_status:
      return out->set(key.field, status_of(key, value, market_status_of, MarketStatus::cancelled));
    case Form::outcome_status:
      return out->set(key.field, status_of(key, value, outcome_status_of, OutcomeStatus::voided));
    case Form::price:
    case Form::amount:
      return amount(key, value);
    case Form::starting_price:
      return starting_price(key, value);
    case Form::price_ladder:
      return json::price_ladder(*out, key.field, value, key.name);
    case Form::rank_ladder:
      return json::rank_ladder(*out, key.field, value, key.name);
    case Form::event_attributes:
    case Form::market_attributes:
    case Form::outcome_attributes:
      return attributes(key, value, part);
    case Form::parts:
      part.parts = value;
      return;
  }
}

// What null means behind a key: what the cell held is erased; a mark of the line itself is as good as absent.
void NativeParser::Impl::take_null(const Key& key) {
  switch (key.form) {
    case Form::event:
    case Form::id:
    case Form::handicap:
    case Form::number:
    case Form::message_id:
    case Form::time:
    case Form::other_time:
    case Form::ack:
    case Form::alive:
    case Form::image:
    case Form::market_image:
    case Form::ignored:
      return;
    case Form::text:
    case Form::boolean:
    case Form::integer:
    case Form::instant:
    case Form::event_status:
    case Form::market_status:
    case Form::outcome_status:
    case Form::price:
    case Form::amount:
    case Form::starting_price:
      return out->erase(key.field);
    case Form::price_ladder:
    case Form::rank_ladder:
      return out->clear_field(key.field);
    case Form::event_attributes:
    case Form::market_attributes:
    case Form::outcome_attributes:
      refuse(key, "is null, which only a single attribute can be");
    case Form::parts:
      refuse(key, "is null, but what is once listed cannot be taken back");
  }
}

void NativeParser::Impl::hold_id(const Key& key, dom::element value, Part& part) {
  out->ops[part.op].text = out->hold(json::id_of(value, key.name).text());
}

void NativeParser::Impl::hold_message_id(const Key& key, dom::element value) {
  out->message_id = out->hold(json::id_of(value, key.name).text());
}

void NativeParser::Impl::hold_number(const Key& key, dom::element value) {
  const std::int64_t number = json::integer_of(value, key.name);
  if (number < 1) refuse(key, "is below 1");
  out->number = static_cast<std::uint64_t>(number);
}

void NativeParser::Impl::ack(const Key& key, dom::element value) {
  bool wish = true;
  std::string name = "true";
  if (value.is_string()) {
    name.clear();
    append_json_text(name, json::id_of(value, key.name).text());
  } else if (value.is_int64() || value.is_uint64()) {
    name = json::id_of(value, key.name).text();
  } else if (value.get(wish) != simdjson::SUCCESS) {
    refuse(key, "is neither true, false, a text nor an integer");
  }
  if (!wish) return;
  out->wants_ack = true;
  out->ack = out->hold(name);
}

// Whatever else is wrong with the line: its sender may be waiting for the answer.
void NativeParser::Impl::ack_of_refused(dom::object line) {
  try {
    if (const auto value = json::optional(line, "ack")) ack({"ack", Form::ack}, *value);
  } catch (const Refusal&) {
    out->clear();  // it is this wish that was refused
  }
}

// Takes effect before everything else that is said of the event or market, wherever it comes among the keys.
void NativeParser::Impl::image(const Key& key, dom::element value, const Part& part) {
  if (!json::bool_of(value, key.name)) return;
  const auto after_name = [&] { return out->ops.begin() + static_cast<std::ptrdiff_t>(part.op) + 1; };
  if (key.form == Form::market_image) out->ops.insert(after_name(), {.kind = OpKind::definition});
  out->ops.insert(after_name(), {.kind = OpKind::image});
}

void NativeParser::Impl::text(const Key& key, std::string_view value) {
  check_length(key.name, value.size());
  out->set(key.field, value);
}

void NativeParser::Impl::integer(const Key& key, dom::element value) {
  const std::int64_t number = json::integer_of(value, key.name);
  if (number < key.least || number > key.most) {
    refuse(key, "is not within " + std::to_string(key.least) + " to " + std::to_string(key.most));
  }
  out->set(key.field, number);
}

void NativeParser::Impl::amount(const Key& key, dom::element value) {
  const json::Amount amount = json::amount_of(value, key.name);
  if (amount.is_negative()) refuse(key, "is negative");
  if (key.form == Form::price && amount.is_zero()) refuse(key, "is a price that is not above 0");
  json::set_amount(*out, key.field, amount);
}

void NativeParser::Impl::starting_price(const Key& key, dom::element value) {
  if (!value.is_string()) return amount(key, value);
  const std::string_view word = json::text_of(value, key.name);
  if (word == "NaN") return out->set(key.field, sp_not_a_number);
  if (word == "Infinity") return out->set(key.field, sp_infinity);
  refuse(key, "is neither a number nor \"NaN\" or \"Infinity\"");
}

void NativeParser::Impl::stands_twice(const std::string& place, std::string_view name) const {
  throw Refusal(ErrorKind::malformed, place + " stands twice", json::byte_of(text_of_line, document, name));
}

// However deep within a value: whoever reads it on would take one of the two, and others the other.
void NativeParser::Impl::refuse_repeats(dom::element value) {
  if (value.is_array()) {
    json::each(value, "", [this](dom::element item) { refuse_repeats(item); });
  } else if (value.is_object()) {
    const dom::object object(value);
    if (const auto key = unique_keys.repeated_in(object)) stands_twice("[" + json::quoted(*key) + "]", *key);
    for (const auto [key, member] : object) {
      if (!member.is_array() && !member.is_object()) continue;
      try {
        refuse_repeats(member);
      } catch (Refusal& refusal) {
        refusal.put_before("[" + json::quoted(key) + "]");
        throw;
      }
    }
  }
}

void NativeParser::Impl::attributes(const Key& key, dom::element value, Part& part) {
  const dom::object held_by_path = json::object_of(value, key.name);
  try {
    refuse_repeats(value);
  } catch (Refusal& refusal) {
    refusal.put_before(key.name);
    throw;
  }
  for (const auto [path, held] : held_by_path) {
    try {
      const auto field = field_behind(key.form, path);
      if (field && can_be(*field, held)) {
        take(*field, held, part);
      } else {
        if (field && held.is_null()) out->erase(field->field);
        attribute(path, held);
      }
    } catch (Refusal& refusal) {
      refusal.put_before(std::string(key.name) + "[" + json::quoted(path) + "]");
      throw;
    }
  }
}

// What is refused here begins behind the attribute's place.
void NativeParser::Impl::attribute(std::string_view path, dom::element value) {
  if (path.empty()) throw Refusal(" has no path");
  check_length("", path.size());
  if (value.is_null()) return out->attribute_erase(path);
  json::attribute(*out, path, value);
  check_length("", out->ops.back().extra.size);
}

}  // namespace touchline
