// What `touchline tail` prints: keyframes and deltas as text or as JSON, one line each, to standard output.
//
// Every text of a peer is made fit for a terminal. Knows no connection.
#pragma once

#include "core/delta.h"
#include "core/event_state.h"
#include "core/ids.h"

#include <string>
#include <unordered_map>

namespace touchline {

class TailPrinter {
 public:
  enum class Format { text, json, none };

  explicit TailPrinter(Format format) : format_(format) {}

  void keyframe(EventHandle event, const EventState& state, Offset offset);
  void delta(EventHandle event, const EventState& state, const Delta& delta, Offset offset);
  // A line for each event: id, seq, digest.
  void digests(const std::unordered_map<EventHandle, EventState>& states);

  // Hands it all to the system; what became of it: 0 or an errno, EPIPE if nobody reads any more.
  int flush();

 private:
  void json_head(EventHandle event, const EventState& state, Offset offset);

  Format format_;
  std::string line_;
};

}  // namespace touchline
