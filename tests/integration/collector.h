// A collector of traces: takes POST /v1/traces with OTLP in JSON, and keeps the spans.
//
// One request a connection, which is how our exporter asks. Anything else is a failure of the test.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace touchline::integration {

struct CollectedSpan {
  std::string trace;
  std::string id;
  std::string parent;
  std::string name;
  std::uint64_t begin_ns = 0;
  std::uint64_t end_ns = 0;
  std::map<std::string, std::string> attributes;  // its own and those of its service
};

class Collector {
 public:
  Collector();
  ~Collector();
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  std::string url() const;
  // All that came, once they are as wanted; a failure of the test where that never comes.
  std::vector<CollectedSpan> wait_for(const std::function<bool(const std::vector<CollectedSpan>&)>& wanted);

 private:
  void run();
  void serve(int connection);
  void take(std::string_view body);

  int listener_ = -1;
  std::mutex mutex_;
  std::vector<CollectedSpan> spans_;
  std::thread thread_;
};

}  // namespace touchline::integration
