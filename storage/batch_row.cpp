#include "storage/batch_row.h"

#include "core/digest.h"
#include "core/varint.h"

#include <string>

namespace touchline {

std::uint64_t checksum_of(const BatchRow& row) {
  std::uint64_t sum = mix64(row.first.value);
  for (const std::uint64_t part :
       {row.count, static_cast<std::uint64_t>(row.committed_ms), static_cast<std::uint64_t>(row.snapshots)}) {
    sum = mix64(sum + part);
  }
  return fnv1a64(row.ingest_times, fnv1a64(row.items, sum));
}

BatchItems::BatchItems(const BatchRow& row)
    : items_(row.items), times_(row.ingest_times), offset_(row.first) {}

Result<bool> BatchItems::next(BatchItem& item) {
  if (items_.empty()) return false;
  ByteReader in(items_);
  const std::uint64_t handle = in.varint() >> 1;
  const std::uint64_t size = in.varint();
  const std::string_view block = in.bytes(size);
  ByteReader times(times_);
  time_ms_ += times.signed_varint();
  if (in.failed() || times.failed() || handle == 0 || handle > 0xFFFFFFFF) {
    return malformed("offset " + std::to_string(offset_.value) + ": the row's framing is broken");
  }
  item = {EventHandle(static_cast<std::uint32_t>(handle)), offset_, time_ms_, block};
  items_.remove_prefix(in.at());
  times_.remove_prefix(times.at());
  offset_ = offset_.next();
  return true;
}

}  // namespace touchline
