#include "feed/clients/client_words.h"

#include "core/client_json.h"
#include "core/json_text.h"
#include "core/time_text.h"

namespace touchline {
namespace {

constexpr int client_protocol = 1;

std::string message(std::string_view type) { return std::string("{\"type\":\"").append(type).append("\""); }

void add_text(std::string& json, std::string_view key, std::string_view text) {
  json.append(",\"").append(key).append("\":");
  append_any_json_text(json, text);
}

void add_number(std::string& json, std::string_view key, std::uint64_t number) {
  json.append(",\"").append(key).append("\":").append(std::to_string(number));
}

void add_time(std::string& json, std::int64_t time_ms) {
  if (time_ms == 0) return;
  json.append(",\"time\":\"");
  append_time(json, time_ms);
  json.push_back('"');
}

std::string hex_of(std::uint64_t digest) {
  std::string hex;
  for (int shift = 60; shift >= 0; shift -= 4)
    hex.push_back("0123456789abcdef"[digest >> shift & 0xF]);
  return hex;
}

}  // namespace

std::string_view name_of(UpstreamHealth health) {
  switch (health) {
    case UpstreamHealth::live:
      return "live";
    case UpstreamHealth::stale:
      return "stale";
  }
  return "unknown";
}

std::string_view name_of(ClientResume resume) {
  switch (resume) {
    case ClientResume::snapshots:
      return "snapshots";
    case ClientResume::changed:
      return "changed";
    case ClientResume::tail:
      return "tail";
  }
  return "unknown";
}

std::string hello_words(Position head, ClientResume resume, UpstreamHealth health,
                        const Subscription& subscription) {
  std::string json = message("hello");
  add_number(json, "version", client_protocol);
  add_text(json, "head", position_text(head));
  add_text(json, "resume", name_of(resume));
  add_text(json, "upstream", name_of(health));
  json.append(",\"subscription\":");
  append_subscription(json, subscription);
  return json + "}";
}

std::string snapshot_words(std::string_view event, const EventState& state) {
  std::string json = message("snapshot");
  add_text(json, "event", event);
  add_number(json, "seq", state.seq.value);
  add_time(json, state.source_time_ms);
  add_text(json, "digest", hex_of(state.digest()));
  json.append(",\"state\":");
  append_client_state(json, state);
  return json + "}";
}

std::string delta_words(std::string_view event, const EventState& after, const Delta& delta,
                        std::string_view position) {
  std::string json = message("delta");
  add_text(json, "event", event);
  add_number(json, "seq", delta.seq.value);
  add_time(json, after.source_time_ms);
  add_text(json, "position", position);
  json.append(",\"patch\":");
  if (!append_client_patch(json, after, delta)) return {};
  return json + "}";
}

std::string gone_words(std::string_view event) {
  std::string json = message("gone");
  add_text(json, "event", event);
  return json + "}";
}

std::string position_words(std::string_view position) {
  std::string json = message("position");
  add_text(json, "position", position);
  return json + "}";
}

std::string status_words(UpstreamHealth health) {
  std::string json = message("status");
  add_text(json, "upstream", name_of(health));
  return json + "}";
}

std::string subscription_words(const Subscription& subscription) {
  std::string json = message("subscription");
  json.append(",\"subscription\":");
  append_subscription(json, subscription);
  return json + "}";
}

std::string error_words(std::string_view text) {
  std::string json = message("error");
  add_text(json, "text", text);
  return json + "}";
}

std::string goodbye_words(std::string_view reason, std::uint32_t retry_ms) {
  std::string json = message("goodbye");
  add_text(json, "reason", reason);
  add_number(json, "retry_ms", retry_ms);
  return json + "}";
}

}  // namespace touchline
