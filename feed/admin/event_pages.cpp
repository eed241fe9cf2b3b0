#include "feed/admin/event_pages.h"

#include "core/json_object.h"
#include "core/retention.h"
#include "core/state_json.h"
#include "core/state_names.h"
#include "core/state_words.h"
#include "feed/admin/page_bounds.h"

namespace touchline {
namespace {

std::string event_json(const LiveEvent& event) {
  const EventState& state = event.state;
  const auto text = [&](Field field) { return text_at(state, Address(0, 0, field)); };
  const auto integer = [&](Field field) { return state.integer(Address(0, 0, field)); };
  std::uint32_t markets = 0;
  for (std::uint32_t market = 1; market < state.market_count(); ++market)
    markets += market_visible(state, market) ? 1U : 0U;
  JsonObject json;
  json.add("handle", event.handle.value).add("id", event.id);
  if (const std::string_view name = text(Field::name); !name.empty()) json.add("name", name);
  json.add("status",
           status_word(Address(0, 0, Field::status), static_cast<std::int64_t>(shown_status(state))));
  json.add("feed", status_word(Address(0, 0, Field::feed), static_cast<std::int64_t>(feed_health(state))));
  if (const auto score = integer(Field::home_score)) json.add("home_score", *score);
  if (const auto score = integer(Field::away_score)) json.add("away_score", *score);
  json.add("markets", markets).add("cells", state.cell_count()).add("seq", state.seq.value);
  json.add_time("source_time", state.source_time_ms);
  json.add("summary", summary_line(state));
  return json.text();
}

}  // namespace

AdminAnswer events_page(const AdminRequest& request, const LiveEvents& events) {
  const auto bounds = page_bounds(request);
  if (!bounds) return admin_error(400, bounds.error().text);
  const auto& all = events.events();
  std::string list;
  const std::size_t begin = std::min<std::size_t>(bounds->from, all.size());
  const std::size_t end = begin + std::min<std::size_t>(bounds->limit, all.size() - begin);
  for (std::size_t i = begin; i < end; ++i) {
    // Nothing but its id is left of one that was forgotten, or that a relay does not know yet.
    if (!all[i] || is_forgotten(all[i]->state)) continue;
    if (!list.empty()) list.push_back(',');
    list += event_json(*all[i]);
  }
  JsonObject json;
  json.add_json("events", "[" + list + "]").add("total", all.size());
  if (end < all.size()) json.add("next", end);
  return {200, "application/json", json.line()};
}

AdminAnswer event_page(const AdminRequest& request, const LiveEvents& events) {
  const auto handle = request.number("handle", 0);
  if (!handle) return admin_error(400, handle.error().text);
  const auto& all = events.events();
  if (*handle == 0 || *handle > all.size() || is_forgotten(all[*handle - 1]->state))
    return admin_error(404, "there is no event of handle " + std::to_string(*handle));
  std::string json;
  append_state_json(json, {all[*handle - 1]->state, {}, {}});
  return {200, "application/json", json + "\n"};
}

}  // namespace touchline
