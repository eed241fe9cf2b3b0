// Keyframes of a whole table as it stood at one offset, made in portions while the table goes on.
//
// Whoever waits for all states shares one course: each keyframe is made once and given to all. An event that is
// about to change before its turn comes has its keyframe made first. Knows events by their number and no reader.
// Loop thread.
#pragma once

#include "core/ids.h"
#include "feed/keyframe_cache.h"

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace touchline {

class KeyframeCourse {
 public:
  using Bytes = KeyframeCache::Bytes;

  // By handle, of an event as it stood at head().
  struct Before {
    Offset changed;  // an offset that its last delta is not behind
    bool is_forgotten = false;
  };
  KeyframeCourse(Offset head, std::vector<Before> events)
      : head_(head), events_(std::move(events)), frames_(events_.size()) {}

  Offset head() const { return head_; }
  std::size_t size() const { return frames_.size(); }
  // Events up to here are made, or nobody wanted them.
  std::size_t made() const { return made_; }
  bool complete() const { return made_ == frames_.size(); }
  void pass() { ++made_; }

  // The event still stands as it did at head(), and its keyframe for such readers is not made.
  bool is_to_come(EventHandle event, KeyframeCodec codec) const {
    return event.value > made_ && event.value <= frames_.size() && !frames(event, codec);
  }
  void put(EventHandle event, KeyframeCodec codec, Bytes frames) {
    frames_[event.value - 1][static_cast<std::size_t>(codec)] = std::move(frames);
  }
  const Bytes& frames(EventHandle event, KeyframeCodec codec) const {
    return frames_[event.value - 1][static_cast<std::size_t>(codec)];
  }
  const Before& before(EventHandle event) const { return events_[event.value - 1]; }

 private:
  Offset head_;
  std::vector<Before> events_;
  std::vector<std::array<Bytes, 2>> frames_;  // by what its reader can read
  std::size_t made_ = 0;
};

}  // namespace touchline
