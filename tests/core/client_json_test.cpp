#include "core/client_json.h"

#include "core/event_table.h"
#include "core/origin.h"
#include "core/retention.h"
#include "tests/core/json_fixture.h"
#include "tests/core/update_fixture.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>

namespace touchline {
namespace {

using test::Json;
using test::json_of;
using test::updated;

// An origin whose deltas are looked at one by one, with what each event's client holds.
class Clients : public testing::Test {
 protected:
  Clients() : line_(origin_.add_line(origin_.add_source())) { origin_.keep_deltas(true); }

  void take(Update update) {
    if (update.source_time_ms == 0) update.source_time_ms = ++time_ms_;
    ASSERT_TRUE(origin_.take(line_, update, 1));
    look();
  }
  // Judges everything that was published: the state behind each delta is made anew here.
  void look() {
    const Batch batch = origin_.take_batch();
    for (const auto& [event, time_ms, delta] : batch.deltas) {
      EventState& state = states_[event];
      apply(state, delta);
      std::string now;
      append_client_state(now, state);
      std::string patch;
      const bool is_patch = append_client_patch(patch, state, delta);
      ++(is_patch ? patches_ : snapshots_);
      last_patch_ = is_patch ? patch : "";
      const Json expected = json_of(now);
      Json& held = held_[event];
      held = is_patch ? test::merged(held, json_of(patch)) : expected;
      ASSERT_EQ(held.spelled(), expected.spelled()) << patch;
    }
  }
  std::string shown(std::uint32_t event = 1) { return held_[EventHandle(event)].spelled(); }

