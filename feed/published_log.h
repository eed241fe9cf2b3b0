// What was published, kept once for all readers: a bounded run of entries in the order of their offsets.
//
// An entry is the items of one commit, byte for byte as the journal has them, or control frames for everybody
// at one position. A place lies between two items, so that a reader may go on from any offset and a frame may
// end anywhere. Knows no reader, no socket and no disk. Loop thread.
#pragma once

#include "core/batch.h"
#include "core/ids.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace touchline {

class PublishedLog {
 public:
  using Bytes = std::shared_ptr<const std::string>;

  // The same items as coded updates: one by one, and as the body of a frame of all of them.
  struct Coded {
    CodedUpdates updates;
    Offset oldest_group;  // of all updates
    std::string body;
  };

  struct Entry {
    Bytes bytes;
    Offset before;                                 // the position in front of it
    std::uint64_t count = 0;                       // offsets; 0: control frames
    std::size_t last_item = 0;                     // where in the bytes the last item starts
    std::uint64_t begins_at = 0;                   // in all bytes ever kept, set by the log
    std::shared_ptr<const Coded> coded = nullptr;  // null: there are none

    Offset after() const { return Offset(before.value + count); }
    // Offsets whose deltas nobody has.
    bool is_gap() const { return count != 0 && bytes->empty(); }
  };

  struct Place {
    std::uint64_t entry = 0;
    std::size_t byte = 0;    // in the entry
    std::uint64_t item = 0;  // there
  };

  // Whole items from one entry.
  struct Cut {
    std::string_view bytes;
    std::uint64_t count = 0;
    std::size_t last_item = 0;  // in `bytes`
    Place end;
  };

  explicit PublishedLog(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // An entry of items that may be anything; none: they are not what they should be.
  // Null where there are none.
  static std::shared_ptr<const Coded> coded_of(CodedUpdates updates);
  static std::optional<Entry> entry_of(Bytes bytes, Offset before, std::uint64_t count);
  // Past the bound the oldest entries go.
  void append(Entry entry);
  void append_gap(Offset before, std::uint64_t count);
  // Older entries in their order, the last of which ends where the log begins. Not trimmed until the next append.
  void prepend(std::deque<Entry> older);

  // The place behind a position; none: it is not in the log.
  std::optional<Place> find(Offset position) const;
  bool holds(Place place) const { return place.entry >= first_ && place.entry <= end_entry(); }
  const Entry* at(Place place) const;  // null: the end
  // Items from a place on, one at least and no more than fit into `room` bytes.
  Cut cut(Place place, std::size_t room) const;

  Place end() const { return {end_entry(), 0, 0}; }
  static Place behind(Place place) { return {place.entry + 1, 0, 0}; }
  std::uint64_t bytes_from(Place place) const;
  std::uint64_t bytes() const { return ends_at_ - begins_at(); }
  std::size_t bytes_max() const { return bytes_max_; }
  // The oldest position that can be gone on from; none: the log is empty.
  std::optional<Offset> oldest() const;

 private:
  std::uint64_t end_entry() const { return first_ + entries_.size(); }
  std::uint64_t begins_at() const { return entries_.empty() ? ends_at_ : entries_.front().begins_at; }

  std::size_t bytes_max_;
  std::deque<Entry> entries_;
  // Both leave room in front for what is read back.
  std::uint64_t first_ = std::uint64_t{1} << 62;
  std::uint64_t ends_at_ = std::uint64_t{1} << 62;
};

}  // namespace touchline
