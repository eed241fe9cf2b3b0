#include "core/block.h"

#include "tests/core/state_fixture.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace touchline {
namespace {

using test::Random;
using test::RandomCells;
using test::same_cells;
using test::same_delta;

constexpr int cases = 6'000;
constexpr std::array causes{Cause::source, Cause::recovery, Cause::conflated_upstream, Cause::operator_,
                            Cause::feed_health};

std::string block_of(const EventState& before, const EventState& after, const Delta& delta) {
  std::string block;
  encode_block(block, after, delta, before.source_time_ms);
  return block;
}

// Decodes to the very delta, and to a state that equals the one it was made of.
testing::AssertionResult survives(const EventState& before, const EventState& after, const Delta& delta) {
  const auto decoded = decode_block(before, block_of(before, after, delta));
  if (!decoded) return testing::AssertionFailure() << decoded.error().text;
  if (const auto same = same_delta(*decoded, delta); !same) return same;
  EventState reached = before;
  apply(reached, *decoded);
  return same_cells(reached, after);
}

testing::AssertionResult survives(const EventState& before, const EventState& after) {
  return survives(before, after, diff(before, after));
}

// Market 1 with an outcome, and nothing else.
EventState bare() {
  EventState state;
  state.set(Address(0, 0, Field::id), "e");
  state.set(Address(1, 0, Field::id), "m");
  state.set(Address(1, 1, Field::id), "o");
  state.seq = Seq(7);
  state.source_time_ms = 1'000;
  return state;
}

EventState next(EventState state) {
  state.seq = state.seq.next();
  state.source_time_ms += 5;
  return state;
}

TEST(Block, DecodesToTheDeltaInEveryField) {
  Random random(1);
  for (int i = 0; i < cases; ++i) {
    RandomCells cells(random);
    const EventState before = cells.state();
    const EventState after = cells.after(before);
    Delta delta = diff(before, after);
    delta.cause = random.pick(causes);
    if (random.one_in(10)) delta.kind = DeltaClass::critical;
    ASSERT_TRUE(survives(before, after, delta)) << "case " << i;
  }
}

TEST(Block, LeadsALongWayThroughAnEventsLife) {
  Random random(2);
  for (int run = 0; run < 40; ++run) {
    RandomCells cells(random);
    EventState origin = cells.state();
    EventState reader = origin;
    for (int step = 0; step < 60; ++step) {
      const EventState before = std::exchange(origin, cells.after(origin));
      const Delta delta = diff(before, origin);
      const auto decoded = decode_block(reader, block_of(before, origin, delta));
      ASSERT_TRUE(decoded) << "run " << run << " step " << step << ": " << decoded.error().text;
      apply(reader, *decoded);
      ASSERT_TRUE(same_cells(reader, origin)) << "run " << run << " step " << step;
      ASSERT_EQ(reader.seq, origin.seq);
      ASSERT_EQ(reader.source_time_ms, origin.source_time_ms);
    }
  }
}

TEST(Block, OfAWholeStateDecodesAgainstTheEmptyState) {
  Random random(3);
  for (int i = 0; i < 1'500; ++i) {
    const EventState state = RandomCells(random).state();
    std::string block;
    encode_state(block, state);
    const auto delta = decode_block(EventState{}, block);
    ASSERT_TRUE(delta) << "case " << i << ": " << delta.error().text;
    EventState decoded;
    apply(decoded, *delta);
    ASSERT_TRUE(same_cells(decoded, state)) << "case " << i;
    ASSERT_EQ(decoded.source_time_ms, state.source_time_ms);
  }
}

TEST(Block, OfAMergedDeltaDecodesForAReaderFurtherBack) {
  Random random(4);
  for (int i = 0; i < 1'500; ++i) {
    RandomCells cells(random);
    const EventState back = cells.state();
    EventState now = back;
    Delta merged;
    for (int count = 0; count < 2 + i % 4; ++count) {
      const EventState before = std::exchange(now, cells.after(now));
      const Delta delta = diff(before, now);
      merged = count == 0 ? delta : merge(merged, delta);
    }
    merged.cause = random.pick(causes);
    std::string block;
    encode_merged_block(block, merged, back.source_time_ms);
    const auto decoded = decode_block(back, block);
    ASSERT_TRUE(decoded) << "case " << i << ": " << decoded.error().text;
    ASSERT_TRUE(same_delta(*decoded, merged)) << "case " << i;
    const auto header = peek_block(block);
    ASSERT_TRUE(header);
    ASSERT_EQ(header->merged, merged.merged);
    EventState reached = back;
    apply(reached, *decoded);
    ASSERT_TRUE(same_cells(reached, now)) << "case " << i;
    ASSERT_EQ(reached.seq, now.seq);
  }
}

TEST(Block, CanBeLookedAtWithoutDecoding) {
  Random random(5);
  for (int i = 0; i < 1'000; ++i) {
    RandomCells cells(random);
    const EventState before = cells.state();
    const EventState after = cells.after(before);
    const Delta delta = diff(before, after);
    const auto header = peek_block(block_of(before, after, delta));
    ASSERT_TRUE(header);
    ASSERT_EQ(header->kind, delta.kind);
    ASSERT_EQ(header->merged, 1U);
  }
}

// --- Cells that a random walk meets rarely, one by one.

TEST(Block, CarriesTheEndsOfTheRange) {
  constexpr std::array ends{std::numeric_limits<std::int64_t>::min(),
                            std::numeric_limits<std::int64_t>::max(), std::int64_t{0}, std::int64_t{-1}};
  for (const Field field : {Field::version, Field::back, Field::best_lay, Field::attribute}) {
    for (const std::int64_t from : ends) {
      for (const std::int64_t to : ends) {
        const Address at(1, 1, field, field == Field::version ? 0 : 200);
        EventState before = bare();
        EventState after = next(bare());
        after.set(at, to);
        EXPECT_TRUE(survives(before, after)) << name_of(field) << " to " << to;
        before.set(at, from);
        EXPECT_TRUE(survives(before, after)) << name_of(field) << " from " << from << " to " << to;
        after.erase(at);
        EXPECT_TRUE(survives(before, after)) << name_of(field) << " from " << from << " to nothing";
      }
    }
  }
}

TEST(Block, CarriesEveryPriceAgainstEveryOther) {
  const std::array levels{1U,
                          50U,
                          100U,
                          101U,
                          157U,
                          199U,
                          201U,
                          99'000U,
                          100'000U,
                          100'001U,
                          exact_price_level - 1,
                          exact_price_level,
                          (1U << 24) - 1};
  for (const Field field : {Field::back, Field::lay, Field::traded, Field::sp_back, Field::sp_lay}) {
    for (const std::uint32_t held : levels) {
      for (const std::uint32_t changed : levels) {
        EventState before = bare();
        before.set(Address(1, 1, field, held), 5);
        EventState after = next(before);
        after.set(Address(1, 1, field, changed), 6);
        EXPECT_TRUE(survives(before, after)) << name_of(field) << " " << held << " then " << changed;
        after.erase(Address(1, 1, field, held));
        EXPECT_TRUE(survives(before, after)) << name_of(field) << " " << changed << " without " << held;
      }
    }
  }
}

TEST(Block, CountsFromTheBestPriceBeforeWhateverBecomesOfIt) {
  for (const Field field : {Field::back, Field::lay}) {
    EventState before = bare();
    for (const std::uint32_t level : {150U, 152U, 156U})
      before.set(Address(1, 1, field, level), 5);
    // Each of the three goes, stays, changes, or turns into a text, and a fourth may come.
    for (int combination = 0; combination < 4 * 4 * 4 * 2; ++combination) {
      EventState after = next(before);
      int rest = combination;
      for (const std::uint32_t level : {150U, 152U, 156U}) {
        const Address at(1, 1, field, level);
        if (rest % 4 == 1) after.set(at, 9);
        if (rest % 4 == 2) after.erase(at);
        if (rest % 4 == 3) after.set(at, "1.005");
        rest /= 4;
      }
      if (rest != 0) after.set(Address(1, 1, field, field == Field::back ? 170 : 140), 1);
      EXPECT_TRUE(survives(before, after)) << name_of(field) << " " << combination;
    }
  }
}

TEST(Block, CountsFromTheLastPriceWhateverBecomesOfIt) {
  const Address last(1, 1, Field::last_price);
  const auto write = [&](EventState& state, int how) {
    if (how == 1) state.set(last, 300);
    if (how == 2) state.set(last, "2.345");
    if (how == 3) state.set(last, -5);
    if (how == 4) state.set(last, 1LL << 40);
    if (how == 5) state.erase(last);
  };
  for (int from = 0; from < 5; ++from) {
    for (int to = 0; to < 6; ++to) {
      EventState before = bare();
      write(before, from);
      EventState after = next(before);
      write(after, to);
      after.set(Address(1, 1, Field::traded, 310), 100);
      after.set(Address(1, 1, Field::sp_back, 203), 100);
      EXPECT_TRUE(survives(before, after)) << from << " to " << to;
    }
  }
}

TEST(Block, CarriesALadderLevelOfPriceZero) {
  for (const Field field : {Field::back, Field::lay}) {
    EventState before = bare();
    before.set(Address(1, 1, Field::last_price), 150);
    before.set(Address(1, 1, field, 0), 5);
    EventState after = next(before);
    after.set(Address(1, 1, field, 160), 5);
    EXPECT_TRUE(survives(before, after)) << name_of(field);
  }
}

TEST(Block, CarriesWhatTurnsFromTextToIntegerAndBack) {
  for (std::uint8_t number = 0; number < field_count; ++number) {
    const auto field = static_cast<Field>(number);
    if (name_of(field) == "reserved" || field == Field::id) continue;
    const std::uint32_t level = block_layout::has_levels(field) ? 3 : 0;
    for (const Address at :
         {Address(0, 0, field, level), Address(1, 0, field, level), Address(1, 1, field, level)}) {
      EventState text = bare();
      text.set(at, "five");
      EventState integer = next(bare());
      integer.set(at, 5);
      EXPECT_TRUE(survives(text, integer)) << test::words(at);
      EXPECT_TRUE(survives(bare(), next(text))) << test::words(at);
      EXPECT_TRUE(survives(bare(), integer)) << test::words(at);
      text.seq = integer.seq.next();
      text.source_time_ms = integer.source_time_ms;
      EXPECT_TRUE(survives(integer, text)) << test::words(at);
      EventState none = next(bare());
      none.seq = text.seq.next();
      EXPECT_TRUE(survives(text, none)) << test::words(at);
    }
  }
}

TEST(Block, CarriesTextsThatShareBeginningsAndEnds) {
  const std::array<std::string, 9> texts{
      "", "a", "aa", "aaa", "aba", "abcba", "ab{\"a\"}", "b{\"a\"}", std::string(40'000, 'z')};
  const Address at(0, 0, Field::period);
  for (const std::string& from : texts) {
    for (const std::string& to : texts) {
      EventState before = bare();
      before.set(at, from);
      EventState after = next(before);
      after.set(at, to);
      after.set(Address(1, 1, Field::name), to);
      EXPECT_TRUE(survives(before, after)) << from.substr(0, 9) << " to " << to.substr(0, 9);
    }
  }
}

TEST(Block, CarriesManyMarketsAndOutcomesAtOnce) {
  const EventState before = bare();
  EventState after = next(before);
  for (std::uint32_t market = 1; market <= 200; ++market) {
    after.set(Address(market, 0, Field::id), "1." + std::to_string(market));
    for (std::uint32_t outcome = 1; outcome <= 30; ++outcome) {
      after.set(Address(market, outcome, Field::id), std::to_string(outcome));
      after.set(Address(market, outcome, Field::back, 150 + outcome), std::int64_t{market});
    }
  }
  EXPECT_TRUE(survives(before, after));
  EXPECT_TRUE(survives(after, next(after)));
}

TEST(Block, CarriesTimesThatRunBackAndFar) {
  const EventState before = bare();
  for (const std::int64_t step :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 60, -(std::int64_t{1} << 60)}) {
    EventState after = next(before);
    after.source_time_ms = before.source_time_ms + step;
    after.set(Address(1, 1, Field::price), 150);
    EXPECT_TRUE(survives(before, after)) << step;
  }
}

TEST(Block, OfOneTickOfOneLadderTakesSixBytes) {
  EventState before = bare();
  before.set(Address(1, 1, Field::back, 150), 1'000);
  EventState after = next(before);
  after.set(Address(1, 1, Field::back, 151), 50);
  // Time, row, group, level, value.
  EXPECT_LE(block_of(before, after, diff(before, after)).size(), 6U);
}

}  // namespace
}  // namespace touchline
