#include "core/late_update.h"

#include "core/event_table.h"
#include "tests/core/line_simulation.h"
#include "tests/core/update_fixture.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace touchline {
namespace {

using test::Naming;
using test::Random;
using test::updated;

// How many ops of `newer` are said again behind `late`.
std::size_t said_again(const Update& late, const Update& newer) {
  Update update = late;
  Scopes scopes = scopes_of(update);
  append_newer(update, scopes, newer);
  return update.ops.size() - late.ops.size();
}

TEST(LateUpdate, HasOnlyWhatSpeaksOfTheSameMarketSaidAgain) {
  const Update late = updated().market("m").outcome("o").back(150, 1);
  EXPECT_EQ(said_again(late, updated().market("m").outcome("p").back(150, 1)), 3U);
  EXPECT_EQ(said_again(late, updated().market("n").outcome("o").back(150, 1)), 0U);
  EXPECT_EQ(said_again(late, updated().market("n").image().market("m").outcome("p").back(150, 1).market("n")),
            3U);
  EXPECT_EQ(said_again(late, updated().event("e").set(Field::home_score, 1)), 0U);
}

TEST(LateUpdate, OfANamedEventHasTheWholeEventSaidAgain) {
  const Update late = updated().event("e").market("m").outcome("o").back(150, 1);
  EXPECT_EQ(said_again(late, updated().event("e").image().market("n").outcome("o").back(150, 1)), 6U);
  EXPECT_EQ(said_again(late, updated().event("f").market("n").outcome("o").back(150, 1)), 0U);
}

TEST(LateUpdate, ThatWritesItsEventMeetsAllThatWritesThatEvent) {
  const Update late = updated().market("m", "e").definition().its_event(Field::name, "A v B");
  EXPECT_EQ(said_again(late, updated().event("e").set(Field::name, "B v A")), 2U);
  EXPECT_EQ(
      said_again(late, updated().market("n", "e").its_event(Field::name, "B v A").set(Field::version, 1)),
      3U);
  EXPECT_EQ(said_again(late, updated().market("n", "e").set(Field::version, 1)), 0U);
  EXPECT_EQ(said_again(late, updated().market("n", "f").its_event(Field::name, "B v A")), 0U);
  EXPECT_EQ(said_again(late, updated().event("f").set(Field::name, "B v A")), 0U);
}

TEST(LateUpdate, WhatIsSaidAgainDrawsInWhatWasSaidBehindIt) {
  Update update = updated().market("m", "e").its_event(Field::name, "A v B");
  Scopes scopes = scopes_of(update);
  append_newer(update, scopes,
               updated().market("n", "e").its_event(Field::name, "B v A").set(Field::version, 1));
  const std::size_t before = update.ops.size();
  append_newer(update, scopes, updated().market("n").set(Field::version, 2));
  EXPECT_EQ(update.ops.size(), before + 2);
}

// Everything but names that nothing is said of.
std::map<std::string, std::string> cells_of(const EventTable& table) {
  std::map<std::string, std::string> cells;
  for (const auto& event : table.events()) {
    for (const auto& [name, value] : test::named_cells(event->state)) {
      if (name != "id" && !name.ends_with("/id") && !name.ends_with("/handicap"))
        cells[event->id + "|" + name] = value;
    }
  }
  return cells;
}

// Whichever update of whatever story is left out and brought at the end: with what is newer said again behind
// it, everything is as if it had come in its turn.
TEST(LateUpdate, EndsWhereTheRightOrderWouldHaveEnded) {
  for (const Naming naming : {Naming::markets, Naming::events}) {
    for (std::uint64_t seed = 1; seed <= 1'500; ++seed) {
      Random random(seed);
      const auto story = test::random_story(random, {naming, 30});
      const std::size_t left_out = random.below(story.size());
      EventTable in_order;
      EventTable late;
      for (std::size_t i = 0; i < story.size(); ++i) {
        ASSERT_TRUE(in_order.apply(story[i], SourceId(1)));
        if (i == left_out) continue;
        ASSERT_TRUE(late.apply(story[i], SourceId(1)));
      }
      Update update = story[left_out];
      Scopes scopes = scopes_of(update);
      for (std::size_t i = left_out + 1; i < story.size(); ++i) {
        if (share(scopes, scopes_of(story[i]))) append_newer(update, scopes, story[i]);
      }
      ASSERT_TRUE(late.apply(update, SourceId(1)));
      ASSERT_EQ(cells_of(late), cells_of(in_order)) << "seed " << seed << ", without " << left_out;
    }
  }
}

}  // namespace
}  // namespace touchline
