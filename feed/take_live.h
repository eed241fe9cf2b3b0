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
  const std::int64_t source_time_ms = update.source_time_ms;
  if (source_time_ms <= now_ms + limits::ahead_ms) {
    auto outcome = publisher.take(line, update, now_ms);
    if (outcome && *outcome == Origin::Outcome::changed)
      publisher.took_live(line.source, source_time_ms, wall_us());  // the source's clock is a wall's, too
    return outcome;
  }
  return malformed("its time, " + time_text(source_time_ms) + ", is more than a year ahead of the clock");
}

}  // namespace touchline
