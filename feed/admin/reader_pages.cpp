#include "feed/admin/reader_pages.h"

#include "core/json_object.h"
#include "feed/admin/page_bounds.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace touchline {
namespace {

std::uint64_t unacknowledged(const Hub& hub, const Hub::Reader& reader) {
  const std::uint64_t published = hub.published().value;
  return reader.acknowledged.value == 0 || reader.acknowledged.value > published
             ? 0
             : published - reader.acknowledged.value;
}

const char* state_of(const ReaderSession& session) {
  if (session.leaving()) return "leaving";
  if (!session.joined()) return "handshake";
  const Hub::Reader& reader = session.reader();
  if (reader.resetting || reader.course || !reader.following) return "waiting for states";
  return reader.slow || reader.conflation ? "slow" : "following";
}

std::string session_json(const std::string& peer, const ReaderSession& session, const Hub& hub) {
  const Hub::Reader& reader = session.reader();
  JsonObject json;
  json.add("peer", peer).add("relay", plain_text(session.relay())).add("state", state_of(session));
  if (!session.joined()) return json.text();
  json.add("position", reader.position.value).add("acknowledged", reader.acknowledged.value);
  json.add("queue_bytes", hub.behind_bytes(reader));
  json.add("encoding", reader.coded ? "coded" : "blocks");
  json.add_json("filtered", reader.filter.all() ? "false" : "true");
  return json.text();
}

}  // namespace

void add_hub_metrics(MetricsPage& page, const Hub& hub) {
  const HubCounts& counts = hub.counts();
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  page.add(metric::epoch, static_cast<double>(hub.epoch().value));
  page.add(metric::published, number(hub.published().value));
  page.add(metric::joins, number(counts.fresh), {{"kind", "fresh"}});
  page.add(metric::joins, number(counts.refused), {{"kind", "position_refused"}});
  page.add(metric::joins, number(counts.tails), {{"kind", "tail_from_memory"}});
  page.add(metric::joins, number(counts.journal_tails), {{"kind", "tail_from_journal"}});
  page.add(metric::joins, number(counts.changed), {{"kind", "what_changed"}});
  constexpr std::array causes{"fell_out_of_log", "too_many_slow", "too_much_waiting", "deltas_missing"};
  static_assert(causes.size() == std::tuple_size_v<decltype(counts.resets_by_cause)>);
  for (std::size_t i = 0; i < causes.size(); ++i)
    page.add(metric::resets, number(counts.resets_by_cause[i]), {{"cause", causes[i]}});
  page.add(metric::resyncs, number(counts.resyncs));
  page.add(metric::keyframes, number(counts.keyframes));
  page.add(metric::conflations, number(counts.conflations));
  page.add(metric::conflated, number(counts.conflated));
  page.add(metric::coded, number(counts.coded));
  page.add(metric::coded_blocks, number(counts.coded_blocks));
  page.add(metric::sent_bytes, number(counts.bytes_out));
}

void add_session_metrics(MetricsPage& page, const Hub& hub, const EachSession& each_session) {
  struct Relay {
    std::uint64_t queue_bytes = 0;
    std::uint64_t unacknowledged = 0;
  };
  std::map<std::string, Relay> relays;
  std::size_t joined = 0;
  std::size_t handshakes = 0;
  std::size_t slow = 0;
  each_session([&](const std::string&, const ReaderSession& session) {
    if (!session.joined()) {
      ++handshakes;
      return;
    }
    ++joined;
    const Hub::Reader& reader = session.reader();
    slow += reader.slow || reader.conflation || reader.resetting ? 1U : 0U;
    auto relay = relays.find(plain_text(session.relay()));
    if (relay == relays.end()) {
      const bool room = relays.size() + 1 < relay_labels_max;
      relay = relays.try_emplace(room ? plain_text(session.relay()) : other_relays).first;
    }
    relay->second.queue_bytes = std::max(relay->second.queue_bytes, hub.behind_bytes(reader));
    relay->second.unacknowledged = std::max(relay->second.unacknowledged, unacknowledged(hub, reader));
  });
  page.add(metric::readers, static_cast<double>(joined));
  page.add(metric::handshakes, static_cast<double>(handshakes));
  page.add(metric::slow_readers, static_cast<double>(slow));
  for (const auto& [name, relay] : relays) {
    page.add(metric::queue_bytes, static_cast<double>(relay.queue_bytes), {{"relay", name}});
    page.add(metric::unacknowledged, static_cast<double>(relay.unacknowledged), {{"relay", name}});
  }
}

AdminAnswer sessions_page(const AdminRequest& request, const Hub& hub, const EachSession& each_session) {
  const auto bounds = page_bounds(request);
  if (!bounds) return admin_error(400, bounds.error().text);
  std::vector<std::pair<std::string, const ReaderSession*>> all;
  each_session(
      [&](const std::string& peer, const ReaderSession& session) { all.emplace_back(peer, &session); });
  std::sort(all.begin(), all.end());
  std::string list;
  const std::size_t begin = std::min<std::size_t>(bounds->from, all.size());
  const std::size_t end = begin + std::min<std::size_t>(bounds->limit, all.size() - begin);
  for (std::size_t i = begin; i < end; ++i) {
    if (i != begin) list.push_back(',');
    list += session_json(all[i].first, *all[i].second, hub);
  }
  JsonObject json;
  json.add_json("sessions", "[" + list + "]").add("total", all.size());
  if (end < all.size()) json.add("next", end);
  return {200, "application/json", json.line()};
}

}  // namespace touchline
