#include "core/sequencer.h"

#include "tests/core/random_fixture.h"
#include "tests/core/update_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace touchline {
namespace {

using test::Random;
using test::updated;
using testing::ElementsAre;
using testing::IsEmpty;
using Verdict = Sequencer::Verdict;
using Numbers = std::vector<std::uint64_t>;

Update numbered(std::uint64_t number, std::string_view event = "e") {
  return updated().number(number, event).event(event).set(Field::clock_ms, static_cast<std::int64_t>(number));
}

Update image(std::uint64_t number, std::string_view event = "e") {
  return updated()
      .number(number, event)
      .event(event)
      .image()
      .set(Field::clock_ms, static_cast<std::int64_t>(number));
}

Update at(std::int64_t time_ms, Update update) {
  update.source_time_ms = time_ms;
  return update;
}

// A sequencer as the origin drives it, and what it let through.
struct Driven {
  Sequencer sequencer;
  Numbers delivered;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> gaps;

  Verdict take(Update update, std::int64_t now_ms = 0, const std::string& event = "e") {
    const std::uint64_t number = *update.number;
    const Verdict verdict = sequencer.judge(update, now_ms);
    if (verdict == Verdict::in_order) delivered.push_back(number);
    Sequencer::Gap gap;
    if (verdict == Verdict::held && sequencer.overflowed(event, gap)) declare(gap);
    if (verdict != Verdict::repeat) release(event);
    return verdict;
  }

  void expire(std::int64_t now_ms) {
    for (auto due = sequencer.expire(now_ms); !due.empty(); due = sequencer.expire(now_ms)) {
      for (const auto& gap : due)
        declare(gap);
    }
  }

  void declare(const Sequencer::Gap& gap) {
    gaps.emplace_back(gap.first_missing, gap.last_missing);
    release(gap.event);
  }

