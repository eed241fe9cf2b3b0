// Opening a store: is it ours, which version, who else writes it.
//
// Knows the file and its schema's version, not what stands in the tables. Nothing that already exists is
// touched unless it is a store of ours.
#pragma once

#include "core/ids.h"
#include "core/result.h"
#include "storage/sqlite.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace touchline {

inline constexpr std::int64_t store_application_id = 0x544C4A31;  // "TLJ1"
inline constexpr std::int64_t store_version = 3;
// The oldest that is read; who writes a store makes it one of store_version first.
inline constexpr std::int64_t store_version_min = 1;

// Keeps a second writer out for as long as it lives.
class WriterLock {
 public:
  static Result<WriterLock> take(const std::string& path);
  WriterLock(WriterLock&& other) noexcept
      : path_(std::move(other.path_)), made_file_(other.made_file_), undo_(other.undo_), file_(other.file_) {
    other.file_ = -1;
  }
  WriterLock& operator=(WriterLock&&) = delete;
  ~WriterLock();

  int file() const { return file_; }
  // At its end, but before anybody else can take it, the file is as it was found: not there, or empty. Only for a
  // store that was made under this lock and that nothing was written into.
  void undo_creation() { undo_ = true; }

 private:
  WriterLock(std::string path, bool made_file, int file)
      : path_(std::move(path)), made_file_(made_file), file_(file) {}

  std::string path_;
  bool made_file_;
  bool undo_ = false;
  int file_;
};

struct WritableStore {
  Database db;
  bool is_new = false;
};

// Makes a schema of our version one of an older version, in place. For tests and for verify: downwards.
void to_older_version(Database& db, std::int64_t version);

// Creates the store where there is no file, or an empty one; `epoch` is a new store's.
Result<WritableStore> open_store_for_writing(const std::string& path, Epoch epoch);
Result<Database> open_store_for_reading(const std::string& path);

// What SQLite says, as an Error that names the store.
Error store_error(const std::string& path, std::string_view doing, const SqliteFailure& failure);

}  // namespace touchline
