#include "feed/ingest/recording.h"

#include "core/digest.h"
#include "core/limits.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace touchline {
namespace {

constexpr std::size_t kept_bytes = 4096;  // of a refused line
constexpr int lines_looked_at = 100;      // for one that tells a recording from another

std::string name_from(const std::string& path) {
  if (path == "-") return "stdin";
  std::string name = path.substr(path.rfind('/') + 1);
  for (const std::string_view suffix : {".bz2", ".gz", ".zst", ".xz"}) {
    if (name.size() > suffix.size() && name.ends_with(suffix)) name.resize(name.size() - suffix.size());
  }
  return name;
}

// Told by the first line that changes something: a heartbeat or a greeting may open any number of recordings.
std::uint64_t beginning_of(const std::string& path, std::string_view first) {
  const auto of = [](std::string_view line) { return fnv1a64(line.substr(0, kept_bytes)); };
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return of(first);  // a pipe is read but once
  auto reader = LineReader::open(path, ByteSource::Check::as_it_comes);
  Parser parser;
  Update update;
  for (int i = 0; reader && i < lines_looked_at; ++i) {
    const auto line = reader->next();
    if (!line || line->kind == LineReader::Kind::end) break;
    if (line->kind == LineReader::Kind::too_long || !parser.parse(line->text, update)) continue;
    if (update.kind == UpdateKind::change) return of(line->text);
  }
  return of(first);
}

}  // namespace

Recording::Recording(LineReader reader, std::string name, std::uint64_t beginning)
    : reader_(std::move(reader)),
      name_(std::move(name)),
      parser_(std::make_unique<Parser>()),
      beginning_(beginning) {}

Result<Recording> Recording::open(const std::string& path) {
  auto reader = LineReader::open(path);
  if (!reader) return reader.error();
  const auto first = reader->peek();
  if (!first) return first.error();
  if (first->kind == LineReader::Kind::end) return malformed(reader->path() + ": is empty");
  const std::uint64_t beginning = beginning_of(path, first->text);
  return Recording(std::move(*reader), name_from(path), beginning);
}

std::string Recording::cursor_key(std::uint32_t line) const {
  std::array<char, 17> hex{};
  std::snprintf(hex.data(), hex.size(), "%016llx", static_cast<unsigned long long>(beginning_));
  return name_ + "@" + hex.data() + (line == 0 ? "" : "/" + std::to_string(line));
}

Result<void> Recording::take_up(const Cursor& cursor) {
  cursor_ = cursor;
  time_ms_ = cursor.time_ms;
  if (cursor.byte == 0) return {};
  if (const auto skipped = reader_.skip_to(cursor.byte, cursor.line); !skipped) return skipped.error();
  if (reader_.hash() == cursor.fingerprint) return {};
  return Error{
      ErrorKind::mismatch,
      reader_.path() + ": its first " + std::to_string(cursor.byte) + " bytes (" +
          std::to_string(cursor.line) +
          " lines) are not those that the store took of it; take it into another store, or under another "
          "name if it is another recording",
      cursor.byte};
}

Rejected Recording::rejected_line(const LineReader::Line& line, const Error& error) {
  return {reader_.path(), line.number, line.byte + error.at_byte,
          time_ms_,       error.text,  std::string(line.text.substr(0, kept_bytes))};
}

Result<Advance> Recording::advance(const std::function<void(Rejected)>& reject) {
  while (true) {
    const auto next = reader_.next();
    if (!next) return next.error();
    line_ = *next;
    if (line_.kind == LineReader::Kind::end) return Advance::end;
    if (line_.kind == LineReader::Kind::later) return Advance::later;
    bytes_ += line_.next_byte - line_.byte;
    if (line_.kind == LineReader::Kind::too_long) {
      reject(rejected_line(line_, {ErrorKind::limit,
                                   "a line of " + std::to_string(line_.next_byte - line_.byte) + " bytes, " +
                                       std::to_string(limits::line_bytes) + " allowed",
                                   0}));
      taken();
      continue;
    }
    if (line_.text.empty()) {
      taken();
      continue;
    }
    const auto parsed = parser_->parse(line_.text, update_);
    if (parsed) {
      if (update_.source_time_ms != 0) time_ms_ = std::max(time_ms_, update_.source_time_ms);
      return Advance::update;
    }
    if (line_.kind == LineReader::Kind::last && parsed.error().kind == ErrorKind::malformed) {
      unfinished_ = reader_.path() + ":" + std::to_string(line_.number) + ": byte " +
                    std::to_string(line_.byte) +
                    ": the last line is unfinished and was not taken; it will be when the file has grown (" +
                    parsed.error().text + ")";
      return Advance::end;
    }
    reject(rejected_line(line_, parsed.error()));
    taken();
  }
}

void Recording::taken() {
  cursor_.byte = line_.next_byte;
  cursor_.line = line_.number;
  cursor_.time_ms = time_ms_;
  cursor_.fingerprint = reader_.hash();
}

}  // namespace touchline
