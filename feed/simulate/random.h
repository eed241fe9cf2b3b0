// The simulator's own random numbers: the same on every machine and with every compiler.
//
// Knows xoshiro256** (Blackman, Vigna 2018) and a few ways to draw from it, all in integers: the standard library's
// distributions differ between implementations. Does not know what is drawn for. A value with its own state; each
// match has one, so that no match's story depends on how its lines interleave with another's.
#pragma once

#include <array>
#include <cstdint>

namespace touchline::simulate {

class Random {
 public:
  // Streams of one seed are independent of each other.
  Random(std::uint64_t seed, std::uint64_t stream);

  std::uint64_t next();

  // Both ends included; the range spans less than 2^32.
  std::int64_t between(std::int64_t least, std::int64_t most);

  bool chance_ppm(std::int64_t parts_per_million);

  // How long until something happens that happens every `mean` on average: about exponential, never negative, in the
  // unit of `mean`, which is below 2^46.
  std::int64_t waiting(std::int64_t mean);

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace touchline::simulate
