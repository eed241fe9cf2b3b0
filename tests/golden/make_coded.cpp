// Golden groups of coded updates: a state, updates that lead on from there, and the state behind them.

#include "core/check.h"
#include "core/coded/coded.h"
#include "core/coded/prior.h"
#include "tests/golden/make_golden.h"

#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace touchline::golden {
namespace {

using Step = std::function<void(EventState&)>;

struct Said {
  Cause cause = Cause::source;
  bool other_class = false;
};

std::string group(std::string_view name, const EventState& before, const std::vector<Step>& steps,
                  Said said = {}) {
  const auto prior = coded::shipped_prior();
  coded::Model writer;
  coded::Model reader;
  EventState state = before;
  std::vector<std::string> updates;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    EventState after = state;
    steps[i](after);
    after.seq = state.seq.next();
    after.source_time_ms = state.source_time_ms + 20 * static_cast<std::int64_t>(i + 1);
    Delta delta = diff(state, after);
    delta.cause = said.cause;
    if (said.other_class)
      delta.kind = delta.kind == DeltaClass::price ? DeltaClass::critical : DeltaClass::price;
    const auto place = i == 0 ? coded::Place::first_of_group : coded::Place::later;
    std::string bytes;
    coded::encode_update(bytes, writer, *prior, place, after, delta, state.source_time_ms);
    const auto read = coded::decode_update(reader, *prior, place, state, bytes);
    TL_CHECK(read);
    apply(state, *read);
    TL_CHECK(state.digest() == after.digest() && state.source_time_ms == after.source_time_ms);
    Json json(4);
    json.bytes("bytes", bytes).text("class", read->kind == DeltaClass::critical ? "critical" : "price");
    json.text("cause", name_of(read->cause)).digest("digest", state.digest());
    updates.push_back(json.done());
  }
  Json json(2);
  json.text("name", name).state("before", before).raw("updates", json_list(updates, 2)).state("after", state);
  return json.done();
}

// The best prices of the first outcome's ladders, as ranks.
void rank(EventState& state, std::uint32_t ranks) {
  for (const auto& [ladder, best] :
       {std::pair{Field::back, Field::best_back}, std::pair{Field::lay, Field::best_lay}}) {
    const auto cells = state.cells(1, 1).field(ladder);
    std::vector<std::pair<std::int64_t, std::int64_t>> levels;
    for (std::size_t i = 0; i < cells.keys.size(); ++i)
      levels.emplace_back(cells.keys[i].level(), cells.values[i]);
    if (best_is_highest(ladder)) levels = {levels.rbegin(), levels.rend()};
    for (std::uint32_t r = 0; r < ranks; ++r) {
      state.erase(at(1, 1, best, 2 * r));
      state.erase(at(1, 1, best, 2 * r + 1));
      if (r >= levels.size()) continue;
      state.set(at(1, 1, best, 2 * r), levels[r].first);
      state.set(at(1, 1, best, 2 * r + 1), levels[r].second);
    }
  }
}

void put_size(EventState& state, Field field, std::uint32_t price, std::int64_t size) {
  state.set(at(1, 1, field, price), size);
}

