#include "storage/store_summary.h"

#include "storage/store_file.h"

#include <filesystem>
#include <system_error>

namespace touchline {
namespace {

std::uint64_t size_of(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

}  // namespace

Result<StoreSummary> summarise(JournalReader& reader) {
  try {
    Database& db = reader.database();
    const auto count = [&](const char* sql) { return static_cast<std::uint64_t>(db.value(sql)); };
    StoreSummary summary;
    summary.epoch = reader.epoch();
    summary.head = reader.head();
    const auto cleared = reader.complete_after();
    if (!cleared) return cleared.error();
    summary.complete_after = *cleared;
    summary.events = count("SELECT count(*) FROM events");
    Statement batches = db.prepare("SELECT count(*), sum(length(items)) FROM batches");
    batches.step();
    summary.batches = static_cast<std::uint64_t>(batches.integer(0));
    summary.item_bytes = static_cast<std::uint64_t>(batches.integer(1));
    Statement snapshots = db.prepare("SELECT count(*), sum(length(state)) FROM snapshots");
    snapshots.step();
    summary.snapshots = static_cast<std::uint64_t>(snapshots.integer(0));
    summary.snapshot_bytes = static_cast<std::uint64_t>(snapshots.integer(1));
    summary.rejected = count("SELECT max(id) FROM rejected");
    summary.rejected_kept = count("SELECT count(*) FROM rejected");
    summary.first_published_ms = db.value("SELECT committed_ms FROM batches ORDER BY first_offset LIMIT 1");
    summary.last_published_ms =
        db.value("SELECT committed_ms FROM batches ORDER BY first_offset DESC LIMIT 1");
    summary.file_bytes = size_of(reader.path());
    summary.log_bytes = size_of(reader.path() + "-wal");
    return summary;
  } catch (const SqliteFailure& failure) {
    return store_error(reader.path(), "it cannot be read", failure);
  }
}

}  // namespace touchline
