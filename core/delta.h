// A delta: the cells of one event that changed, with what they held before and what they hold now.
//
// The algebra of the whole system stands here: diff, apply, revert by exchange, merge. A delta in normal form
// has its changes sorted by address, each address once, and none whose old and new value are equal; a delta
// without changes is not published. Knows no encoding and no source.
#pragma once

#include "core/cell.h"
#include "core/event_state.h"
#include "core/ids.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace touchline {

// What must never be conflated away, and what may.
enum class DeltaClass : std::uint8_t { price, critical };

enum class Cause : std::uint8_t { source, recovery, conflated_upstream, operator_, feed_health };
std::string_view name_of(Cause cause);

// A value whose text, if it is one, lies in the delta's own arena.
struct HeldValue {
  ValueKind kind = ValueKind::none;
  std::int64_t integer = 0;  // a text: offset << 32 | size
};

struct Change {
  Address at;
  HeldValue before;
  HeldValue now;
};

struct Delta {
  Seq seq{};                        // of the event, dense from 1; a merged delta has that of its last part
  std::uint64_t merged = 1;         // how many sequence numbers it stands for
  std::int64_t source_time_ms = 0;  // ms since 1970, as the source says
  std::int64_t ingest_time_ms = 0;  // ms since 1970, when it was taken in; 0 where unknown
  DeltaClass kind = DeltaClass::price;
  Cause cause = Cause::source;
  std::vector<Change> changes;
  std::string arena;

  Value before(const Change& change) const { return look(change.before); }
  Value now(const Change& change) const { return look(change.now); }

  HeldValue hold(const Value& value);
  void add(Address at, const Value& before, const Value& now) {
    changes.push_back({at, hold(before), hold(now)});
  }
  bool empty() const { return changes.empty(); }
  void clear();

  // Brings changes recorded in order of happening into normal form.
  void normalise();

 private:
  Value look(const HeldValue& held) const;
};

// Whether a change of this cell must reach everybody: status, suspension, settlement, score, incident, health.
DeltaClass class_of(Address at);
// The highest class among the delta's changes.
DeltaClass class_of(const Delta& delta);

// What leads from a to b; header fields but the class are left to the caller.
Delta diff(const EventState& a, const EventState& b);

// Writes one value, whatever its kind; none erases.
void write(EventState& state, Address at, const Value& value);

// Sets the new values and takes over seq and times. Does not look at the old ones. Of what the operator took away, the
// rows go, too.
void apply(EventState& state, const Delta& delta);

// One delta for two that follow each other: apply(apply(s, a), b) == apply(s, merge(a, b)).
Delta merge(const Delta& a, const Delta& b);

}  // namespace touchline
