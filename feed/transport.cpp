#include "feed/transport.h"

#include "core/check.h"
#include "feed/tcp_stream.h"
#include "feed/tls_stream.h"
#include "feed/ws_stream.h"

#include <utility>

namespace touchline {
using boost::asio::ip::tcp;

std::unique_ptr<ByteStream> accepted_stream(const Endpoint& at, tcp::socket socket, const TlsContext* tls) {
  const auto executor = socket.get_executor();
  std::unique_ptr<ByteStream> stream;
  if (is_encrypted(at)) {
    TL_CHECK(tls != nullptr);
    stream = std::make_unique<TlsStream>(std::move(socket), tls->current());
  } else {
    stream = std::make_unique<TcpStream>(std::move(socket));
  }
  if (!is_websocket(at)) return stream;
  return std::make_unique<WsStream>(executor, std::move(stream));
}

std::unique_ptr<ByteStream> connected_stream(const Endpoint& to, tcp::socket socket, const TlsContext* tls) {
  const auto executor = socket.get_executor();
  std::unique_ptr<ByteStream> stream;
  if (is_encrypted(to)) {
    TL_CHECK(tls != nullptr);
    stream = std::make_unique<TlsStream>(std::move(socket), tls->current(), to.host);
  } else {
    stream = std::make_unique<TcpStream>(std::move(socket));
  }
  if (!is_websocket(to)) return stream;
  return std::make_unique<WsStream>(executor, std::move(stream), to.authority());
}

}  // namespace touchline
