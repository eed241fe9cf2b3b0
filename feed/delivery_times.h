// How long the updates of live sources take: from the source's own clock, and from when they came, until they are on
// disk and may be seen.
//
// An update that changed something is noted when it is taken, and counted when the commit that it is in is done. Of a
// source's clock nothing is believed: one that is ahead of ours counts as no time at all, and is remembered as ahead.
// Times are passed in, in microseconds since 1970. Bounded by what may wait for a commit. Loop thread.
#pragma once

#include "core/ids.h"
#include "feed/bucket_histogram.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace touchline {

class DeliveryTimes {
 public:
  // Of one source.
  struct FromSource {
    BucketHistogram to_publish_us{long_bounds_us};
    std::int64_t ahead_us = 0;  // the most that its clock was ahead of ours since this was read last
  };

  // `source_time_ms` 0: it gave none.
  void took(SourceId source, std::int64_t source_time_ms, std::int64_t now_us) {
    if (gathering_.size() < waiting_max) gathering_.push_back({source, source_time_ms, now_us});
  }
  // What was taken so far is in the batch that the journal is given now.
  void handed_over() {
    under_way_.clear();
    std::swap(under_way_, gathering_);
  }
  // That batch is on disk.
  void committed(std::int64_t now_us);

  const BucketHistogram& receive_to_durable_us() const { return receive_to_durable_us_; }
  // By the numbers of sources, from 1; shorter where the last ones brought nothing.
  const std::vector<FromSource>& sources() const { return sources_; }
  std::int64_t take_ahead_us(SourceId source);

 private:
  static constexpr std::size_t waiting_max = 16'384;

  struct Taken {
    SourceId source;
    std::int64_t source_time_ms = 0;
    std::int64_t at_us = 0;
  };

  std::vector<Taken> gathering_;
  std::vector<Taken> under_way_;
  BucketHistogram receive_to_durable_us_{short_bounds_us};
  std::vector<FromSource> sources_;
};

}  // namespace touchline
