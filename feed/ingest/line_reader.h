// Lines of a recording: plain, bzip2, gzip or zstd, told apart by their first bytes.
//
// Knows files and line feeds and nothing of what a line says. Memory is bounded: a line longer than
// limits::line_bytes is skipped and reported with its place. Places are counted in decompressed bytes.
#pragma once

#include "core/result.h"

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
  static Result<LineReader> open(const std::string& path);
  LineReader(LineReader&&) noexcept;
  LineReader& operator=(LineReader&&) noexcept;
  ~LineReader();

  // An error is the file's: it cannot be read on, or its compression is damaged from there.
  Result<Line> next();

  // The next line, which next() will give again.
  Result<Line> peek();

  // Goes on behind `byte`, which is line `number`'s end. Fails where the file is shorter.
  Result<void> skip_to(std::uint64_t byte, std::uint64_t number);

  const std::string& path() const;

 private:
  struct Impl;
  explicit LineReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace touchline
