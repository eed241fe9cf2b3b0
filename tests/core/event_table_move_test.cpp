// Markets of sources that name no event: where they live, and how they go over to another event.

#include "core/event_table.h"
#include "tests/core/update_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace touchline {
namespace {

using test::NamedCells;
using test::updated;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr SourceId ours(1);

struct Table {
  EventTable table;

  std::vector<std::string> take(const Update& update) {
    const auto changed = table.apply(update, ours);
    EXPECT_TRUE(changed) << changed.error().text;
    std::vector<std::string> events;
    for (const auto& event : *changed) {
      EXPECT_TRUE(test::is_normal(event.delta));
      EXPECT_EQ(event.event->state.digest(), event.event->state.digest_from_scratch());
      events.push_back(event.event->id);
    }
    return events;
  }

  NamedCells cells(std::string_view event) {
    const LiveEvent* live = table.find(event);
    return live == nullptr ? NamedCells{} : test::named_cells(live->state);
  }

  // A table that was built anew from what the journal would hold.
  Table restored() const {
    Table copy;
    for (const auto& event : table.events())
      copy.table.restore(event->handle, event->state);
    return copy;
  }
};

test::Builder defined(std::string_view market, std::string_view event, std::int64_t version) {
  return updated().market(market, event, version).definition().set(Field::version, version);
}

// A market with something of every kind.
test::Builder full(std::string_view market) {
  return updated()
      .market(market)
      .set(Field::total_matched, 9)
      .attribute("venue/city", "\"Leeds\"")
      .attribute("bsp", 1)
      .outcome("o", -150)
      .back(150, 1)
      .exact(Field::lay, "1.005", 2)
      .set(Field::best_back, 3, 4)
      .set(Field::last_price, "1.575")
      .attribute("sort", 1)
      .outcome("p")
      .set(Field::traded, 4, 210)
      .exact(Field::traded, "2.345", 5);
}

const NamedCells full_cells{{"m/id", "'m'"},
                            {"m/total_matched", "9"},
                            {"m/attribute/venue/city", "'\"Leeds\"'"},
                            {"m/attribute/bsp", "1"},
                            {"m/o(-150)/id", "'o'"},
                            {"m/o(-150)/handicap", "-150"},
                            {"m/o(-150)/back/150", "1"},
                            {"m/o(-150)/lay/1.005", "2"},
                            {"m/o(-150)/best_back/4", "3"},
                            {"m/o(-150)/last_price", "'1.575'"},
                            {"m/o(-150)/attribute/sort", "1"},
                            {"m/p/id", "'p'"},
                            {"m/p/traded/210", "4"},
                            {"m/p/traded/2.345", "5"}};

NamedCells with(NamedCells cells, const NamedCells& more) {
  cells.insert(more.begin(), more.end());
  return cells;
}

TEST(UnplacedMarket, WaitsInAnEventOfItsOwn) {
  Table t;
  EXPECT_EQ(t.take(full("m")), (std::vector<std::string>{"market:m"}));
  EXPECT_EQ(t.table.counts().unplaced_markets, 1U);
  EXPECT_EQ(t.cells("market:m"), with(full_cells, {{"id", "'market:m'"}}));
  t.take(updated().market("m").outcome("p").set(Field::traded, 6, 210));
  EXPECT_EQ(t.table.counts().unplaced_markets, 1U);
  EXPECT_EQ(t.cells("market:m").at("m/p/traded/210"), "6");
}

TEST(UnplacedMarket, GoesToItsEventWithEverythingWhenItsDefinitionComes) {
  Table t;
  t.take(full("m"));
  // The event has markets, attributes and exact prices already, so every number is another there.
  t.take(updated()
             .market("n", "e", 1)
             .attribute("other", 1)
             .attribute("sort", 2)
             .outcome("o")
             .exact(Field::back, "9.999", 1));
  EXPECT_THAT(t.take(defined("m", "e", 7).set(Field::total_matched, 10)),
              testing::UnorderedElementsAre("market:m", "e"));
  // What comes with the definition replaces the definition, here the attributes.
  NamedCells expected = full_cells;
  for (const char* replaced : {"m/attribute/venue/city", "m/attribute/bsp", "m/o(-150)/attribute/sort"})
    expected.erase(replaced);
  expected["m/total_matched"] = "10";
  EXPECT_EQ(t.cells("e"), with(expected, {{"id", "'e'"},
                                          {"m/version", "7"},
                                          {"n/id", "'n'"},
                                          {"n/attribute/other", "1"},
                                          {"n/attribute/sort", "2"},
                                          {"n/o/id", "'o'"},
                                          {"n/o/back/9.999", "1"}}));
  EXPECT_EQ(t.table.counts().moved_markets, 1U);
}

TEST(UnplacedMarket, TakesItsAttributesAlong) {
  Table t;
  t.take(full("m"));
  t.take(updated().market("n", "e", 1).attribute("other", 1).attribute("sort", 2));
  t.take(updated().market("m", "e", 7).set(Field::version, 7));
  EXPECT_EQ(t.cells("e"), with(full_cells, {{"id", "'e'"},
                                            {"m/version", "7"},
                                            {"n/id", "'n'"},
                                            {"n/attribute/other", "1"},
                                            {"n/attribute/sort", "2"}}));
}

TEST(UnplacedMarket, LeavesNothingButNamesBehind) {
  Table t;
  t.take(full("m"));
  t.take(defined("m", "e", 7));
  EXPECT_THAT(t.cells("market:m"),
              UnorderedElementsAre(Pair("id", "'market:m'"), Pair("m/id", "'m'"), Pair("m/o(-150)/id", "'o'"),
                                   Pair("m/o(-150)/handicap", "-150"), Pair("m/p/id", "'p'")));
  EXPECT_EQ(t.take(updated().market("m").outcome("p").set(Field::traded, 6, 210)),
            (std::vector<std::string>{"e"}));
}

TEST(MovedMarket, TheHigherVersionWins) {
  Table t;
  t.take(defined("m", "e", 5).set(Field::bet_delay, 1));
  EXPECT_THAT(t.take(defined("m", "f", 6).set(Field::bet_delay, 2)), testing::UnorderedElementsAre("e", "f"));
  EXPECT_EQ(t.cells("f").at("m/bet_delay"), "2");
  EXPECT_EQ(t.take(updated().market("m").outcome("o").back(150, 1)), (std::vector<std::string>{"f"}));
}

TEST(MovedMarket, TheLowerVersionIsOutdatedAndChangesNothing) {
  Table t;
  t.take(defined("m", "e", 5));
  t.take(defined("m", "f", 6).set(Field::bet_delay, 2));
  const NamedCells before = t.cells("f");
  EXPECT_TRUE(t.take(defined("m", "e", 5)
                         .set(Field::bet_delay, 9)
                         .its_event(Field::name, "old")
                         .outcome("o")
                         .back(150, 1))
                  .empty());
  EXPECT_EQ(t.table.counts().outdated_markets, 1U);
  EXPECT_EQ(t.cells("f"), before);
  // What follows in the same message is not outdated with it.
  Update update = defined("m", "e", 5).set(Field::bet_delay, 9);
  update.on_market("n", "e", 1);
  update.set(Field::bet_delay, 3);
  EXPECT_EQ(t.take(update), (std::vector<std::string>{"e"}));
  EXPECT_EQ(t.cells("e").at("n/bet_delay"), "3");
}

TEST(MovedMarket, MayComeBack) {
  Table t;
  t.take(updated().market("n", "e").attribute("sort", 1));
  t.take(defined("m", "e", 5));
  t.take(full("m"));
  const NamedCells before = t.cells("e");
  t.take(updated().market("m", "f", 6).set(Field::version, 6));
  EXPECT_EQ(t.cells("f"), with(full_cells, {{"id", "'f'"}, {"m/version", "6"}}));
  t.take(updated().market("m", "e", 7).set(Field::version, 5));
  EXPECT_EQ(t.cells("e"), before);
  EXPECT_EQ(t.table.counts().moved_markets, 2U);
}

TEST(MovedMarket, AnImageInItsNewEventReplacesWhatItBrought) {
  Table t;
  t.take(full("m"));
  Update update = updated()
                      .market("m", "e", 7)
                      .image()
                      .definition()
                      .set(Field::version, 7)
                      .outcome("p")
                      .set(Field::traded, 1, 300);
  t.take(update);
  EXPECT_THAT(t.cells("e"),
              UnorderedElementsAre(Pair("id", "'e'"), Pair("m/id", "'m'"), Pair("m/version", "7"),
                                   Pair("m/o(-150)/id", "'o'"), Pair("m/o(-150)/handicap", "-150"),
                                   Pair("m/p/id", "'p'"), Pair("m/p/traded/300", "1")));
}

// --- Taking up where a journal ends.

TEST(RestoredTable, GoesOnAsIfNothingHadHappened) {
  Table t;
  t.take(full("m"));
  t.take(updated()
             .event("e")
             .attribute("a", 1)
             .set(Field::home_score, 1)
             .market("x")
             .outcome("o")
             .set(Field::price, 150));
  t.take(defined("n", "f", 2).outcome("q", 50).exact(Field::back, "1.005", 1));
  Table restored = t.restored();
  const std::vector<Update> updates{full("m").outcome("o", -150).back(150, 7),
                                    updated()
                                        .event("e")
                                        .attribute("b", 1)
                                        .attribute("a", 2)
                                        .market("x")
                                        .outcome("o")
                                        .set(Field::price, 151)
                                        .market("y"),
                                    updated()
                                        .market("n")
                                        .outcome("q", 50)
                                        .exact(Field::back, "1.005", 2)
                                        .exact(Field::back, "1.006", 3)
                                        .outcome("r"),
                                    updated().event("g").set(Field::name, "new"), updated().market("z")};
  for (const Update& update : updates)
    EXPECT_EQ(restored.take(update), t.take(update));
  ASSERT_EQ(restored.table.events().size(), t.table.events().size());
  for (const auto& event : t.table.events()) {
    const LiveEvent* other = restored.table.find(event->id);
    ASSERT_NE(other, nullptr);
    EXPECT_EQ(other->handle, event->handle);
    EXPECT_TRUE(test::same_cells(other->state, event->state)) << event->id;
  }
}

TEST(RestoredTable, KnowsWhereAMovedMarketWent) {
  // The event that it goes to may be older than the one that it leaves, or younger.
  for (const char* first : {"e", "f"}) {
    Table t;
    t.take(updated().event(first).set(Field::name, "first"));
    t.take(defined("m", "e", 5).outcome("o").back(150, 1));
    t.take(defined("m", "f", 6));
    Table restored = t.restored();
    EXPECT_EQ(restored.take(updated().market("m").outcome("o").back(150, 2)),
              (std::vector<std::string>{"f"}));
    EXPECT_EQ(restored.cells("f").at("m/o/back/150"), "2");
  }
}

TEST(RestoredTable, KeepsTheLimits) {
  Table t;
  test::Builder many = updated().market("m", "e");
  for (int i = 0; i < 4'000; ++i)
    many.outcome(std::to_string(i));
  t.take(many);
  Table restored = t.restored();
  test::Builder more = updated().market("m");
  for (int i = 4'000; i < 4'100; ++i)
    more.outcome(std::to_string(i));
  const Update update = more;
  EXPECT_FALSE(restored.table.apply(update, ours));
  EXPECT_FALSE(t.table.apply(update, ours));
}

}  // namespace
}  // namespace touchline
