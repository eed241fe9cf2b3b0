#include "feed/trace/delta_tracer.h"

#include <algorithm>
#include <utility>

namespace touchline {

void DeltaTracer::handed_over(std::int64_t now_us) {
  under_way_.clear();
  std::swap(under_way_, gathering_);
  handed_over_us_ = now_us;
}

void DeltaTracer::committed(std::int64_t now_us) {
  for (const Taken& taken : under_way_)
    give_spans(taken, now_us);
  under_way_.clear();
}

void DeltaTracer::give_spans(const Taken& taken, std::int64_t committed_us) {
  const TraceId trace = trace_of({epoch_, taken.offset});
  const std::uint64_t root = root_span_of(trace);
  const auto hop = [&](const char* name, std::int64_t begin_us, std::int64_t end_us) {
    give_({trace, span_of(trace, name), root, name, begin_us, std::max(begin_us, end_us)});
  };
  // A source's clock that is ahead of ours would make it arrive before it was sent.
  const std::int64_t source_us =
      taken.source_time_ms == 0 ? taken.at_us : std::min(taken.source_time_ms * 1'000, taken.at_us);
  give_({trace,
         root,
         0,
         "delta",
         source_us,
         std::max(source_us, committed_us),
         {{"touchline.event", taken.event},
          {"touchline.source", source_name ? source_name(taken.source) : std::to_string(taken.source.value)},
          {"touchline.epoch", std::to_string(epoch_.value)},
          {"touchline.offset", std::to_string(taken.offset.value)}}});
  if (taken.source_time_ms != 0) hop("from source", source_us, taken.at_us);
  hop("wait for journal", taken.at_us, handed_over_us_);
  hop("commit", handed_over_us_, committed_us);
}

}  // namespace touchline
