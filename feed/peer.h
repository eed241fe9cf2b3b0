// Who is at the other end of a connection, as it is written in logs and tables.
//
// Knows sockets and how an address is spelled; nothing of who the peer claims to be.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <string>

namespace touchline {

// HOST:PORT, with an IPv6 address in brackets; "unknown" where it is gone already.
std::string peer_of(const boost::asio::ip::tcp::socket& socket);

}  // namespace touchline
