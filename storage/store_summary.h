// A store at a glance: how much stands in it.
//
// Counts with SQL, reads no block and no state. Shapes nothing for people: cmd does that.
#pragma once

#include "core/ids.h"
#include "core/result.h"
#include "storage/journal_reader.h"

#include <cstdint>

namespace touchline {

struct StoreSummary {
  Epoch epoch;
  Offset head;            // as many deltas
  Offset complete_after;  // as many of them were cleared
  std::uint64_t events = 0;
  std::uint64_t batches = 0;
  std::uint64_t item_bytes = 0;  // blocks with their framing, as they went out
  std::uint64_t snapshots = 0;
  std::uint64_t snapshot_bytes = 0;  // compressed
  std::uint64_t rejected = 0;        // since the beginning
  std::uint64_t rejected_kept = 0;
  std::int64_t first_published_ms = 0;  // 0: nothing yet
  std::int64_t last_published_ms = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t log_bytes = 0;  // of the write-ahead log beside it
};

Result<StoreSummary> summarise(JournalReader& reader);

}  // namespace touchline
