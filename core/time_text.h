// Times as people and programs write them: ms since 1970 <-> RFC 3339 in UTC.
//
// Pure calendar arithmetic (proleptic Gregorian, no leap seconds), so it needs no clock, no locale and no
// time zone data, and the same number gives the same text on every machine. Knows no field and no event.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace touchline {

// "2022-07-11T11:00:00.000Z". A time outside the years 1 to 9999 is written as its number.
void append_time(std::string& out, std::int64_t time_ms);
std::string time_text(std::int64_t time_ms);

// Reads what append_time() writes, and any other RFC 3339 date-time: with an offset instead of "Z", with or
// without a fraction (past ms it is cut off). A plain integer is ms since 1970. Nothing where it is none of
// these.
std::optional<std::int64_t> time_ms_of(std::string_view text);

}  // namespace touchline
