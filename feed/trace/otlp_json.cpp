#include "feed/trace/otlp_json.h"

#include "core/json_text.h"

#include <cstdint>
#include <string_view>

namespace touchline {
namespace {

constexpr int kind_internal = 1;  // SPAN_KIND_INTERNAL

void append_attribute(std::string& out, std::string_view key, std::string_view value) {
  if (out.back() == '}') out += ',';
  out += "{\"key\":";
  append_any_json_text(out, key);
  out += ",\"value\":{\"stringValue\":";
  append_any_json_text(out, value);
  out += "}}";
}

// Nanoseconds, as they are asked for.
std::string unix_nano(std::int64_t time_us) { return "\"" + std::to_string(time_us) + "000\""; }

void append_span(std::string& out, const Span& span) {
  if (out.back() == '}') out += ',';
  out += "{\"traceId\":\"" + text_of(span.trace) + "\",\"spanId\":\"" + hex16_of(span.id) + "\"";
  if (span.parent != 0) out += ",\"parentSpanId\":\"" + hex16_of(span.parent) + "\"";
  out += ",\"name\":";
  append_any_json_text(out, span.name);
  out += ",\"kind\":" + std::to_string(kind_internal) + ",\"startTimeUnixNano\":" + unix_nano(span.begin_us) +
         ",\"endTimeUnixNano\":" + unix_nano(span.end_us) + ",\"attributes\":[";
  for (const auto& [key, value] : span.attributes)
    append_attribute(out, key, value);
  out += "]}";
}

}  // namespace

std::string otlp_json(const TracedService& service, std::span<const Span> spans) {
  std::string out = "{\"resourceSpans\":[{\"resource\":{\"attributes\":[";
  append_attribute(out, "service.name", service.name);
  append_attribute(out, "service.version", service.version);
  append_attribute(out, "service.instance.id", service.instance);
  out += "]},\"scopeSpans\":[{\"scope\":{\"name\":\"touchline\"},\"spans\":[";
  for (const Span& span : spans)
    append_span(out, span);
  return out + "]}]}]}";
}

}  // namespace touchline
