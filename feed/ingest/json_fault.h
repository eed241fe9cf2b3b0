// Where a text stops being JSON, and what would have had to stand there.
//
// Only asked about texts that simdjson has refused: it tells the kind of fault, but no place, and whoever
// writes the sending side needs the place. Knows the JSON grammar; knows no source's words, builds nothing.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace touchline::json {

struct JsonFault {
  std::string text;  // one sentence without a trailing stop
  std::size_t at_byte = 0;
};

JsonFault fault_of(std::string_view line, simdjson::error_code code);

}  // namespace touchline::json
