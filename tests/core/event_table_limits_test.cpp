// Updates that would lead past a limit: refused by name, and without a trace.

#include "core/event_table.h"
#include "core/limits.h"
#include "tests/core/update_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace touchline {
namespace {

using test::updated;
using testing::HasSubstr;

constexpr SourceId ours(1);

class EventTableLimits : public testing::Test {
 protected:
  // Refused, and everything is as it was.
  void expect_refused(const Update& update, std::string_view why) {
    std::vector<std::pair<std::string, test::PlainTable>> before;
    for (const auto& event : table_.events())
      before.emplace_back(event->id, test::table_of(event->state));
    const auto changed = table_.apply(update, ours);
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().kind, ErrorKind::limit);
    EXPECT_THAT(changed.error().text, HasSubstr(std::string(why)));
    ASSERT_EQ(table_.events().size(), before.size());
    for (const auto& [id, table] : before)
      EXPECT_EQ(test::table_of(table_.find(id)->state), table);
  }

  static Update with_outcomes(std::string_view market, int first, int count) {
    test::Builder update = updated().market(market, "e");
    for (int i = first; i < first + count; ++i)
      update.outcome(std::to_string(i)).set(Field::price, 150);
    return update;
  }

  // How many events changed.
  std::size_t take(const Update& update) {
    const auto changed = table_.apply(update, ours);
    EXPECT_TRUE(changed) << changed.error().text;
    return changed->size();
  }

  EventTable table_;
};

TEST_F(EventTableLimits, ATextPastItsLimitIsRefused) {
  take(updated().event("e").set(Field::name, "before"));
  const std::string text(limits::text_bytes + 1, 'x');
  expect_refused(updated().event("e").set(Field::home_score, 1).set(Field::name, std::string_view(text)),
                 "text");
  expect_refused(updated().event("f").attribute("path", std::string_view(text)), "text");
  EXPECT_EQ(take(updated().event("e").set(Field::name, std::string_view(text).substr(1))), 1U);
}

TEST_F(EventTableLimits, MoreTextThanAnEventMayHaveIsRefused) {
  const std::string text(limits::text_bytes, 'x');
  const auto room = static_cast<int>(limits::event_text_bytes / limits::text_bytes);
  for (int i = 0; i < room - 1; ++i) {
    const Update update = updated().market("m", "e").attribute(std::to_string(i), std::string_view(text));
    ASSERT_TRUE(table_.apply(update, ours));
  }
  expect_refused(updated().event("e").attribute("one more", std::string_view(text)), "text");
  expect_refused(updated().market("m").attribute("one more", std::string_view(text)), "text");
  expect_refused(updated().event("f").event("e").attribute("one more", std::string_view(text)), "text");
  const Update elsewhere = updated().event("f").attribute("elsewhere", std::string_view(text));
  EXPECT_TRUE(table_.apply(elsewhere, ours));
  const Update short_text = updated().event("e").set(Field::name, "short");
  EXPECT_TRUE(table_.apply(short_text, ours));
}

TEST_F(EventTableLimits, OutcomesPastTheirLimitAreRefusedInOneUpdate) {
  constexpr int most = limits::outcomes_per_market - 1;
  expect_refused(with_outcomes("m", 0, most + 1), "outcomes");
  EXPECT_EQ(take(with_outcomes("m", 0, most)), 1U);
  EXPECT_EQ(table_.find("e")->state.outcome_count(1), limits::outcomes_per_market);
}

TEST_F(EventTableLimits, OutcomesPastTheirLimitAreRefusedOverSeveralUpdates) {
  constexpr int most = limits::outcomes_per_market - 1;
  take(with_outcomes("m", 0, most - 100));
  expect_refused(with_outcomes("m", most - 100, 101), "outcomes");
  EXPECT_EQ(take(with_outcomes("m", most - 100, 100)), 1U);
  expect_refused(with_outcomes("m", most, 1), "outcomes");
  EXPECT_EQ(take(with_outcomes("n", most, 1)), 1U);
}

TEST_F(EventTableLimits, AnOutcomeThatIsThereAlreadyCountsOnce) {
  constexpr int most = limits::outcomes_per_market - 1;
  take(with_outcomes("m", 0, most));
  test::Builder update = updated().market("m", "e");
  for (int i = 0; i < 2 * most; ++i)
    update.outcome(std::to_string(i % 7)).set(Field::price, i);
  EXPECT_EQ(take(update), 1U);
}

TEST_F(EventTableLimits, MarketsPastTheirLimitAreRefused) {
  test::Builder update = updated().event("e");
  for (std::uint32_t i = 0; i < limits::markets_per_event - 1; ++i)
    update.market(std::to_string(i));
  EXPECT_EQ(take(update), 1U);
  expect_refused(updated().event("e").market("one more"), "markets");
  expect_refused(updated().market("one more", "e"), "markets");
  EXPECT_EQ(take(updated().event("e").market("7").set(Field::status, 2)), 1U);
  EXPECT_EQ(take(updated().event("f").market("one more")), 1U);
}

TEST_F(EventTableLimits, ALevelPastItsLimitIsRefused) {
  take(updated().market("m", "e").outcome("o").back(150, 1));
  // From there on levels of price ladders are numbers of exact prices.
  expect_refused(updated().market("m").outcome("o").back(151, 1).back(exact_price_level, 1), "level");
  expect_refused(updated().market("m").outcome("o").erase(Field::lay, exact_price_level), "level");
  expect_refused(updated().market("m").outcome("o").set(Field::best_back, 1, limits::levels_per_field),
                 "level");
  EXPECT_EQ(take(updated().market("m").outcome("o").back(exact_price_level - 1, 1)), 1U);
}

}  // namespace
}  // namespace touchline
