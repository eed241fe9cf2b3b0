#include "feed/endpoint.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>

namespace touchline {
namespace {

Result<Endpoint> parse(std::string_view text, std::initializer_list<std::string_view> schemes) {
  const auto wrong = [&] {
    std::string expected;
    for (const std::string_view scheme : schemes)
      expected += (expected.empty() ? "" : " or ") + std::string(scheme) + "://HOST:PORT";
    return Error{ErrorKind::usage, "\"" + std::string(text) + "\" is no address; expected " + expected, 0};
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
  if (std::ranges::find(schemes, endpoint.scheme) == schemes.end()) return wrong();
  return endpoint;
}

}  // namespace

Result<Endpoint> parse_reader_endpoint(std::string_view text) {
  return parse(text, {"tcp", "tls", "ws", "wss"});
}

Result<Endpoint> parse_client_endpoint(std::string_view text) { return parse(text, {"http", "https"}); }

Result<Endpoint> parse_source_endpoint(std::string_view text) {
  return parse(text, {"tcp", "http", "betfair", "betfairs"});
}

Result<Endpoint> parse_admin_endpoint(std::string_view text) {
  const bool is_port = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  if (is_port) return parse_admin_endpoint("127.0.0.1:" + std::string(text));
  if (text.find("://") == std::string_view::npos) return parse("http://" + std::string(text), {"http"});
  return parse(text, {"http"});
}

}  // namespace touchline
