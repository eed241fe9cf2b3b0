// What the journal's writer is asked to do where a store is cleared of its old past (storage/clearing.h).
//
// Each step is one transaction and small, so that no commit waits long for it; a crash between any two leaves a sound
// store. Values only.
#pragma once

#include "core/batch.h"
#include "core/ids.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace touchline {

struct ClearStep {
  // An event's state where its past will end. A snapshot that stands there already is only told when it was published.
  struct Base {
    SnapshotRecord snapshot;
    std::int64_t published_ms = 0;
  };
  // From now on all up to there counts as gone. Behind this step nobody reads what the others take away.
  struct Switch {
    Offset through;              // the last offset of a batch
    std::uint64_t checksum = 0;  // of that batch
  };
  // Rows of an event: its deltas up to this one, and the snapshots before it.
  struct Past {
    EventHandle event;
    Seq through;
  };

  std::vector<Base> bases;
  std::optional<Switch> cleared;
  std::vector<Past> pasts;
  bool batches = false;  // those that count as gone
};

// Of one step. What is left over is taken away by asking again.
inline constexpr std::uint64_t clear_rows_max = 500;
inline constexpr std::size_t clear_bytes_max = 1U << 20;

}  // namespace touchline
