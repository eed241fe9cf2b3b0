#include "core/block.h"
#include "core/coded/coded.h"
#include "core/coded/prior.h"
#include "core/coded/train.h"
#include "tests/core/state_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace touchline {
namespace {

using coded::Model;
using coded::Place;
using test::Random;
using test::RandomCells;
using test::same_cells;
using test::same_delta;

constexpr std::array causes{Cause::source, Cause::recovery, Cause::conflated_upstream, Cause::operator_,
                            Cause::feed_health};

// Both ends of one event's stream.
struct Ends {
  const coded::Prior& prior = *coded::shipped_prior();
  Model writer;
  Model reader;
  std::string update;

  testing::AssertionResult survives(const EventState& before, const EventState& after, const Delta& delta,
                                    Place place) {
    update.clear();
    coded::encode_update(update, writer, prior, place, after, delta, before.source_time_ms);
    if (update.empty()) return testing::AssertionFailure() << "no bytes";
    const auto decoded = coded::decode_update(reader, prior, place, before, update);
    if (!decoded) return testing::AssertionFailure() << decoded.error().text;
    if (const auto same = same_delta(*decoded, delta); !same) return same;
    EventState reached = before;
    apply(reached, *decoded);
    return same_cells(reached, after);
  }
};

testing::AssertionResult survives(const EventState& before, const EventState& after) {
  return Ends().survives(before, after, diff(before, after), Place::first_of_group);
}

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

TEST(CodedUpdate, DecodesToTheDeltaInEveryField) {
  Random random(1);
  for (int i = 0; i < 4'000; ++i) {
    RandomCells cells(random);
    const EventState before = cells.state();
    const EventState after = cells.after(before);
    Delta delta = diff(before, after);
    delta.cause = random.pick(causes);
    if (random.one_in(10)) delta.kind = DeltaClass::critical;
    ASSERT_TRUE(Ends().survives(before, after, delta, Place::first_of_group)) << "case " << i;
  }
}

TEST(CodedUpdate, LeadsThroughManyGroupsOfAnEventsLife) {
  Random random(2);
  for (int run = 0; run < 30; ++run) {
    RandomCells cells(random);
    EventState state = cells.state();
    Ends ends;
    for (int step = 0; step < 90; ++step) {
      const EventState before = std::exchange(state, cells.after(state));
      const Place place = step % 30 == 0 ? Place::first_of_group : Place::later;
      ASSERT_TRUE(ends.survives(before, state, diff(before, state), place))
          << "run " << run << " step " << step;
      ASSERT_EQ(ends.writer.updates, static_cast<std::uint32_t>(step % 30 + 1));
    }
  }
}

TEST(CodedUpdate, OfAGroupNeedsNothingOfTheGroupBefore) {
  Random random(3);
  RandomCells cells(random);
  EventState state = cells.state();
  Ends ends;
  for (int step = 0; step < 40; ++step) {
    const EventState before = std::exchange(state, cells.after(state));
    const Delta delta = diff(before, state);
    const Place place = step == 0 || step == 20 ? Place::first_of_group : Place::later;
    ASSERT_TRUE(ends.survives(before, state, delta, place)) << step;
    if (step < 20) continue;
    static Model late;
    const auto decoded = coded::decode_update(late, ends.prior, place, before, ends.update);
    ASSERT_TRUE(decoded) << step;
    ASSERT_TRUE(same_delta(*decoded, delta)) << step;
  }
}

TEST(CodedUpdate, WithoutTheFirstOfItsGroupIsRefused) {
  const EventState before = bare();
  EventState after = next(before);
  after.set(Address(1, 1, Field::price), 150);
  Ends ends;
  ASSERT_TRUE(ends.survives(before, after, diff(before, after), Place::first_of_group));
  Model none;
  const auto decoded = coded::decode_update(none, ends.prior, Place::later, before, ends.update);
  ASSERT_FALSE(decoded);
  EXPECT_THAT(decoded.error().text, testing::HasSubstr("first one of its group"));
}

TEST(CodedUpdate, CarriesTheEndsOfTheRange) {
  constexpr std::array ends{std::numeric_limits<std::int64_t>::min(),
                            std::numeric_limits<std::int64_t>::max(), std::int64_t{0}, std::int64_t{-1},
                            std::int64_t{1} << 40};
  for (const Field field : {Field::version, Field::back, Field::traded, Field::best_lay, Field::attribute,
                            Field::last_price, Field::total_matched, Field::handicap}) {
    for (const std::int64_t from : ends) {
      for (const std::int64_t to : ends) {
        const Address at(1, 1, field, is_ladder(field) || field == Field::attribute ? 200 : 0);
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

TEST(CodedUpdate, CarriesEveryPriceAgainstEveryOther) {
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

// The best prices of a ladder, written as the exchange would have written them.
void rank(EventState& state, Field ladder, Field best, std::uint32_t ranks) {
  const auto cells = state.cells(1, 1).field(ladder);
  std::vector<std::pair<std::int64_t, std::int64_t>> levels;
  for (std::size_t i = 0; i < cells.keys.size(); ++i)
    levels.emplace_back(cells.keys[i].level(), cells.values[i]);
  if (best_is_highest(ladder)) std::reverse(levels.begin(), levels.end());
  for (std::uint32_t r = 0; r < ranks; ++r) {
    const Address price(1, 1, best, 2 * r);
    const Address size(1, 1, best, 2 * r + 1);
    if (r < levels.size()) {
      state.set(price, levels[r].first);
      state.set(size, levels[r].second);
    } else {
      state.erase(price);
      state.erase(size);
    }
  }
}

TEST(CodedUpdate, DerivesBestPricesAndTakesThemWhereTheyDiffer) {
  Random random(4);
  EventState state = bare();
  Ends ends;
  std::size_t derived = 0;
  for (int step = 0; step < 400; ++step) {
    const EventState before = state;
    state = next(state);
    for (std::uint64_t left = 1 + random.below(3); left != 0; --left) {
      const Address at(
          1, 1, random.one_in(2) ? Field::back : Field::lay,
          random.one_in(20) ? exact_price_level : static_cast<std::uint32_t>(150 + random.below(20)));
      if (random.one_in(3)) {
        state.erase(at);
      } else {
        state.set(at, random.between(1, 900));
      }
    }
    if (random.one_in(30)) state.set(Address(1, 1, Field::back, 155), "5.005");
    rank(state, Field::back, Field::best_back, 3);
    rank(state, Field::lay, Field::best_lay, 3);
    if (random.one_in(10)) state.set(Address(1, 1, Field::best_back, 1), random.between(1, 900));
    const Delta delta = diff(before, state);
    ASSERT_TRUE(ends.survives(before, state, delta, step % 50 == 0 ? Place::first_of_group : Place::later))
        << step;
    derived += ends.update.size() <= 6 ? 1U : 0U;
  }
  EXPECT_GT(derived, 20U);  // else the ranks were told one by one
}

TEST(CodedUpdate, FollowsLaddersOfRanksThatMove) {
  Random random(5);
  EventState state = bare();
  std::vector<std::pair<std::int64_t, std::int64_t>> ranks;
  Ends ends;
  for (int step = 0; step < 300; ++step) {
    const EventState before = state;
    state = next(state);
    const std::size_t place = random.below(ranks.size() + 1);
    if (ranks.size() > 4 || (!ranks.empty() && random.one_in(3))) {
      ranks.erase(ranks.begin() + static_cast<std::ptrdiff_t>(std::min(place, ranks.size() - 1)));
    } else {
      ranks.insert(ranks.begin() + static_cast<std::ptrdiff_t>(place),
                   {random.between(101, 400), random.between(1, 900)});
    }
    for (std::uint32_t r = 0; r < 8; ++r) {
      for (const std::uint32_t part : {0U, 1U}) {
        const Address at(1, 1, Field::best_display_back, 2 * r + part);
        if (r >= ranks.size()) {
          state.erase(at);
        } else {
          state.set(at, part == 0 ? ranks[r].first : ranks[r].second);
        }
      }
    }
    ASSERT_TRUE(ends.survives(before, state, diff(before, state),
                              step % 100 == 0 ? Place::first_of_group : Place::later))
        << step;
  }
}

TEST(CodedUpdate, CarriesWhatTurnsFromTextToIntegerAndBack) {
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
      text.seq = integer.seq.next();
      text.source_time_ms = integer.source_time_ms;
      EXPECT_TRUE(survives(integer, text)) << test::words(at);
    }
  }
}

TEST(CodedUpdate, CarriesTextsThatShareBeginningsAndEnds) {
  const std::array<std::string, 10> texts{"",         "a",
                                          "aa",       "aba",
                                          "abcba",    "ab{\"a\"}",
                                          "b{\"a\"}", std::string("\0\0a", 3),
                                          "\xFF\xFE", std::string(40'000, 'z')};
  for (const Address at : {Address(0, 0, Field::period), Address(0, 0, Field::attribute, 3),
                           Address(0, 0, Field::attribute_name, 3), Address(1, 1, Field::attribute, 3)}) {
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
}

TEST(CodedUpdate, CarriesManyMarketsAndOutcomesAtOnce) {
  const EventState before = bare();
  EventState after = next(before);
  for (std::uint32_t market = 1; market <= 100; ++market) {
    after.set(Address(market, 0, Field::id), "1." + std::to_string(market));
    for (std::uint32_t outcome = 1; outcome <= 80; ++outcome) {
      after.set(Address(market, outcome, Field::id), std::to_string(outcome));
      after.set(Address(market, outcome, Field::handicap), std::int64_t{25} * outcome);
      after.set(Address(market, outcome, Field::back, 150 + outcome), std::int64_t{market} * 100);
    }
  }
  EXPECT_TRUE(survives(before, after));
}

TEST(CodedUpdate, OfOneTickOfOneLadderTakesThreeBytes) {
  EventState state = bare();
  state.set(Address(1, 1, Field::back, 150), 1'000);
  Ends ends;
  for (int i = 0; i < 20; ++i) {
    const EventState before = state;
    state = next(state);
    state.set(Address(1, 1, Field::back, 150), 1'000 + i % 2);
    ASSERT_TRUE(
        ends.survives(before, state, diff(before, state), i == 0 ? Place::first_of_group : Place::later));
  }
  EXPECT_LE(ends.update.size(), 3U);
}

// --- What a peer may send

TEST(CodedUpdate, ThatWasCutShortOrGoesOnIsRefusedByName) {
  Random random(6);
  std::size_t cut = 0;
  std::size_t too_long = 0;
  for (int i = 0; i < 300; ++i) {
    RandomCells cells(random);
    const EventState before = cells.state();
    const EventState after = cells.after(before);
    Ends ends;
    ASSERT_TRUE(ends.survives(before, after, diff(before, after), Place::first_of_group));
    Model model;
    // What was left out at the end is told otherwise now; read on, nothing fits.
    const auto longer = coded::decode_update(model, ends.prior, Place::first_of_group, before,
                                             ends.update + std::string(60, 'x'));
    if (!longer) {
      ++too_long;
      EXPECT_THAT(longer.error().text, testing::StartsWith("coded update "));
    }
    if (ends.update.size() < 8) continue;
    const auto shorter = coded::decode_update(model, ends.prior, Place::first_of_group, before,
                                              ends.update.substr(0, ends.update.size() - 6));
    if (shorter) continue;  // what is missing may have been read as zeros
    ++cut;
    EXPECT_THAT(shorter.error().text, testing::StartsWith("coded update "));
  }
  EXPECT_GT(cut, 50U);
  EXPECT_GT(too_long, 290U);
}

TEST(CodedUpdate, ThatIsDamagedNeverBreaksAnything) {
  Random random(7);
  std::size_t refused = 0;
  for (int i = 0; i < 3'000; ++i) {
    RandomCells cells(random);
    const EventState before = cells.state();
    const EventState after = cells.after(before);
    Ends ends;
    ASSERT_TRUE(ends.survives(before, after, diff(before, after), Place::first_of_group));
    std::string damaged = ends.update;
    for (std::uint64_t left = 1 + random.below(3); left != 0; --left)
      damaged[random.below(damaged.size())] = static_cast<char>(random.bits());
    Model model;
    const auto decoded = coded::decode_update(model, ends.prior, Place::first_of_group, before, damaged);
    if (!decoded) {
      ++refused;
      ASSERT_THAT(decoded.error().text, testing::StartsWith("coded update "));
      continue;
    }
    EventState reached = before;
    apply(reached, *decoded);
    ASSERT_EQ(reached.digest(), reached.digest_from_scratch());
    // What was read can be written as a block, too: it keeps all rules of deltas.
    std::string block;
    encode_block(block, reached, *decoded, before.source_time_ms);
    if (decoded->empty()) continue;
    ASSERT_TRUE(decode_block(before, block)) << i;
  }
  EXPECT_GT(refused, 300U);
}

// --- The prior

TEST(CodedPrior, IsKeptExactly) {
  const coded::PriorTable table = coded::shipped_table();
  std::vector<coded::KeptSlot> slots;
  for (const coded::Slot& slot : coded::shipped_prior()->slots)
    slots.push_back(coded::kept(slot));
  EXPECT_EQ(coded::packed_slots(slots), table.slots);
}

TEST(CodedPrior, NamesNoNumberOfAnyVendor) {
  for (const coded::CommonText& text : coded::shipped_table().texts) {
    unsigned digits = 0;
    for (const char c : text.text) {
      digits = c >= '0' && c <= '9' ? digits + 1 : 0;
      EXPECT_LT(digits, 5U) << text.text;
    }
  }
}

TEST(CodedPrior, OfWhatWasTrainedOnSavesBytes) {
  Random random(8);
  RandomCells cells(random);
  EventState state = cells.state();
  coded::Trace trace;
  std::vector<std::pair<EventState, Delta>> life;
  for (int step = 0; step < 600; ++step) {
    const EventState before = std::exchange(state, cells.after(state));
    life.emplace_back(state, diff(before, state));
    trace.add(EventHandle(1), state, life.back().second, before.source_time_ms);
  }
  const auto bytes_with = [&](const coded::Prior& prior) {
    Model model;
    std::string out;
    std::int64_t time_before_ms = life.front().first.source_time_ms;
    for (std::size_t i = 0; i < life.size(); ++i) {
      coded::encode_update(out, model, prior, i % 50 == 0 ? Place::first_of_group : Place::later,
                           life[i].first, life[i].second, time_before_ms);
      time_before_ms = life[i].first.source_time_ms;
    }
    return out.size();
  };
  // Two recordings, because what only one has seen is doubted.
  const coded::Prior trained = coded::make_prior(coded::train({&trace, &trace}, {}), 9);
  EXPECT_LT(bytes_with(trained), bytes_with(coded::Prior()) * 95 / 100);
}

TEST(CodedWords, ThatCannotBeReadAreNamedByLine) {
  ASSERT_TRUE(coded::read_words("# nothing\n\nattribute_name\tvenue\n=venue\t\"Ascot\"\ntype\tWIN\n"));
  EXPECT_EQ(coded::read_words("type\tWIN\n=venue\t\"Ascot\"")->size(), 2U);
  for (const char* lines : {"type\tWIN\nno tab", "type\tWIN\n\ttext", "type\tWIN\nback\t5"}) {
    const auto words = coded::read_words(lines);
    ASSERT_FALSE(words) << lines;
    EXPECT_THAT(words.error().text, testing::StartsWith("line 2: "));
  }
}

}  // namespace
}  // namespace touchline