std::string ladders() {
  return group(
      "price ladders: new, changed, erased and undone; trades of what was on offer", match(),
      {[](EventState& s) { put_size(s, Field::back, 184, 9'500), put_size(s, Field::back, 185, 2'000); },
       [](EventState& s) { put_size(s, Field::back, 184, 12'000), s.erase(at(1, 1, Field::back, 185)); },
       [](EventState& s) {
         put_size(s, Field::lay, 186, 1'420), put_size(s, Field::traded, 186, 6'000);
         s.set(at(1, 1, Field::last_price), 186), s.set(at(1, 1, Field::total_matched), 68'025);
         s.set(at(1, 0, Field::total_matched), 68'025);
       },
       [](EventState& s) { put_size(s, Field::lay, 186, 420), put_size(s, Field::traded, 186, 7'000); },
       [](EventState& s) { put_size(s, Field::back, 201, 700), put_size(s, Field::back, 150, 2'000); },
       [](EventState& s) {
         put_size(s, Field::lay, exact_price_level, 5), s.erase(at(1, 1, Field::lay, 190));
       }});
}

std::string ranks() {
  EventState start = match();
  rank(start, 3);
  return group("ranks that follow from the ladders, and one that does not", start,
               {[](EventState& s) { put_size(s, Field::back, 185, 800), rank(s, 3); },
                [](EventState& s) { s.erase(at(1, 1, Field::lay, 186)), rank(s, 3); },
                [](EventState& s) {
                  put_size(s, Field::back, 185, 900), rank(s, 3), s.set(at(1, 1, Field::best_back, 1), 901);
                }});
}

std::string moved_ranks() {
  const auto set = [](EventState& s, const std::vector<std::pair<int, int>>& ranks) {
    for (std::uint32_t r = 0; r < 4; ++r) {
      s.erase(at(1, 2, Field::best_display_lay, 2 * r)),
          s.erase(at(1, 2, Field::best_display_lay, 2 * r + 1));
      if (r >= ranks.size()) continue;
      s.set(at(1, 2, Field::best_display_lay, 2 * r), ranks[r].first);
      s.set(at(1, 2, Field::best_display_lay, 2 * r + 1), ranks[r].second);
    }
  };
  EventState start = match();
  set(start, {{300, 5'000}, {305, 1'200}, {310, 700}});
  return group("ranks that move back, ahead, and change", start,
               {[&](EventState& s) {
                  set(s, {{295, 400}, {300, 5'000}, {305, 1'200}, {310, 700}});
                },
                [&](EventState& s) {
                  set(s, {{300, 5'000}, {305, 1'300}, {310, 700}});
                },
                [&](EventState& s) {
                  set(s, {{301, 5'000}, {305, 1'300}});
                },
                [&](EventState& s) {
                  set(s, {{301, -5}, {305, 1'300}, {399, 1}});
                }});
}

std::string texts() {
  return group("texts: new, changed, erased, said again, and as attributes", match(),
               {[](EventState& s) {
                  s.set(at(0, 0, Field::attribute_name, 1), std::string_view("stats/corners/away"));
                  s.set(at(0, 0, Field::attribute, 1), std::string_view("\"none yet\""));
                  s.set(at(0, 0, Field::period), std::string_view("first_half"));
                },
                [](EventState& s) {
                  s.set(at(0, 0, Field::attribute, 1), std::string_view("\"none at all\""));
                  s.set(at(1, 1, Field::name), std::string_view("Ashford"));
                  s.set(at(1, 2, Field::name), std::string_view("Bexhill"));
                },
                [](EventState& s) {
                  s.set(at(2, 1, Field::name), std::string_view("Ashford and Bexhill \xC3\xA9"));
                  s.erase(at(0, 0, Field::period));
                  s.set(at(1, 1, Field::attribute, 1), std::string_view(""));
                  s.set(at(1, 2, Field::attribute, 1), 7);
                },
                [](EventState& s) {
                  s.set(at(1, 2, Field::attribute, 1), std::string_view("1.5")),
                      s.set(at(1, 1, Field::attribute, 1), 3);
                }});
}

std::string description() {
  return group("markets described at once, from an empty state", EventState(), {[](EventState& s) {
                 s.set(at(0, 0, Field::id), std::string_view("e-9"));
                 s.set(at(0, 0, Field::attribute_name, 0), std::string_view("sortPriority"));
                 for (std::uint32_t market = 1; market <= 2; ++market) {
                   s.set(at(market, 0, Field::id), std::string_view(market == 1 ? "1.101" : "1.102"));
                   s.set(at(market, 0, Field::type), std::string_view("MATCH_ODDS"));
                   s.set(at(market, 0, Field::version), 6'609'747'172);
                   for (std::uint32_t outcome = 1; outcome <= 4; ++outcome) {
                     s.set(at(market, outcome, Field::id),
                           std::string_view(outcome % 2 == 0 ? "away" : "home"));
                     s.set(at(market, outcome, Field::handicap), 25 * std::int64_t{outcome} - 50);
                     s.set(at(market, outcome, Field::attribute, 0), std::int64_t{outcome});
                     s.set(at(market, outcome, Field::back, 100 + outcome), 300'000 / (100 + outcome));
                     s.set(at(market, outcome, Field::lay, 110 + 2 * outcome), 300'000 / (110 + 2 * outcome));
                   }
                 }
               }});
}

std::string ends() {
  return group(
      "the ends of the range, of the operator, of another class", match(),
      {[](EventState& s) {
         s.set(at(1, 0, Field::version), std::numeric_limits<std::int64_t>::min());
         s.set(at(1, 1, Field::sp_near), std::numeric_limits<std::int64_t>::max());
         put_size(s, Field::sp_back, exact_price_level - 1, -1);
       },
       [](EventState& s) {
         s.set(at(1, 0, Field::version), std::numeric_limits<std::int64_t>::max());
         s.erase(at(1, 1, Field::sp_near)), s.set(at(2, 1, Field::price), 1'000'000'000'000);
       },
       [](EventState& s) { s.set(at(0, 0, Field::home_score), 2), s.set(at(0, 0, Field::owner, 20), 2); }},
      {Cause::operator_, true});
}

}  // namespace

std::string make_coded() {
  return json_list({ladders(), ranks(), moved_ranks(), texts(), description(), ends()}, 0);
}

}  // namespace touchline::golden
