// The journal's writer: batches in, one transaction each.
//
// The only code that writes a store. One at a time (WriterLock); any number of readers beside it. A failed
// commit is final: the caller stops publishing and ends, and recovery is a restart. Knows what an epoch is for: no
// position may ever stand for two contents. Used by one thread.
#pragma once

#include "core/batch.h"
#include "core/messages.h"
#include "core/origin.h"
#include "core/result.h"
#include "storage/clear_step.h"
#include "storage/sqlite.h"
#include "storage/store_file.h"
#include "storage/store_meta.h"
#include "storage/store_watch.h"

#include <optional>
#include <string>
#include <string_view>

namespace touchline {

enum class EpochWish : std::uint8_t { keep, renew };

// How the epoch at hand came about.
enum class EpochStart : std::uint8_t {
  kept,           // the store's own, or that of a new store
  asked_for,      // a new one
  after_unclean,  // a new one: what was published last may not be on disk
};

struct PublishingStart {
  std::int64_t now_ms = 0;  // ms since 1970
  Durability durability = Durability::durable;
  EpochWish epoch = EpochWish::keep;
};

class Journal {
 public:
  // Creates the store where there is none. Malformed where what it is taken up by is missing or garbled.
  // A new store's epoch is the time of its making, `now_ms` since 1970.
  static Result<Journal> open(const std::string& path, std::int64_t now_ms = 1);

  // Before anything is published: which epoch it will be of, and whether it comes before its commit. Both are on
  // disk when this returns.
  Result<EpochStart> begin(const PublishingStart& start);
  // Behind the last commit: everything that was published is on disk.
  Result<void> end();

  Result<void> commit(const Batch& batch, std::int64_t committed_ms);
  // Between commits; as final if it fails. How many rows were taken away; 0: nothing is left that the step could take.
  Result<std::uint64_t> clear(const ClearStep& step);

  // The number of a source; a new name gets the next number.
  Result<SourceId> source(std::string_view name);
  Result<std::optional<Cursor>> cursor(std::string_view recording);

  // Fills an origin that has the journal's sources with everything that stands in it. Malformed, with the place,
  // where tables disagree: a damaged store is never continued.
  Result<void> restore(Origin& origin);

  Epoch epoch() const { return epoch_; }
  Offset head() const { return head_; }
  const std::string& path() const { return path_; }

  // If it made the store and nothing was committed: at its end it leaves behind what it found.
  void undo_creation();

  // Of the files as they were when it was opened.
  const StoreWatch& watch() const { return watch_; }

 private:
  Journal(std::string path, WriterLock lock, WritableStore store, const StoreMeta& meta);
  void put_meta(Epoch epoch, bool relaxed);
  void write(const Batch& batch, std::int64_t committed_ms);

  std::string path_;
  WriterLock lock_;
  Database db_;
  StoreWatch watch_;
  bool is_new_;
  Epoch epoch_;
  Offset head_;
  bool relaxed_;
  bool failed_ = false;  // a commit
  Statement begin_, commit_, rollback_;
  Statement insert_batch_, insert_touch_, insert_event_, insert_snapshot_, put_number_, put_cursor_,
      put_head_;
  Statement insert_rejected_, trim_rejected_;
};

}  // namespace touchline
