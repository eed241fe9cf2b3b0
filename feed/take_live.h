// What a source says as it happens, on its way to the publisher.
//
// A time that is far ahead of the clock is refused by name: taken, it would make everything that comes after it look
// late. Recordings do not come this way; they may be of any time. Loop thread.
#pragma once

#include "core/limits.h"
#include "core/time_text.h"
#include "feed/clock.h"
#include "feed/publisher.h"

namespace touchline {

inline Result<Origin::Outcome> take_live(Publisher& publisher, LineRef line, Update& update) {
  const std::int64_t now_ms = running_ms();
  if (update.source_time_ms <= now_ms + limits::ahead_ms) return publisher.take(line, update, now_ms);
  return malformed("its time, " + time_text(update.source_time_ms) +
                   ", is more than a year ahead of the clock");
}

}  // namespace touchline
