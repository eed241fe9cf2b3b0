// A connection as a stream of bytes, whatever lies below: TCP, TLS over it, messages of a WebSocket.
//
// One read and one write may be under way at a time. Knows no protocol. Loop thread.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace touchline {

class ByteStream {
 public:
  using Done = std::function<void(const boost::system::error_code&, std::size_t bytes)>;

  ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;
  virtual ~ByteStream() = default;

  // What has to be agreed with the peer before bytes may go.
  virtual void open(std::function<void(const boost::system::error_code&)> done) = 0;
  // `into` and the bytes of `from` must live until `done`.
  virtual void read_some(boost::asio::mutable_buffer into, Done done) = 0;
  virtual void write_some(const std::vector<boost::asio::const_buffer>& from, Done done) = 0;
  // What is under way ends with an error.
  virtual void close() = 0;

  virtual std::string peer() const = 0;  // its address and port
};

}  // namespace touchline
