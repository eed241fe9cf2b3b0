#include "cmd/touchline/source_spec.h"

#include "cmd/touchline/speed.h"

#include <charconv>
#include <system_error>
#include <utility>

namespace touchline {

Result<SourceSpec> parse_source_spec(std::string_view text) {
  const auto equals = text.find('=');
  const auto wrong = [&] {
    return Error{ErrorKind::usage,
                 "\"" + std::string(text) +
                     "\" is no source; expected NAME=tcp://HOST:PORT, NAME=http://HOST:PORT, "
                     "NAME=betfairs://HOST:PORT, NAME=FILE or NAME=-",
                 0};
  };
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size()) return wrong();
  SourceSpec spec;
  spec.name = std::string(text.substr(0, equals));
  const std::string_view address = text.substr(equals + 1);
  if (address.find("://") != std::string_view::npos) {
    auto endpoint = parse_source_endpoint(address);
    if (!endpoint) return wrong();
    spec.endpoint = std::move(*endpoint);
    return spec;
  }
  spec.path = std::string(address);
  const auto at = address.rfind('@');
  if (at == std::string_view::npos) return spec;
  const std::string_view speed = address.substr(at + 1);
  double number = 0;
  const auto [end, error] = std::from_chars(speed.data(), speed.data() + speed.size(), number);
  const bool is_number = error == std::errc() || error == std::errc::result_out_of_range;
  if (!is_number || end != speed.data() + speed.size()) return spec;  // an @ in the file's name
  const auto usable = speed_of(speed);
  if (!usable) {
    return Error{ErrorKind::usage,
                 "\"" + std::string(text) + "\": the speed behind the @ is a number from 0.001 to 1000000",
                 0};
  }
  spec.speed = *usable;
  spec.path = std::string(address.substr(0, at));
  return spec;
}

}  // namespace touchline
