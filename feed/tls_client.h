// A ByteStream over TLS to a vendor, as its client: 1.2 or newer, for not every vendor speaks 1.3.
//
// The peer's certificate must be for the host that was asked for, and signed by whom the system trusts, or by the
// authorities of a file. Knows no protocol above. Loop thread.
#pragma once

#include "core/result.h"
#include "feed/byte_stream.h"

#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace touchline {

// `authorities`: a PEM file; empty: the system's own.
Result<std::shared_ptr<boost::asio::ssl::context>> tls_client_context(const std::string& authorities);

std::unique_ptr<ByteStream> tls_client_stream(boost::asio::ip::tcp::socket socket,
                                              const std::shared_ptr<boost::asio::ssl::context>& context,
                                              const std::string& host);

}  // namespace touchline
