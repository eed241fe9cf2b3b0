#include "feed/admin/metrics_page.h"

#include "core/check.h"
#include "feed/admin/page_bounds.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <sstream>
#include <vector>

namespace touchline {
namespace {

prometheus::MetricType type_of(MetricKind kind) {
  switch (kind) {
    case MetricKind::counter:
      return prometheus::MetricType::Counter;
    case MetricKind::gauge:
      return prometheus::MetricType::Gauge;
    case MetricKind::histogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

}  // namespace

struct MetricsPage::Families {
  std::map<std::string_view, std::size_t> places;
  std::vector<prometheus::MetricFamily> list;

  prometheus::ClientMetric& sample(const Metric& metric, Labels labels) {
    const auto [place, is_new] = places.emplace(metric.name, list.size());
    if (is_new) list.push_back({metric.name, metric.help, type_of(metric.kind), {}});
    prometheus::ClientMetric& added = list[place->second].metric.emplace_back();
    for (const auto& [name, value] : labels)
      added.label.push_back({name, plain_text(value)});
    return added;
  }
};

MetricsPage::MetricsPage() : families_(std::make_unique<Families>()) {}
MetricsPage::~MetricsPage() = default;

void MetricsPage::add(const Metric& metric, double value, Labels labels) {
  prometheus::ClientMetric& sample = families_->sample(metric, labels);
  switch (metric.kind) {
    case MetricKind::counter:
      sample.counter.value = value;
      return;
    case MetricKind::gauge:
      sample.gauge.value = value;
      return;
    case MetricKind::histogram:
      TL_CHECK(false);
  }
}

void MetricsPage::add(const Metric& metric, const BucketHistogram& values, double scale, Labels labels) {
  TL_CHECK(metric.kind == MetricKind::histogram);
  prometheus::ClientMetric::Histogram& histogram = families_->sample(metric, labels).histogram;
  histogram.sample_count = values.count();
  histogram.sample_sum = static_cast<double>(values.sum()) * scale;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < values.bounds().size(); ++i) {
    below += values.counts()[i];
    // By division a bound of 2,500 us is 0.0025 and nothing beside it.
    histogram.bucket.push_back({below, static_cast<double>(values.bounds()[i]) / (1 / scale)});
  }
}

std::string MetricsPage::text() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families_->list);
  return out.str();
}

}  // namespace touchline
