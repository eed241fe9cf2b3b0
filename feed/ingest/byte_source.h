// A recording's bytes, unpacked where they are compressed, as far as they are certain.
//
// What is taken of a recording cannot be taken back, so no byte is given out that a later checksum may prove wrong: a
// bzip2 stream is held back by its blocks, each of which is checked; a file of another format is unpacked from end to
// end before its first byte is given out. A file that is cut off counts up to the cut; one that is damaged up to the
// last checksum that was right. A pipe can only be read as it comes. Knows files and compression, and no line.
#pragma once

#include "core/result.h"
#include "feed/ingest/decompressor.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace touchline {

class ByteSource {
 public:
  enum class Check : std::uint8_t {
    before_reading,
    as_it_comes,  // for who only looks: bytes may turn out to be wrong
  };
  enum class Wait : std::uint8_t { for_bytes, a_moment };
  struct Read {
    enum class Kind : std::uint8_t {
      bytes,
      end,
      later,  // nothing has come yet, and nobody waited for it
    } kind = Kind::end;
    std::size_t size = 0;
  };

  // "-" is standard input.
  static Result<ByteSource> open(const std::string& path, Check check);
  ByteSource(ByteSource&& other) noexcept;
  ByteSource& operator=(ByteSource&&) = delete;
  ~ByteSource();

  // Up to `room` bytes. An error comes behind the last byte that is certain, and again when asked again; its text
  // goes on behind a name: "is cut off", "is damaged".
  Result<Read> read(char* to, std::size_t room, Wait wait);

  Compression compression() const { return compression_; }

 private:
  explicit ByteSource(int file) : file_(file) {}
  Result<void> tell_compression();
  Result<void> check_file(const std::string& path);
  Result<Read::Kind> refill(Wait wait);
  Result<Read::Kind> refill_compressed(Wait wait);  // an end in the middle is an error
  Result<Read> read_plain(char* to, std::size_t room, Wait wait);
  Result<Read> read_compressed(char* to, std::size_t room, Wait wait);
  Result<Read> read_checked_blocks(char* to, std::size_t room, Wait wait);
  Error named(const Error& error) const;

  int file_;
  bool is_pipe_ = false;
  bool file_ended_ = false;
  std::string input_;  // read and not yet unpacked, from at_ on
  std::size_t at_ = 0;
  Compression compression_ = Compression::none;
  std::unique_ptr<Decompressor> decompressor_;
  std::uint64_t given_ = 0;
  std::uint64_t unpacked_ = 0;
  std::uint64_t checked_ = 0;  // of the bytes unpacked
  bool is_cut_ = false;
  std::optional<std::uint64_t> certain_;  // bytes, where there is a failure behind them
  std::optional<Error> failure_;
  std::string held_;  // of a bzip2 stream: unpacked bytes between held_at_ and held_end_
  std::size_t held_at_ = 0;
  std::size_t held_end_ = 0;
  std::size_t held_checked_ = 0;
};

}  // namespace touchline
