#include "feed/peer.h"

#include "feed/endpoint.h"

namespace touchline {

std::string peer_of(const boost::asio::ip::tcp::socket& socket) {
  boost::system::error_code error;
  const auto remote = socket.remote_endpoint(error);
  if (error) return "unknown";
  return Endpoint{"tcp", remote.address().to_string(), remote.port()}.authority();
}

}  // namespace touchline
