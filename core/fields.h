// What a cell can be: the fields, and what holds for each of them.
//
// The numbers are those of schemas/fields.capnp, shared by the journal and the wire. Knows no vendor's word:
// adapters translate into these. Everything that treats fields differently asks here, by property.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace touchline {

enum class Field : std::uint8_t {
  attribute = 0,
  status = 1,
  in_play = 2,
  version = 3,
  bet_delay = 4,
  total_matched = 5,
  price = 6,
  last_price = 7,
  back = 8,
  lay = 9,
  traded = 10,
  sp_back = 11,
  sp_lay = 12,
  best_back = 13,
  best_lay = 14,
  best_display_back = 15,
  best_display_lay = 16,
  sp_near = 17,
  sp_far = 18,
  handicap = 19,
  home_score = 20,
  away_score = 21,
  clock_ms = 27,
  start_time = 28,
  feed = 29,
  id = 32,
  name = 33,
  type = 34,
  sport = 35,
  competition = 36,
  period = 37,
  attribute_name = 38,
  exact_price = 39,
  owner = 40,
};
inline constexpr std::uint8_t field_count = 41;

enum class EventStatus : std::uint8_t {
  unset,
  scheduled,
  delayed,
  postponed,
  live,
  interrupted,
  finished,
  settled,
  cancelled,
  abandoned,
  forgotten,  // the publisher's own word: only the id is left (core/retention.h)
};
enum class MarketStatus : std::uint8_t { unset, inactive, open, suspended, closed, settled, cancelled };
enum class OutcomeStatus : std::uint8_t {
  unset,
  active,
  winner,
  loser,
  placed,
  removed,
  removed_vacant,
  hidden,
  voided,
};
// stale_incomplete: stale, and incomplete once it is that no more. Whoever shows it shows it as stale.
enum class FeedHealth : std::uint8_t { unset, live, incomplete, stale, stale_incomplete };

std::string_view name_of(EventStatus status);
std::string_view name_of(MarketStatus status);
std::string_view name_of(OutcomeStatus status);
std::string_view name_of(FeedHealth health);
// What a source may say. Case does not matter, so that a vendor's "SUSPENDED" is ours.
std::optional<EventStatus> event_status_of(std::string_view name);
std::optional<MarketStatus> market_status_of(std::string_view name);
std::optional<OutcomeStatus> outcome_status_of(std::string_view name);

std::string_view name_of(Field field);

constexpr bool is_price_ladder(Field f) { return f >= Field::back && f <= Field::sp_lay; }
constexpr bool is_rank_ladder(Field f) { return f >= Field::best_back && f <= Field::best_display_lay; }
constexpr bool is_ladder(Field f) { return f >= Field::back && f <= Field::best_display_lay; }

// A ladder whose best price is the highest (what a backer is offered); in the others it is the lowest.
constexpr bool best_is_highest(Field f) { return f == Field::back || f == Field::sp_back; }

// Part of what a market or outcome is called; never erased, so that numbers stay dense.
constexpr bool is_identity(Field f) {
  return f == Field::id || f == Field::handicap || f == Field::attribute_name || f == Field::exact_price;
}

// Comes with a market's definition as a whole, and is replaced with it.
constexpr bool is_definition(Field f) {
  return f == Field::attribute || f == Field::status || f == Field::in_play || f == Field::version ||
         f == Field::bet_delay || f == Field::name || f == Field::type;
}

inline constexpr std::int64_t sp_not_a_number = -1;
inline constexpr std::int64_t sp_infinity = -2;

}  // namespace touchline
