// The frames of a WebSocket (RFC 6455) as a server sees them: what a client sends, taken apart, and the heads of ours.
//
// Lean, because there is one a client: between two frames it holds no memory of its own. Takes bytes cut anywhere.
// Knows no socket, no handshake but its key, and nothing of what messages mean. Extensions are not agreed on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace touchline {

enum class WsOpcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

// Why a connection ends, RFC 6455, section 7.4.1.
enum class WsClose : std::uint16_t {
  none = 0,
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  unsupported_data = 1003,
  no_status = 1005,  // never sent
  invalid_data = 1007,
  policy = 1008,
  too_big = 1009,
  try_again_later = 1013,
};

// What stands in front of a payload of so many bytes, in one frame that is not masked; how many bytes of it.
inline constexpr std::size_t ws_head_bytes_max = 10;
std::size_t ws_head(std::array<char, ws_head_bytes_max>& head, WsOpcode opcode, std::size_t payload_bytes);
std::string ws_frame(WsOpcode opcode, std::string_view payload);
// A reason past the 123 bytes that it may have is cut.
std::string ws_close_frame(WsClose code, std::string_view reason);

// What a server shows that it has understood Sec-WebSocket-Key.
std::string ws_accept_of(std::string_view key);

class WsDecoder {
 public:
  explicit WsDecoder(std::size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

  struct Item {
    enum class Kind : std::uint8_t { text, ping, pong, close } kind{};
    std::string payload;           // of a close: the reason
    WsClose code = WsClose::none;  // of a close; no_status where it names none
  };
  enum class Outcome : std::uint8_t { more, item, fault };

  // Takes from the front of `bytes` up to the end of the next item, or all of them.
  Outcome next(std::string_view& bytes, Item& item);
  // Behind a fault: what the connection is to be closed with. Nothing may be taken any more.
  WsClose fault() const { return fault_; }
  const char* why() const { return why_; }

 private:
  Outcome fail(WsClose code, const char* why);
  Outcome take_head(std::string_view& bytes);
  Outcome finish(Item& item);
  Outcome finish_close(Item& item);
  std::size_t head_bytes() const;
  bool is_control() const { return (head_[0] & 0x08) != 0; }

  std::size_t message_bytes_max_;
  std::array<std::uint8_t, 14> head_{};
  std::uint8_t head_size_ = 0;
  bool in_payload_ = false;
  bool in_message_ = false;  // a text that goes on in the next frame
  std::uint64_t left_ = 0;   // of the frame's payload
  std::uint8_t mask_at_ = 0;
  std::string message_;
  std::string control_;
  WsClose fault_ = WsClose::none;
  const char* why_ = "";
};

}  // namespace touchline
