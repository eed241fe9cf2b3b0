// What can be played: updates in order, with their times and places.
//
// The player knows recordings only by this; a recording of lines (feed/ingest/recording.h) and a store of ours,
// played back by the command, implement it. Says nothing of pace, sources or events.
#pragma once

#include "core/batch.h"
#include "core/result.h"
#include "core/update.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace touchline {

// Where an update stands in what is played, for messages to people.
struct PlayablePlace {
  std::uint64_t line = 0;
  std::uint64_t byte = 0;
};

enum class Advance : std::uint8_t {
  update,
  later,  // nothing has come yet: ask again
  end,
};

class Playable {
 public:
  virtual ~Playable() = default;

  virtual const std::string& name() const = 0;
  virtual const std::string& path() const = 0;
  // Unique in a store: name, fingerprint, and which line of its source it is.
  virtual std::string cursor_key(std::uint32_t line) const = 0;
  // Goes on where a store has taken it to.
  virtual Result<void> take_up(const Cursor& cursor) = 0;

  // Reads up to the next update that can be taken; what cannot is given to `reject`. Waits for no more than a moment.
  virtual Result<Advance> advance(const std::function<void(Rejected)>& reject) = 0;
  virtual Update& update() = 0;
  virtual std::int64_t time_ms() const = 0;  // source time, never backwards
  virtual PlayablePlace place() const = 0;   // of the update at hand

  // The update at hand was taken: the cursor stands behind it.
  virtual void taken() = 0;
  virtual const Cursor& cursor() const = 0;

  // The last line, where it is unfinished and was left in front of the cursor: its place and why.
  virtual std::optional<std::string> unfinished() const = 0;
  virtual std::uint64_t bytes() const = 0;  // read so far
};

}  // namespace touchline
