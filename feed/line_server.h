// A source's lines over TCP, or out of a pipe: each brings one line of updates (native or a vendor's).
//
// Two connections at a time are lines A and B of one source; one that comes back takes the place that is free. Where
// all places are taken, a new connection takes that of the one that has brought no line for longest, if that is long
// enough; else it is given one line that says so, and closed. Reads no further while the publisher is full, or the peer
// does not read its answers. A line that is too long is skipped and refused by name. Knows the publisher's door and no
// reader. Loop thread.
#pragma once

#include "core/origin.h"
#include "core/result.h"
#include "feed/endpoint.h"
#include "feed/loop.h"
#include "feed/publisher.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace touchline {

struct LineNews {
  enum class Kind : std::uint8_t { connected, ended, rejected } kind{};
  std::string peer;
  std::string text;
};

struct LineServerOptions {
  std::size_t connections_max = 16;
  std::chrono::milliseconds idle_min{10'000};  // without a line, before a connection's place may be taken
};

class LineServer {
 public:
  LineServer(Loop& loop, Publisher& publisher, SourceId source, std::string source_name,
             LineServerOptions options = {});
  ~LineServer();

  Result<Endpoint> listen(const Endpoint& endpoint);
  // Reads a pipe, a terminal or (as "-") standard input, without holding up the loop.
  Result<void> attach(const std::string& path);
  void resume();      // the publisher has room again
  void answer();      // a commit is on disk
  void stop();        // accepts and reads no more; what was read of an unfinished line is refused
  bool idle() const;  // no connection; behind stop(): everything is answered

  std::function<void(const LineNews&)> on_news;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace touchline
