#include "cmd/touchline/relay_admin.h"

#include "core/fields.h"
#include "core/json_object.h"
#include "core/state_names.h"
#include "feed/admin/page_bounds.h"
#include "feed/clock.h"

namespace touchline {
namespace {

double number(std::uint64_t value) { return static_cast<double>(value); }
double truth(bool value) { return value ? 1 : 0; }

}  // namespace

void add_relay_metrics(MetricsPage& page, const Relay& relay, const UpstreamWatch& upstream) {
  const ReceiverCounts& received = relay.received();
  page.add(metric::upstream_connected, truth(relay.welcomed()));
  page.add(metric::upstream_silence, static_cast<double>(upstream.silent_ms()) / 1'000);
  page.add(metric::upstream_lag, static_cast<double>(upstream.lag_ms()) / 1'000);
  const std::uint64_t here = relay.position().offset.value;
  const std::uint64_t there = upstream.offset().value;
  page.add(metric::missing_deltas, number(there > here ? there - here : 0));
  page.add(metric::whole, truth(relay.is_whole()));
  page.add(metric::connects, number(upstream.connects()));
  page.add(metric::received_bytes, number(received.bytes));
  page.add(metric::forwarded, number(relay.counts().deltas));
  page.add(metric::jumps, number(relay.counts().jumps));
  page.add(metric::asked_again, number(received.resyncs));
  page.add(metric::digests_differed, number(received.digests_differed));
}

std::string relay_sources_json(const Relay& relay) {
  std::string list;
  for (const SourceHealth& source : relay.sources(running_ms())) {
    JsonObject json;
    json.add("name", plain_text(source.name));
    json.add("feed", status_word(Address(0, 0, Field::feed), source.health));
    json.add("silent_ms", source.silent_ms);
    if (!list.empty()) list.push_back(',');
    list += json.text();
  }
  return "[" + list + "]";
}

std::vector<std::string> why_not_ready(const Relay& relay) {
  std::vector<std::string> reasons;
  if (!relay.is_whole()) reasons.push_back("states of the publisher are missing");
  if (!relay.welcomed()) reasons.push_back("the upstream is not connected");
  return reasons;
}

}  // namespace touchline
