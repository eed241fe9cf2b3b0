// What the admin port of `relay` shows of its upstream.
//
// Remembers what a relay is told in passing and has no use for itself: when anything came, and what the last heartbeat
// said. Times are passed in. Loop thread.
#pragma once

#include "core/messages.h"
#include "feed/admin/metrics_page.h"
#include "feed/relay.h"

#include <cstdint>
#include <string>
#include <vector>

namespace touchline {

class UpstreamWatch {
 public:
  void connecting() { ++connects_; }
  void heard(const Heartbeat& heartbeat, std::int64_t now_ms) {
    offset_ = heartbeat.offset;
    lag_ms_ = now_ms - heartbeat.origin_time_ms;
  }
  // Several times a second: how much has come so far, by a steady clock.
  void look(std::uint64_t bytes, std::int64_t steady_ms) {
    if (bytes != bytes_ || since_ms_ == 0) since_ms_ = steady_ms;
    bytes_ = bytes;
    now_ms_ = steady_ms;
  }

  std::uint64_t connects() const { return connects_; }
  std::int64_t silent_ms() const { return now_ms_ - since_ms_; }
  std::int64_t lag_ms() const { return lag_ms_; }
  Offset offset() const { return offset_; }

 private:
  std::uint64_t connects_ = 0;
  std::uint64_t bytes_ = 0;
  std::int64_t since_ms_ = 0;
  std::int64_t now_ms_ = 0;
  std::int64_t lag_ms_ = 0;
  Offset offset_{};
};

void add_relay_metrics(MetricsPage& page, const Relay& relay, const UpstreamWatch& upstream);

// The publisher's sources, and the publisher, as heartbeats to readers have them: a JSON array.
std::string relay_sources_json(const Relay& relay);

std::vector<std::string> why_not_ready(const Relay& relay);

}  // namespace touchline
