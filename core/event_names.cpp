#include "core/event_names.h"

#include "core/digest.h"

namespace touchline {
namespace {

std::uint64_t outcome_hash(std::string_view id, std::int64_t handicap) {
  return fnv1a64(id, static_cast<std::uint64_t>(handicap) * 0x9E3779B97F4A7C15U);
}

}  // namespace

EventNames EventNames::of(const EventState& state) {
  EventNames names;
  for (const auto& [key, text] : state.texts(0, 0)) {
    if (key.field() == Field::attribute_name) names.attributes_.emplace(text, key.level());
    if (key.field() == Field::exact_price) names.exact_prices_.emplace(text, key.level());
  }
  for (std::uint32_t m = 1; m < state.market_count(); ++m) {
    names.outcomes_.resize(m + 1);
    const Value market = state.get(Address(m, 0, Field::id));
    names.markets_.emplace(std::string(market.text), m);
    for (std::uint32_t o = 1; o < state.outcome_count(m); ++o) {
      const Value id = state.get(Address(m, o, Field::id));
      names.add_outcome(m, id.text, state.integer(Address(m, o, Field::handicap)).value_or(0));
    }
  }
  return names;
}

std::optional<std::uint32_t> EventNames::outcome(std::uint32_t market, std::string_view id,
                                                 std::int64_t handicap) const {
  const std::uint64_t hash = outcome_hash(id, handicap);
  const auto& outcomes = outcomes_[market];
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].hash == hash && outcomes[i].handicap == handicap && outcomes[i].id == id) {
      return static_cast<std::uint32_t>(i + 1);
    }
  }
  return std::nullopt;
}

std::uint32_t EventNames::add_market(std::string_view id) {
  const auto number = static_cast<std::uint32_t>(outcomes_.size());
  outcomes_.emplace_back();
  markets_.emplace(std::string(id), number);
  return number;
}

std::uint32_t EventNames::add_attribute(std::string_view path) {
  const auto number = static_cast<std::uint32_t>(attributes_.size());
  attributes_.emplace(std::string(path), number);
  return number;
}

std::uint32_t EventNames::add_exact_price(std::string_view literal) {
  const auto number = static_cast<std::uint32_t>(exact_prices_.size());
  exact_prices_.emplace(std::string(literal), number);
  return number;
}

std::uint32_t EventNames::add_outcome(std::uint32_t market, std::string_view id, std::int64_t handicap) {
  auto& outcomes = outcomes_[market];
  outcomes.push_back({outcome_hash(id, handicap), handicap, std::string(id)});
  return static_cast<std::uint32_t>(outcomes.size());
}

}  // namespace touchline
