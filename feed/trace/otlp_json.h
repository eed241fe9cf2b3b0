// Spans as the body of an OTLP/HTTP request in JSON (OpenTelemetry protocol 1.3, ExportTraceServiceRequest), for
// POST /v1/traces of a collector.
//
// Ids are hex and 64-bit numbers are texts there, unlike in plain protobuf JSON. Knows no connection.
#pragma once

#include "feed/trace/span.h"

#include <span>
#include <string>

namespace touchline {

struct TracedService {
  std::string name;      // service.name
  std::string version;   // service.version
  std::string instance;  // service.instance.id
};

std::string otlp_json(const TracedService& service, std::span<const Span> spans);

}  // namespace touchline
