// Where to listen and where to connect: `tcp://HOST:PORT`.
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
  // With an IPv6 address in brackets, as parse_endpoint() reads it.
  std::string text() const {
    const bool is_v6 = host.find(':') != std::string::npos;
    return scheme + "://" + (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
  }
};

Result<Endpoint> parse_endpoint(std::string_view text);

}  // namespace touchline
