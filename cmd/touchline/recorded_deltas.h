// The deltas that recordings become, one after another, without store and service.
//
// For commands that look at deltas themselves: what training learns from, and what the benchmark of bytes counts.
// Each recording is one source of an origin of its own. What cannot be taken is left out, as a replay does.
#pragma once

#include "core/batch.h"
#include "core/coded/prior.h"
#include "core/event_state.h"
#include "core/result.h"

#include <functional>
#include <string>
#include <vector>

namespace touchline {

// With the state of the event behind the delta. Errors name the file.
using TakeDelta = std::function<void(const KeptDelta& kept, const EventState& after)>;
Result<void> for_each_delta(const std::string& recording, const TakeDelta& take);

// The common words that training is given besides; none without a file.
Result<std::vector<coded::CommonText>> words_of(const std::string& path);

}  // namespace touchline
