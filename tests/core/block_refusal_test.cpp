// What a peer may send instead of a block: cut, damaged, made up. None of it may crash or cost memory.

#include "core/block.h"
#include "core/limits.h"
#include "core/varint.h"
#include "tests/core/state_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace touchline {
namespace {

using test::Random;
using test::RandomCells;
using testing::HasSubstr;

EventState bare() {
  EventState state;
  state.set(Address(0, 0, Field::id), "e");
  state.set(Address(1, 0, Field::id), "m");
  state.set(Address(1, 1, Field::id), "o");
  state.seq = Seq(7);
  return state;
}

std::string refusal_of(const EventState& before, std::string_view block) {
  const auto delta = decode_block(before, block);
  return delta ? "taken" : delta.error().text;
}

// Bytes of a block written by hand, as varints.
class Bytes {
 public:
  Bytes& operator()(std::uint64_t number) {
    put_varint(bytes_, number);
    return *this;
  }
  Bytes& text(std::string_view text) {
    bytes_ += text;
    return *this;
  }
  operator std::string_view() const { return bytes_; }  // NOLINT(google-explicit-constructor)

 private:
  std::string bytes_;
};

constexpr std::uint64_t with_texts = 1;
constexpr std::uint64_t extended = 2;

// If the garbage decodes, what it says is a delta like any other, and no larger than a few times its bytes.
void expect_harmless(const EventState& before, const std::string& block) {
  const auto header = peek_block(block);
  const auto delta = decode_block(before, block);
  if (!delta) {
    ASSERT_EQ(delta.error().kind, ErrorKind::malformed);
    ASSERT_LE(delta.error().at_byte, block.size());
    return;
  }
  ASSERT_TRUE(header);
  ASSERT_EQ(header->kind, delta->kind);
  ASSERT_EQ(header->merged, delta->merged);
  ASSERT_TRUE(test::is_normal(*delta));
  ASSERT_LE(delta->changes.size(), block.size());
  EventState after = before;
  apply(after, *delta);
  ASSERT_EQ(after.digest(), after.digest_from_scratch());
}

TEST(BlockRefusal, EveryTruncationIsRefused) {
  Random random(1);
  for (int i = 0; i < 1'500; ++i) {
    RandomCells cells(random);
    const EventState before = cells.state();
    const EventState after = cells.after(before);
    std::string block;
    encode_block(block, after, diff(before, after), before.source_time_ms);
    if (diff(before, after).empty()) continue;
    for (std::size_t size = 0; size < block.size(); ++size) {
      ASSERT_FALSE(decode_block(before, block.substr(0, size))) << "case " << i << " cut at " << size;
    }
    ASSERT_FALSE(decode_block(before, block + '\0')) << "case " << i;
  }
}

TEST(BlockRefusal, FlippedBitsAreHarmless) {
  Random random(2);
  for (int i = 0; i < 3'000; ++i) {
    RandomCells cells(random);
    const EventState before = cells.state();
    const EventState after = cells.after(before);
    std::string block;
    if (random.one_in(3)) {
      encode_merged_block(block, diff(before, after), before.source_time_ms);
    } else {
      encode_block(block, after, diff(before, after), before.source_time_ms);
    }
    for (std::uint64_t flips = 1 + random.below(3); flips != 0; --flips) {
      const std::uint64_t bit = random.below(block.size() * 8);
      block[bit / 8] = static_cast<char>(block[bit / 8] ^ 1 << bit % 8);
    }
    expect_harmless(before, block);
    if (HasFatalFailure()) FAIL() << "case " << i;
  }
}

TEST(BlockRefusal, GarbageIsHarmless) {
  Random random(3);
  const EventState before = RandomCells(random).state();
  for (int i = 0; i < 100'000; ++i) {
    std::string block;
    for (std::uint64_t left = random.below(24); left != 0; --left) {
      // Mostly small numbers, which lead deeper than noise does.
      block.push_back(static_cast<char>(random.one_in(3) ? random.bits() : random.below(70)));
    }
    expect_harmless(before, block);
    if (HasFatalFailure()) FAIL() << "case " << i;
  }
}

TEST(BlockRefusal, ABlockOfAnotherStateIsHarmless) {
  Random random(4);
  for (int i = 0; i < 2'000; ++i) {
    RandomCells cells(random);
    const EventState before = cells.state();
    const EventState after = cells.after(before);
    std::string block;
    encode_block(block, after, diff(before, after), before.source_time_ms);
    expect_harmless(cells.state(), block);
    expect_harmless(EventState(), block);
    if (HasFatalFailure()) FAIL() << "case " << i;
  }
}

TEST(BlockRefusal, NumbersOfMarketsAndOutcomesAreNotLeftOut) {
  const std::uint64_t status = static_cast<std::uint64_t>(Field::status) | 32;
  const auto row = [&](std::uint64_t market_step, std::uint64_t outcome) {
    return Bytes()(0)(outcome << 2 | 2 | 1)(zigzag(static_cast<std::int64_t>(market_step)))(status)(2);
  };
  EXPECT_EQ(refusal_of(bare(), row(0, 2)), "taken");
  EXPECT_THAT(refusal_of(bare(), row(0, 3)), HasSubstr("leaves out an outcome"));
  EXPECT_EQ(refusal_of(bare(), row(1, 0)), "taken");
  EXPECT_THAT(refusal_of(bare(), row(2, 0)), HasSubstr("leaves out a market"));
  EXPECT_THAT(refusal_of(bare(), row(1ULL << 18, 0)), HasSubstr("past the limit"));
  EXPECT_THAT(refusal_of(bare(), row(0, 1ULL << 12)), HasSubstr("past the limit"));
  EXPECT_THAT(refusal_of(bare(), row(static_cast<std::uint64_t>(-2), 0)), HasSubstr("negative market"));
}

TEST(BlockRefusal, AMarketStepThatOverflowsIsRefused) {
  for (const std::int64_t step :
       {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
    const Bytes block = Bytes()(0)(2)(zigzag(step))(1 | 32)(2)(2 | 1)(zigzag(step))(1 | 32)(2);
    EXPECT_NE(refusal_of(bare(), block), "taken");
  }
}

TEST(BlockRefusal, AnnouncedCountsAreCheckedBeforeTheyAreBelieved) {
  EXPECT_THAT(refusal_of(bare(), Bytes()(with_texts)(1ULL << 62)), HasSubstr("more texts than it has bytes"));
  const std::uint64_t back = static_cast<std::uint64_t>(Field::back) | 32 | 64;
  for (const std::uint64_t count : {1ULL << 62, ~0ULL, ~0ULL - 1, ~0ULL - 2}) {
    EXPECT_NE(refusal_of(bare(), Bytes()(0)(1 << 2 | 1)(back)(count)(0)(2)(0)(2)), "taken") << count;
  }
}

TEST(BlockRefusal, TextsDoNotGrowOutOfAFewBytes) {
  // Each text repeats the one before in three numbers, so the bytes sent say little about the memory asked
  // for.
  constexpr std::uint64_t count = 4'000;
  constexpr std::uint64_t size = 1U << 20;
  Bytes block;
  block(with_texts)(count << 1);
  for (std::uint64_t i = 0; i < count; ++i) {
    block(0)(0)(static_cast<std::uint64_t>(Field::attribute))(i);
    if (i == 0) {
      block(0)(0)(size).text(std::string(size, 'x'));
    } else {
      block(size)(0)(0);
    }
  }
  EXPECT_THAT(refusal_of(bare(), block), HasSubstr("text"));
}

TEST(BlockRefusal, ATextPastItsLimitIsRefused) {
  EventState before = bare();
  before.set(Address(0, 0, Field::name), std::string(limits::text_bytes, 'x'));
  const auto name = static_cast<std::uint64_t>(Field::name);
  const auto grown = [&](std::uint64_t more) {
    return Bytes()(with_texts)(1 << 1)(0)(0)(name)(0)(limits::text_bytes)(0)(more).text(
        std::string(more, 'y'));
  };
  EXPECT_EQ(refusal_of(before, grown(0)), "taken");
  EXPECT_THAT(refusal_of(before, grown(1)), HasSubstr("text"));
}

TEST(BlockRefusal, OrderIsPartOfTheFormat) {
  const auto name = static_cast<std::uint64_t>(Field::name);
  const Bytes texts = Bytes()(with_texts)(2 << 1)(0)(0)(name)(1)(0)(0)(0)(0)(0)(name)(1)(0)(0)(0);
  EXPECT_THAT(refusal_of(bare(), texts), HasSubstr("texts out of order"));
  const Bytes rows = Bytes()(0)(1 << 2)(1 | 32)(2)(1 << 2 | 1)(1 | 32)(2);
  EXPECT_THAT(refusal_of(bare(), rows), HasSubstr("rows out of order"));
  const Bytes fields = Bytes()(0)(1 << 2 | 1)(2)(2)(1 | 32)(2);
  EXPECT_THAT(refusal_of(bare(), fields), HasSubstr("fields out of order"));
}

TEST(BlockRefusal, UnknownFieldsCausesAndLevelsAreNamed) {
  EXPECT_THAT(refusal_of(bare(), Bytes()(0)(1 << 2 | 1)(31 | 32)(field_count)(2)),
              HasSubstr("unknown field"));
  EXPECT_THAT(refusal_of(bare(), Bytes()(extended)(5 << 2)(1 << 2 | 1)(1 | 32)(2)),
              HasSubstr("unknown cause"));
  const std::uint64_t best_back = static_cast<std::uint64_t>(Field::best_back) | 32;
  EXPECT_THAT(refusal_of(bare(), Bytes()(0)(1 << 2 | 1)(best_back)(1ULL << 24)(2)),
              HasSubstr("level out of range"));
  const std::uint64_t back = static_cast<std::uint64_t>(Field::back) | 32;
  EXPECT_THAT(refusal_of(bare(), Bytes()(0)(1 << 2 | 1)(back)(zigzag(350))(2)),
              HasSubstr("level out of range"));
  EXPECT_THAT(refusal_of(bare(), Bytes()(0)(1 << 2 | 1)(back)(zigzag(-1))(2)),
              HasSubstr("level out of range"));
}

TEST(BlockRefusal, NeitherDecoderNorRouterBelievesAnImpossibleMerge) {
  for (const std::uint64_t merged : {std::uint64_t{0}, (std::uint64_t{1} << 62) + 1, ~std::uint64_t{0}}) {
    const Bytes block = Bytes()(extended)(2)(merged)(1 << 2 | 1)(1 | 32)(1)(2);
    EXPECT_THAT(refusal_of(bare(), block), HasSubstr("impossible number")) << merged;
    EXPECT_FALSE(peek_block(block)) << merged;
  }
}

TEST(BlockRefusal, ATextThatIsNotThereIsNotErased) {
  const auto name = static_cast<std::uint64_t>(Field::name);
  EXPECT_THAT(refusal_of(bare(), Bytes()(with_texts)(1 << 1)(1)(0)(name)(0)), HasSubstr("not there"));
}

TEST(BlockRefusal, AMessageSaysWhatAndWhere) {
  const auto delta = decode_block(bare(), Bytes()(0)(1 << 2 | 1)(31 | 32)(field_count)(2));
  ASSERT_FALSE(delta);
  EXPECT_EQ(delta.error().text, "block has an unknown field");
  EXPECT_EQ(delta.error().at_byte, 4U);
}

}  // namespace
}  // namespace touchline
