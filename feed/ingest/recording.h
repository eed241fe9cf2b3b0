// One recording, read as a source's line: the next update, and how far it was taken.
//
// Joins the line reader and the grammar, remembers where the store's cursor should stand, and reports what it
// has to refuse. Knows no event and no pace. A last line that is cut off is not taken: the cursor stays in
// front of it, so that the same recording, grown, is taken up there.
#pragma once

#include "core/batch.h"
#include "core/origin.h"
#include "core/result.h"
#include "core/update.h"
#include "feed/ingest/line_reader.h"
#include "feed/ingest/parser.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace touchline {

class Recording {
 public:
  // Opens the file and reads its first line, to know its format and its fingerprint.
  static Result<Recording> open(const std::string& path);

  // Its file's name without folder and compression suffix.
  const std::string& name() const { return name_; }
  const std::string& path() const { return reader_.path(); }
  // Unique in a store: name, fingerprint of the first line, and which line of its source it is.
  std::string cursor_key(std::uint32_t line) const;
  Format format() const { return parser_->format(); }

  // Goes on where a store has taken it to.
  Result<void> take_up(const Cursor& cursor);

  // Reads up to the next update that can be taken; what cannot is given to `reject`. False at the end.
  Result<bool> advance(const std::function<void(Rejected)>& reject);
  Update& update() { return update_; }
  std::int64_t time_ms() const { return time_ms_; }  // source time, never backwards
  // The line of the update at hand.
  std::uint64_t line_number() const { return line_.number; }
  std::uint64_t line_byte() const { return line_.byte; }
  std::string_view line_text() const { return line_.text; }

  // The update at hand was taken: the cursor stands behind it.
  void taken();
  const Cursor& cursor() const { return cursor_; }
  bool moved() const { return moved_; }
  void noted() { moved_ = false; }

  const std::optional<std::string>& cut_off() const { return cut_off_; }  // what was left at the end, if anything
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t rejected() const { return rejected_; }

 private:
  Recording(LineReader reader, std::string name, Format format, std::uint64_t fingerprint);
  Rejected rejected_line(const LineReader::Line& line, const Error& error);

  LineReader reader_;
  std::string name_;
  std::unique_ptr<Parser> parser_;
  std::uint64_t fingerprint_ = 0;
  Update update_;
  LineReader::Line line_;
  std::int64_t time_ms_ = 0;
  Cursor cursor_;
  bool moved_ = false;
  std::optional<std::string> cut_off_;
  std::uint64_t bytes_ = 0;
  std::uint64_t rejected_ = 0;
};

// A refusal in the words of `FILE:LINE: byte N: what was wrong`.
std::string describe(const Rejected& rejected);

}  // namespace touchline
