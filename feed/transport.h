// Which stream of bytes lies on a connection, by the scheme of its address.
//
// Knows the streams and puts them on one another; knows no protocol. `tls` is needed for encrypted ones alone.
// Loop thread.
#pragma once

#include "feed/byte_stream.h"
#include "feed/endpoint.h"
#include "feed/tls_context.h"

#include <boost/asio/ip/tcp.hpp>

#include <memory>

namespace touchline {

// On a connection that was accepted at `at`, and on one that was made to `to`.
std::unique_ptr<ByteStream> accepted_stream(const Endpoint& at, boost::asio::ip::tcp::socket socket,
                                            const TlsContext* tls);
std::unique_ptr<ByteStream> connected_stream(const Endpoint& to, boost::asio::ip::tcp::socket socket,
                                             const TlsContext* tls);

}  // namespace touchline
