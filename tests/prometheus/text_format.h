// Prometheus's text format 0.0.4, read by its letter, as a scrape would be.
//
// Everything that the format or its conventions forbid is a fault: families in pieces, samples without a type, series
// that come twice, counters that are not called so, histograms whose buckets do not add up. Knows none of our metrics.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace touchline {

using PrometheusLabels = std::map<std::string, std::string>;

struct PrometheusScrape {
  struct Family {
    std::string type;
    std::string help;
  };
  std::map<std::string, Family> families;
  std::map<std::pair<std::string, PrometheusLabels>, double> samples;  // by name, as written, and labels
  std::vector<std::string> faults;  // a sentence each, with the line's number

  // The one sample of that name and these labels; not a number where there is none.
  double value(const std::string& name, const PrometheusLabels& labels = {}) const;
  bool has(const std::string& name, const PrometheusLabels& labels = {}) const;
};

PrometheusScrape read_prometheus_text(std::string_view text);

}  // namespace touchline
