#include "core/state_words.h"

#include "core/cell.h"
#include "core/decimal.h"
#include "core/life.h"
#include "core/retention.h"
#include "core/state_names.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace touchline {
namespace {

// A name can hold anything; control characters (C0, DEL, C1) would steer the terminal or break the line.
std::string printable(std::string_view line) {
  std::string out;
  out.reserve(line.size());
  for (std::size_t i = 0; i < line.size(); ++i) {
    const auto byte = static_cast<unsigned char>(line[i]);
    const auto next = i + 1 < line.size() ? static_cast<unsigned char>(line[i + 1]) : 0U;
    if (byte < 0x20 || byte == 0x7F) {
      out.push_back('?');
    } else if (byte == 0xC2 && next >= 0x80 && next <= 0x9F) {
      out.push_back('?');
      ++i;
    } else {
      out.push_back(line[i]);
    }
  }
  return out;
}

class Describer {
 public:
  Describer(const EventState& names_from, const Delta& delta) : names_(names_from), delta_(delta) {}

  std::string line(const Change& change) const;

 private:
  Value name(Address at) const;
  void append_place(std::string& out, Address at) const;
  void append_label(std::string& out, Address at) const;
  void append_owned(std::string& out, Address at) const;

  const EventState& names_;
  const Delta& delta_;
};

// What a cell that names something holds, or will hold, or held.
Value Describer::name(Address at) const {
  if (const Value known = names_.get(at)) return known;
  const auto change = std::lower_bound(delta_.changes.begin(), delta_.changes.end(), at,
                                       [](const Change& c, Address a) { return c.at < a; });
  if (change == delta_.changes.end() || change->at != at) return {};
  const Value now = delta_.now(*change);
  return now ? now : delta_.before(*change);
}

void Describer::append_place(std::string& out, Address at) const {
  if (at.market() == 0) return;
  out.append("market ").append(name(Address(at.market(), 0, Field::id)).text);
  const Value type = name(Address(at.market(), 0, Field::type));
  if (type) out.append(" ").append(type.text);
  if (at.outcome() != 0) {
    const std::string_view id = name(Address(at.market(), at.outcome(), Field::id)).text;
    const std::string_view called = name(Address(at.market(), at.outcome(), Field::name)).text;
    const Address handicap(at.market(), at.outcome(), Field::handicap);
    out.append(", outcome ").append(called.empty() ? id : called);
    std::string details(called.empty() ? std::string_view() : id);
    if (const Value value = name(handicap)) {
      details.append(details.empty() ? "handicap " : ", handicap ");
      append_plain_value(details, handicap, value);
    }
    if (!details.empty()) out.append(" (").append(details).append(")");
  }
  out.append(": ");
}

void Describer::append_owned(std::string& out, Address at) const {
  if (at.level() >= attribute_owner_level) {
    const Address attribute(0, 0, Field::attribute_name, at.level() - attribute_owner_level);
    out.append("attribute ").append(name(attribute).text);
  } else {
    out.append(name_of(static_cast<Field>(at.level())));
  }
}

// What changed. Whatever has a level ends in a colon, as its value can be long.
void Describer::append_label(std::string& out, Address at) const {
  const Field field = at.field();
  out.append(name_of(field));
  if (field == Field::attribute) {
    out.append(" ").append(name(Address(0, 0, Field::attribute_name, at.level())).text);
  } else if (is_price_ladder(field) && at.level() >= exact_price_level) {
    const Address literal(0, 0, Field::exact_price, at.level() - exact_price_level);
    out.append(" ").append(name(literal).text);
  } else if (is_price_ladder(field)) {
    append_hundredths(out.append(" "), at.level());
  } else if (is_rank_ladder(field)) {
    append_integer(out.append(" level "), at.level() / 2);
    out.append(at.level() % 2 == 0 ? " price" : " size");
  } else if (field == Field::feed) {
    append_integer(out.append(" of source "), at.level());
  } else if (field == Field::owner && at.market() == 0) {
    append_owned(out.append(" of "), at);
  } else if (at.level() != 0) {
    append_integer(out.append(" "), at.level());
  } else {
    out.push_back(' ');
    return;
  }
  out.append(": ");
}

void append_value(std::string& out, Address at, const Value& value) {
  if (at.field() == Field::owner) out.append("source ");
  if (value.kind == ValueKind::integer) {
    append_plain_value(out, at, value);
  } else {
    append_json_value(out, at, value);
  }
}

std::string Describer::line(const Change& change) const {
  std::string line;
  const Value before = delta_.before(change);
  const Value now = delta_.now(change);
  append_place(line, change.at);
  if (change.at.field() == Field::id && !before) {
    // The place tells the id; the event's own lines have no place.
    if (change.at.market() == 0) line.append("event ").append(now.text).append(": ");
    return line + "appeared";
  }
  append_label(line, change.at);
  if (before) {
    append_value(line, change.at, before);
    if (!now) return line + " removed";
    line.append(" -> ");
    append_value(line, change.at, now);
  } else if (is_ladder(change.at.field())) {
    append_value(line, change.at, now);
    line.append(" added");
  } else {
    line.append("set to ");
    append_value(line, change.at, now);
  }
  return line;
}

// A price that is on offer; nothing where there is none. 0 pads an unused rank.
std::optional<std::string> best_price(const EventState& state, Address ladder, Field ranked, Field shown) {
  std::vector<PriceLevel> levels;
  price_levels(state, ladder, levels);
  std::string price;
  if (!levels.empty()) {
    append_json_price(price, best_is_highest(ladder.field()) ? levels.back() : levels.front());
    return price;
  }
  for (const Field field : {ranked, shown}) {
    const Address best(ladder.market(), ladder.outcome(), field, 0);
    const Value value = state.get(best);
    if (!value || value == Value::of(0)) continue;
    append_plain_value(price, best, value);
    return price;
  }
  return std::nullopt;
}

void append_offer(std::string& out, const EventState& state, std::uint32_t market, std::uint32_t outcome) {
  const Address here(market, outcome, Field::id);
  const std::string_view name = text_at(state, Address(market, outcome, Field::name));
  out.append(name.empty() ? text_at(state, here) : name);
  const Address handicap(market, outcome, Field::handicap);
  if (const Value value = state.get(handicap)) append_plain_value(out.append(" "), handicap, value);
  out.push_back(' ');
  const auto back =
      best_price(state, Address(market, outcome, Field::back), Field::best_back, Field::best_display_back);
  const auto lay =
      best_price(state, Address(market, outcome, Field::lay), Field::best_lay, Field::best_display_lay);
  const Address price(market, outcome, Field::price);
  if (back || lay) {
    out.append(back.value_or("-")).append("/").append(lay.value_or("-"));
  } else if (const Value value = state.get(price)) {
    append_plain_value(out, price, value);
  } else {
    out.push_back('-');
  }
}

void append_score(std::string& out, const EventState& state) {
  const Address home(0, 0, Field::home_score);
  const Address away(0, 0, Field::away_score);
  const Value unknown = Value::of(std::string_view("?"));
  const Value home_score = state.get(home);
  const Value away_score = state.get(away);
  if (!home_score && !away_score) return;
  append_plain_value(out.append("  "), home, home_score ? home_score : unknown);
  append_plain_value(out.append("-"), away, away_score ? away_score : unknown);
}

MarketStatus market_status(const EventState& state, std::uint32_t market) {
  return static_cast<MarketStatus>(state.integer(Address(market, 0, Field::status)).value_or(0));
}

std::optional<std::uint32_t> first_open_market(const EventState& state) {
  for (std::uint32_t market = 1; market < state.market_count(); ++market) {
    if (market_status(state, market) == MarketStatus::open) return market;
  }
  return std::nullopt;
}

void append_offers(std::string& out, const EventState& state, std::uint32_t market) {
  constexpr int outcomes_max = 3;
  const std::string_view type = text_at(state, Address(market, 0, Field::type));
  const std::string_view name = text_at(state, Address(market, 0, Field::name));
  const std::string_view id = text_at(state, Address(market, 0, Field::id));
  out.append("  ").append(!type.empty() ? type : !name.empty() ? name : id).append(":");
  int written = 0;
  for (std::uint32_t outcome = 1; outcome < state.outcome_count(market) && written < outcomes_max;
       ++outcome) {
    if (!outcome_visible(state, market, outcome)) continue;
    out.append(written++ == 0 ? " " : ", ");
    append_offer(out, state, market, outcome);
  }
}

}  // namespace

