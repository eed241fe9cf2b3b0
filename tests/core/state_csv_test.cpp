#include "core/state_csv.h"

#include "core/event_table.h"
#include "core/update.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace touchline {
namespace {

std::string csv_of(const EventState& state) {
  std::string out;
  append_state_csv(out, state);
  return out;
}

EventState bare() {
  EventState state;
  state.seq = Seq(7);
  state.set(Address(0, 0, Field::id), "e");
  state.set(Address(1, 0, Field::id), "m");
  state.set(Address(1, 1, Field::id), "o");
  return state;
}

TEST(StateCsv, NamesItsColumns) {
  EXPECT_EQ(state_csv_header, "event,seq,market,outcome,handicap,field,level,value\n");
}

TEST(StateCsv, WritesOneRowACellWithoutRowsForNames) {
  EventTable table;
  Update update;
  update.on_market("1.5", "e");
  update.its_event(Field::name, "A v B");
  update.set(Field::status, static_cast<std::int64_t>(MarketStatus::suspended));
  update.set(Field::in_play, 1);
  update.attribute("bspMarket", 3);
  update.on_outcome("47", -150);
  update.set(Field::price, 157);
  update.set(Field::back, 12'050, 156);
  update.exact_level(Field::back, "1.575", 100);
  update.set(Field::best_lay, 160, 4);
  update.set(Field::best_lay, 5'000, 5);
  ASSERT_TRUE(table.apply(update, SourceId(1)));
  EXPECT_EQ(csv_of(table.find("e")->state),
            "e,0,,,,name,,A v B\n"
            "e,0,1.5,,,attribute,bspMarket,3\n"
            "e,0,1.5,,,status,,suspended\n"
            "e,0,1.5,,,in_play,,true\n"
            "e,0,1.5,47,-1.5,price,,1.57\n"
            "e,0,1.5,47,-1.5,back,1.56,120.5\n"
            "e,0,1.5,47,-1.5,back,1.575,1\n"
            "e,0,1.5,47,-1.5,best_lay_price,2,1.6\n"
            "e,0,1.5,47,-1.5,best_lay_size,2,50\n");
}

TEST(StateCsv, WritesTimesStatusesAndSpecialPricesInWords) {
  EventState state = bare();
  state.set(Address(0, 0, Field::status), static_cast<std::int64_t>(EventStatus::live));
  state.set(Address(0, 0, Field::start_time), 1'657'537'200'000);
  state.set(Address(0, 0, Field::feed, 2), static_cast<std::int64_t>(FeedHealth::stale));
  state.set(Address(1, 1, Field::status), static_cast<std::int64_t>(OutcomeStatus::winner));
  state.set(Address(1, 1, Field::sp_near), sp_not_a_number);
  state.set(Address(1, 1, Field::sp_far), "2.3456");
  EXPECT_EQ(csv_of(state),
            "e,7,,,,status,,live\n"
            "e,7,,,,start_time,,2022-07-11T11:00:00.000Z\n"
            "e,7,,,,feed,2,stale\n"
            "e,7,m,o,0,status,,winner\n"
            "e,7,m,o,0,sp_near,,NaN\n"
            "e,7,m,o,0,sp_far,,2.3456\n");
}

TEST(StateCsv, QuotesWhatHoldsCommasQuotesOrLineEnds) {
  EventState state = bare();
  state.set(Address(0, 0, Field::id), "e,1");
  state.set(Address(0, 0, Field::name), "say \"hi\"");
  state.set(Address(0, 0, Field::period), "a\nb");
  EXPECT_EQ(csv_of(state), "\"e,1\",7,,,,name,,\"say \"\"hi\"\"\"\n\"e,1\",7,,,,period,,\"a\nb\"\n");
}

TEST(StateCsv, ShowsAnAttributesTextAsItIsAndOtherJsonAsJson) {
  EventState state = bare();
  const std::vector<std::pair<std::string, std::string>> attributes{
      {"plain", R"("GMT")"}, {"escaped", R"("a\nb")"}, {"list", "[1,2]"}, {"truth", "true"}};
  for (std::uint32_t i = 0; i < attributes.size(); ++i) {
    state.set(Address(0, 0, Field::attribute_name, i), std::string_view(attributes[i].first));
    state.set(Address(1, 0, Field::attribute, i), std::string_view(attributes[i].second));
  }
  EXPECT_EQ(csv_of(state),
            "e,7,m,,,attribute,plain,GMT\n"
            "e,7,m,,,attribute,escaped,\"\"\"a\\nb\"\"\"\n"
            "e,7,m,,,attribute,list,\"[1,2]\"\n"
            "e,7,m,,,attribute,truth,true\n");
}

TEST(StateCsv, LeavesHiddenMarketsOut) {
  EventState state = bare();
  state.set(Address(1, 0, Field::owner), 2);
  EXPECT_EQ(csv_of(state), "");
  EXPECT_EQ(csv_of(EventState()), "");
}

}  // namespace
}  // namespace touchline
