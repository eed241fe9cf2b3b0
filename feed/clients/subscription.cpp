#include "feed/clients/subscription.h"

#include "core/json_text.h"
#include "feed/clients/client_limits.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace touchline {
namespace {
namespace dom = simdjson::dom;

Error wrong(std::string text) { return {ErrorKind::usage, std::move(text), 0}; }

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

using List = std::vector<std::string> Subscription::*;
struct NamedList {
  std::string_view parameter;
  std::string_view key;
  List list;
};
constexpr std::array<NamedList, 3> lists{{{"event", "events", &Subscription::events},
                                          {"competition", "competitions", &Subscription::competitions},
                                          {"sport", "sports", &Subscription::sports}}};

Result<void> add_name(Subscription& subscription, List list, std::string name) {
  if (name.empty()) return wrong("a name is empty");
  if (name.size() > limits::client_name_bytes) return wrong("a name is longer than any");
  if (subscription.size() >= limits::client_topics)
    return wrong("more than " + std::to_string(limits::client_topics) + " names");
  (subscription.*list).push_back(std::move(name));
  return {};
}

void sort_once(std::vector<std::string>& names) {
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

Result<void> take_list(Subscription& to, const NamedList& named, dom::element value) {
  dom::array names;
  if (value.get(names) != simdjson::SUCCESS)
    return wrong("\"" + std::string(named.key) + "\" is no list of texts");
  for (const dom::element element : names) {
    std::string_view name;
    if (element.get(name) != simdjson::SUCCESS)
      return wrong("\"" + std::string(named.key) + "\" is no list of texts");
    if (const auto added = add_name(to, named.list, std::string(name)); !added) return added;
  }
  return {};
}

Result<void> take_part(Subscription& to, dom::element part) {
  dom::object members;
  if (part.get(members) != simdjson::SUCCESS) return wrong("what is followed is no object");
  for (const auto [key, value] : members) {
    if (key == "all") {
      if (value.get(to.all) != simdjson::SUCCESS) return wrong("\"all\" is neither true nor false");
      continue;
    }
    const auto named = std::ranges::find(lists, key, &NamedList::key);
    if (named == lists.end())
      return wrong("\"" + std::string(key) + "\" is none of events, competitions, sports, all");
    if (const auto taken = take_list(to, *named, value); !taken) return taken;
  }
  return {};
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
      continue;
    }
    const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = i + 2 < text.size() ? hex_digit(text[i + 2]) : std::nullopt;
    if (!high || !low) return std::nullopt;
    out.push_back(static_cast<char>(*high * 16 + *low));
    i += 2;
  }
  if (!is_utf8(out)) return std::nullopt;
  return out;
}

Result<LiveQuery> parse_live_query(std::string_view query) {
  LiveQuery parsed;
  bool names_what = false;
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    if (part.empty()) continue;
    const std::string_view key = part.substr(0, part.find('='));
    const auto value = percent_decoded(part.substr(std::min(key.size() + 1, part.size())));
    if (!value) return wrong("the value of " + std::string(key) + " is not percent-encoded UTF-8");
    const auto named = std::ranges::find(lists, key, &NamedList::parameter);
    if (named != lists.end()) {
      names_what = true;
      if (const auto added = add_name(parsed.subscription, named->list, *value); !added) return added.error();
    } else if (key == "follow") {
      if (*value != "none") return wrong("follow is none, or is not there");
      names_what = true;
    } else if (key == "position") {
      parsed.position = position_of(*value);
      if (!parsed.position) return wrong("the position is not EPOCH-OFFSET");
    } else {
      return wrong("what is followed is said by event, competition, sport and follow, not by " +
                   std::string(key));
    }
  }
  parsed.subscription.all = !names_what;
  for (const NamedList& named : lists)
    sort_once(parsed.subscription.*named.list);
  return parsed;
}

Result<SubscriptionChange> parse_subscription_change(std::string_view json) {
  thread_local dom::parser parser(limits::client_message_bytes);
  const simdjson::padded_string padded(json);
  dom::object members;
  if (parser.parse(padded).get(members) != simdjson::SUCCESS) return wrong("the message is no JSON object");
  SubscriptionChange change;
  for (const auto [key, value] : members) {
    if (key != "subscribe" && key != "unsubscribe")
      return wrong("\"" + std::string(key) + "\" is neither subscribe nor unsubscribe");
    if (const auto taken = take_part(key == "subscribe" ? change.add : change.remove, value); !taken)
      return taken.error();
  }
  return change;
}

Result<void> change(Subscription& subscription, const SubscriptionChange& change) {
  Subscription changed = subscription;
  if (change.remove.all) changed.all = false;
  if (change.add.all) changed.all = true;
  for (const NamedList& named : lists) {
    auto& names = changed.*named.list;
    const auto& removed = change.remove.*named.list;
    std::erase_if(names,
                  [&](const std::string& name) { return std::ranges::find(removed, name) != removed.end(); });
    const auto& added = change.add.*named.list;
    names.insert(names.end(), added.begin(), added.end());
    sort_once(names);
  }
  if (changed.size() > limits::client_topics)
    return wrong("more than " + std::to_string(limits::client_topics) + " names");
  subscription = std::move(changed);
  return {};
}

void append_subscription(std::string& json, const Subscription& subscription) {
  json.push_back('{');
  if (subscription.all) json.append("\"all\":true");
  for (const NamedList& named : lists) {
    const auto& names = subscription.*named.list;
    if (names.empty()) continue;
    if (json.back() != '{') json.push_back(',');
    json.append("\"").append(named.key).append("\":[");
    for (const std::string& name : names) {
      if (json.back() != '[') json.push_back(',');
      append_any_json_text(json, name);
    }
    json.push_back(']');
  }
  json.push_back('}');
}

std::string position_text(Position position) {
  return std::to_string(position.epoch.value) + "-" + std::to_string(position.offset.value);
}

std::optional<Position> position_of(std::string_view text) {
  const auto number = [](std::string_view digits) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
  };
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto epoch = number(text.substr(0, dash));
  const auto offset = number(text.substr(dash + 1));
  if (!epoch || !offset) return std::nullopt;
  return Position{Epoch(*epoch), Offset(*offset)};
}

}  // namespace touchline
