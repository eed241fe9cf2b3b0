#include "feed/tcp_listen.h"

namespace touchline {

Result<Endpoint> listen_on(boost::asio::ip::tcp::acceptor& acceptor, const Endpoint& endpoint) {
  using boost::asio::ip::tcp;
  boost::system::error_code error;
  const auto failed = [&] {
    return Error{ErrorKind::environment, "cannot listen on " + endpoint.text() + ": " + error.message(), 0};
  };
  tcp::resolver resolver(acceptor.get_executor());
  const auto found =
      resolver.resolve(endpoint.host, std::to_string(endpoint.port), tcp::resolver::passive, error);
  if (error || found.empty()) return failed();
  const tcp::endpoint at = found.begin()->endpoint();
  if (acceptor.open(at.protocol(), error); error) return failed();
  if (acceptor.set_option(tcp::acceptor::reuse_address(true), error); error) return failed();
  if (acceptor.bind(at, error); error) return failed();
  if (acceptor.listen(boost::asio::socket_base::max_listen_connections, error); error) return failed();
  return Endpoint{endpoint.scheme, endpoint.host, acceptor.local_endpoint().port()};
}

}  // namespace touchline
