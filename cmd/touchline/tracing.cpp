#include "cmd/touchline/tracing.h"

#include "feed/admin/metric_list.h"
#include "feed/endpoint.h"

#include <spdlog/spdlog.h>

namespace touchline {

std::unique_ptr<TraceExporter> open_traces(const TraceOptions& options, const std::string& role,
                                           const std::string& instance) {
  if (options.to.empty()) return nullptr;
  const auto collector = parse_admin_endpoint(options.to);
  if (!collector) return nullptr;  // refused already, as an option
  return std::make_unique<TraceExporter>(*collector,
                                         TracedService{"touchline-" + role, TOUCHLINE_VERSION, instance},
                                         [](const std::string& news) { spdlog::warn(news); });
}

void trace_origin(Pipeline& pipeline, const ServedSources& sources, TraceExporter& exporter,
                  std::uint32_t every) {
  auto tracer = std::make_unique<DeltaTracer>(pipeline.journal().epoch(), every,
                                              [&exporter](Span span) { exporter.give(std::move(span)); });
  tracer->source_name = [&sources](SourceId number) { return name_of(sources, number); };
  pipeline.publisher().tracer = std::move(tracer);
}

void add_trace_metrics(MetricsPage& page, const TraceExporter* exporter) {
  page.add(metric::trace_spans_sent, exporter == nullptr ? 0 : static_cast<double>(exporter->sent()));
  page.add(metric::trace_spans_dropped, exporter == nullptr ? 0 : static_cast<double>(exporter->dropped()));
}

}  // namespace touchline