  Origin origin_;
  LineRef line_;
  std::int64_t time_ms_ = 1'000;
  std::map<EventHandle, EventState> states_;
  std::map<EventHandle, Json> held_;
  std::string last_patch_;
  int patches_ = 0;
  int snapshots_ = 0;
};

TEST_F(Clients, SeeObjectsByIdPriceRankAndPath) {
  take(updated()
           .event("e1")
           .set(Field::sport, "1")
           .set(Field::home_score, 2)
           .attribute("incidents/1", "\"goal\"")
           .market("1.5", "e1")
           .status(MarketStatus::open)
           .set(Field::in_play, 1)
           .outcome("47", -150)
           .set(Field::name, "Arsenal \"A\"")
           .back(157, 10'000)
           .back(156, 550)
           .exact(Field::back, "1.575", 100)
           .set(Field::best_back, 157, 0)
           .set(Field::best_back, 10'000, 1)
           .set(Field::sp_near, sp_not_a_number));
  EXPECT_EQ(shown(),
            R"({"attributes":{"incidents/1":"goal"},"feed":"live","home_score":2,"markets":{"1.5":{)"
            R"("in_play":true,"outcomes":{"47/-1.5":{"back":{"1.56":5.5,"1.57":100,"1.575":1},)"
            R"("best_back":{"0":[1.57,100]},"handicap":-1.5,"name":"Arsenal \"A\"","sp_near":"NaN"}},)"
            R"("status":"open"}},"sport":"1"})");
  take(updated().market("1.5", "e1").outcome("47", -150).back(157, 0).erase(Field::back, 156));
  EXPECT_EQ(last_patch_, R"({"markets":{"1.5":{"outcomes":{"47/-1.5":{"back":{"1.56":null,"1.57":0}}}}}})");
  take(updated().market("1.5", "e1").outcome("47", -150).clear(Field::back).erase(Field::best_back, 0));
  EXPECT_EQ(last_patch_,
            R"({"markets":{"1.5":{"outcomes":{"47/-1.5":{"back":null,"best_back":{"0":[0,100]}}}}}})");
  take(updated().market("1.5", "e1").outcome("47", -150).erase(Field::best_back, 1));
  EXPECT_EQ(last_patch_, R"({"markets":{"1.5":{"outcomes":{"47/-1.5":{"best_back":null}}}}})");
}

TEST_F(Clients, TellOutcomesApartByHandicapAlsoWhereAnIdHasASlash) {
  take(updated().event("e").market("m", "e").outcome("over/2.5").set(Field::price, 150));
  take(updated().market("m", "e").outcome("over", 250).set(Field::price, 160));
  EXPECT_EQ(held_[EventHandle(1)]["markets"]["m"]["outcomes"].members.size(), 2U) << shown();
}

TEST_F(Clients, AreGivenAStateWhereNoPatchCanSayIt) {
  take(updated().event("e").set(Field::name, "appears"));
  EXPECT_EQ(snapshots_, 1);
  take(updated().event("e").attribute("shirt", "{\"home\":\"red\",\"away\":\"white\"}"));
  EXPECT_EQ(snapshots_, 1) << "nothing was there to be merged with";
  take(updated().event("e").attribute("shirt", "{\"home\":\"blue\"}"));
  EXPECT_EQ(snapshots_, 2);
  take(updated().event("e").attribute("shirt", "\"none\""));
  EXPECT_EQ(snapshots_, 2);
  take(updated().event("e").attribute("shirt", "{\"home\":null}"));
  EXPECT_EQ(snapshots_, 3);
  EXPECT_NE(shown().find("{\"home\":null}"), std::string::npos) << shown();
  take(updated().event("e").attribute("shirt", "null"));
  EXPECT_EQ(shown().find("shirt"), std::string::npos) << "null says nothing";
}

TEST_F(Clients, SeeNoMarketThatWasEmptiedAndAWholeOneThatComesBack) {
  take(updated()
           .event("e")
           .market("m", "e")
           .outcome("a")
           .set(Field::price, 150)
           .outcome("b")
           .set(Field::price, 250));
  take(updated().market("m", "e").outcome("a").erase(Field::price));
  EXPECT_EQ(last_patch_, R"({"markets":{"m":{"outcomes":{"a":null}}}})");
  take(updated().market("m", "e").outcome("b").erase(Field::price));
  EXPECT_EQ(last_patch_, R"({"markets":{"m":null}})");
  take(updated().market("m", "e").outcome("b").set(Field::price, 260));
  EXPECT_EQ(last_patch_, R"({"markets":{"m":{"outcomes":{"b":{"price":2.6}}}}})");
}

TEST_F(Clients, AreNotToldByAPatchThatAnEventIsForgotten) {
  take(updated().event("e").status(EventStatus::settled).set(Field::name, "over"));
  EXPECT_EQ(origin_.forget(0, 1'000'000), 1U);
  look();
  EXPECT_EQ(snapshots_, 2);
  take(updated().event("e").set(Field::name, "again"));
  EXPECT_EQ(snapshots_, 3);
}

// Whatever a source says, patches lead to the newest state.
TEST_F(Clients, PatchesLeadToTheNewestState) {
  test::Random random(11);
  constexpr std::array ids{"1.1", "1.2", "a/b", "\xC3\xA9", "x\"y"};
  constexpr std::array paths{"p", "p/q", "name", "markets"};
  constexpr std::array values{"1",    "\"x\"", "null",         "[1,{\"a\":null}]",  "{\"a\":1}",
                              "true", "{}",    "{\"a\":null}", "{\"b\":{\"c\":[]}}"};
  constexpr std::array fields{Field::back,     Field::lay,    Field::traded,       Field::best_back,
                              Field::best_lay, Field::status, Field::in_play,      Field::last_price,
                              Field::sp_near,  Field::name,   Field::total_matched};
  const auto change = [&](test::Builder& update, bool event) {
    switch (random.below(8)) {
      case 0:
        update.attribute(random.pick(paths), random.pick(values));
        return;
      case 1:
        update.erase_attribute(random.pick(paths));
        return;
      default:
        break;
    }
    const Field field = event && random.one_in(2) ? Field::home_score : random.pick(fields);
    if (event && is_ladder(field)) return;
    const auto level = static_cast<std::uint32_t>(is_price_ladder(field)  ? 101 + random.below(4)
                                                  : is_rank_ladder(field) ? random.below(6)
                                                                          : 0);
    if (random.one_in(3)) {
      update.erase(field, level);
    } else if (field == Field::name) {
      update.set(field, random.pick(ids));
    } else if (is_price_ladder(field) && random.one_in(3)) {
      update.exact(field, "1.011", random.between(0, 3));
    } else {
      update.set(field, random.between(0, 3), level);
    }
  };
  for (int run = 0; run < 20'000; ++run) {
    test::Builder update = updated();
    const std::string event = "e" + std::to_string(random.below(3));
    update.event(event);
    for (std::uint64_t left = 1 + random.below(4); left != 0; --left) {
      if (random.one_in(4)) {
        change(update.event(event), true);
        continue;
      }
      update.market(event + random.pick(ids), event);
      if (random.one_in(20)) update.image();
      if (random.one_in(20)) update.definition();
      if (!random.one_in(4)) update.outcome(random.pick(ids), random.between(-1, 1) * 50);
      change(update, false);
    }
    take(update);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(patches_, 10'000);
  EXPECT_GT(snapshots_, 10) << "no change came that no patch can say";
  EXPECT_LT(snapshots_, patches_ / 10);
}

// A publisher that is not ours may send cells that no source can make: it is JSON all the same.
TEST_F(Clients, AreSentJsonWhateverAStateHolds) {
  test::Random random(3);
  test::RandomCells cells(random);
  EventState state = cells.state();
  for (int run = 0; run < 4'000; ++run) {
    if (run % 100 == 0) state = cells.state();
    const EventState after = cells.after(state);
    const Delta delta = diff(state, after);
    state = after;
    for (const bool whole : {true, false}) {
      std::string out;
      if (whole) {
        append_client_state(out, state);
      } else if (!append_client_patch(out, state, delta)) {
        continue;
      }
      try {
        (void)json_of(out);
      } catch (const std::exception& error) {
        // Two names that are one are not our business here.
        ASSERT_NE(std::string(error.what()).find("twice"), std::string::npos) << error.what();
      }
    }
  }
}

}  // namespace
}  // namespace touchline
