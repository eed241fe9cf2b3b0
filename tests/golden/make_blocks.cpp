// Golden blocks: one vector for each thing that a block can say.

#include "core/block.h"
#include "core/check.h"
#include "core/ticks.h"
#include "core/varint.h"
#include "tests/golden/make_golden.h"

#include <functional>
#include <limits>
#include <utility>

namespace touchline::golden {
namespace {

using Int = std::numeric_limits<std::int64_t>;
constexpr std::uint32_t levels_end = 1U << 24;

std::int64_t number_of(auto value) { return static_cast<std::int64_t>(value); }

struct Options {
  std::int64_t time_step_ms = 40;
  Cause cause = Cause::source;
  std::uint64_t merged = 0;  // 0: no merged block
};

class Vectors {
 public:
  // The block that our writer makes of a change.
  void add(std::string_view name, const EventState& before, const std::function<void(EventState&)>& change,
           Options options = {}) {
    EventState after = before;
    change(after);
    after.seq = Seq(before.seq.value + std::max<std::uint64_t>(options.merged, 1));
    after.source_time_ms = before.source_time_ms + options.time_step_ms;
    Delta delta = diff(before, after);
    delta.cause = options.cause;
    std::string block;
    if (options.merged != 0) {
      encode_merged_block(block, delta, before.source_time_ms);
    } else {
      encode_block(block, after, delta, before.source_time_ms);
    }
    put(name, before, block, &after, false);
  }

  // A block that our writer would not make, but every reader must understand.
  void add_by_hand(std::string_view name, const EventState& before, const Bytes& block) {
    put(name, before, block.out, nullptr, true);
  }

  std::string done() const { return json_list(items_, 0); }

 private:
  void put(std::string_view name, const EventState& before, std::string_view block,
           const EventState* expected, bool by_hand) {
    const auto delta = decode_block(before, block);
    if (!delta) std::fprintf(stderr, "%s: %s\n", std::string(name).c_str(), delta.error().text.c_str());
    TL_CHECK(delta);
    EventState after = before;
    apply(after, *delta);
    TL_CHECK(expected == nullptr || (after.digest() == expected->digest() && after.seq == expected->seq &&
                                     after.source_time_ms == expected->source_time_ms));
    Json json(2);
    json.text("name", name).bytes("block", block);
    json.text("class", delta->kind == DeltaClass::critical ? "critical" : "price");
    json.text("cause", name_of(delta->cause)).number("merged", delta->merged);
    json.raw("by_hand", by_hand ? "true" : "false").state("before", before).state("after", after);
    items_.push_back(json.done());
  }

