#include "core/retention.h"

#include "core/life.h"
#include "core/state_words.h"

#include <algorithm>

namespace touchline {

bool is_forgotten(const EventState& state) { return state.get(status_of_event) == forgotten; }

bool may_forget(const EventState& state, std::int64_t published_ms, std::int64_t after_ms,
                std::int64_t now_ms) {
  if (now_ms - std::max(published_ms, state.source_time_ms) < after_ms) return false;
  return !is_forgotten(state) && is_over(shown_status(state));
}

}  // namespace touchline
