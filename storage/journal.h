// The journal's writer: batches in, one transaction each.
//
// The only code that writes a store. One at a time (WriterLock); any number of readers beside it. A failed
// commit is final: the caller stops publishing and ends, and recovery is a restart. Used by one thread.
#pragma once

#include "core/batch.h"
#include "core/origin.h"
#include "core/result.h"
#include "storage/sqlite.h"
#include "storage/store_file.h"
#include "storage/store_meta.h"

#include <optional>
#include <string>
#include <string_view>

namespace touchline {

class Journal {
 public:
  // Creates the store where there is none. Malformed where what it is taken up by is missing or garbled.
  static Result<Journal> open(const std::string& path);

  Result<void> commit(const Batch& batch, std::int64_t committed_ms);

  // The number of a source; a new name gets the next number.
  Result<SourceId> source(std::string_view name);
  Result<std::optional<Cursor>> cursor(std::string_view recording);

  // Fills an origin that has the journal's sources with everything that stands in it. Malformed, with the place,
  // where tables disagree: a damaged store is never continued.
  Result<void> restore(Origin& origin);

  Epoch epoch() const { return epoch_; }
  Offset head() const { return head_; }
  const std::string& path() const { return path_; }

 private:
  Journal(std::string path, WriterLock lock, Database db, const StoreMeta& meta);
  void write(const Batch& batch, std::int64_t committed_ms);

  std::string path_;
  WriterLock lock_;
  Database db_;
  Epoch epoch_;
  Offset head_;
  Statement begin_, commit_, rollback_;
  Statement insert_batch_, insert_touch_, insert_event_, insert_snapshot_, put_number_, put_cursor_,
      put_head_;
  Statement insert_rejected_, trim_rejected_;
};

}  // namespace touchline
