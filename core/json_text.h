// Texts from outside as parts of JSON that is valid whatever they hold.
//
// Sources' lines are checked where they come in, but a state may also come from another publisher: what is no UTF-8 is
// replaced here, and what is no JSON is quoted. Knows RFC 8259 and nothing of cells.
#pragma once

#include <string>
#include <string_view>

namespace touchline {

// Well-formed as the Unicode standard has it (table 3-7): no surrogates, nothing overlong.
bool is_utf8(std::string_view text);

// In quotes, escaped; each maximal part that is no UTF-8 as U+FFFD.
void append_any_json_text(std::string& out, std::string_view text);

// One JSON value without the white space between its tokens; false, and nothing is appended, where it is none or lies
// deeper than 64 levels.
bool append_compact_json(std::string& out, std::string_view json);

}  // namespace touchline
