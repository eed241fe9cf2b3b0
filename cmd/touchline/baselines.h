// General compressors as a feed might use them, to compare with.
//
// Bytes in, numbers of bytes out. Knows nothing of feeds.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace touchline {

// permessage-deflate with context takeover (RFC 7692): one window for all messages, each flushed by itself.
class MessageDeflate {
 public:
  MessageDeflate();
  ~MessageDeflate();
  MessageDeflate(const MessageDeflate&) = delete;
  MessageDeflate& operator=(const MessageDeflate&) = delete;

  std::uint64_t add(std::string_view message);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

std::uint64_t xz_bytes(std::string_view whole);    // xz -9e
std::uint64_t zstd_bytes(std::string_view whole);  // zstd -19

}  // namespace touchline
