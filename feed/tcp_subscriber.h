// A subscriber over TCP, and over what lies on it: connects, feeds what comes into a receiving end, sends what
// that wants to say.
//
// One connection, once; reconnecting is the caller's decision, by making another with the same receiving end.
// Knows nothing of what the bytes mean. Loop thread.
#pragma once

#include "core/receiving_end.h"
#include "core/result.h"
#include "feed/endpoint.h"
#include "feed/loop.h"
#include "feed/tls_context.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace touchline {

struct TcpSubscriberOptions {
  std::size_t read_bytes = 256U << 10;  // most that one read takes; 1 shows that frames may be cut anywhere
  std::int64_t answer_ms = 10'000;      // most that connecting and the welcome may take
  std::int64_t frame_ms = 60'000;       // most that one frame may take from its first byte to its last
  std::shared_ptr<const TlsContext> tls = nullptr;  // for endpoints that are encrypted
};

class TcpSubscriber {
 public:
  // `ended` is called once: with an error, or without one when the publisher closed the line in good order.
  TcpSubscriber(Loop& loop, ReceivingEnd& subscriber, const Endpoint& endpoint,
                std::function<void(Result<void>)> ended, TcpSubscriberOptions options = {});
  ~TcpSubscriber();
  void close();
  // Reads nothing further and keeps the connection: what a reader does that is stuck.
  void stop_reading();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace touchline
