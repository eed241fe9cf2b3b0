// When an event is forgotten, and what is left of it then.
//
// An event that has been over for long enough is forgotten: a delta of the operator's takes away all that stands in it
// but its id, and leaves the status `forgotten`. Its handle and its id are never given to another event. If a source
// speaks of it again, and says anything, it begins anew: the mark goes, its sequence numbers go on, and its markets,
// outcomes and attributes are numbered from the beginning.
//
// Sans I/O: `now` is passed in. Knows states; who keeps the time of an event's last change is the caller's to say.
#pragma once

#include "core/cell.h"
#include "core/event_state.h"

#include <cstdint>

namespace touchline {

inline constexpr Address status_of_event{0, 0, Field::status};
inline constexpr Value forgotten{ValueKind::integer, static_cast<std::int64_t>(EventStatus::forgotten), {}};

bool is_forgotten(const EventState& state);

// Whether it is over, by its own status or, where the source gives it none, because all its markets are; and nothing
// has been said of it for so long. `published_ms`: when its last delta was. Both that and the source's own time must be
// long enough ago: a recording of years ago is kept as long as anything else that is published today.
bool may_forget(const EventState& state, std::int64_t published_ms, std::int64_t after_ms,
                std::int64_t now_ms);

}  // namespace touchline
