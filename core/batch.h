// A batch: what was sequenced while the previous commit ran, ready for the journal and for the wire.
//
// `items` is the body that goes to both, byte for byte: one item a delta, [handle << 1][length][block], in the
// order of their offsets. A batch is committed as a whole or not at all, together with the cursors that say how
// far each source had been read. Knows no SQLite and no socket.
#pragma once

#include "core/delta.h"
#include "core/ids.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace touchline {

// Where a recording or a connection stands: everything before it is in the journal.
struct Cursor {
  std::string recording;          // its name, unique in one store
  std::uint64_t byte = 0;         // offset behind the last line taken, in decompressed bytes
  std::uint64_t line = 0;         // lines taken
  std::int64_t time_ms = 0;       // source time of the last line
  std::uint64_t fingerprint = 0;  // of all that stands in front of it, to notice that this has changed
  std::string token = {};         // a source's own mark to go on from, where it gives such marks
};

// A message that was refused, kept for inspection.
struct Rejected {
  std::string source;
  std::uint64_t line = 0;
  std::uint64_t byte = 0;  // offset of the line, or of the fault within the source where it is known
  std::int64_t time_ms = 0;
  std::string reason;
  std::string content;  // its beginning
};

// A refusal in the words of `FILE:LINE: byte N: what was wrong`.
std::string describe(const Rejected& rejected);

struct SnapshotRecord {
  EventHandle event;
  Seq seq;
  Offset offset;
  std::int64_t source_time_ms = 0;
  std::int64_t ingest_time_ms = 0;
  std::uint64_t digest = 0;
  std::string block;  // the state as one block against the empty state
};

// A delta beside its block, for readers to whom it may have to be merged.
struct KeptDelta {
  EventHandle event;
  std::int64_t source_time_before_ms = 0;  // of the event
  Delta delta;
};

// The coded updates beside the blocks, for readers that have agreed on the codec `coded`.
struct CodedUpdates {
  struct Update {
    std::size_t end = 0;  // in `bytes`; it begins where the one before ends
    EventHandle event;
    Offset group;  // of the first update of its group; 0: it is in none, and there are no bytes
    bool first = false;
  };
  std::string bytes;
  std::vector<Update> updates;  // one for each delta of the batch, or none at all

  std::string_view update(std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : updates[i - 1].end;
    return std::string_view(bytes).substr(begin, updates[i].end - begin);
  }
};

struct Batch {
  // One event's share: its deltas are dense from `first`.
  struct Touch {
    EventHandle event;
    Seq first;
    std::uint64_t count = 0;
  };
  struct NewEvent {
    EventHandle event;
    std::string id;
  };
  // How far a source that numbers its updates has come in one event.
  struct SourceNumber {
    SourceId source;
    EventHandle event;
    std::uint64_t number = 0;
  };

  Offset first;  // of the first delta
  std::uint64_t count = 0;
  std::string items;
  std::size_t last_item = 0;      // where in `items` the last one starts
  std::vector<KeptDelta> deltas;  // the same as `items`; empty unless they are asked for
  CodedUpdates coded;             // so are these
  std::string ingest_times;       // zigzag varints, each the step from the one before in ms, the first from 0
  std::vector<Touch> touches;
  std::vector<NewEvent> new_events;
  std::vector<SnapshotRecord> snapshots;
  std::vector<SourceNumber> source_numbers;
  std::vector<Cursor> cursors;
  std::vector<Rejected> rejected;

  Offset last() const { return Offset(first.value + count - 1); }
  bool empty() const { return count == 0 && cursors.empty() && rejected.empty() && source_numbers.empty(); }
};

}  // namespace touchline
