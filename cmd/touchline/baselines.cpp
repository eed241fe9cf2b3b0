#include "cmd/touchline/baselines.h"

#include "core/check.h"

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <string>
#include <vector>

namespace touchline {

struct MessageDeflate::Stream {
  z_stream z{};
};

MessageDeflate::MessageDeflate() : stream_(std::make_unique<Stream>()) {
  constexpr int raw_window_bits = -15;
  constexpr int memory_level = 8;
  TL_CHECK(deflateInit2(&stream_->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, raw_window_bits, memory_level,
                        Z_DEFAULT_STRATEGY) == Z_OK);
}

MessageDeflate::~MessageDeflate() { deflateEnd(&stream_->z); }

std::uint64_t MessageDeflate::add(std::string_view message) {
  constexpr std::uint64_t left_out = 4;  // 00 00 ff ff at the end of each
  z_stream& z = stream_->z;
  std::array<unsigned char, 1U << 14> out{};
  std::string copy(message);  // zlib wants it writable
  z.next_in = reinterpret_cast<unsigned char*>(copy.data());
  z.avail_in = static_cast<unsigned>(copy.size());
  std::uint64_t bytes = 0;
  do {
    z.next_out = out.data();
    z.avail_out = out.size();
    deflate(&z, Z_SYNC_FLUSH);
    bytes += out.size() - z.avail_out;
  } while (z.avail_out == 0);
  return bytes - left_out;
}

std::uint64_t xz_bytes(std::string_view whole) {
  std::vector<unsigned char> out(lzma_stream_buffer_bound(whole.size()));
  std::size_t size = 0;
  const auto* in = reinterpret_cast<const unsigned char*>(whole.data());
  const lzma_ret done = lzma_easy_buffer_encode(9 | LZMA_PRESET_EXTREME, LZMA_CHECK_CRC64, nullptr, in,
                                                whole.size(), out.data(), &size, out.size());
  TL_CHECK(done == LZMA_OK);
  return size;
}

std::uint64_t zstd_bytes(std::string_view whole) {
  constexpr int level = 19;
  std::vector<char> out(ZSTD_compressBound(whole.size()));
  const std::size_t size = ZSTD_compress(out.data(), out.size(), whole.data(), whole.size(), level);
  TL_CHECK(ZSTD_isError(size) == 0);
  return size;
}

}  // namespace touchline