std::vector<std::string> describe(const EventState& names_from, const Delta& delta) {
  const Describer describer(names_from, delta);
  std::vector<std::string> lines;
  for (const Change& change : delta.changes) {
    if (change.at == status_of_event && delta.now(change) == forgotten)
      return {"forgotten: all that stood in it but its id was taken away"};
    // The names given to attributes and prices, and handicaps, are told with what they name.
    const Field field = change.at.field();
    if (is_identity(field) && field != Field::id) continue;
    lines.push_back(printable(describer.line(change)));
  }
  return lines;
}

EventStatus shown_status(const EventState& state) {
  const auto said = state.integer(Address(0, 0, Field::status));
  if (said && *said != 0) return static_cast<EventStatus>(*said);
  std::uint32_t visible = 0;
  std::uint32_t over = 0;
  for (std::uint32_t market = 1; market < state.market_count(); ++market) {
    if (!market_visible(state, market)) continue;
    ++visible;
    if (is_over(market_status(state, market))) {
      ++over;
    } else if (state.integer(Address(market, 0, Field::in_play)).value_or(0) != 0) {
      return EventStatus::live;
    }
  }
  return visible != 0 && visible == over ? EventStatus::settled : EventStatus::scheduled;
}

std::string summary_line(const EventState& state) {
  std::string line(text_at(state, Address(0, 0, Field::id)));
  const std::string_view name = text_at(state, Address(0, 0, Field::name));
  if (!name.empty()) line.append("  ").append(name);
  line.append("  ").append(name_of(shown_status(state)));
  const FeedHealth health = feed_health(state);
  if (health != FeedHealth::live) line.append(" (feed ").append(name_of(health)).append(")");
  append_score(line, state);
  std::uint32_t markets = 0;
  for (std::uint32_t market = 1; market < state.market_count(); ++market) {
    if (market_visible(state, market)) ++markets;
  }
  line.append("  ").append(std::to_string(markets)).append(markets == 1 ? " market" : " markets");
  if (const auto open = first_open_market(state)) append_offers(line, state, *open);
  return printable(line);
}

}  // namespace touchline
