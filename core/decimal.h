// Decimal numbers as scaled integers: prices and sizes are counted in hundredths.
//
// Knows exactness only: a number that is no whole count of hundredths is never rounded, the caller keeps its
// literal as text. Knows no field and no vendor.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace touchline {

// 9e13 units; from 7e13 on two counts may share one double.
inline constexpr std::int64_t hundredths_max = 9'000'000'000'000'000;

// The number in hundredths, or nothing where it is not exactly a count of hundredths or out of range.
std::optional<std::int64_t> hundredths_of(double number);

// The shortest literal that reads back as the same double.
std::string literal_of(double number);

// 157 -> "1.57", 150 -> "1.5", 100 -> "1", -375 -> "-3.75".
void append_hundredths(std::string& out, std::int64_t hundredths);

}  // namespace touchline
