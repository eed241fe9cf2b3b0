#include "feed/endpoint.h"

#include <charconv>

namespace touchline {

Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto wrong = [&] {
    return Error{ErrorKind::usage, "\"" + std::string(text) + "\" is no address; expected tcp://HOST:PORT",
                 0};
  };
  const auto scheme = text.find("://");
  const auto colon = text.rfind(':');
  if (scheme == std::string_view::npos || colon == std::string_view::npos || colon < scheme + 3)
    return wrong();
  Endpoint endpoint{std::string(text.substr(0, scheme)),
                    std::string(text.substr(scheme + 3, colon - scheme - 3)), 0};
  if (endpoint.host.starts_with('[') && endpoint.host.ends_with(']')) {
    endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
  }
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  if (error != std::errc() || end != port.data() + port.size() || endpoint.host.empty()) return wrong();
  if (endpoint.scheme != "tcp") return wrong();
  return endpoint;
}

}  // namespace touchline
