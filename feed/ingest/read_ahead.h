// Reads and parses recordings ahead of their player, on one thread for all of them.
//
// Wraps what can be played so that parsing runs beside sequencing; what comes out, and in which order, is the
// same. Bounded: a few chunks of updates for each recording, past which it is read no further until the player
// has taken one. Knows no format and no pace. The wrapped recordings must be gone before the ReadAhead is; they
// are used from one thread.
#pragma once

#include "feed/playable.h"

#include <memory>

namespace touchline {

class ReadAhead {
 public:
  ReadAhead();
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // Reading begins at once: take_up() comes before. Not for a pipe, which may keep a reader waiting for ever.
  std::unique_ptr<Playable> wrap(std::unique_ptr<Playable> recording);

 private:
  struct Shared;
  class Part;
  std::shared_ptr<Shared> shared_;
};

}  // namespace touchline
