// Batches as they were read last, their checksum looked at and their items in order of events.
//
// Events whose deltas lie in the same batches share the reading of them: without it, taking up a store with many events
// reads each batch once for every event in it. Past its bound it starts over; the last batch is always kept. Knows no
// SQL. Used by one thread.
#pragma once

#include "core/ids.h"
#include "core/result.h"
#include "storage/batch_row.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace touchline {

class ReadBatch {
 public:
  // Copies what the row points at. Malformed, by name, where checksum or framing are wrong.
  static Result<std::shared_ptr<const ReadBatch>> of(const BatchRow& row);

  // In the order of their offsets.
  std::span<const BatchItem> items_of(EventHandle event) const;
  std::int64_t committed_ms() const { return committed_ms_; }
  std::size_t bytes() const;

 private:
  std::int64_t committed_ms_ = 0;
  std::string items_bytes_;
  std::string ingest_times_;
  std::vector<BatchItem> items_;  // by event, then by offset
};

class BatchCache {
 public:
  explicit BatchCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  std::shared_ptr<const ReadBatch> find(Offset first) const;
  void put(Offset first, std::shared_ptr<const ReadBatch> batch);
  void limit(std::size_t bytes_max) { bytes_max_ = bytes_max; }

 private:
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::unordered_map<std::uint64_t, std::shared_ptr<const ReadBatch>> batches_;
};

}  // namespace touchline
