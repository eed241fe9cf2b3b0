// One recording, read as a source's line: the next update, and how far it was taken.
//
// Joins the line reader and the grammar, remembers where the store's cursor should stand, and reports what it
// has to refuse. Knows no event and no pace. A last line that is unfinished is not taken: the cursor stays in
// front of it, so that the same recording, grown, is taken up there. A recording that is no longer what it was in front
// of the cursor is not taken up.
#pragma once

#include "core/batch.h"
#include "core/result.h"
#include "core/update.h"
#include "feed/ingest/line_reader.h"
#include "feed/ingest/parser.h"
#include "feed/playable.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace touchline {

class Recording : public Playable {
 public:
  // Opens the file and reads its first lines, to know its format and its fingerprint.
  static Result<Recording> open(const std::string& path);

  // Its file's name without folder and compression suffix.
  const std::string& name() const override { return name_; }
  const std::string& path() const override { return reader_.path(); }
  std::string cursor_key(std::uint32_t line) const override;
  Result<void> take_up(const Cursor& cursor) override;

  Result<Advance> advance(const std::function<void(Rejected)>& reject) override;
  Update& update() override { return update_; }
  std::int64_t time_ms() const override { return time_ms_; }
  PlayablePlace place() const override { return {line_.number, line_.byte}; }

  void taken() override;
  const Cursor& cursor() const override { return cursor_; }
  std::optional<std::string> unfinished() const override { return unfinished_; }
  std::uint64_t bytes() const override { return bytes_; }

 private:
  Recording(LineReader reader, std::string name, std::uint64_t beginning);
  Rejected rejected_line(const LineReader::Line& line, const Error& error);

  LineReader reader_;
  std::string name_;
  std::unique_ptr<Parser> parser_;
  std::uint64_t beginning_ = 0;  // tells it from another of the same name
  Update update_;
  LineReader::Line line_;
  std::int64_t time_ms_ = 0;
  Cursor cursor_;
  std::optional<std::string> unfinished_;
  std::uint64_t bytes_ = 0;
};

}  // namespace touchline
