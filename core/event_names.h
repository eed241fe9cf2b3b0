// The numbers of one event: which market, outcome, attribute and odd price has which number.
//
// Numbers are given in order of first appearance and never again. All of this stands in the event's own text
// cells; this is the index over them that the origin needs, and it can be rebuilt from them. Knows no values.
#pragma once

#include "core/event_state.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace touchline {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
template <class T>
using TextMap = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

class EventNames {
 public:
  EventNames() : outcomes_(1) {}
  static EventNames of(const EventState& state);

  std::optional<std::uint32_t> market(std::string_view id) const { return find(markets_, id); }
  std::optional<std::uint32_t> attribute(std::string_view path) const { return find(attributes_, path); }
  std::optional<std::uint32_t> exact_price(std::string_view literal) const {
    return find(exact_prices_, literal);
  }
  std::optional<std::uint32_t> outcome(std::uint32_t market, std::string_view id,
                                       std::int64_t handicap) const;

  // Each gives the next number to a name that has none yet.
  std::uint32_t add_market(std::string_view id);
  std::uint32_t add_attribute(std::string_view path);
  std::uint32_t add_exact_price(std::string_view literal);
  std::uint32_t add_outcome(std::uint32_t market, std::string_view id, std::int64_t handicap);

 private:
  struct Outcome {
    std::uint64_t hash;
    std::int64_t handicap;
    std::string id;
  };
  static std::optional<std::uint32_t> find(const TextMap<std::uint32_t>& map, std::string_view name) {
    const auto found = map.find(name);
    return found == map.end() ? std::nullopt : std::optional(found->second);
  }

  TextMap<std::uint32_t> markets_;
  TextMap<std::uint32_t> attributes_;
  TextMap<std::uint32_t> exact_prices_;
  std::vector<std::vector<Outcome>> outcomes_;  // by market number, then outcome number - 1
};

}  // namespace touchline