  std::vector<std::string> items_;
};

// With only what gives numbers: the event, market 1 and its outcome 1.
EventState bare() {
  EventState state;
  state.set(at(0, 0, Field::id), std::string_view("e"));
  state.set(at(1, 0, Field::id), std::string_view("m"));
  state.set(at(1, 1, Field::id), std::string_view("o"));
  state.seq = Seq(7);
  state.source_time_ms = 1'000;
  return state;
}

EventState with(EventState state, const std::function<void(EventState&)>& change) {
  change(state);
  return state;
}

void add_ladders(Vectors& vectors) {
  const EventState start = match();
  vectors.add("price ladder on ticks: changed, new, erased", start, [](EventState& s) {
    s.set(at(1, 1, Field::back, 184), 9'500);
    s.set(at(1, 1, Field::back, 185), 2'000);
    s.erase(at(1, 1, Field::back, 180));
  });
  vectors.add("lay: the best price is the lowest", start, [](EventState& s) {
    s.set(at(1, 1, Field::lay, 185), 100);
    s.set(at(1, 1, Field::lay, 400), 100);
  });
  vectors.add("sp back counts from the highest price, sp lay from the lowest",
              with(bare(),
                   [](EventState& s) {
                     for (const std::uint32_t price : {150U, 200U, 300U}) {
                       s.set(at(1, 1, Field::sp_back, price), 100);
                       s.set(at(1, 1, Field::sp_lay, price), 100);
                     }
                   }),
              [](EventState& s) {
                s.set(at(1, 1, Field::sp_back, 202), 100);
                s.set(at(1, 1, Field::sp_lay, 202), 100);
              });
  vectors.add("the best price itself is erased", start, [](EventState& s) {
    s.erase(at(1, 1, Field::back, 184));
    s.set(at(1, 1, Field::back, 183), 12'001);
  });
  vectors.add("traded counts from the last price before", start,
              [](EventState& s) { s.set(at(1, 1, Field::traded, 186), 700); });
  vectors.add("traded counts from the last price of the same block", start, [](EventState& s) {
    s.set(at(1, 1, Field::last_price), 186);
    s.set(at(1, 1, Field::traded, 186), 700);
  });
  vectors.add("traded counts from 0 if the same block erases the last price", start, [](EventState& s) {
    s.erase(at(1, 1, Field::last_price));
    s.set(at(1, 1, Field::traded, 203), 700);
  });
  vectors.add("a last price counts from 1 to 2^23 - 1",
              with(match(),
                   [](EventState& s) {
                     s.set(at(1, 1, Field::last_price), exact_price_level);
                     s.set(at(1, 2, Field::last_price), exact_price_level - 1);
                     s.set(at(2, 1, Field::last_price), -1);
                   }),
              [](EventState& s) {
                s.set(at(1, 1, Field::traded, 203), 700);
                s.set(at(1, 2, Field::traded, 203), 700);
                s.set(at(2, 1, Field::traded, 203), 700);
              });
  vectors.add("an empty ladder counts from the last price", start,
              [](EventState& s) { s.set(at(1, 1, Field::sp_back, 150), 2'000); });
  vectors.add("an empty ladder without a last price counts from 0", start,
              [](EventState& s) { s.set(at(1, 2, Field::sp_lay, 1'000), 2'000); });
  vectors.add("prices off the ticks: the raw twin of the field", start, [](EventState& s) {
    s.set(at(1, 1, Field::back, 201), 300);
    s.set(at(1, 1, Field::back, 184), 11'000);
  });
  vectors.add("every price ladder as its raw twin", start, [](EventState& s) {
    for (const Field field : {Field::back, Field::lay, Field::traded, Field::sp_back, Field::sp_lay}) {
      s.set(at(1, 1, field, 203), 555);
    }
  });
  vectors.add("a price that is no count of hundredths", start, [](EventState& s) {
    s.set(at(0, 0, Field::exact_price, 0), std::string_view("1.8475"));
    s.set(at(1, 1, Field::back, exact_price_level), 800);
  });
  vectors.add("the best price is off the ticks, below or above them",
              with(bare(),
                   [](EventState& s) {
                     s.set(at(1, 1, Field::back, 207), 100);
                     s.set(at(1, 1, Field::lay, 50), 100);
                     s.set(at(1, 1, Field::sp_back, 150'000), 100);
                     s.set(at(1, 1, Field::sp_lay, exact_price_level), 100);
                   }),
              [](EventState& s) {
                for (const Field field : {Field::back, Field::lay, Field::sp_back, Field::sp_lay}) {
                  s.set(at(1, 1, field, 300), 7);
                }
              });
  vectors.add("far levels on ticks", bare(), [](EventState& s) {
    s.set(at(1, 1, Field::lay, 101), 1);
    s.set(at(1, 1, Field::lay, 100'000), 1);
  });
  vectors.add("far levels off ticks", bare(), [](EventState& s) {
    s.set(at(1, 1, Field::lay, 1), 1);
    s.set(at(1, 1, Field::lay, exact_price_level - 1), 1);
    s.set(at(1, 1, Field::lay, levels_end - 1), 1);
  });
  vectors.add("a tick of every band", bare(), [](EventState& s) {
    for (std::uint32_t tick = 0; tick < tick_count; tick += 12)
      s.set(at(1, 1, Field::back, price_of_tick(tick)), 1);
  });
  vectors.add("ladders keyed by rank", start, [](EventState& s) {
    s.set(at(1, 2, Field::best_back, 0), 410);
    s.set(at(1, 2, Field::best_back, 1), 5'000);
    s.set(at(1, 2, Field::best_back, 6), 380);
    s.set(at(1, 2, Field::best_back, 7), 100);
    s.set(at(1, 2, Field::best_display_lay, 2), 450);
  });
  vectors.add("a rank changes its price, another goes",
              with(bare(),
                   [](EventState& s) {
                     for (const std::uint32_t level : {0U, 1U, 2U, 3U})
                       s.set(at(1, 1, Field::best_lay, level), 200);
                   }),
              [](EventState& s) {
                s.set(at(1, 1, Field::best_lay, 0), 202);
                s.erase(at(1, 1, Field::best_lay, 2));
                s.erase(at(1, 1, Field::best_lay, 3));
              });
}

void add_scalars(Vectors& vectors) {
  const EventState start = match();
  vectors.add("one price", start, [](EventState& s) { s.set(at(2, 1, Field::price), 195); });
  vectors.add("scalars of market and outcome: set, changed, erased", start, [](EventState& s) {
    s.set(at(1, 0, Field::in_play), 1);
    s.set(at(1, 0, Field::version), 4'641'237'101);
    s.set(at(1, 0, Field::bet_delay), 5);
    s.set(at(1, 0, Field::total_matched), 12'345);
    s.set(at(1, 1, Field::status), number_of(OutcomeStatus::active));
    s.erase(at(1, 1, Field::last_price));
    s.set(at(1, 1, Field::sp_near), sp_not_a_number);
    s.set(at(1, 1, Field::sp_far), sp_infinity);
    s.set(at(2, 1, Field::price), 185);
  });
  vectors.add("event: score, clock, start, health of two sources, an owner", start, [](EventState& s) {
    s.set(at(0, 0, Field::home_score), 2);
    s.set(at(0, 0, Field::clock_ms), 754'000);
    s.set(at(0, 0, Field::start_time), 1'786'802'400'000);
    s.set(at(0, 0, Field::feed, 1), number_of(FeedHealth::live));
    s.set(at(0, 0, Field::feed, 2), number_of(FeedHealth::stale));
    s.set(at(0, 0, Field::owner, static_cast<std::uint32_t>(Field::home_score)), 2);
    s.set(at(2, 0, Field::owner), 2);
  });
  vectors.add("values wrap at 64 bits",
              with(bare(),
                   [](EventState& s) {
                     s.set(at(1, 0, Field::version), Int::max());
                     s.set(at(1, 0, Field::total_matched), Int::min());
                     s.set(at(1, 1, Field::back, 150), Int::max());
                   }),
              [](EventState& s) {
                s.set(at(1, 0, Field::version), Int::min());
                s.set(at(1, 0, Field::total_matched), Int::max());
                s.set(at(1, 1, Field::back, 150), Int::min());
                s.set(at(1, 1, Field::lay, 150), -1);
                s.set(at(1, 1, Field::handicap), Int::min());
              });
  vectors.add("a scalar is set to 0, another from 0", start, [](EventState& s) {
    s.set(at(0, 0, Field::home_score), 0);
    s.set(at(0, 0, Field::away_score), 1);
    s.set(at(1, 0, Field::total_matched), 0);
  });
  vectors.add("attributes: integers and JSON texts, far numbers", start, [](EventState& s) {
    s.set(at(0, 0, Field::attribute_name, 1), std::string_view("stats/corners/away"));
    s.set(at(0, 0, Field::attribute_name, levels_end - 1), std::string_view("venue"));
    s.set(at(0, 0, Field::attribute, 0), 5);
    s.set(at(0, 0, Field::attribute, 1), -3);
    s.set(at(0, 0, Field::attribute, levels_end - 1), std::string_view(R"({"city":"Leeds","roof":false})"));
    s.set(at(1, 1, Field::attribute, 0), 9);
    s.set(at(1, 1, Field::attribute, levels_end - 1), 10);
  });
}

void add_texts(Vectors& vectors) {
  const EventState start = with(match(), [](EventState& s) {
    s.set(at(0, 0, Field::attribute, 1), std::string_view(R"("penalty, home, 31'")"));
    s.set(at(1, 1, Field::name), std::string_view("Ashford"));
    s.set(at(1, 1, Field::sp_near), std::string_view("1.845"));
  });
  vectors.add("a text keeps its beginning and its end", start, [](EventState& s) {
    s.set(at(0, 0, Field::attribute, 1), std::string_view(R"("penalty, away, 31'")"));
  });
  vectors.add("a new text counts from the one before it in the block", start, [](EventState& s) {
    s.set(at(1, 2, Field::name), std::string_view("Ashford Reserves"));
    s.set(at(2, 1, Field::name), std::string_view("Reserves of Ashford"));
  });
  vectors.add("beginning and end do not overlap",
              with(bare(), [](EventState& s) { s.set(at(0, 0, Field::name), std::string_view("aaaa")); }),
              [](EventState& s) { s.set(at(0, 0, Field::name), std::string_view("aaaaa")); });
  vectors.add("a text grows shorter, another becomes empty", start, [](EventState& s) {
    s.set(at(0, 0, Field::name), std::string_view("Ashford"));
    s.set(at(1, 1, Field::name), std::string_view(""));
  });
  vectors.add("letters of several bytes, cut in their middle",
              with(bare(),
                   [](EventState& s) {
                     s.set(at(0, 0, Field::name), std::string_view("M\xC3\xA4rz \xF0\x9F\x8F\x80"));
                   }),
              [](EventState& s) {
                s.set(at(0, 0, Field::name), std::string_view("M\xC3\xB6rz \xF0\x9F\x8F\x81"));
                s.set(at(1, 0, Field::name), std::string_view("\xE6\x9D\xB1\xE4\xBA\xAC"));
              });
  vectors.add("a text is erased", start, [](EventState& s) { s.erase(at(1, 1, Field::name)); });
  vectors.add("a text is erased between two others, which follow each other", start, [](EventState& s) {
    s.set(at(0, 0, Field::period), std::string_view("first_half"));
    s.erase(at(1, 1, Field::name));
    s.set(at(2, 1, Field::name), std::string_view("first_goal"));
  });
  vectors.add("texts and rows in one block", start, [](EventState& s) {
    s.set(at(0, 0, Field::period), std::string_view("second_half"));
    s.set(at(1, 0, Field::status), number_of(MarketStatus::suspended));
  });
  vectors.add("an integer becomes a text", start, [](EventState& s) {
    s.set(at(0, 0, Field::attribute, 0), std::string_view(R"("four")"));
    s.set(at(1, 1, Field::back, 183), std::string_view("12.345"));
  });
  // The reference is taken from the state before the block, whatever its texts say.
  vectors.add("the best price becomes a text, the ladder counts from it still", start, [](EventState& s) {
    s.set(at(1, 1, Field::back, 184), std::string_view("12.345"));
    s.set(at(1, 1, Field::back, 183), 12'005);
  });
  vectors.add("the last price becomes a text, traded counts from it still", start, [](EventState& s) {
    s.set(at(1, 1, Field::last_price), std::string_view("1.8475"));
    s.set(at(1, 1, Field::traded, 185), 5);
  });
  vectors.add(
      "a text becomes an integer",
      with(start, [](EventState& s) { s.set(at(1, 1, Field::back, 185), std::string_view("20.005")); }),
      [](EventState& s) {
        s.set(at(0, 0, Field::attribute, 1), -31);
        s.set(at(1, 1, Field::sp_near), 185);
        s.set(at(1, 1, Field::back, 185), 2'000);
      });
}

void add_rows(Vectors& vectors) {
  vectors.add("the first block of an event", EventState{},
              [](EventState& s) {
                s = match();
                s.source_time_ms = 0;
              },
              {.time_step_ms = 1'786'803'154'000});
  vectors.add("the smallest first block", EventState{},
              [](EventState& s) { s.set(at(0, 0, Field::id), std::string_view("e")); });
  vectors.add("several markets, from the event to the last", match(), [](EventState& s) {
    s.set(at(0, 0, Field::home_score), 3);
    s.set(at(1, 0, Field::status), number_of(MarketStatus::suspended));
    s.set(at(1, 2, Field::price), 320);
    s.set(at(2, 0, Field::status), number_of(MarketStatus::closed));
    s.set(at(2, 1, Field::status), number_of(OutcomeStatus::winner));
  });
  vectors.add("a new market with outcomes, and a new outcome in an old one", match(), [](EventState& s) {
    s.set(at(1, 3, Field::id), std::string_view("draw"));
    s.set(at(1, 3, Field::price), 340);
    s.set(at(3, 0, Field::id), std::string_view("next"));
    s.set(at(3, 0, Field::type), std::string_view("next_goal"));
    s.set(at(3, 1, Field::id), std::string_view("home"));
    s.set(at(3, 2, Field::id), std::string_view("away"));
    s.set(at(3, 2, Field::price), 280);
  });
  const auto many = [](EventState& s) {
    for (std::uint32_t m = 2; m <= 70; ++m)
      s.set(at(m, 0, Field::id), std::string_view("m"));
    for (std::uint32_t o = 2; o <= 40; ++o)
      s.set(at(1, o, Field::id), std::string_view("o"));
  };
  vectors.add("row heads and market steps of two bytes", with(bare(), many), [](EventState& s) {
    s.set(at(1, 40, Field::price), 100'000);
    s.set(at(70, 0, Field::status), number_of(MarketStatus::open));
  });
}

void add_headers(Vectors& vectors) {
  const auto goal = [](EventState& s) { s.set(at(0, 0, Field::home_score), 2); };
  const auto price = [](EventState& s) { s.set(at(2, 1, Field::price), 195); };
  vectors.add("critical: a goal", match(), goal);
  vectors.add("cause: recovery", match(), price, {.cause = Cause::recovery});
  vectors.add("cause: conflated upstream", match(), price, {.cause = Cause::conflated_upstream});
  vectors.add("cause: operator", match(), price, {.cause = Cause::operator_});
  vectors.add("cause: feed health, critical", match(),
              [](EventState& s) { s.set(at(0, 0, Field::feed, 1), number_of(FeedHealth::stale)); },
              {.cause = Cause::feed_health});
  vectors.add("time stands still", match(), price, {.time_step_ms = 0});
  vectors.add("time steps back", match(), price, {.time_step_ms = -86'400'000});
  vectors.add("time steps far", bare(), [](EventState& s) { s.set(at(1, 1, Field::price), 1); },
              {.time_step_ms = 253'402'300'799'999});
}

void add_merged(Vectors& vectors) {
  const auto changes = [](EventState& s) {
    s.set(at(0, 0, Field::name), std::string_view("Ashford v Bexhill (live)"));
    s.set(at(0, 0, Field::period), std::string_view("Ashford"));
    s.set(at(1, 1, Field::last_price), 186);
    s.set(at(1, 1, Field::back, 184), 9'500);
    s.erase(at(1, 1, Field::back, 180));
    s.set(at(1, 1, Field::traded, 186), 700);
    s.set(at(1, 2, Field::best_back, 3), 100);
    s.set(at(2, 1, Field::price), 0);
  };
  vectors.add("merged: five deltas in absolute values", match(), changes, {.merged = 5});
  vectors.add("merged: a critical one among them", match(),
              [&](EventState& s) {
                changes(s);
                s.set(at(1, 0, Field::status), number_of(MarketStatus::suspended));
                s.set(at(3, 0, Field::id), std::string_view("next"));
              },
              {.cause = Cause::recovery, .merged = 300});
  vectors.add("merged: nothing is left of them", match(), [](EventState&) {}, {.merged = 2});
  vectors.add("merged: off ticks, texts and integers change places",
              with(match(),
                   [](EventState& s) {
                     s.set(at(1, 1, Field::sp_near), std::string_view("1.845"));
                     s.set(at(1, 1, Field::sp_far), 190);
                     s.set(at(1, 2, Field::name), std::string_view("Bexhill"));
                   }),
              [](EventState& s) {
                s.set(at(1, 1, Field::sp_near), 184);
                s.set(at(1, 1, Field::sp_far), std::string_view("1.905"));
                s.set(at(1, 1, Field::lay, 201), 50);
                s.erase(at(1, 2, Field::name));
              },
              {.merged = 2});
}

void add_by_hand(Vectors& vectors) {
  vectors.add_by_hand("ticks as the raw twin", match(), Bytes{}.v(0).v(1 << 2 | 1).v(22 | 32).z(1).v(2'000));
  vectors.add_by_hand("flags that say nothing", match(),
                      Bytes{}.v(2).v(0).v(1 << 2 | 2 | 1).z(1).v(6 | 32).z(5));
  vectors.add_by_hand("a text that leaves out what it could copy", match(),
                      Bytes{}.v(1).v(1 << 1).v(0).v(0).v(33).v(0).v(0).v(0).v(7).text("Ashford"));
  vectors.add_by_hand("a text that changes nothing", match(),
                      Bytes{}.v(1).v(1 << 1).v(0).v(0).v(33).v(0).v(17).v(0).v(0));
  vectors.add_by_hand("merged: one delta", match(),
                      Bytes{}.v(2).v(2).v(1).v(1 << 2 | 2 | 1).z(1).v(6 | 32).v(1).z(195));
  vectors.add_by_hand("merged: erases what is not there", match(),
                      Bytes{}
                          .v(3)
                          .v(2)
                          .v(2)
                          .v(1 << 1 | 1)
                          .v(0 << 1 | 1)
                          .v(0)
                          .v(37)
                          .v(0)
                          .v(1 << 2 | 2 | 1)
                          .z(1)
                          .v(6 | 32)
                          .v(0));
  vectors.add_by_hand("merged: as many as may be", match(),
                      Bytes{}.v(2).v(2).v(1ULL << 62).v(1 << 2 | 2 | 1).z(1).v(6 | 32).v(1).z(195));
  vectors.add_by_hand("nothing changes", match(), Bytes{}.v(40 << 3 | 1).v(0));
}

}  // namespace

std::string make_blocks() {
  Vectors vectors;
  add_rows(vectors);
  add_ladders(vectors);
  add_scalars(vectors);
  add_texts(vectors);
  add_headers(vectors);
  add_merged(vectors);
  add_by_hand(vectors);
  return vectors.done();
}

}  // namespace touchline::golden
