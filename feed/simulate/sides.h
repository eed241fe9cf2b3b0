// The two sides of a match, and a whole number for each.
//
// Knows nothing of what is counted: goals, men sent off, cards and corners all come in this form.
#pragma once

#include <cstdint>
#include <string_view>

namespace touchline::simulate {

enum class Side : std::uint8_t { home, away };

constexpr std::string_view name_of(Side side) { return side == Side::home ? "home" : "away"; }

struct PerSide {
  int home = 0;
  int away = 0;

  constexpr int& of(Side side) { return side == Side::home ? home : away; }
};

using Score = PerSide;
using SentOff = PerSide;

}  // namespace touchline::simulate
