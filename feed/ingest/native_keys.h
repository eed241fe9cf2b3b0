// The keys of the native format: every key that may stand in a line, a market and an outcome.
//
// The one list of them: the parser looks keys up here, and a test holds schemas/native.schema.json against
// it. Knows how each key's value is to be read and into which field it goes; the reading is the parser's.
#pragma once

#include "core/fields.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace touchline::native {

inline constexpr std::int64_t integer_max = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t clock_ms_max = 31LL * 24 * 60 * 60 * 1000;
inline constexpr std::int64_t bet_delay_s_max = 24LL * 60 * 60;
inline constexpr std::int64_t score_max = 1'000'000'000;

// How the value behind a key is read.
enum class Form : std::uint8_t {
  event,     // the id of the event
  id,        // the id of the market or outcome
  handicap,  // the other half of an outcome's id
  number,    // the source's number of the update
  message_id,
  time,        // the source's time
  other_time,  // the same, where `time` does not say
  ack,
  alive,
  image,
  market_image,
  ignored,  // what an export says of the stream that it was taken from
  text,
  boolean,
  integer,
  instant,
  event_status,
  market_status,
  outcome_status,
  price,           // above 0
  amount,          // 0 or more
  starting_price,  // an amount, "NaN" or "Infinity"
  price_ladder,
  rank_ladder,
  event_attributes,
  market_attributes,
  outcome_attributes,
  parts,  // the markets or the outcomes
};

// Where an export shows the field: under its own key, or among the attributes, where it is taken back from.
enum class Exported : std::uint8_t { by_key, as_attribute };

struct Key {
  std::string_view name;
  Form form{};
  Field field{};
  Exported exported = Exported::by_key;
  std::int64_t least = 0;  // of an integer
  std::int64_t most = 0;
};

inline constexpr auto line_keys = std::to_array<Key>({
    {"event", Form::event},
    {"seq", Form::number},
    {"id", Form::message_id},
    {"time", Form::time},
    {"source_at", Form::other_time},
    {"ack", Form::ack},
    {"alive", Form::alive},
    {"image", Form::image},
    {"feed", Form::ignored},
    {"epoch", Form::ignored},
    {"offset", Form::ignored},
    {"digest", Form::ignored},
    {"published_at", Form::ignored},
    {"sport", Form::text, Field::sport},
    {"competition", Form::text, Field::competition, Exported::as_attribute},
    {"name", Form::text, Field::name},
    {"start_time", Form::instant, Field::start_time, Exported::as_attribute},
    {"status", Form::event_status, Field::status},
    {"period", Form::text, Field::period, Exported::as_attribute},
    {"clock_ms", Form::integer, Field::clock_ms, Exported::as_attribute, 0, clock_ms_max},
    {"home_score", Form::integer, Field::home_score, Exported::as_attribute, 0, score_max},
    {"away_score", Form::integer, Field::away_score, Exported::as_attribute, 0, score_max},
    {"attributes", Form::event_attributes},
    {"markets", Form::parts},
});

inline constexpr auto market_keys = std::to_array<Key>({
    {"id", Form::id},
    {"image", Form::market_image},
    {"type", Form::text, Field::type},
    {"name", Form::text, Field::name, Exported::as_attribute},
    {"status", Form::market_status, Field::status},
    {"in_play", Form::boolean, Field::in_play},
    {"version", Form::integer, Field::version, Exported::by_key, 0, integer_max},
    {"bet_delay", Form::integer, Field::bet_delay, Exported::by_key, 0, bet_delay_s_max},
    {"total_matched", Form::amount, Field::total_matched},
    {"attributes", Form::market_attributes},
    {"outcomes", Form::parts},
});

inline constexpr auto outcome_keys = std::to_array<Key>({
    {"id", Form::id},
    {"handicap", Form::handicap},
    {"name", Form::text, Field::name},
    {"status", Form::outcome_status, Field::status},
    {"price", Form::price, Field::price},
    {"last_price", Form::price, Field::last_price},
    {"total_matched", Form::amount, Field::total_matched},
    {"sp_near", Form::starting_price, Field::sp_near},
    {"sp_far", Form::starting_price, Field::sp_far},
    {"back", Form::price_ladder, Field::back},
    {"lay", Form::price_ladder, Field::lay},
    {"traded", Form::price_ladder, Field::traded},
    {"sp_back", Form::price_ladder, Field::sp_back},
    {"sp_lay", Form::price_ladder, Field::sp_lay},
    {"best_back", Form::rank_ladder, Field::best_back},
    {"best_lay", Form::rank_ladder, Field::best_lay},
    {"best_display_back", Form::rank_ladder, Field::best_display_back},
    {"best_display_lay", Form::rank_ladder, Field::best_display_lay},
    {"attributes", Form::outcome_attributes},
});

// A table's keys in slots of their own: a key is found by one look and one comparison. The multiplier that
// keeps the slots apart is searched for by the compiler.
template <std::size_t count>
class KeySet {
  static_assert(count <= 64, "which keys were seen is kept in the bits of a word");

 public:
  consteval explicit KeySet(const std::array<Key, count>& keys) : keys_(&keys) {
    while (!fill())
      multiplier_ += 2;
  }

  const std::array<Key, count>& keys() const { return *keys_; }

  // The key's place in the table.
  std::optional<std::size_t> find(std::string_view name) const {
    if (name.empty()) return std::nullopt;
    const std::size_t place = slots_[slot_of(name)];
    if (place == none || (*keys_)[place].name != name) return std::nullopt;
    return place;
  }

 private:
  static constexpr std::uint8_t none = 0xFF;

  constexpr std::size_t slot_of(std::string_view name) const {
    const auto first = static_cast<unsigned char>(name.front());
    const auto last = static_cast<unsigned char>(name.back());
    const std::uint32_t mark =
        static_cast<std::uint32_t>(name.size()) << 16 | std::uint32_t{first} << 8 | last;
    return mark * multiplier_ >> 26;
  }

  constexpr bool fill() {
    slots_.fill(none);
    for (std::size_t i = 0; i < count; ++i) {
      std::uint8_t& slot = slots_[slot_of((*keys_)[i].name)];
      if (slot != none) return false;
      slot = static_cast<std::uint8_t>(i);
    }
    return true;
  }

  const std::array<Key, count>* keys_;
  std::uint32_t multiplier_ = 0x9E3779B1;
  std::array<std::uint8_t, 64> slots_{};
};

inline constexpr KeySet<line_keys.size()> keys_of_line(line_keys);
inline constexpr KeySet<market_keys.size()> keys_of_market(market_keys);
inline constexpr KeySet<outcome_keys.size()> keys_of_outcome(outcome_keys);

}  // namespace touchline::native
