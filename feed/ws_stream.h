// A ByteStream in the binary messages of a WebSocket, which lies on another ByteStream.
//
// Where a message begins and ends means nothing. Text messages are refused, pings are answered by the library, and
// nothing is compressed. Its source is the only file that knows Beast. Loop thread.
#pragma once

#include "feed/byte_stream.h"

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <string>

namespace touchline {

class WsStream final : public ByteStream {
 public:
  // The side that was connected to.
  WsStream(const boost::asio::any_io_executor& executor, std::unique_ptr<ByteStream> below);
  // The side that connects; `host` is what it asks for.
  WsStream(const boost::asio::any_io_executor& executor, std::unique_ptr<ByteStream> below, std::string host);
  ~WsStream() override;

  void open(std::function<void(const boost::system::error_code&)> done) override;
  void read_some(boost::asio::mutable_buffer into, Done done) override;
  void write_some(const std::vector<boost::asio::const_buffer>& from, Done done) override;
  void close() override;
  std::string peer() const override;

 private:
  struct Core;
  std::shared_ptr<Core> core_;  // lives until the last word is said
};

}  // namespace touchline
