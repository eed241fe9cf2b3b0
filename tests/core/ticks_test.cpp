#include "core/ticks.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace touchline {
namespace {

// The ladder as exchanges publish it, written out step by step and not from core/ticks.h.
std::vector<std::uint32_t> classic_ladder() {
  std::vector<std::uint32_t> prices;
  const auto band = [&](std::uint32_t from, std::uint32_t to, std::uint32_t step) {
    for (std::uint32_t price = from; price < to; price += step)
      prices.push_back(price);
  };
  band(101, 200, 1);
  band(200, 300, 2);
  band(300, 400, 5);
  band(400, 600, 10);
  band(600, 1000, 20);
  band(1000, 2000, 50);
  band(2000, 3000, 100);
  band(3000, 5000, 200);
  band(5000, 10000, 500);
  band(10000, 100001, 1000);
  return prices;
}

TEST(Ticks, AreTheThreeHundredAndFiftyPricesOfTheClassicLadder) {
  const auto ladder = classic_ladder();
  ASSERT_EQ(ladder.size(), tick_count);
  for (std::uint32_t tick = 0; tick < tick_count; ++tick) {
    EXPECT_EQ(price_of_tick(tick), ladder[tick]);
    EXPECT_EQ(tick_floor(ladder[tick]), tick);
    EXPECT_TRUE(is_tick(ladder[tick])) << ladder[tick];
  }
}

TEST(Ticks, NothingElseIsATick) {
  const auto ladder = classic_ladder();
  const std::set<std::uint32_t> ticks(ladder.begin(), ladder.end());
  for (std::uint32_t price = 0; price <= 2 * highest_price; ++price) {
    ASSERT_EQ(is_tick(price), ticks.contains(price)) << price;
  }
  EXPECT_FALSE(is_tick(0xFFFFFFFF));
}

TEST(Ticks, APriceBetweenTwoTicksCountsAsTheLowerOne) {
  const auto ladder = classic_ladder();
  std::uint32_t tick = 0;
  for (std::uint32_t price = 101; price <= highest_price; ++price) {
    while (tick + 1 < tick_count && ladder[tick + 1] <= price)
      ++tick;
    ASSERT_EQ(tick_floor(price), tick) << price;
  }
}

TEST(Ticks, PricesOutsideTheLadderCountAsItsEnds) {
  EXPECT_EQ(tick_floor(0), 0U);
  EXPECT_EQ(tick_floor(100), 0U);
  EXPECT_EQ(tick_floor(highest_price + 1), tick_count - 1);
  EXPECT_EQ(tick_floor(0xFFFFFFFF), tick_count - 1);
}

}  // namespace
}  // namespace touchline