  void release(const std::string& event) {
    Update update;
    while (sequencer.release(event, update)) {
      // It is the whole update that was held, not only its number.
      EXPECT_EQ(update.ops.back().number, static_cast<std::int64_t>(*update.number));
      EXPECT_EQ(update.look(update.event), event);
      delivered.push_back(*update.number);
    }
  }
};

TEST(Sequencer, DeliversNumbersInOrderFromWhereverTheyBegin) {
  Driven d;
  for (const std::uint64_t number : {41U, 42U, 43U})
    EXPECT_EQ(d.take(numbered(number)), Verdict::in_order);
  EXPECT_EQ(d.sequencer.last_number("e"), 43U);
  EXPECT_EQ(d.sequencer.last_number("unknown"), 0U);
}

TEST(Sequencer, KnowsARepeat) {
  Driven d;
  d.take(numbered(41));
  d.take(numbered(42));
  for (const std::uint64_t number : {42U, 41U, 7U})
    EXPECT_EQ(d.take(numbered(number)), Verdict::repeat);
  EXPECT_EQ(d.take(image(42)), Verdict::repeat);
  d.take(numbered(45));
  EXPECT_EQ(d.take(numbered(45)), Verdict::repeat);
  EXPECT_EQ(d.sequencer.held_count(), 1U);
}

TEST(Sequencer, HoldsWhatComesEarlyAndReleasesItInOrder) {
  Driven d;
  d.take(numbered(1));
  EXPECT_EQ(d.take(numbered(4)), Verdict::held);
  EXPECT_EQ(d.take(numbered(3)), Verdict::held);
  EXPECT_EQ(d.sequencer.held_count(), 2U);
  EXPECT_EQ(d.take(numbered(2)), Verdict::in_order);
  EXPECT_THAT(d.delivered, ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(d.sequencer.held_count(), 0U);
}

TEST(Sequencer, CountsEveryEventForItself) {
  Driven d;
  d.take(numbered(1, "e"), 0, "e");
  EXPECT_EQ(d.take(numbered(9, "f"), 0, "f"), Verdict::in_order);
  EXPECT_EQ(d.take(numbered(3, "e"), 0, "e"), Verdict::held);
  EXPECT_EQ(d.take(numbered(10, "f"), 0, "f"), Verdict::in_order);
  EXPECT_EQ(d.sequencer.last_number("e"), 1U);
  EXPECT_EQ(d.sequencer.last_number("f"), 10U);
}

TEST(SequencerGap, IsDeclaredWhenTheMissingNumberIsOverdue) {
  Driven d;
  d.take(numbered(1));
  d.take(numbered(5), 1'000);
  d.take(numbered(4), 1'500);
  d.expire(1'000 + limits::held_ms - 1);
  EXPECT_THAT(d.gaps, IsEmpty());
  // The update that has waited longest decides.
  d.expire(1'000 + limits::held_ms);
  EXPECT_THAT(d.gaps, ElementsAre(std::pair(2U, 3U)));
  EXPECT_THAT(d.delivered, ElementsAre(1, 4, 5));
  EXPECT_EQ(d.take(numbered(2)), Verdict::repeat);
  EXPECT_EQ(d.take(numbered(6)), Verdict::in_order);
}

TEST(SequencerGap, EveryUpdateIsHeldForItsTimeAndNoLonger) {
  Driven d;
  d.take(numbered(1));
  d.take(numbered(3), 0);
  d.take(numbered(6), 1'900);
  // The first hole is filled in time; the second one is younger and keeps its time.
  d.take(numbered(2), 1'950);
  EXPECT_THAT(d.delivered, ElementsAre(1, 2, 3));
  d.expire(limits::held_ms);
  EXPECT_THAT(d.gaps, IsEmpty());
  d.expire(1'900 + limits::held_ms);
  EXPECT_THAT(d.gaps, ElementsAre(std::pair(4U, 5U)));
}

TEST(SequencerGap, SeveralHolesOfOneTimeAreGivenUpTogether) {
  Driven d;
  d.take(numbered(1));
  for (const std::uint64_t number : {3U, 5U, 7U})
    d.take(numbered(number), 100);
  d.expire(100 + limits::held_ms);
  EXPECT_THAT(d.gaps, ElementsAre(std::pair(2U, 2U), std::pair(4U, 4U), std::pair(6U, 6U)));
  EXPECT_THAT(d.delivered, ElementsAre(1, 3, 5, 7));
}

TEST(SequencerGap, IsForcedOpenWhenTheWindowIsFull) {
  Driven d;
  d.take(numbered(1));
  for (std::uint64_t i = 0; i < limits::held_updates - 1; ++i)
    EXPECT_EQ(d.take(numbered(3 + i)), Verdict::held);
  EXPECT_THAT(d.gaps, IsEmpty());
  d.take(numbered(3 + limits::held_updates - 1));
  EXPECT_THAT(d.gaps, ElementsAre(std::pair(2U, 2U)));
  EXPECT_EQ(d.delivered.size(), 1 + limits::held_updates);
  EXPECT_TRUE(std::is_sorted(d.delivered.begin(), d.delivered.end()));
  EXPECT_EQ(d.sequencer.held_count(), 0U);
}

TEST(SequencerImage, NeedsNothingBeforeIt) {
  Driven d;
  d.take(numbered(1));
  d.take(numbered(5));
  d.take(numbered(8));
  d.take(numbered(9));
  EXPECT_EQ(d.take(image(7)), Verdict::in_order);
  // What it outran is dropped, what leads on from it is released.
  EXPECT_THAT(d.delivered, ElementsAre(1, 7, 8, 9));
  EXPECT_EQ(d.sequencer.held_count(), 0U);
  EXPECT_EQ(d.take(numbered(5)), Verdict::repeat);
  d.expire(1'000'000);
  EXPECT_THAT(d.gaps, IsEmpty());
}

TEST(SequencerAnew, BeginsWithAnImageThatIsLaterThanEverything) {
  Driven d;
  d.take(at(100, numbered(7)));
  d.take(at(110, numbered(8)));
  d.take(numbered(10));
  EXPECT_EQ(d.take(at(110, image(1))), Verdict::repeat) << "sent again";
  EXPECT_EQ(d.take(at(120, numbered(1))), Verdict::repeat) << "no image";
  EXPECT_EQ(d.take(at(120, image(1))), Verdict::in_order);
  EXPECT_EQ(d.sequencer.held_count(), 0U);
  // The other line still brings what was said before.
  EXPECT_EQ(d.take(at(115, numbered(9))), Verdict::repeat);
  EXPECT_EQ(d.take(at(115, image(9))), Verdict::repeat);
  EXPECT_EQ(d.take(at(121, numbered(2))), Verdict::in_order);
  EXPECT_THAT(d.delivered, ElementsAre(7, 8, 1, 2));
}

TEST(SequencerAnew, IsNotBegunByASourceThatTellsNoTimes) {
  Driven d;
  d.take(numbered(7));
  EXPECT_EQ(d.take(image(1)), Verdict::repeat);
}

TEST(SequencerAnew, IsToldFromTheJournalsTime) {
  Driven d;
  d.sequencer.restore("e", 41, 100);
  EXPECT_EQ(d.take(at(100, image(1))), Verdict::repeat);
  EXPECT_EQ(d.take(at(101, image(1))), Verdict::in_order);
}

TEST(Sequencer, RefusesWhatIsTooFarAhead) {
  Driven d;
  d.take(numbered(7));
  EXPECT_EQ(d.take(numbered(8 + limits::number_jump)), Verdict::too_far);
  EXPECT_EQ(d.take(numbered(7 + limits::number_jump)), Verdict::held);
  EXPECT_EQ(d.take(numbered(8)), Verdict::in_order);
}

TEST(SequencerImage, OfAMarketJumpsNothing) {
  Driven d;
  d.take(numbered(1));
  EXPECT_EQ(d.take(updated().number(5, "e").event("e").market("m").image().set(Field::version, 5)),
            Verdict::held);
}

TEST(SequencerRestored, GoesOnFromTheJournalsNumber) {
  Driven d;
  d.sequencer.restore("e", 41, 0);
  EXPECT_EQ(d.take(numbered(41)), Verdict::repeat);
  EXPECT_EQ(d.take(numbered(43)), Verdict::held);
  EXPECT_EQ(d.take(numbered(42)), Verdict::in_order);
  EXPECT_THAT(d.delivered, ElementsAre(42, 43));
}

// Whatever comes in whatever order: each number once, in order, and what is not delivered was declared
// missing.
TEST(Sequencer, DeliversEachNumberOnceInOrderOrDeclaresIt) {
  Random random(1);
  for (int run = 0; run < 300; ++run) {
    Driven d;
    Numbers arriving;
    const std::uint64_t count = 20 + random.below(100);
    for (std::uint64_t number = 2; number <= count; ++number) {
      if (random.one_in(10)) continue;  // lost
      arriving.push_back(number);
      if (random.one_in(5)) arriving.push_back(number);  // sent twice
    }
    // Some overtake others.
    for (std::size_t i = 0; i + 1 < arriving.size(); ++i)
      std::swap(arriving[i], arriving[std::min(arriving.size() - 1, i + random.below(6))]);
    d.take(numbered(1));
    std::int64_t now_ms = 0;
    for (const std::uint64_t number : arriving) {
      now_ms += random.between(0, 600);
      d.expire(now_ms);
      d.take(numbered(number), now_ms);
    }
    d.expire(now_ms + limits::held_ms);
    ASSERT_EQ(d.sequencer.held_count(), 0U);
    ASSERT_TRUE(std::is_sorted(d.delivered.begin(), d.delivered.end()));
    std::set<std::uint64_t> known(d.delivered.begin(), d.delivered.end());
    ASSERT_EQ(known.size(), d.delivered.size()) << "run " << run;
    for (const auto& [first, last] : d.gaps) {
      for (std::uint64_t number = first; number <= last; ++number)
        ASSERT_TRUE(known.insert(number).second) << number << " was missing and delivered";
    }
    ASSERT_EQ(known.size(), *known.rbegin()) << "run " << run;
  }
}

// --- Message ids.

TEST(MessageIds, AreNewOnce) {
  MessageIds ids;
  EXPECT_TRUE(ids.insert("a"));
  EXPECT_TRUE(ids.insert("b"));
  EXPECT_FALSE(ids.insert("a"));
  EXPECT_FALSE(ids.insert("b"));
  EXPECT_TRUE(ids.insert(""));
  EXPECT_FALSE(ids.insert(""));
}

TEST(MessageIds, AreForgottenOldestFirst) {
  MessageIds ids(3);
  for (const char* id : {"a", "b", "c"})
    EXPECT_TRUE(ids.insert(id));
  EXPECT_TRUE(ids.insert("d"));
  for (const char* id : {"b", "c", "d"})
    EXPECT_FALSE(ids.insert(id)) << id;
  EXPECT_TRUE(ids.insert("a"));
  EXPECT_TRUE(ids.insert("b"));
}

}  // namespace
}  // namespace touchline
