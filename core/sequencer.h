// The order of sources that number their updates, and repeats of sources that give message ids.
//
// For each (source, event): the next number is delivered, a lower one is a repeat, a higher one is held back
// within bounds (limits::held_updates, held_bytes, held_ms) in case the missing ones come late. Past the bounds
// the gap is declared and numbering goes on behind it. An image may start anywhere: it needs nothing before
// it. An image with a lower number but a later time than anything before says that the source has begun to count anew;
// what is older than that image is then a repeat, whatever its number.
//
// Sans I/O: time is passed in. Knows no events' states; what a gap means for an event is the caller's to say.
#pragma once

#include "core/event_names.h"
#include "core/ids.h"
#include "core/limits.h"
#include "core/update.h"

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace touchline {

class Sequencer {
 public:
  enum class Verdict : std::uint8_t { in_order, repeat, held, too_far };

  struct Gap {
    std::string event;
    std::uint64_t first_missing = 0;
    std::uint64_t last_missing = 0;
  };

  // Judges one numbered update (update.number, update.event). A held one is moved away. One that is too far ahead
  // (limits::number_jump) is none of this numbering.
  Verdict judge(Update& update, std::int64_t now_ms);

  // The held update that is next in order for the event, if any: call until there is none.
  bool release(std::string_view event, Update& released);

  // Gives up on what updates have been held for too long for, one gap an event; the updates behind it are
  // then next in order. Call and release until there is none: further gaps may be as old.
  std::vector<Gap> expire(std::int64_t now_ms);
  // The gap that a full window forces open, if the event has just filled one: call until there is none.
  bool overflowed(std::string_view event, Gap& gap);

  // Where numbering stands, for the journal, and back from it.
  std::uint64_t last_number(std::string_view event) const;
  void restore(std::string_view event, std::uint64_t last_number, std::int64_t source_time_ms);

  std::uint64_t held_count() const { return held_count_; }

 private:
  struct Held {
    Update update;
    std::int64_t since_ms = 0;
    std::size_t bytes = 0;
  };
  struct Stream {
    bool started = false;
    std::uint64_t last = 0;
    std::int64_t source_time_ms = 0;  // the latest that was delivered
    std::int64_t began_ms = 0;        // the source's time when it began to count anew
    std::map<std::uint64_t, Held> held;
    std::int64_t oldest_ms = 0;  // none is held since before
  };
  Verdict hold(Stream& stream, Update& update, std::int64_t now_ms);
  Gap open_gap(const std::string& event, Stream& stream);
  static bool begins_anew(const Stream& stream, const Update& update);
  void forget(Stream& stream, std::map<std::uint64_t, Held>::iterator end);

  TextMap<Stream> streams_;
  std::uint64_t held_count_ = 0;
  std::size_t held_bytes_ = 0;
};

// The last ids of one source, to recognise a repeat.
class MessageIds {
 public:
  explicit MessageIds(std::size_t remembered_max = limits::remembered_message_ids)
      : remembered_max_(remembered_max) {}
  // Whether the id is new; it is remembered.
  bool insert(std::string_view id);

 private:
  std::size_t remembered_max_;
  std::unordered_set<std::uint64_t> known_;
  std::deque<std::uint64_t> order_;
};

}  // namespace touchline
