// What a connection to a publisher feeds: bytes in, bytes to send out, and how long it may be quiet.
//
// Two stand behind it: the subscriber, which keeps states, and the counter, which only counts. Knows no socket.
#pragma once

#include "core/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace touchline {

class ReceivingEnd {
 public:
  virtual ~ReceivingEnd() = default;

  // Takes bytes as they come, cut anywhere. An error ends the connection: the peer broke the protocol.
  virtual Result<void> receive(std::string_view bytes) = 0;
  // What is to be sent now; the caller takes it. The hello is there from the beginning.
  virtual std::string take_output() = 0;
  virtual bool has_output() const = 0;
  virtual bool welcomed() const = 0;
  virtual std::uint32_t heartbeat_ms() const = 0;  // 0: none, or not welcomed yet
  virtual std::uint64_t whole_bytes() const = 0;   // of frames that are whole, of this connection
};

}  // namespace touchline
