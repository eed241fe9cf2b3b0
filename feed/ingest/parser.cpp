#include "feed/ingest/parser.h"

namespace touchline {

std::string_view name_of(Format format) { return format == Format::betfair ? "betfair" : "native"; }

std::optional<Format> format_named(std::string_view name) {
  if (name == "betfair") return Format::betfair;
  if (name == "native") return Format::native;
  return std::nullopt;
}

Format format_of(std::string_view line) {
  return line.find("\"op\"") != std::string_view::npos ? Format::betfair : Format::native;
}

}  // namespace touchline
