// Keyframes, encoded once for everybody who wants them.
//
// Keeps the frames of each event's last keyframe in each codec, within a bound; past it the cache starts over. Knows the
// protocol's keyframe message and no reader. Loop thread.
#pragma once

#include "core/ids.h"
#include "core/keyframe.h"
#include "core/live_events.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

namespace touchline {

class KeyframeCache {
 public:
  using Bytes = std::shared_ptr<const std::string>;

  explicit KeyframeCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // The event's state as frames, said to be as of `head`; an event that has not changed since may be given the
  // frames of an earlier head, never those of a later one: that may not be on disk yet, and a crash may give its
  // offset to something else.
  Bytes frames(const LiveEvent& event, Offset head, KeyframeCodec codec = KeyframeCodec::blocks);
  // Its state is another one, whatever its sequence number.
  void drop(EventHandle event);
  // How many bytes that would be: exactly where they are at hand, else by experience with others.
  std::size_t expected_bytes(const LiveEvent& event, KeyframeCodec codec = KeyframeCodec::blocks) const;
  // Cells that were coded so far, and for each two bytes of text one more, for that takes as long: a quarter of a
  // microsecond.
  std::uint64_t coded_cells() const { return coded_cells_; }

 private:
  struct Cached {
    Seq seq;
    Offset head;
    Bytes frames;
  };

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::uint64_t coded_cells_ = 0;
  struct OfCodec {
    std::unordered_map<EventHandle, Cached> cached;
    double bytes_per_cell = 4;  // of the last ones
  };
  std::array<OfCodec, 2> of_;
};

}  // namespace touchline
