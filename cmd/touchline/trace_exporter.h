// Sends spans to a collector of traces, on a thread of its own, about once a second.
//
// At most 4,096 spans wait; past that, as while the collector is away, new ones are dropped and counted: a service never
// waits for whoever watches it. What waits at the end is sent once more. give() may be called from any thread; the
// counts are read from any.
#pragma once

#include "core/result.h"
#include "feed/endpoint.h"
#include "feed/trace/otlp_json.h"
#include "feed/trace/span.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace touchline {

class TraceExporter {
 public:
  // `news` is told when sending begins to fail and when it works again, on the exporter's thread.
  TraceExporter(Endpoint collector, TracedService service, std::function<void(const std::string&)> news);
  TraceExporter(const TraceExporter&) = delete;
  TraceExporter& operator=(const TraceExporter&) = delete;
  ~TraceExporter();

  void give(Span span);

  std::uint64_t sent() const { return sent_.load(); }
  std::uint64_t dropped() const { return dropped_.load(); }

 private:
  static constexpr std::size_t waiting_max = 4'096;

  void run();
  void send(const std::vector<Span>& spans);

  Endpoint collector_;
  TracedService service_;
  std::function<void(const std::string&)> news_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Span> waiting_;
  bool stopping_ = false;
  bool failing_ = false;  // the thread's own
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::thread thread_;
};

}  // namespace touchline
