// One row of the table `batches`: its checksum, and walks over what its blobs hold.
//
// Shared by the writer, the readers and verify, so that the three cannot disagree on the format. Knows the
// items' framing and no codec.
#pragma once

#include "core/ids.h"
#include "core/result.h"

#include <cstdint>
#include <string_view>

namespace touchline {

struct BatchRow {
  Offset first;
  std::uint64_t count = 0;
  std::int64_t committed_ms = 0;
  std::int64_t snapshots = 0;
  std::string_view items;
  std::string_view ingest_times;
  std::uint64_t checksum = 0;
};

std::uint64_t checksum_of(const BatchRow& row);

struct BatchItem {
  EventHandle event;
  Offset offset;
  std::int64_t ingest_time_ms = 0;
  std::string_view block;
};

// Walks the items of a batch in order. Stops with an error that names the offset where the framing is broken.
class BatchItems {
 public:
  explicit BatchItems(const BatchRow& row);
  // Nothing at the end.
  Result<bool> next(BatchItem& item);

 private:
  std::string_view items_;
  std::string_view times_;
  Offset offset_;
  std::int64_t time_ms_ = 0;
};

}  // namespace touchline
