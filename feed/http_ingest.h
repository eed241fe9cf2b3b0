// A source's updates over HTTP: POST /v1/updates with native lines, answered when what became of them is on disk.
//
// One request's lines are taken in their order, and one request after the other; all of them are one line of the
// source, so that a repeat is told by its number or id alone. Bodies are bounded in bytes and time, each and together.
// Takes no further lines while the publisher is full. The only file that knows HTTP, and Beast, is its source. Loop
// thread.
#pragma once

#include "core/origin.h"
#include "core/result.h"
#include "feed/endpoint.h"
#include "feed/line_server.h"
#include "feed/loop.h"
#include "feed/publisher.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace touchline {

struct HttpIngestOptions {
  std::size_t connections_max = 64;               // past it: 503
  std::size_t body_bytes_max = 16U << 20;         // of a request; past it: 413
  std::size_t bodies_bytes_max = 64U << 20;       // of all that are read or wait; past it: 503
  std::chrono::milliseconds request_max{30'000};  // to send one, or to take its answer
  std::chrono::milliseconds idle_max{60'000};     // from one request to the next
};

class HttpIngest {
 public:
  HttpIngest(Loop& loop, Publisher& publisher, SourceId source, std::string source_name,
             HttpIngestOptions options = {});
  ~HttpIngest();

  Result<Endpoint> listen(const Endpoint& endpoint);
  void resume();      // the publisher has room again
  void answer();      // a commit is on disk
  void stop();        // accepts no more; whose body is not all there gets a 503
  bool idle() const;  // no connection; behind stop(): everything is answered

  std::function<void(const LineNews&)> on_news;  // refused requests and lines

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace touchline
