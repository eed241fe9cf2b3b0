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

Result<void> Parser::parse(std::string_view line, Update& update) {
  if (format_) return parse_as(*format_, line, update);
  const Format guess = format_of(line);
  const Format other = guess == Format::betfair ? Format::native : Format::betfair;
  const auto parsed = parse_as(guess, line, update);
  if (parsed) {
    format_ = guess;
  } else if (parse_as(other, line, update)) {
    format_ = other;
    return {};
  } else {
    return parse_as(guess, line, update);  // again, for the answer that it may ask for
  }
  return parsed;
}

}  // namespace touchline
