// What serve and relay share for traces: the exporter that their options ask for, and its metrics.
//
// Knows no hop and no time.
#pragma once

#include "cmd/touchline/pipeline.h"
#include "cmd/touchline/serve_admin.h"
#include "cmd/touchline/service_options.h"
#include "cmd/touchline/trace_exporter.h"
#include "feed/admin/metrics_page.h"

#include <memory>
#include <string>

namespace touchline {

// Null: nothing is traced. `role` is serve or relay, `instance` tells those of one role apart.
std::unique_ptr<TraceExporter> open_traces(const TraceOptions& options, const std::string& role,
                                           const std::string& instance);
// Live updates' deltas from here on; all four outlive them.
void trace_origin(Pipeline& pipeline, const ServedSources& sources, TraceExporter& exporter,
                  std::uint32_t every);
// None where nothing is traced.
void add_trace_metrics(MetricsPage& page, const TraceExporter* exporter);

}  // namespace touchline
