// How a source is named on the command line: NAME=ADDRESS.
//
// ADDRESS is tcp://HOST:PORT or http://HOST:PORT (take connections), betfair://HOST:PORT or betfairs://HOST:PORT (dial,
// without and with TLS), a file, or - for standard input; FILE@SPEED paces a recording.
// Knows the spelling alone.
#pragma once

#include "core/result.h"
#include "feed/endpoint.h"

#include <optional>
#include <string>
#include <string_view>

namespace touchline {

struct SourceSpec {
  std::string name;
  std::optional<Endpoint> endpoint;
  std::string path;
  double speed = 0;  // times real time; 0: as fast as it is taken
};

Result<SourceSpec> parse_source_spec(std::string_view text);

}  // namespace touchline
