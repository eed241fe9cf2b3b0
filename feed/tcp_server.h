// Readers over TCP: accepts connections and runs one session each.
//
// A session reads the subscriber's hello and control frames, and writes whatever the hub has for it, one write
// under way at a time; what gathers meanwhile goes out together. A peer that breaks the protocol gets an error
// by name and is cut. Knows no journal and no source. Loop thread.
#pragma once

#include "core/result.h"
#include "feed/endpoint.h"
#include "feed/hub.h"
#include "feed/loop.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace touchline {

struct TcpServerOptions {
  std::size_t sessions_max = 4096;     // past it a connection is refused with an error
  std::uint32_t handshake_ms = 5'000;  // to send a hello
};

// What a session reports, for the log.
struct SessionNews {
  enum class Kind : std::uint8_t { joined, left, refused } kind{};
  std::string peer;
  std::string relay;
  std::string text;
};

class TcpServer {
 public:
  TcpServer(Loop& loop, Hub& hub, TcpServerOptions options = {});
  ~TcpServer();

  Result<Endpoint> listen(const Endpoint& endpoint);  // the one really taken, with its port
  void stop_accepting();
  // Closes every session once it has sent what the hub has for it; then `done`.
  void drain(std::function<void()> done);
  std::size_t session_count() const;

  std::function<void(const SessionNews&)> on_news;
  std::function<void()> on_waiting;  // a reader waits for keyframes

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace touchline
