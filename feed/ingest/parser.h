// One door to the grammars: a line of any format becomes an update.
//
// Tells a vendor's lines from native ones by what stands in them. Knows which formats exist and nothing of what
// they say.
#pragma once

#include "core/result.h"
#include "core/update.h"
#include "feed/ingest/betfair_parser.h"
#include "feed/ingest/native_parser.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace touchline {

enum class Format : std::uint8_t { betfair, native };
std::string_view name_of(Format format);
std::optional<Format> format_named(std::string_view name);
// A guess by the keys of a line: the exchange stream's all have an `op`.
Format format_of(std::string_view line);

// The format is settled by the first line that can be read: a line that is cut off or garbage decides nothing.
class Parser {
 public:
  // As the grammars' own parse().
  Result<void> parse(std::string_view line, Update& update);

 private:
  Result<void> parse_as(Format format, std::string_view line, Update& update) {
    return format == Format::betfair ? betfair_.parse(line, update) : native_.parse(line, update);
  }

  std::optional<Format> format_;
  BetfairParser betfair_;
  NativeParser native_;
};

}  // namespace touchline
