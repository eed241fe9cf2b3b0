#include "core/compress.h"

#include "core/check.h"

#include <zstd.h>

namespace touchline {

std::string compress(std::string_view bytes) {
  constexpr int level = 3;
  std::string frame(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size = ZSTD_compress(frame.data(), frame.size(), bytes.data(), bytes.size(), level);
  TL_CHECK(ZSTD_isError(size) == 0);
  frame.resize(size);
  return frame;
}

Result<std::string> decompress(std::string_view frame, std::size_t bytes_max) {
  const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) return malformed("no zstd frame");
  if (size > bytes_max)
    return Error{ErrorKind::limit, "a zstd frame of " + std::to_string(size) + " bytes", 0};
  std::string bytes(size, '\0');
  const std::size_t got = ZSTD_decompress(bytes.data(), bytes.size(), frame.data(), frame.size());
  if (ZSTD_isError(got) != 0 || got != size) return malformed("damaged zstd frame");
  return bytes;
}

}  // namespace touchline
