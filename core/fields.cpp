#include "core/fields.h"

#include <array>
#include <cctype>
#include <cstddef>

namespace touchline {
namespace {

constexpr std::array<std::string_view, 11> event_statuses{"unset",     "scheduled",   "delayed",  "postponed",
                                                          "live",      "interrupted", "finished", "settled",
                                                          "cancelled", "abandoned",   "forgotten"};
constexpr std::array<std::string_view, 7> market_statuses{"unset",  "inactive", "open",     "suspended",
                                                          "closed", "settled",  "cancelled"};
constexpr std::array<std::string_view, 9> outcome_statuses{
    "unset", "active", "winner", "loser", "placed", "removed", "removed_vacant", "hidden", "void"};
constexpr std::array<std::string_view, 5> feed_healths{"unset", "live", "incomplete", "stale",
                                                       "stale and incomplete"};
constexpr std::array<std::string_view, field_count> field_names{"attribute",
                                                                "status",
                                                                "in_play",
                                                                "version",
                                                                "bet_delay",
                                                                "total_matched",
                                                                "price",
                                                                "last_price",
                                                                "back",
                                                                "lay",
                                                                "traded",
                                                                "sp_back",
                                                                "sp_lay",
                                                                "best_back",
                                                                "best_lay",
                                                                "best_display_back",
                                                                "best_display_lay",
                                                                "sp_near",
                                                                "sp_far",
                                                                "handicap",
                                                                "home_score",
                                                                "away_score",
                                                                "reserved",
                                                                "reserved",
                                                                "reserved",
                                                                "reserved",
                                                                "reserved",
                                                                "clock_ms",
                                                                "start_time",
                                                                "feed",
                                                                "reserved",
                                                                "reserved",
                                                                "id",
                                                                "name",
                                                                "type",
                                                                "sport",
                                                                "competition",
                                                                "period",
                                                                "attribute_name",
                                                                "exact_price",
                                                                "owner"};

template <class Names, class E>
std::string_view at(const Names& names, E value) {
  const auto index = static_cast<std::size_t>(value);
  return index < names.size() ? names[index] : std::string_view("unknown");
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(a[i])) != b[i]) return false;
  }
  return true;
}

template <class E, class Names>
std::optional<E> find(const Names& names, std::string_view name) {
  for (std::size_t i = 1; i < names.size(); ++i) {
    if (equal_ignoring_case(name, names[i])) return static_cast<E>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(EventStatus status) { return at(event_statuses, status); }
std::string_view name_of(MarketStatus status) { return at(market_statuses, status); }
std::string_view name_of(OutcomeStatus status) { return at(outcome_statuses, status); }
std::string_view name_of(FeedHealth health) { return at(feed_healths, health); }
std::string_view name_of(Field field) { return at(field_names, field); }

std::optional<EventStatus> event_status_of(std::string_view name) {
  const auto status = find<EventStatus>(event_statuses, name);
  return status == EventStatus::forgotten ? std::nullopt : status;
}
std::optional<MarketStatus> market_status_of(std::string_view name) {
  return find<MarketStatus>(market_statuses, name);
}
std::optional<OutcomeStatus> outcome_status_of(std::string_view name) {
  return find<OutcomeStatus>(outcome_statuses, name);
}

}  // namespace touchline
