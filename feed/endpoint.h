// Where to listen and where to connect: `tcp://HOST:PORT` and its like, readers' and sources' by the schemes they have.
//
// Knows the spelling alone; names are resolved where they are used. Port 0 asks the system for a free one.
#pragma once

#include "core/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace touchline {

struct Endpoint {
  std::string scheme;
  std::string host;
  std::uint16_t port = 0;
  // HOST:PORT, with an IPv6 address in brackets.
  std::string authority() const {
    const bool is_v6 = host.find(':') != std::string::npos;
    return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
  }
  // As it is parsed.
  std::string text() const { return scheme + "://" + authority(); }
};

// What readers are served on and connect to: tcp, tls, ws or wss.
Result<Endpoint> parse_reader_endpoint(std::string_view text);
// What clients of JSON are served on: http or https.
Result<Endpoint> parse_client_endpoint(std::string_view text);
// What sources are taken on, tcp or http, and dialled at, betfair or betfairs.
Result<Endpoint> parse_source_endpoint(std::string_view text);

// Where the admin port is: http://HOST:PORT, HOST:PORT, or a port alone, which is on this machine's own address.
Result<Endpoint> parse_admin_endpoint(std::string_view text);

inline bool is_encrypted(const Endpoint& endpoint) {
  return endpoint.scheme == "tls" || endpoint.scheme == "wss" || endpoint.scheme == "betfairs" ||
         endpoint.scheme == "https";
}
inline bool is_websocket(const Endpoint& endpoint) {
  return endpoint.scheme == "ws" || endpoint.scheme == "wss";
}

}  // namespace touchline
