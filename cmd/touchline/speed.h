// How many times as fast as the clock: a number from 0.001 to 1,000,000.
//
// Knows the spelling and its bounds; slower than that is a mistake, faster is `max`.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace touchline {

inline constexpr double speed_min = 0.001;
inline constexpr double speed_max = 1'000'000.0;

inline std::optional<double> speed_of(std::string_view text) {
  double speed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), speed);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (!is_number || !(speed >= speed_min && speed <= speed_max)) return std::nullopt;  // which NaN never is
  return speed;
}

}  // namespace touchline
