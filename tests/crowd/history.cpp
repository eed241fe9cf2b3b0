#include "tests/crowd/history.h"

#include <charconv>
#include <stdexcept>
#include <utility>

namespace touchline::crowd {
namespace {

bool is_goal(const test::Json& patch) {
  const auto counts = [&](const char* side) { return patch.has(side) && patch[side].scalar != "0"; };
  return counts("home_score") || counts("away_score");
}

std::uint64_t number_of(const test::Json& json, const std::string& message) {
  std::uint64_t number = 0;
  const std::string& text = json.scalar;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    throw std::runtime_error("no seq: " + message);
  return number;
}

}  // namespace

Place& History::add(std::string_view message, const Place* before) {
  const test::Json json = test::json_of(message);
  Place& place = places_.emplace_back();
  place.message = message;
  place.event = json["event"].text();
  place.position = json.has("position") ? json["position"].text() : "";
  place.seq = number_of(json["seq"], place.message);
  place.before = before;
  place.is_goal = before != nullptr && is_goal(json["patch"]);
  return place;
}

Place* History::snapshot(std::string_view message) {
  const auto known = snapshots_.find(message);
  if (known != snapshots_.end()) return known->second;
  Place& place = add(message, nullptr);
  snapshots_.emplace(place.message, &place);
  return &place;
}

Place* History::delta(Place& at, std::string_view message) {
  Place** last = &at.next;
  for (; *last != nullptr; last = &(*last)->beside) {
    if ((*last)->message == message) return *last;
  }
  return *last = &add(message, &at);
}

test::Json History::state_at(const Place& place) {
  std::vector<const Place*> way;
  for (const Place* at = &place; at != nullptr; at = at->before)
    way.push_back(at);
  test::Json state = test::json_of(way.back()->message)["state"];
  for (std::size_t i = way.size() - 1; i-- > 0;)
    state = test::merged(std::move(state), test::json_of(way[i]->message)["patch"]);
  return state;
}

}  // namespace touchline::crowd
