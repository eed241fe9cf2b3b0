#include "feed/simulate/random.h"

#include "core/digest.h"

#include <bit>

namespace touchline::simulate {

Random::Random(std::uint64_t seed, std::uint64_t stream) : state_() {
  // splitmix64, as the authors of xoshiro advise for filling its state.
  constexpr std::uint64_t golden_gamma = 0x9E3779B97F4A7C15U;
  std::uint64_t x = mix64(seed + golden_gamma) ^ mix64(stream * golden_gamma + 1);
  for (std::uint64_t& word : state_) {
    x += golden_gamma;
    word = mix64(x);
  }
}

std::uint64_t Random::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::int64_t Random::between(std::int64_t least, std::int64_t most) {
  const auto span = static_cast<std::uint64_t>(most - least) + 1;
  return least + static_cast<std::int64_t>(((next() >> 32) * span) >> 32);
}

bool Random::chance_ppm(std::int64_t parts_per_million) { return between(0, 999'999) < parts_per_million; }

std::int64_t Random::waiting(std::int64_t mean) {
  // -log2(u) drawn as a straight line between powers of two: its mean is exactly 3/2.
  constexpr int fraction_bits = 12;
  const std::uint64_t u = next() | 1;
  const int zeros = std::countl_zero(u);
  const auto fraction = static_cast<std::int64_t>((u << zeros << 1) >> (64 - fraction_bits));
  const std::int64_t scaled =
      (static_cast<std::int64_t>(zeros) << fraction_bits) + (1 << fraction_bits) - fraction;
  return mean * scaled / (3 << (fraction_bits - 1));
}

}  // namespace touchline::simulate
