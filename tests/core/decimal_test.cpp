#include "core/decimal.h"

#include "tests/core/random_fixture.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

namespace touchline {
namespace {

std::string text_of(std::int64_t hundredths) {
  std::string out;
  append_hundredths(out, hundredths);
  return out;
}

TEST(Decimal, CountsHundredthsExactly) {
  EXPECT_EQ(hundredths_of(1.01), 101);
  EXPECT_EQ(hundredths_of(1.1), 110);
  EXPECT_EQ(hundredths_of(2.0), 200);
  EXPECT_EQ(hundredths_of(0.07), 7);
  EXPECT_EQ(hundredths_of(0.29), 29);
  EXPECT_EQ(hundredths_of(1000.0), 100'000);
  EXPECT_EQ(hundredths_of(-0.5), -50);
  EXPECT_EQ(hundredths_of(0.0), 0);
  EXPECT_EQ(hundredths_of(-0.0), 0);
}

TEST(Decimal, NeverRounds) {
  for (const double number : {1.005, 0.001, 1.575, 2.0000001, -0.005, 1e-300, 5e-324, 0.1 + 0.2}) {
    EXPECT_EQ(hundredths_of(number), std::nullopt) << number;
  }
}

TEST(Decimal, TakesNoNumberThatIsNone) {
  EXPECT_EQ(hundredths_of(std::numeric_limits<double>::quiet_NaN()), std::nullopt);
  EXPECT_EQ(hundredths_of(std::numeric_limits<double>::infinity()), std::nullopt);
  EXPECT_EQ(hundredths_of(-std::numeric_limits<double>::infinity()), std::nullopt);
  EXPECT_EQ(hundredths_of(1e300), std::nullopt);
}

TEST(Decimal, EndsAtItsRange) {
  const double highest = static_cast<double>(hundredths_max) / 100.0;
  EXPECT_EQ(hundredths_of(highest), hundredths_max);
  EXPECT_EQ(hundredths_of(-highest), -hundredths_max);
  EXPECT_EQ(hundredths_of(highest + 1), std::nullopt);
  EXPECT_EQ(hundredths_of(-highest - 1), std::nullopt);
}

// Up to 2^46 units the doubles lie closer together than hundredths do; above, two counts may share one.
TEST(Decimal, EveryCountUpToSeventyTrillionUnitsSurvivesItsLiteral) {
  constexpr std::int64_t highest = (std::int64_t{1} << 46) * 100;
  static_assert(highest < hundredths_max);
  test::Random random(1);
  for (int i = 0; i < 200'000; ++i) {
    std::int64_t hundredths = random.between(-highest, highest);
    if (random.one_in(2)) hundredths >>= random.below(53);
    if (random.one_in(8)) hundredths = highest - random.between(0, 10'000);
    const double read = std::strtod(text_of(hundredths).c_str(), nullptr);
    ASSERT_EQ(hundredths_of(read), hundredths) << text_of(hundredths);
  }
}

TEST(Decimal, EveryPriceAndSmallSizeSurvives) {
  for (std::int64_t hundredths = 0; hundredths <= 200'000; ++hundredths) {
    ASSERT_EQ(hundredths_of(std::strtod(text_of(hundredths).c_str(), nullptr)), hundredths);
  }
}

TEST(Decimal, WritesWithoutTrailingZeroes) {
  EXPECT_EQ(text_of(157), "1.57");
  EXPECT_EQ(text_of(150), "1.5");
  EXPECT_EQ(text_of(100), "1");
  EXPECT_EQ(text_of(7), "0.07");
  EXPECT_EQ(text_of(70), "0.7");
  EXPECT_EQ(text_of(0), "0");
  EXPECT_EQ(text_of(-375), "-3.75");
  EXPECT_EQ(text_of(-5), "-0.05");
  EXPECT_EQ(text_of(std::numeric_limits<std::int64_t>::min()), "-92233720368547758.08");
  EXPECT_EQ(text_of(std::numeric_limits<std::int64_t>::max()), "92233720368547758.07");
}

TEST(Decimal, WritesBehindWhatIsThere) {
  std::string out = "price ";
  append_hundredths(out, 205);
  EXPECT_EQ(out, "price 2.05");
}

TEST(Decimal, LiteralsReadBackAsTheSameDouble) {
  EXPECT_EQ(literal_of(1.575), "1.575");
  EXPECT_EQ(literal_of(0.1), "0.1");
  test::Random random(2);
  for (int i = 0; i < 20'000; ++i) {
    const double number = static_cast<double>(random.between(-1'000'000'000, 1'000'000'000)) / 3'000.0;
    ASSERT_EQ(std::strtod(literal_of(number).c_str(), nullptr), number);
  }
}

}  // namespace
}  // namespace touchline
