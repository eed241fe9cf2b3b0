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
  std::string text() const { return scheme + "://" + host + ":" + std::to_string(port); }
};

Result<Endpoint> parse_endpoint(std::string_view text);

}  // namespace touchline
