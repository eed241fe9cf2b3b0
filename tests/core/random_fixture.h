// Chance for tests: the same seed gives the same run, on every machine.
//
// Knows numbers and texts that are worth trying: small ones, the ends of their range, and what shares a
// beginning or an end with another. Knows nothing of what they are used for. Helpers of tests only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

namespace touchline::test {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t bits() { return engine_(); }
  // From 0 to below `end`.
  std::uint64_t below(std::uint64_t end) { return engine_() % end; }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }
  bool one_in(std::uint64_t count) { return below(count) == 0; }
  template <class List>
  const auto& pick(const List& list) {
    return list[below(std::size(list))];
  }

  std::int64_t integer() {
    constexpr std::array ends{std::numeric_limits<std::int64_t>::min(),
                              std::numeric_limits<std::int64_t>::max(),
                              std::int64_t{0},
                              std::int64_t{-1},
                              std::int64_t{1},
                              std::int64_t{1} << 32,
                              -(std::int64_t{1} << 32)};
    switch (below(8)) {
      case 0:
        return pick(ends);
      case 1:
        return static_cast<std::int64_t>(bits());
      case 2:
        return between(-1'000'000, 1'000'000);
      default:
        return between(0, 200);
    }
  }

  std::string text() {
    constexpr std::array parts{"",        "a",   "suspended", "SUSPENDED", "Arsenal",        " v ",
                               "{\"a\":", "\"}", "\xC3\xA9",  "\xFF\xFE",  "Ashford United", "0"};
    std::string text;
    for (std::uint64_t left = below(5); left != 0; --left)
      text += pick(parts);
    if (one_in(6)) text.push_back('\0');
    if (one_in(12)) text += std::string(below(600), 'x');
    return text;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace touchline::test
