// The classic price ladder of betting exchanges: 350 prices from 1.01 to 1000, numbered from 0.
//
// Ladder levels travel as tick numbers where they can, because neighbouring prices are neighbouring numbers.
// The ladder is part of the protocol (PROTOCOL.md, "Ticks"). Prices are in hundredths.
#pragma once

#include <array>
#include <cstdint>

namespace touchline {

struct TickBand {
  std::uint32_t from;   // hundredths, first price of the band
  std::uint32_t step;   // hundredths
  std::uint32_t first;  // tick number of `from`
};

inline constexpr std::array<TickBand, 10> tick_bands{{{101, 1, 0},
                                                      {200, 2, 99},
                                                      {300, 5, 149},
                                                      {400, 10, 169},
                                                      {600, 20, 189},
                                                      {1000, 50, 209},
                                                      {2000, 100, 229},
                                                      {3000, 200, 239},
                                                      {5000, 500, 249},
                                                      {10000, 1000, 259}}};
inline constexpr std::uint32_t tick_count = 350;
inline constexpr std::uint32_t highest_price = 100000;

constexpr const TickBand& band_of(std::uint32_t price) {
  std::size_t band = tick_bands.size() - 1;
  while (band > 0 && price < tick_bands[band].from)
    --band;
  return tick_bands[band];
}

namespace ticks {

// Most prices are low. Looked up, they cost neither the search for their band nor a division.
inline constexpr std::uint32_t low_prices = 1000;
constexpr std::array<std::uint16_t, low_prices> make_low_floors() {
  std::array<std::uint16_t, low_prices> floors{};
  for (std::uint32_t price = 101; price < low_prices; ++price) {
    const TickBand& band = band_of(price);
    floors[price] = static_cast<std::uint16_t>(band.first + (price - band.from) / band.step);
  }
  return floors;
}
inline constexpr auto low_floors = make_low_floors();

constexpr std::array<std::uint32_t, tick_count> make_prices() {
  std::array<std::uint32_t, tick_count> prices{};
  std::size_t band = 0;
  for (std::uint32_t tick = 0; tick < tick_count; ++tick) {
    if (band + 1 < tick_bands.size() && tick == tick_bands[band + 1].first) ++band;
    prices[tick] = tick_bands[band].from + (tick - tick_bands[band].first) * tick_bands[band].step;
  }
  return prices;
}
inline constexpr auto prices = make_prices();

}  // namespace ticks

// The number of the highest tick that is not above the price; 0 below the ladder.
constexpr std::uint32_t tick_floor(std::uint32_t price) {
  if (price < ticks::low_prices) return ticks::low_floors[price];
  if (price > highest_price) return tick_count - 1;
  const TickBand& band = band_of(price);
  return band.first + (price - band.from) / band.step;
}

// Of a tick below tick_count.
constexpr std::uint32_t price_of_tick(std::uint32_t tick) { return ticks::prices[tick]; }

constexpr bool is_tick(std::uint32_t price) { return price_of_tick(tick_floor(price)) == price; }

static_assert(tick_floor(highest_price) == tick_count - 1 && price_of_tick(tick_count - 1) == highest_price);
static_assert(tick_floor(200) == 99 && price_of_tick(99) == 200 && price_of_tick(0) == 101);

}  // namespace touchline
