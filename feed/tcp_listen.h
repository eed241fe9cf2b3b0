// Taking a TCP port: the one way in which every listener of ours does it.
//
// Knows addresses and errors and nothing of what is then accepted.
// Loop thread.
#pragma once

#include "core/result.h"
#include "feed/endpoint.h"

#include <boost/asio/ip/tcp.hpp>

namespace touchline {

// Opens, binds and listens; returns the endpoint really taken, with its port. The error names the endpoint.
Result<Endpoint> listen_on(boost::asio::ip::tcp::acceptor& acceptor, const Endpoint& endpoint);

}  // namespace touchline
