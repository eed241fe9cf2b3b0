// The publisher's side of the codec `coded`: every event's groups, one update after another.
//
// An update is coded once, whoever reads it. A group ends after so many updates, or sooner where a reader waits for the
// next one, or where its model had to make room. Knows no reader and no frame. Owned by the origin or by a
// relay.
#pragma once

#include "core/batch.h"
#include "core/coded/live_models.h"
#include "core/coded/model.h"
#include "core/event_state.h"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace touchline::coded {

inline constexpr std::uint32_t updates_per_group = 200;
inline constexpr std::uint32_t updates_per_group_min = 32;  // where a reader waits for the next group

class Streams {
 public:
  explicit Streams(std::size_t events_max);

  // The event's next delta, at an offset. `after` is its state behind it. What takes far more bytes than its block, as
  // made-up texts can, is of no group: the block is sent instead, and the next update begins a group.
  void add(CodedUpdates& out, EventHandle event, const EventState& after, const Delta& delta,
           std::int64_t source_time_before_ms, Offset at, std::size_t block_bytes);
  // A delta that is not at hand: it is in no group, and none goes on behind it.
  void leave_out(CodedUpdates& out, EventHandle event);
  // A reader cannot use the group that is under way.
  void want_group(EventHandle event);
  // The event's state has become another one without a delta.
  void end_group(EventHandle event) { groups_.drop(event); }

 private:
  struct Group {
    Model model;
    Offset start;
    bool wanted = false;  // the next one
  };

  std::shared_ptr<const Prior> prior_;
  LiveModels<Group> groups_;
};

}  // namespace touchline::coded
