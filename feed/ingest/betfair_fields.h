// The vendor's names for what we call fields and statuses.
//
// Source: Betfair Exchange Stream API, schema of RunnerChange; fixture statuses as the cricket recordings have
// them. Knows the words alone, not how a value is written.
#pragma once

#include "core/fields.h"

#include <optional>
#include <string_view>

namespace touchline::betfair {

inline std::optional<Field> runner_field(std::string_view key) {
  if (key == "atb") return Field::back;
  if (key == "atl") return Field::lay;
  if (key == "trd") return Field::traded;
  if (key == "ltp") return Field::last_price;
  if (key == "tv") return Field::total_matched;
  if (key == "batb") return Field::best_back;
  if (key == "batl") return Field::best_lay;
  if (key == "bdatb") return Field::best_display_back;
  if (key == "bdatl") return Field::best_display_lay;
  if (key == "spb") return Field::sp_back;
  if (key == "spl") return Field::sp_lay;
  if (key == "spn") return Field::sp_near;
  if (key == "spf") return Field::sp_far;
  return std::nullopt;
}

inline std::optional<EventStatus> fixture_status(std::string_view word) {
  if (word == "PRE_MATCH") return EventStatus::scheduled;
  if (word == "IN_RUNNING") return EventStatus::live;
  if (word == "FINISHED") return EventStatus::finished;
  if (word == "DELAYED") return EventStatus::delayed;
  if (word == "POSTPONED") return EventStatus::postponed;
  if (word == "ABANDONED") return EventStatus::abandoned;
  if (word == "CANCELLED") return EventStatus::cancelled;
  return std::nullopt;
}

}  // namespace touchline::betfair
