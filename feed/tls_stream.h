// A ByteStream over TLS.
//
// Small pieces are gathered before they are encrypted, so that what goes out together is one record. An end without
// TLS's own last word is an end: the protocol above says goodbye itself. Knows no files. Loop thread.
#pragma once

#include "feed/byte_stream.h"

#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace touchline {

class TlsStream final : public ByteStream {
 public:
  using Context = std::shared_ptr<boost::asio::ssl::context>;

  // The side that was connected to.
  TlsStream(boost::asio::ip::tcp::socket socket, const Context& context);
  // The side that connects; the peer's certificate must be for `host`, a name or an address.
  TlsStream(boost::asio::ip::tcp::socket socket, const Context& context, const std::string& host);
  ~TlsStream() override;

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
