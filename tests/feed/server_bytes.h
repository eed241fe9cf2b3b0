// What a server of clients sends, taken apart by the test's own means: an HTTP head, frames that are not masked, events.
//
// Bytes may come in any pieces. Fails the test where a frame is not as a server's must be. Helpers of tests only.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace touchline::test {

// What comes in front of the empty line, once it is there; it is taken away.
inline std::optional<std::string> take_head(std::string& bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string::npos) return std::nullopt;
  std::string head = bytes.substr(0, end);
  bytes.erase(0, end + 4);
  return head;
}

struct ServerFrame {
  unsigned opcode = 0;
  std::string payload;
};

inline std::optional<ServerFrame> take_frame(std::string& bytes) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint64_t>(static_cast<std::uint8_t>(bytes[i]));
  };
  if (bytes.size() < 2) return std::nullopt;
  EXPECT_EQ(byte(0) & 0xF0, 0x80U) << "in one frame, without reserved bits";
  EXPECT_EQ(byte(1) & 0x80, 0U) << "not masked";
  const std::uint64_t shown = byte(1);
  const std::size_t length_bytes = shown == 126 ? 2 : shown == 127 ? 8 : 0;
  if (bytes.size() < 2 + length_bytes) return std::nullopt;
  std::uint64_t size = length_bytes == 0 ? shown : 0;
  for (std::size_t i = 0; i < length_bytes; ++i)
    size = size << 8 | byte(2 + i);
  const std::size_t head = 2 + length_bytes;
  if (bytes.size() < head + size) return std::nullopt;
  ServerFrame frame{static_cast<unsigned>(byte(0) & 0x0F), bytes.substr(head, size)};
  bytes.erase(0, head + size);
  return frame;
}

struct ServerEvent {
  std::string id;  // empty: it names none
  std::string data;
  std::string retry;
};

inline std::optional<ServerEvent> take_event(std::string& bytes) {
  const std::size_t end = bytes.find("\n\n");
  if (end == std::string::npos) return std::nullopt;
  ServerEvent event;
  for (std::size_t at = 0; at < end;) {
    const std::size_t line_end = bytes.find('\n', at);
    const std::string line = bytes.substr(at, line_end - at);
    const std::string value = line.substr(std::min(line.find(": ") + 2, line.size()));
    if (line.starts_with("id: ")) {
      event.id = value;
    } else if (line.starts_with("data: ")) {
      event.data = value;
    } else {
      EXPECT_TRUE(line.starts_with("retry: ")) << line;
      event.retry = value;
    }
    at = line_end + 1;
  }
  bytes.erase(0, end + 2);
  return event;
}

// A client's frame, masked.
inline std::string client_frame(unsigned opcode, std::string_view payload) {
  constexpr std::string_view mask = "mask";
  std::string out{static_cast<char>(0x80 | opcode)};
  if (payload.size() < 126) {
    out.push_back(static_cast<char>(0x80 | payload.size()));
  } else {
    out.append({static_cast<char>(0xFE), static_cast<char>(payload.size() >> 8),
                static_cast<char>(payload.size() & 0xFF)});
  }
  out.append(mask);
  for (std::size_t i = 0; i < payload.size(); ++i)
    out.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
  return out;
}

inline std::string upgrade_request(std::string_view target) {
  return "GET " + std::string(target) +
         " HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
}
inline std::string events_request(std::string_view target, std::string_view headers = {}) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: relay\r\nAccept: text/event-stream\r\n" +
         std::string(headers) + "\r\n";
}

}  // namespace touchline::test
