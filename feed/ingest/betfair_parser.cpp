#include "feed/ingest/betfair_parser.h"

#include "core/cell.h"
#include "core/decimal.h"
#include "feed/ingest/betfair_fields.h"
#include "feed/ingest/json.h"

#include <simdjson.h>

#include <string>

namespace touchline {

namespace dom = simdjson::dom;
using json::Refusal;

struct BetfairParser::Impl {
  dom::parser parser;
  Update* out = nullptr;

  void message(dom::object root);
  void market_change(dom::object market, bool is_image);
  void definition(dom::object definition);
  void runner_definition(dom::object runner);
  void runner_change(dom::object runner);
  void score_change(dom::object score);
  void tree(const std::string& at, dom::element value);
  void outcome(dom::object runner);
  template <class Status>
  void status(std::optional<Status> known, std::string_view key, dom::element value);
  void starting_price(Field field, dom::element value);
};

BetfairParser::BetfairParser() : impl_(std::make_unique<Impl>()) {}
BetfairParser::~BetfairParser() = default;

Result<void> BetfairParser::parse(std::string_view line, Update& update) {
  update.clear();
  impl_->out = &update;
  try {
    impl_->message(json::object_of(json::parse(impl_->parser, line), "the line"));
  } catch (const Refusal& refusal) {
    update.clear();
    return refusal.error;
  }
  return {};
}

void BetfairParser::Impl::message(dom::object root) {
  const std::string_view op = json::text_of(json::required(root, "op"), "op");
  if (op == "connection" || op == "status" || op == "authentication" || op == "marketSubscription" ||
      op == "orderSubscription" || op == "ocm" || op == "heartbeat") {
    out->kind = UpdateKind::control;
    return;
  }
  if (op != "mcm" && op != "ccm") throw Refusal(ErrorKind::unsupported, "unknown op " + json::quoted(op));
  out->source_time_ms = json::integer_of(json::required(root, "pt"), "pt");
  if (out->source_time_ms <= 0 || out->source_time_ms > json::time_ms_max)
    throw Refusal("pt is no publish time");
  if (const auto status = json::optional(root, "status")) out->status = json::integer_of(*status, "status");
  const auto given_type = json::optional(root, "ct");
  const std::string_view type = given_type ? json::text_of(*given_type, "ct") : std::string_view();
  if (type == "HEARTBEAT") {
    out->kind = UpdateKind::heartbeat;
    return;
  }
  const char* list = op == "mcm" ? "mc" : "cc";
  const auto changes = json::optional(root, list);
  if (!changes) {
    out->kind = UpdateKind::heartbeat;
    return;
  }
  for (const dom::element change : json::array_of(*changes, list)) {
    if (op == "mcm") {
      // A subscription's image is one of each of its markets, whether it says so again or not.
      market_change(json::object_of(change, "mc[]"), type == "SUB_IMAGE");
    } else {
      score_change(json::object_of(change, "cc[]"));
    }
  }
}

void BetfairParser::Impl::market_change(dom::object market, bool is_image) {
  const auto id = json::id_of(json::required(market, "id"), "mc[].id");
  const auto described = json::optional(market, "marketDefinition");
  if (!described) {
    out->on_market(id.text(), {});
  } else {
    const dom::object definition = json::object_of(*described, "marketDefinition");
    const auto event = json::id_of(json::required(definition, "eventId"), "marketDefinition.eventId");
    const auto version = json::optional(definition, "version");
    out->on_market(id.text(), event.text(),
                   version ? json::integer_of(*version, "marketDefinition.version") : 0);
  }
  const std::size_t market_op = out->ops.size() - 1;
  if (const auto image = json::optional(market, "img"))
    is_image = json::bool_of(*image, "mc[].img") || is_image;
  if (is_image) out->image();
  if (described) definition(json::object_of(*described, "marketDefinition"));
  // What follows speaks of the market again, not of the definition's last runner.
  const auto volume = json::optional(market, "tv");
  if (volume) {
    if (described) out->ops.push_back(out->ops[market_op]);
    json::set_amount(*out, Field::total_matched, *volume);
  }
  if (const auto runners = json::optional(market, "rc")) {
    for (const dom::element runner : json::array_of(*runners, "mc[].rc"))
      runner_change(json::object_of(runner, "rc[]"));
  }
}

void BetfairParser::Impl::definition(dom::object definition) {
  out->definition();
  dom::element runners;
  bool has_runners = false;
  for (const auto [key, value] : definition) {
    if (value.is_null()) continue;
    if (key == "eventId") continue;
    if (key == "runners") {
      runners = value;
      has_runners = true;
    } else if (key == "marketType") {
      out->set(Field::type, json::text_of(value, "marketDefinition.marketType"));
    } else if (key == "status") {
      status(market_status_of(json::text_of(value, "marketDefinition.status")), key, value);
    } else if (key == "inPlay") {
      out->set(Field::in_play, json::bool_of(value, "marketDefinition.inPlay") ? 1 : 0);
    } else if (key == "version") {
      out->set(Field::version, json::integer_of(value, "marketDefinition.version"));
    } else if (key == "betDelay") {
      out->set(Field::bet_delay, json::integer_of(value, "marketDefinition.betDelay"));
    } else if (key == "eventTypeId") {
      out->its_event(Field::sport, json::id_of(value, "marketDefinition.eventTypeId").text());
    } else if (key == "eventName") {
      out->its_event(Field::name, json::text_of(value, "marketDefinition.eventName"));
    } else {
      json::attribute(*out, key, value);
    }
  }
  if (!has_runners) return;
  for (const dom::element runner : json::array_of(runners, "marketDefinition.runners")) {
    runner_definition(json::object_of(runner, "marketDefinition.runners[]"));
  }
}

// A status that we do not know is kept as it came: the vendor's words grow over the years.
template <class Status>
void BetfairParser::Impl::status(std::optional<Status> known, std::string_view key, dom::element value) {
  if (known) {
    out->set(Field::status, static_cast<std::int64_t>(*known));
  } else {
    json::attribute(*out, key, value);
  }
}

void BetfairParser::Impl::outcome(dom::object runner) {
  const auto id = json::id_of(json::required(runner, "id"), "a runner's id");
  std::int64_t handicap = 0;
  if (const auto hc = json::optional(runner, "hc"))
    handicap = json::exact_hundredths_of(*hc, "a runner's hc");
  out->on_outcome(id.text(), handicap);
}

void BetfairParser::Impl::runner_definition(dom::object runner) {
  outcome(runner);
  for (const auto [key, value] : runner) {
    if (value.is_null() || key == "id" || key == "hc") continue;
    if (key == "name") {
      out->set(Field::name, json::text_of(value, "a runner's name"));
    } else if (key == "status") {
      status(outcome_status_of(json::text_of(value, "a runner's status")), key, value);
    } else {
      json::attribute(*out, key, value);
    }
  }
}

void BetfairParser::Impl::runner_change(dom::object runner) {
  outcome(runner);
  for (const auto [key, value] : runner) {
    if (key == "id" || key == "hc" || value.is_null()) continue;
    const auto field = betfair::runner_field(key);
    if (!field) {
      json::attribute(*out, key, value);
    } else if (*field == Field::traded && value.is_array() && dom::array(value).size() == 0) {
      // An empty list of traded volume empties it; an empty list elsewhere says nothing.
      out->clear_field(*field);
    } else if (is_price_ladder(*field)) {
      json::price_ladder(*out, *field, value, key);
    } else if (is_rank_ladder(*field)) {
      json::rank_ladder(*out, *field, value, key);
    } else if (*field == Field::sp_near || *field == Field::sp_far) {
      starting_price(*field, value);
    } else {
      json::set_amount(*out, *field, value);
    }
  }
}

void BetfairParser::Impl::starting_price(Field field, dom::element value) {
  if (!value.is_string()) {
    if (json::number_of(value, name_of(field)) < 0)
      throw Refusal(std::string(name_of(field)) + " is negative");
    return json::set_amount(*out, field, value);
  }
  const std::string_view word = json::text_of(value, name_of(field));
  if (word == "NaN") return out->set(field, sp_not_a_number);
  if (word == "Infinity") return out->set(field, sp_infinity);
  throw Refusal(std::string(name_of(field)) + " is neither a number nor \"NaN\" or \"Infinity\"");
}

void BetfairParser::Impl::score_change(dom::object score) {
  out->on_event(json::id_of(json::required(score, "eventId"), "cc[].eventId").text());
  for (const auto [key, value] : score) {
    if (key == "eventId" || value.is_null()) continue;
    // Each part comes whole whenever it comes: what it no longer lists is gone.
    if (value.is_object() || value.is_array()) out->attribute_section(key);
    tree(std::string(key), value);
  }
  dom::element fixture;
  if (score["fixtureInfo"].get(fixture) != simdjson::SUCCESS || !fixture.is_object()) return;
  std::string_view status;
  if (fixture["fixtureStatus"].get(status) == simdjson::SUCCESS) {
    if (const auto known = betfair::fixture_status(status))
      out->set(Field::status, static_cast<std::int64_t>(*known));
  }
  std::string_view home;
  std::string_view away;
  if (fixture["homeTeam"].get(home) == simdjson::SUCCESS &&
      fixture["awayTeam"].get(away) == simdjson::SUCCESS) {
    out->set(Field::name, std::string_view(std::string(home) + " v " + std::string(away)));
  }
}

// A nested value as one attribute a leaf, named by its path; places in lists count from 0.
void BetfairParser::Impl::tree(const std::string& at, dom::element value) {
  if (value.is_object()) {
    for (const auto [key, child] : dom::object(value))
      tree(at + "/" + std::string(key), child);
  } else if (value.is_array()) {
    std::size_t place = 0;
    for (const dom::element child : dom::array(value))
      tree(at + "/" + std::to_string(place++), child);
  } else if (!value.is_null()) {
    json::attribute(*out, at, value);
  }
}

}  // namespace touchline
