// What the commands that read a store share: arguments, aligned columns, and output that is whole or not
// there.
//
// Knows terminals, files and the argument parser; knows no field of a state.
#pragma once

#include "core/result.h"
#include "storage/journal_reader.h"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace touchline {

// The store as the first positional argument.
CLI::Option* add_store(CLI::App& app, std::string& path);

// Accepts ms since 1970 and RFC 3339, as core/time_text.h reads them.
CLI::Validator is_time();
// Accepts a sequence number from `least` on.
CLI::Validator is_seq(std::uint64_t least);

// Opens a store at one moment.
Result<JournalReader> open_view(const std::string& path);
// The event of that id, or an error that says what there is.
Result<EventEntry> event_of(JournalReader& reader, const std::string& id);
// "seq 7 of event X: its last is 5"
Error past_the_end(const EventEntry& event, std::uint64_t seq);

// For a terminal: bytes that are no printable UTF-8 as \xNN.
std::string printable(std::string_view text);
std::string hex_of(std::uint64_t digest);

// Rows whose columns are as wide as their widest cell; the last column is as long as it likes.
class Table {
 public:
  enum class Align : std::uint8_t { left, right };
  explicit Table(std::vector<Align> columns) : columns_(std::move(columns)) {}
  void add(std::vector<std::string> cells);
  // A table without rows but its heading has nothing to show.
  std::string text() const;

 private:
  std::vector<Align> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Standard output, or a file that appears under its name only when all of it is on disk.
class Output {
 public:
  // Empty: standard output.
  static Result<Output> open(std::string path);
  Output(Output&& other) noexcept;
  Output& operator=(Output&&) = delete;
  ~Output();  // what was not finished is removed

  Result<void> write(std::string_view bytes);
  Result<void> finish();

 private:
  Output(std::string path, std::string temporary, int file)
      : path_(std::move(path)), temporary_(std::move(temporary)), file_(file) {}
  Result<void> flush();
  Error failure(std::string_view doing) const;

  std::string path_;
  std::string temporary_;  // while it exists
  int file_;
  std::string waiting_;
};

// All of it to standard output; 0, or the exit code of the failure, which is complained about.
int print(std::string_view text);

}  // namespace touchline
