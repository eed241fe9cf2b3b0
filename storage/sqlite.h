// SQLite behind one door: a connection and its prepared statements.
//
// This and its .cpp are the only files that see sqlite3.h. Knows no table of ours. Failures are exceptions here
// (SqliteFailure), because every call can fail and none can be gone on from; the journal's public functions
// turn them into Errors. A connection is used by one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace touchline {

struct SqliteFailure : std::runtime_error {
  SqliteFailure(int result_code, const std::string& text) : std::runtime_error(text), code(result_code) {}
  int code;
  bool is_corrupt() const;
  bool is_not_a_database() const;
  bool is_full() const;
  bool is_of_another_schema() const;  // a table or a column is not there
  bool wants_to_write() const;        // where even reading needs files beside the database
};

// Statements that wait to be used again, by their text.
struct StatementPool;

class Statement {
 public:
  Statement(sqlite3* db, const char* sql);
  // Goes back to the pool when it is done with.
  Statement(sqlite3* db, const char* sql, std::shared_ptr<StatementPool> pool);
  Statement(Statement&&) = default;
  Statement& operator=(Statement&&) = default;

  // Parameters from 1. Texts and blobs are borrowed until reset().
  Statement& bind(int index, std::int64_t value);
  Statement& bind_text(int index, std::string_view text);
  Statement& bind_blob(int index, std::string_view bytes);

  bool step();  // whether there is a row
  void reset();
  void run();  // step to the end and reset

  // Columns from 0; views are valid until the next step.
  std::int64_t integer(int column) const;
  std::string_view text(int column) const;
  std::string_view blob(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
    std::shared_ptr<StatementPool> pool;  // none: it is not used again
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  // `frozen`: nobody writes it, so that it can be read where no file can be made beside it.
  enum class Mode : std::uint8_t { read_only, frozen, read_write, create };

  Database(const std::string& path, Mode mode);
  Database(Database&&) = default;

  void run(const char* sql);
  Statement prepare(const char* sql) { return {db_.get(), sql}; }
  // For what is asked again and again: prepared once, and once more for each that is in use at the same time.
  Statement again(const char* sql) { return {db_.get(), sql, pool_}; }
  std::int64_t value(const char* sql);  // the first column of the first row; 0 without one
  std::int64_t last_row() const;        // the number of the row inserted last
  std::int64_t changes() const;         // rows that the last statement inserted, changed or deleted

  // Copies what it can of the write-ahead log into the file, without waiting for readers or another who copies. A
  // failure, too, where SQLite says that it did nothing at all.
  void checkpoint();

 private:
  struct Close {
    void operator()(sqlite3* db) const;
  };
  std::unique_ptr<sqlite3, Close> db_;
  std::shared_ptr<StatementPool> pool_;  // behind db_: ends first
};

}  // namespace touchline
