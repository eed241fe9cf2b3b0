// Keyframes of a whole table as it stood at one offset, made in portions while the table goes on.
//
// Whoever waits for all states shares one course: each keyframe is made once and given to all. An event that is
// about to change before its turn comes has its keyframe made first. Holds the events that are known, in the order of
// their handles, and no gaps between them. Knows no reader. Loop thread.
#pragma once

#include "core/ids.h"
#include "feed/keyframe_cache.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace touchline {

class KeyframeCourse {
 public:
  using Bytes = KeyframeCache::Bytes;

  // An event as it stood at head().
  struct Before {
    EventHandle handle;
    Offset changed;  // an offset that its last delta is not behind
    bool is_forgotten = false;
  };
  KeyframeCourse(Offset head, std::vector<Before> events)
      : head_(head), events_(std::move(events)), frames_(events_.size()) {}

  Offset head() const { return head_; }
  std::size_t size() const { return events_.size(); }
  // Events up to here are made, or nobody wanted them.
  std::size_t made() const { return made_; }
  bool complete() const { return made_ == events_.size(); }
  void pass() { ++made_; }
  EventHandle handle_at(std::size_t place) const { return events_[place].handle; }

  // The event still stands as it did at head(), and its keyframe for such readers is not made.
  bool is_to_come(EventHandle event, KeyframeCodec codec) const {
    const std::size_t place = place_of(event);
    return place >= made_ && place < size() && !frames_[place][static_cast<std::size_t>(codec)];
  }
  // Of events that are in it.
  void put(EventHandle event, KeyframeCodec codec, Bytes frames) {
    frames_[place_of(event)][static_cast<std::size_t>(codec)] = std::move(frames);
  }
  const Bytes& frames(EventHandle event, KeyframeCodec codec) const {
    return frames_[place_of(event)][static_cast<std::size_t>(codec)];
  }
  const Before& before(EventHandle event) const { return events_[place_of(event)]; }

 private:
  // size(): it is not in it. Where there is no gap in front of it, it stands where its handle says.
  std::size_t place_of(EventHandle event) const {
    const std::size_t dense = std::size_t{event.value} - 1;
    if (dense < size() && events_[dense].handle == event) return dense;
    const auto found = std::ranges::lower_bound(events_, event, {}, &Before::handle);
    return found != events_.end() && found->handle == event
               ? static_cast<std::size_t>(found - events_.begin())
               : size();
  }

  Offset head_;
  std::vector<Before> events_;
  std::vector<std::array<Bytes, 2>> frames_;  // by what its reader can read
  std::size_t made_ = 0;
};

}  // namespace touchline
