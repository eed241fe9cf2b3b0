// An archive: the older part of a journal, copied batch by batch before it is cleared.
//
// An ordinary store that every command reads. It begins where the store began, or, if that was cleared before, behind
// that; and goes on wherever it ends, so that a copy that was cut short is taken up and nothing is in it twice. Knows
// how to tell that it is an archive of this very journal. Used by one thread.
#pragma once

#include "core/ids.h"
#include "core/result.h"
#include "storage/batch_row.h"
#include "storage/journal_reader.h"
#include "storage/sqlite.h"
#include "storage/store_file.h"
#include "storage/store_meta.h"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace touchline {

// A row of `batches` that is kept.
struct KeptBatch {
  Offset first;
  std::uint64_t count = 0;
  std::int64_t committed_ms = 0;
  std::int64_t snapshots = 0;
  std::string items;
  std::string ingest_times;
  std::uint64_t checksum = 0;

  static KeptBatch of(const BatchRow& row);
  BatchRow row() const { return {first, count, committed_ms, snapshots, items, ingest_times, checksum}; }
  Offset last() const { return Offset(first.value + count - 1); }
};

class Archive {
 public:
  // Made where there is none. Mismatch, by name, where it is no archive of the store, or something between is missing.
  static Result<Archive> open(const std::string& path, JournalReader& store);

  Offset head() const { return head_; }
  // It was begun just now, and what is up to head() is not in it.
  bool begins_behind() const { return begins_behind_; }
  const std::string& path() const { return path_; }

  // Batches of the store that follow each other, with all that belongs to them; those that it has are passed over. On
  // disk when this returns.
  Result<void> append(JournalReader& store, const std::vector<KeptBatch>& batches);

 private:
  Archive(std::string path, WriterLock lock, Database db);
  Result<void> begin_behind(JournalReader& store, const StoreMeta& of_store);
  Result<void> check_continues(JournalReader& store, const StoreMeta& of_store);
  void copy(JournalReader& store, const KeptBatch& batch);
  void copy_event(JournalReader& store, EventHandle event);
  std::uint64_t& last_seq_of(EventHandle event);

  std::string path_;
  WriterLock lock_;
  Database db_;
  Offset head_;
  bool begins_behind_ = false;
  std::unordered_map<EventHandle, std::uint64_t> last_seqs_;  // of events that it holds
};

}  // namespace touchline
