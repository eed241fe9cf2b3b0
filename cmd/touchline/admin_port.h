// The admin port of a service: what serve and relay show in the same way, and what each of them adds.
//
// Knows the pages; whether the service is ready, its metrics and its sources are functions of its wiring, called on the
// loop at each request. Measures the loop's lag while it is there. Loop thread.
#pragma once

#include "core/live_events.h"
#include "core/result.h"
#include "feed/admin/admin_server.h"
#include "feed/admin/metrics_page.h"
#include "feed/admin/reader_pages.h"
#include "feed/bucket_histogram.h"
#include "feed/hub.h"
#include "feed/loop.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace touchline {

struct AdminParts {
  std::string role;  // serve or relay
  const LiveEvents& events;
  const Hub& hub;
  EachSession each_session;
  std::function<std::vector<std::string>()> why_not_ready;  // a sentence each; none: it is
  std::function<void(MetricsPage&)> add_metrics;            // beside those of hub, sessions and process
  std::function<std::string()> sources;                     // a JSON array
  std::function<std::string()> refused = [] { return std::string("[]"); };  // one as well
};

class AdminPort {
 public:
  // Null where `address` is empty.
  static Result<std::unique_ptr<AdminPort>> open(Loop& loop, const std::string& address, AdminParts parts);
  AdminPort(const AdminPort&) = delete;
  AdminPort& operator=(const AdminPort&) = delete;
  ~AdminPort();

 private:
  AdminPort(Loop& loop, AdminParts parts);
  Result<void> listen(const std::string& address);
  AdminAnswer metrics() const;
  AdminAnswer ready() const;
  void watch_lag();

  Loop& loop_;
  AdminParts parts_;
  std::int64_t lag_due_us_ = 0;
  BucketHistogram lag_us_{short_bounds_us};
  std::shared_ptr<bool> is_there_;  // for the timer, which may outlive this
  AdminServer server_;
};

}  // namespace touchline
