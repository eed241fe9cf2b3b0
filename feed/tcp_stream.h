// A ByteStream over a plain TCP socket.
//
// Sends without delay, and lets the kernel hold little that it has not sent: what a slow reader is to be given
// is decided as late as can be. Loop thread.
#pragma once

#include "feed/byte_stream.h"

#include <boost/asio/ip/tcp.hpp>

#include <string>

namespace touchline {

// Sets what every connection of readers is set to; returns the peer's address and port.
std::string set_up(boost::asio::ip::tcp::socket& socket);

class TcpStream final : public ByteStream {
 public:
  explicit TcpStream(boost::asio::ip::tcp::socket socket);

  void open(std::function<void(const boost::system::error_code&)> done) override { done({}); }
  void read_some(boost::asio::mutable_buffer into, Done done) override;
  void write_some(const std::vector<boost::asio::const_buffer>& from, Done done) override;
  void close() override;
  std::string peer() const override { return peer_; }

 private:
  boost::asio::ip::tcp::socket socket_;
  std::string peer_;
};

}  // namespace touchline
