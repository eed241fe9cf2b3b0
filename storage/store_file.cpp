#include "storage/store_file.h"

#include "schemas/journal_sql.h"
#include "storage/store_watch.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace touchline {
namespace {

Error system_error(const std::string& path, const char* what) {
  return {ErrorKind::environment, path + ": " + what + ": " + std::strerror(errno), 0};
}

void create_schema(Database& db, Epoch epoch) {
  db.run("BEGIN IMMEDIATE");
  db.run(journal_sql);
  db.run(("INSERT INTO meta VALUES ('epoch', " + std::to_string(epoch.value) + "), ('head', 0)").c_str());
  db.run(("PRAGMA application_id = " + std::to_string(store_application_id)).c_str());
  db.run(("PRAGMA user_version = " + std::to_string(store_version)).c_str());
  db.run("COMMIT");
}

// What leads from each version to the next, and back.
struct Migration {
  const char* up;
  const char* down;
};
constexpr std::array migrations{
    Migration{"ALTER TABLE cursors ADD COLUMN token TEXT NOT NULL DEFAULT ''",
              "ALTER TABLE cursors DROP COLUMN token"},
    Migration{"ALTER TABLE snapshots ADD COLUMN late INTEGER NOT NULL DEFAULT 0;"
              "ALTER TABLE snapshots ADD COLUMN published_ms INTEGER NOT NULL DEFAULT 0",
              "ALTER TABLE snapshots DROP COLUMN late; ALTER TABLE snapshots DROP COLUMN published_ms"},
};
static_assert(migrations.size() == store_version - store_version_min);

void migrate(Database& db) {
  const std::int64_t version = db.value("PRAGMA user_version");
  if (version == store_version) return;
  db.run("BEGIN IMMEDIATE");
  for (std::int64_t from = version; from < store_version; ++from)
    db.run(migrations[static_cast<std::size_t>(from - store_version_min)].up);
  db.run(("PRAGMA user_version = " + std::to_string(store_version)).c_str());
  db.run("COMMIT");
}

Error not_a_store(const std::string& path) {
  return {ErrorKind::unsupported, path + ": is not a Touchline store", 0};
}

// What is left of one that was killed in its creation, too.
Error no_store_yet(const std::string& path) {
  return {
      ErrorKind::not_found,
      path + ": holds no store yet: it is empty, or its creation was broken off; serve or replay makes it",
      0};
}

// Nobody has it open for writing, and everything that was written stands in the one file.
bool is_at_rest(const std::string& path) {
  struct stat log {};
  return ::stat((real_path(path) + "-wal").c_str(), &log) != 0 ? errno == ENOENT : log.st_size == 0;
}

// Whether the file is there to become a store; an error if it is neither that nor a store. Looks without a
// trace: SQLite would leave files of its own beside another's database, and takes a single byte for an empty
// file.
Result<bool> examine(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) {
    if (info.st_size == 1) return not_a_store(path);
    // Not even looked at: SQLite would remove a log that is left beside it.
    if (info.st_size == 0) return true;
  }
  try {
    Database db(path, is_at_rest(path) ? Database::Mode::frozen : Database::Mode::read_only);
    const std::int64_t id = db.value("PRAGMA application_id");
    if (id == 0 && db.value("SELECT count(*) FROM sqlite_master") == 0) return true;
    if (id != store_application_id) return not_a_store(path);
    const std::int64_t version = db.value("PRAGMA user_version");
    if (version >= store_version_min && version <= store_version) return false;
    return Error{ErrorKind::unsupported,
                 path + ": is a store of version " + std::to_string(version) +
                     ", this program knows versions " + std::to_string(store_version_min) + " to " +
                     std::to_string(store_version),
                 0};
  } catch (const SqliteFailure& failure) {
    return store_error(path, "cannot be opened", failure);
  }
}

}  // namespace

Error store_error(const std::string& path, std::string_view doing, const SqliteFailure& failure) {
  if (failure.is_not_a_database()) return not_a_store(path);
  const bool damaged = failure.is_corrupt() || failure.is_of_another_schema();
  const ErrorKind kind = damaged ? ErrorKind::malformed : ErrorKind::environment;
  return {kind, path + ": " + std::string(doing) + ": " + failure.what(), 0};
}

void to_older_version(Database& db, std::int64_t version) {
  for (std::int64_t from = store_version; from > version; --from)
    db.run(migrations[static_cast<std::size_t>(from - 1 - store_version_min)].down);
  db.run(("PRAGMA user_version = " + std::to_string(version)).c_str());
}

Result<WriterLock> WriterLock::take(const std::string& path) {
  int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  const bool made = file >= 0;
  if (!made && errno == EEXIST) file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return system_error(path, "cannot be opened for writing");
  WriterLock lock(path, made, file);
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_error(path, "cannot be locked");
    return Error{ErrorKind::environment, path + ": another process is writing this store", 0};
  }
  // Between the two calls it may have been taken away: a lock on a file without a name keeps nobody out.
  if (const auto there = StoreWatch(path, file).look(); !there) return there.error();
  return lock;
}

WriterLock::~WriterLock() {
  if (file_ < 0) return;
  if (undo_ && made_file_) ::unlink(path_.c_str());
  if (undo_ && !made_file_ && ::ftruncate(file_, 0) != 0) std::perror(path_.c_str());
  ::close(file_);
}

Result<WritableStore> open_store_for_writing(const std::string& path, Epoch epoch) {
  const auto fresh = examine(path);
  if (!fresh) return fresh.error();
  try {
    Database db(path, Database::Mode::create);
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA synchronous = FULL");
    db.run("PRAGMA wal_autocheckpoint = 0");
    *fresh ? create_schema(db, epoch) : migrate(db);
    return WritableStore{std::move(db), *fresh};
  } catch (const SqliteFailure& failure) {
    return store_error(path, "cannot be opened", failure);
  }
}

Result<Database> open_store_for_reading(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    Error error = system_error(path, "cannot be opened");
    if (errno == ENOENT) error.kind = ErrorKind::not_found;
    return error;
  }
  if (S_ISDIR(info.st_mode)) return Error{ErrorKind::environment, path + ": is a folder, not a store", 0};
  if (const auto fresh = examine(path); !fresh) {
    return fresh.error();
  } else if (*fresh) {
    return no_store_yet(path);
  }
  try {
    try {
      Database db(path, Database::Mode::read_only);
      db.value("PRAGMA application_id");  // the first that reads
      return db;
    } catch (const SqliteFailure& failure) {
      // A store at rest, in a folder of others or on a read-only disk, needs nothing beside it.
      if (!failure.wants_to_write() || !is_at_rest(path)) throw;
    }
    return Database(path, Database::Mode::frozen);
  } catch (const SqliteFailure& failure) {
    return store_error(path, "cannot be read", failure);
  }
}

}  // namespace touchline
