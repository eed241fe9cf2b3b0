#include "core/varint.h"

#include "tests/core/random_fixture.h"

#include <gtest/gtest.h>

#include <limits>
#include <utility>
#include <vector>

namespace touchline {
namespace {

std::string bytes_of(std::uint64_t value) {
  std::string out;
  put_varint(out, value);
  return out;
}

constexpr std::uint64_t highest = std::numeric_limits<std::uint64_t>::max();

TEST(Varint, IsSevenBitsAByteLowBitsFirst) {
  EXPECT_EQ(bytes_of(0), std::string(1, '\0'));
  EXPECT_EQ(bytes_of(1), "\x01");
  EXPECT_EQ(bytes_of(127), "\x7F");
  EXPECT_EQ(bytes_of(128), "\x80\x01");
  EXPECT_EQ(bytes_of(300), "\xAC\x02");
  EXPECT_EQ(bytes_of(highest), "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01");
}

TEST(Varint, ZigzagAlternatesTheSigns) {
  const std::vector<std::pair<std::int64_t, std::uint64_t>> pairs{
      {0, 0},
      {-1, 1},
      {1, 2},
      {-2, 3},
      {2, 4},
      {std::numeric_limits<std::int64_t>::max(), highest - 1},
      {std::numeric_limits<std::int64_t>::min(), highest}};
  for (const auto& [number, code] : pairs) {
    EXPECT_EQ(zigzag(number), code);
    EXPECT_EQ(unzigzag(code), number);
  }
}

TEST(Varint, ReadsBackEveryWidth) {
  test::Random random(1);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t value = random.bits() >> random.below(64);
    const auto number = static_cast<std::int64_t>(value);
    std::string bytes = bytes_of(value);
    put_zigzag(bytes, number);
    ByteReader in(bytes);
    ASSERT_EQ(in.varint(), value);
    ASSERT_EQ(in.signed_varint(), number);
    ASSERT_TRUE(in.done() && !in.failed());
  }
}

TEST(ByteReader, FailsWhereANumberIsCutOff) {
  const std::string whole = bytes_of(highest);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ByteReader in(std::string_view(whole).substr(0, size));
    EXPECT_EQ(in.varint(), 0U);
    EXPECT_TRUE(in.failed()) << size;
    EXPECT_LE(in.at(), size);
  }
}

TEST(ByteReader, FailsOnANumberOfMoreThanSixtyFourBits) {
  for (const std::string& bytes :
       {std::string("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"),
        std::string("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x81\x01"), std::string(11, '\x80')}) {
    ByteReader in(bytes);
    EXPECT_EQ(in.varint(), 0U);
    EXPECT_TRUE(in.failed());
  }
}

TEST(ByteReader, GivesBytesWithinItsEndOnly) {
  const std::string bytes = "abcdef";
  ByteReader in(bytes);
  EXPECT_EQ(in.bytes(2), "ab");
  EXPECT_EQ(in.at(), 2U);
  EXPECT_EQ(in.left(), 4U);
  EXPECT_EQ(in.bytes(0), "");
  EXPECT_FALSE(in.failed());
  EXPECT_EQ(in.bytes(5), "");
  EXPECT_TRUE(in.failed());
  EXPECT_EQ(in.bytes(std::numeric_limits<std::size_t>::max()), "");
}

TEST(ByteReader, StaysFailed) {
  ByteReader in("\x01");
  in.bytes(2);
  EXPECT_EQ(in.varint(), 1U);
  EXPECT_TRUE(in.failed());
}

}  // namespace
}  // namespace touchline
