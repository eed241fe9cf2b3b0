// Compression of keyframes and stored snapshots: one zstd frame, in memory.
//
// Pure: bytes in, bytes out. The size that the frame announces is checked against a bound before anything is
// allocated, because the bytes may be a peer's.
#pragma once

#include "core/result.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace touchline {

std::string compress(std::string_view bytes);
Result<std::string> decompress(std::string_view frame, std::size_t bytes_max);

}  // namespace touchline
