// Lines of a recording: plain, bzip2, gzip, zstd or xz, told apart by their first bytes.
//
// Knows line feeds and nothing of what a line says. Memory is bounded: a line longer than limits::line_bytes is
// skipped and reported with its place. What is no text is refused by name. Places are counted in decompressed bytes.
#pragma once

#include "core/result.h"
#include "feed/ingest/byte_source.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace touchline {

class LineReader {
 public:
  enum class Kind : std::uint8_t {
    line,      // complete, without its line feed (and carriage return)
    last,      // the rest of the file behind the last line feed
    too_long,  // skipped; text holds its beginning
    later,     // nothing yet: a pipe is silent, or a line without end is being skipped; ask again
    end,
  };
  struct Line {
    Kind kind = Kind::end;
    std::string_view text;     // valid until the next call; 64 readable bytes follow it
    std::uint64_t number = 0;  // from 1
    std::uint64_t byte = 0;    // offset of its first byte
    std::uint64_t next_byte = 0;
  };

  // "-" is standard input.
  static Result<LineReader> open(const std::string& path,
                                 ByteSource::Check check = ByteSource::Check::before_reading);
  LineReader(LineReader&&) noexcept;
  LineReader& operator=(LineReader&&) noexcept;
  ~LineReader();

  // Waits for no more than a moment. An error is the file's, with its name, line and byte: it cannot be read on, is no
  // text, or its compression is cut off or damaged there.
  Result<Line> next();

  // The next line, which next() will give again. Waits for it.
  Result<Line> peek();

  // Goes on behind `byte`, which is line `number`'s end. Fails where the file is shorter.
  Result<void> skip_to(std::uint64_t byte, std::uint64_t number);

  // Over every byte in front of the next line, so that a recording can be told from another that begins alike.
  std::uint64_t hash() const;

  const std::string& path() const;

 private:
  struct Impl;
  explicit LineReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace touchline
