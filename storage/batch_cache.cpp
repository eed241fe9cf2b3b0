#include "storage/batch_cache.h"

#include <algorithm>
#include <utility>

namespace touchline {

Result<std::shared_ptr<const ReadBatch>> ReadBatch::of(const BatchRow& row) {
  if (checksum_of(row) != row.checksum) {
    return Error{ErrorKind::malformed,
                 "the batch at offset " + std::to_string(row.first.value) + ": its checksum is wrong", 0};
  }
  const auto batch = std::make_shared<ReadBatch>();
  batch->committed_ms_ = row.committed_ms;
  batch->items_bytes_ = row.items;
  batch->ingest_times_ = row.ingest_times;
  BatchRow own = row;
  own.items = batch->items_bytes_;
  own.ingest_times = batch->ingest_times_;
  BatchItems items(own);
  BatchItem item;
  while (true) {
    const auto more = items.next(item);
    if (!more) return more.error();
    if (!*more) break;
    batch->items_.push_back(item);
  }
  std::stable_sort(batch->items_.begin(), batch->items_.end(),
                   [](const BatchItem& a, const BatchItem& b) { return a.event < b.event; });
  return std::shared_ptr<const ReadBatch>(batch);
}

std::span<const BatchItem> ReadBatch::items_of(EventHandle event) const {
  const auto begin = std::lower_bound(items_.begin(), items_.end(), event,
                                      [](const BatchItem& item, EventHandle of) { return item.event < of; });
  const auto end = std::upper_bound(begin, items_.end(), event,
                                    [](EventHandle of, const BatchItem& item) { return of < item.event; });
  return {begin, end};
}

std::size_t ReadBatch::bytes() const {
  return sizeof *this + items_bytes_.size() + ingest_times_.size() + items_.size() * sizeof(BatchItem);
}

std::shared_ptr<const ReadBatch> BatchCache::find(Offset first) const {
  const auto found = batches_.find(first.value);
  return found == batches_.end() ? nullptr : found->second;
}

void BatchCache::put(Offset first, std::shared_ptr<const ReadBatch> batch) {
  if (bytes_ + batch->bytes() > bytes_max_) {
    batches_.clear();
    bytes_ = 0;
  }
  bytes_ += batch->bytes();
  batches_.insert_or_assign(first.value, std::move(batch));
}

}  // namespace touchline
