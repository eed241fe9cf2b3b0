// One scrape: values are added metric by metric, and the page is their text as Prometheus reads it.
//
// A metric's samples stand together whatever the order in which they are added. Knows prometheus-cpp's model and text
// format, alone of all files, and nothing of what is counted.
#pragma once

#include "feed/admin/metric_list.h"
#include "feed/bucket_histogram.h"

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace touchline {

class MetricsPage {
 public:
  using Labels = std::initializer_list<std::pair<const char*, std::string_view>>;

  MetricsPage();
  MetricsPage(const MetricsPage&) = delete;
  MetricsPage& operator=(const MetricsPage&) = delete;
  ~MetricsPage();

  // Of a counter or a gauge. Label values may be anything; what is no UTF-8 is made so.
  void add(const Metric& metric, double value, Labels labels = {});
  // `scale`: what one of the histogram's numbers is in the metric's unit.
  void add(const Metric& metric, const BucketHistogram& values, double scale, Labels labels = {});

  std::string text() const;
  static constexpr const char* content_type = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

inline constexpr double seconds_per_us = 1e-6;

}  // namespace touchline
