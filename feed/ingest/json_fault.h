// Where a text stops being JSON, and what would have had to stand there; and where a key stands in it.
//
// Only asked about what was refused: simdjson tells neither place, and whoever writes the sending side needs it.
// Knows the JSON grammar; knows no source's words, builds nothing.
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

// Of a key as the document of this line gives it, not of a copy: keys and texts stand there in their order.
std::size_t byte_of(std::string_view line, simdjson::dom::element document, std::string_view key);

}  // namespace touchline::json
