#include "feed/delivery_times.h"

namespace touchline {

void DeliveryTimes::committed(std::int64_t now_us) {
  for (const Taken& taken : under_way_) {
    receive_to_durable_us_.add(now_us - taken.at_us);
    if (taken.source_time_ms == 0) continue;
    if (sources_.size() < taken.source.value) sources_.resize(taken.source.value);
    FromSource& source = sources_[taken.source.value - 1];
    source.to_publish_us.add(now_us - taken.source_time_ms * 1'000);
    source.ahead_us = std::max(source.ahead_us, taken.source_time_ms * 1'000 - taken.at_us);
  }
  under_way_.clear();
}

std::int64_t DeliveryTimes::take_ahead_us(SourceId source) {
  return source.value > sources_.size() ? 0 : std::exchange(sources_[source.value - 1].ahead_us, 0);
}

}  // namespace touchline
