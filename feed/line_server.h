// A source's lines over TCP, or out of a pipe: each brings one line of updates (native or a vendor's).
//
// Two connections at a time are lines A and B of one source; one that comes back takes the place that is free.
// Reads no further while the publisher is full. A line that is too long is skipped and refused by name. Knows
// the publisher's door and no reader. Loop thread.
#pragma once

#include "core/origin.h"
#include "core/result.h"
#include "feed/endpoint.h"
#include "feed/loop.h"
#include "feed/publisher.h"

#include <functional>
#include <memory>
#include <string>

namespace touchline {

struct LineNews {
  enum class Kind : std::uint8_t { connected, ended, rejected } kind{};
  std::string peer;
  std::string text;
};

class LineServer {
 public:
  LineServer(Loop& loop, Publisher& publisher, SourceId source, std::string source_name);
  ~LineServer();

  Result<Endpoint> listen(const Endpoint& endpoint);
  // Reads a pipe, a terminal or (as "-") standard input, without holding up the loop.
  Result<void> attach(const std::string& path);
  void resume();  // the publisher has room again
  void stop();

  std::function<void(const LineNews&)> on_news;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace touchline
