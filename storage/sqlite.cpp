#include "storage/sqlite.h"

#include <sqlite3.h>

#include <unordered_map>
#include <utility>
#include <vector>

namespace touchline {
namespace {

[[noreturn]] void fail(sqlite3* db, int code) {
  throw SqliteFailure(code, db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code));
}

// SQLite takes this wish only in a URI (sqlite.org/uri.html).
std::string frozen_uri(const std::string& path) {
  std::string uri = path.starts_with('/') ? "file://" : "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      constexpr std::string_view digits = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      uri.append({'%', digits[byte >> 4], digits[byte & 15]});
    } else {
      uri.push_back(c);
    }
  }
  return uri + "?immutable=1";
}

}  // namespace

bool SqliteFailure::is_corrupt() const { return (code & 0xFF) == SQLITE_CORRUPT; }
bool SqliteFailure::is_not_a_database() const { return (code & 0xFF) == SQLITE_NOTADB; }
bool SqliteFailure::is_full() const { return (code & 0xFF) == SQLITE_FULL; }
bool SqliteFailure::is_of_another_schema() const { return code == SQLITE_ERROR; }
bool SqliteFailure::wants_to_write() const {
  return (code & 0xFF) == SQLITE_READONLY || (code & 0xFF) == SQLITE_CANTOPEN;
}

// Bounded by the texts that the program has, not by what it is asked.
struct StatementPool {
  StatementPool() = default;
  StatementPool(const StatementPool&) = delete;
  StatementPool& operator=(const StatementPool&) = delete;
  ~StatementPool() {
    for (const auto& [sql, statements] : idle) {
      for (sqlite3_stmt* statement : statements)
        sqlite3_finalize(statement);
    }
  }
  std::unordered_map<std::string, std::vector<sqlite3_stmt*>> idle;
};

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  if (!pool) {
    sqlite3_finalize(statement);
    return;
  }
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  pool->idle[sqlite3_sql(statement)].push_back(statement);
}
void Database::Close::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

Statement::Statement(sqlite3* db, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) fail(db, code);
  statement_.reset(statement);
}

Statement::Statement(sqlite3* db, const char* sql, std::shared_ptr<StatementPool> pool) {
  auto& idle = pool->idle[sql];
  if (idle.empty()) {
    *this = Statement(db, sql);
  } else {
    statement_.reset(idle.back());
    idle.pop_back();
  }
  statement_.get_deleter().pool = std::move(pool);
}

Statement& Statement::bind(int index, std::int64_t value) {
  if (const int code = sqlite3_bind_int64(statement_.get(), index, value); code != SQLITE_OK)
    fail(nullptr, code);
  return *this;
}

Statement& Statement::bind_text(int index, std::string_view text) {
  const int code = sqlite3_bind_text64(statement_.get(), index, text.empty() ? "" : text.data(), text.size(),
                                       SQLITE_STATIC, SQLITE_UTF8);
  if (code != SQLITE_OK) fail(nullptr, code);
  return *this;
}

Statement& Statement::bind_blob(int index, std::string_view bytes) {
  const int code = sqlite3_bind_blob64(statement_.get(), index, bytes.empty() ? "" : bytes.data(),
                                       bytes.size(), SQLITE_STATIC);
  if (code != SQLITE_OK) fail(nullptr, code);
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  sqlite3* db = sqlite3_db_handle(statement_.get());
  const SqliteFailure failure(sqlite3_extended_errcode(db), sqlite3_errmsg(db));
  sqlite3_reset(statement_.get());
  throw failure;
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

void Statement::run() {
  while (step()) {
  }
  reset();
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string_view Statement::text(int column) const {
  const auto* text = sqlite3_column_text(statement_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text), size);
}

std::string_view Statement::blob(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return bytes == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(bytes), size);
}

Database::Database(const std::string& path, Mode mode) : pool_(std::make_shared<StatementPool>()) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  switch (mode) {
    case Mode::read_only:
      flags |= SQLITE_OPEN_READONLY;
      break;
    case Mode::frozen:
      flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
      break;
    case Mode::read_write:
      flags |= SQLITE_OPEN_READWRITE;
      break;
    case Mode::create:
      flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
      break;
  }
  sqlite3* db = nullptr;
  const std::string name = mode == Mode::frozen ? frozen_uri(path) : path;
  const int code = sqlite3_open_v2(name.c_str(), &db, flags, nullptr);
  db_.reset(db);
  if (code != SQLITE_OK) fail(db, code);
  sqlite3_busy_timeout(db, 5'000);
}

void Database::run(const char* sql) {
  char* text = nullptr;
  const int code = sqlite3_exec(db_.get(), sql, nullptr, nullptr, &text);
  if (code == SQLITE_OK) return;
  const SqliteFailure failure(code, text != nullptr ? text : sqlite3_errstr(code));
  sqlite3_free(text);
  throw failure;
}

std::int64_t Database::value(const char* sql) {
  Statement statement = again(sql);
  return statement.step() ? statement.integer(0) : 0;
}

std::int64_t Database::last_row() const { return sqlite3_last_insert_rowid(db_.get()); }

std::int64_t Database::changes() const { return sqlite3_changes64(db_.get()); }

void Database::checkpoint() {
  int in_log = 0;
  int copied = 0;
  const int code = sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &in_log, &copied);
  if ((code & 0xFF) == SQLITE_BUSY) return;
  if (code != SQLITE_OK) fail(db_.get(), code);
  if (in_log < 0 || copied < 0) throw SqliteFailure(SQLITE_ERROR, "there is no log to copy from");
}

}  // namespace touchline
