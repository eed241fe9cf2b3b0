// Compressed streams, told apart by their first bytes and unpacked step by step.
//
// Bytes go in, bytes come out: knows no file and no line. Calls the formats' own libraries, because what stands in
// front of them elsewhere (Boost.Iostreams) does not tell a stream that is complete from one that was cut, nor which
// of its bytes were compared with a checksum. Several streams behind one another are one.
#pragma once

#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace touchline {

enum class Compression : std::uint8_t { none, bzip2, gzip, zstd, xz };

// As many bytes tell every format.
inline constexpr std::size_t compression_magic_bytes = 6;
Compression compression_of(std::string_view beginning);
// Whether it is too short to tell: with more bytes it might be a compressed stream's.
bool may_become_compressed(std::string_view beginning);
std::string_view name_of(Compression compression);

class Decompressor {
 public:
  static std::unique_ptr<Decompressor> of(Compression compression);  // of anything but `none`
  Decompressor() = default;
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;
  virtual ~Decompressor() = default;

  // Takes bytes off the front of `in`, writes up to `room` bytes and returns how many. Where it does neither, it
  // needs more input. Fails where the stream is damaged, with the library's word for it.
  virtual Result<std::size_t> step(std::string_view& in, char* to, std::size_t room) = 0;

  // Whether everything that came out was compared with the checksum behind it, where the stream has one.
  virtual bool is_checked() const = 0;
  // Whether the input may end here.
  virtual bool is_complete() const = 0;
};

}  // namespace touchline
