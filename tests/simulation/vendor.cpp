#include "tests/simulation/vendor.h"

#include "core/retention.h"
#include "tests/core/update_fixture.h"

#include <array>

namespace touchline::simulation {
namespace {

constexpr std::int64_t start_ms = 1'700'000'000'000;
constexpr std::array outcomes{"home", "draw", "away"};

}  // namespace

Vendor::Vendor(test::Random& random, Kind kind, std::string prefix, std::size_t messages) : kind_(kind) {
  std::map<std::string, std::uint64_t> numbers;
  std::int64_t now_ms = start_ms;
  for (std::size_t i = 0; i < messages; ++i) {
    now_ms += random.between(1, 3);  // of one time the arbiter cannot tell the order that a lossy line hides
    const std::string event = prefix + std::to_string(random.below(4));
    auto& truth = truth_[event];
    test::Builder update;
    update.at_ms(now_ms);
    if (has_numbers()) update.number(++numbers[event], event);
    update.event(event);
    if (random.one_in(6)) {
      const std::int64_t score = random.between(0, 9);
      update.set(Field::home_score, score);
      truth["home_score"] = score;
    }
    if (kind == Kind::ending) {
      const auto status = random.one_in(2) ? EventStatus::live : EventStatus::settled;
      update.status(status);
      truth["status"] = static_cast<std::int64_t>(status);
    } else if (random.one_in(12)) {
      const auto status = random.one_in(2) ? EventStatus::live : EventStatus::interrupted;
      update.status(status);
      truth["status"] = static_cast<std::int64_t>(status);
    }
    update.set(Field::clock_ms, static_cast<std::int64_t>(i + 1));  // never runs backwards
    truth["clock_ms"] = static_cast<std::int64_t>(i + 1);
    // Prices flip back and forth, so that content alone tells nothing.
    const char* const outcome = random.pick(outcomes);
    const std::int64_t price = random.between(150, 153);
    const std::int64_t size = random.between(1, 5);
    update.market(event + "/odds").outcome(outcome).set(Field::price, price).back(150, size);
    truth[std::string(outcome) + " price"] = price;
    truth[std::string(outcome) + " back"] = size;
    messages_.push_back(update);
  }
}

std::string Vendor::fault_in(const std::map<std::string, const EventState*>& states) const {
  for (const auto& [event, cells] : truth_) {
    const auto found = states.find(event);
    if (found == states.end()) return event + " is not there";
    const EventState& state = *found->second;
    for (const auto& [name, value] : cells) {
      std::int64_t held = -1;
      if (name == "home_score" || name == "status" || name == "clock_ms") {
        const Field field = name == "status"     ? Field::status
                            : name == "clock_ms" ? Field::clock_ms
                                                 : Field::home_score;
        held = state.integer(Address(0, 0, field)).value_or(-1);
      } else {
        const std::string outcome = name.substr(0, name.find(' '));
        for (std::uint32_t o = 1; o < state.outcome_count(1); ++o) {
          if (state.get(Address(1, o, Field::id)).text != outcome) continue;
          held = name.ends_with("price") ? state.integer(Address(1, o, Field::price)).value_or(-1)
                                         : state.integer(Address(1, o, Field::back, 150)).value_or(-1);
        }
      }
      if (kind_ == Kind::ending && (held == -1 || is_forgotten(state))) continue;
      if (held != value) {
        return event + ": " + name + " is " + std::to_string(held) + ", the source said " +
               std::to_string(value);
      }
    }
  }
  return "";
}

}  // namespace touchline::simulation
