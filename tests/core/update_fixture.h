// Updates for tests in one expression each, and states told by names instead of numbers.
//
// Knows how a source's ids become ops, and how a state's cells are named again, so that two states can be
// compared whose markets or outcomes were numbered in another order. Helpers of tests only.
#pragma once

#include "core/event_state.h"
#include "core/update.h"
#include "tests/core/state_fixture.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace touchline::test {

// An update that is built along the way: updated().market("m", "e").outcome("o").set(Field::price, 150).
class Builder {
 public:
  Builder& at_ms(std::int64_t time_ms) { return update_.source_time_ms = time_ms, *this; }
  Builder& number(std::uint64_t number, std::string_view event) {
    update_.number = number;
    update_.event = update_.hold(event);
    return *this;
  }
  Builder& id(std::string_view id) { return update_.message_id = update_.hold(id), *this; }

  Builder& event(std::string_view id) { return update_.on_event(id), *this; }
  Builder& market(std::string_view id, std::string_view event = {}, std::int64_t version = 0) {
    return update_.on_market(id, event, version), *this;
  }
  Builder& outcome(std::string_view id, std::int64_t handicap = 0) {
    return update_.on_outcome(id, handicap), *this;
  }
  Builder& image() { return update_.image(), *this; }
  Builder& definition() { return update_.definition(), *this; }
  Builder& set(Field field, std::int64_t value, std::uint32_t level = 0) {
    return update_.set(field, value, level), *this;
  }
  Builder& set(Field field, int value, std::uint32_t level = 0) {
    return set(field, std::int64_t{value}, level);
  }
  Builder& set(Field field, std::string_view text, std::uint32_t level = 0) {
    return update_.set(field, text, level), *this;
  }
  Builder& set(Field field, const char* text, std::uint32_t level = 0) {
    return set(field, std::string_view(text), level);
  }
  template <class Status>
  Builder& status(Status status) {
    return set(Field::status, static_cast<std::int64_t>(status));
  }
  Builder& back(std::uint32_t price, std::int64_t size) { return set(Field::back, size, price); }
  Builder& erase(Field field, std::uint32_t level = 0) { return update_.erase(field, level), *this; }
  Builder& clear(Field field) { return update_.clear_field(field), *this; }
  Builder& its_event(Field field, std::string_view text) { return update_.its_event(field, text), *this; }
  Builder& exact(Field field, std::string_view literal, std::int64_t value) {
    return update_.exact_level(field, literal, value), *this;
  }
  Builder& erase_exact(Field field, std::string_view literal) {
    return update_.erase_exact_level(field, literal), *this;
  }
  Builder& attribute(std::string_view path, std::int64_t value) {
    return update_.attribute(path, value), *this;
  }
  Builder& attribute(std::string_view path, int value) { return attribute(path, std::int64_t{value}); }
  Builder& attribute(std::string_view path, std::string_view json) {
    return update_.attribute_json(path, json), *this;
  }
  Builder& attribute(std::string_view path, const char* json) {
    return attribute(path, std::string_view(json));
  }
  Builder& erase_attribute(std::string_view path) { return update_.attribute_erase(path), *this; }
  Builder& section(std::string_view path) { return update_.attribute_section(path), *this; }

  operator Update() const { return update_; }  // NOLINT(google-explicit-constructor)

 private:
  Update update_;
};

inline Builder updated() { return {}; }

using NamedCells = std::map<std::string, std::string>;

inline std::string text_in(const EventState& state, Address at) { return std::string(state.get(at).text); }

// "m/o(-1.5)/back/1.57": the cell's name without any number that the event gave.
inline std::string name_of(const EventState& state, Address at) {
  std::string name;
  if (at.market() != 0) name += text_in(state, Address(at.market(), 0, Field::id)) + "/";
  if (at.outcome() != 0) {
    name += text_in(state, Address(at.market(), at.outcome(), Field::id));
    const auto handicap = state.integer(Address(at.market(), at.outcome(), Field::handicap));
    if (handicap) name += "(" + std::to_string(*handicap) + ")";
    name += "/";
  }
  name += touchline::name_of(at.field());
  if (at.field() == Field::attribute)
    return name + "/" + text_in(state, Address(0, 0, Field::attribute_name, at.level()));
  if (is_price_ladder(at.field()) && at.level() >= exact_price_level) {
    return name + "/" + text_in(state, Address(0, 0, Field::exact_price, at.level() - exact_price_level));
  }
  return block_layout::has_levels(at.field()) ? name + "/" + std::to_string(at.level()) : name;
}

// All that says something: not the tables of names, and not who set what.
inline NamedCells named_cells(const EventState& state) {
  NamedCells cells;
  state.for_each([&](Address at, const Value& value) {
    if (at.field() == Field::attribute_name || at.field() == Field::exact_price || at.field() == Field::owner)
      return;
    cells.emplace(name_of(state, at), words(value));
  });
  return cells;
}

}  // namespace touchline::test
