// What the admin port of `serve` shows of sources, origin and journal.
//
// Reads counters that are kept anyway; clocks alone are looked at for it. Loop thread.
#pragma once

#include "cmd/touchline/pipeline.h"
#include "feed/admin/metrics_page.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace touchline {

struct ServedSource {
  SourceId number;
  bool is_watched = false;  // it is expected to say something
};
using ServedSources = std::map<std::string, ServedSource>;
std::string name_of(const ServedSources& sources, SourceId number);

// How far the clocks of live sources were ahead of this one lately, by two spans of time, so that no one who asks takes
// it away from another.
class SourceClocks {
 public:
  // Several times a second.
  void look(Pipeline& pipeline, const ServedSources& sources, std::int64_t now_ms);
  std::int64_t ahead_us(const std::string& source) const;

 private:
  static constexpr std::int64_t span_ms = 15'000;

  std::map<std::string, std::int64_t> now_;
  std::map<std::string, std::int64_t> before_;
  std::int64_t since_ms_ = 0;
};

inline constexpr std::size_t source_labels_max = 64;  // those behind, in order of their names, are left out

void add_source_metrics(MetricsPage& page, Pipeline& pipeline, const ServedSources& sources,
                        const SourceClocks& clocks);
void add_origin_metrics(MetricsPage& page, Pipeline& pipeline);
void add_journal_metrics(MetricsPage& page, Pipeline& pipeline);

// A JSON array, an object for each.
// The last messages that were refused, the newest first, with the beginning of each.
std::string refused_json(const Publisher& publisher);
std::string sources_json(Pipeline& pipeline, const ServedSources& sources);

// Why the store or the sources make the service useless at this moment, a sentence each.
std::vector<std::string> why_not_ready(Pipeline& pipeline, const ServedSources& sources);

}  // namespace touchline
