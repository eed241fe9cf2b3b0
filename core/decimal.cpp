#include "core/decimal.h"

#include <charconv>
#include <cmath>

namespace touchline {

std::optional<std::int64_t> hundredths_of(double number) {
  const double scaled = number * 100.0;
  if (!(std::fabs(scaled) <= static_cast<double>(hundredths_max))) return std::nullopt;
  const std::int64_t nearest = std::llround(scaled);
  // The division is correctly rounded, so equality holds exactly when the literal of so many hundredths and
  // the given literal denote the same double. Of trillions the product above may be off by one.
  for (const std::int64_t count : {nearest, nearest - 1, nearest + 1}) {
    if (static_cast<double>(count) / 100.0 == number) return count;
  }
  return std::nullopt;
}

std::string literal_of(double number) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  return {buffer, end};
}

void append_hundredths(std::string& out, std::int64_t hundredths) {
  const bool negative = hundredths < 0;
  const auto magnitude =
      negative ? 0 - static_cast<std::uint64_t>(hundredths) : static_cast<std::uint64_t>(hundredths);
  if (negative) out.push_back('-');
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, magnitude / 100).ptr;
  out.append(buffer, end);
  const auto fraction = static_cast<unsigned>(magnitude % 100);
  if (fraction == 0) return;
  out.push_back('.');
  out.push_back(static_cast<char>('0' + fraction / 10));
  if (fraction % 10 != 0) out.push_back(static_cast<char>('0' + fraction % 10));
}

}  // namespace touchline
