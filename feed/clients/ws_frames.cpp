#include "feed/clients/ws_frames.h"

#include "core/json_text.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <utility>

namespace touchline {
namespace {

constexpr std::size_t control_bytes_max = 125;
constexpr std::string_view handshake_guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

bool may_be_received(unsigned code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

}  // namespace

std::size_t ws_head(std::array<char, ws_head_bytes_max>& head, WsOpcode opcode, std::size_t payload_bytes) {
  head[0] = static_cast<char>(0x80U | static_cast<unsigned>(opcode));
  if (payload_bytes <= control_bytes_max) {
    head[1] = static_cast<char>(payload_bytes);
    return 2;
  }
  const std::size_t length_bytes = payload_bytes <= 0xFFFF ? 2 : 8;
  head[1] = length_bytes == 2 ? 126 : 127;
  for (std::size_t i = 0; i < length_bytes; ++i)
    head[2 + i] = static_cast<char>(payload_bytes >> (8 * (length_bytes - 1 - i)));
  return 2 + length_bytes;
}

std::string ws_frame(WsOpcode opcode, std::string_view payload) {
  std::array<char, ws_head_bytes_max> head{};
  std::string frame(head.data(), ws_head(head, opcode, payload.size()));
  return frame.append(payload);
}

std::string ws_close_frame(WsClose code, std::string_view reason) {
  const auto number = static_cast<std::uint16_t>(code);
  std::string payload{static_cast<char>(number >> 8), static_cast<char>(number & 0xFF)};
  payload.append(reason.substr(0, control_bytes_max - 2));
  return ws_frame(WsOpcode::close, payload);
}

std::string ws_accept_of(std::string_view key) {
  const std::string text = std::string(key).append(handshake_guid);
  std::array<unsigned char, SHA_DIGEST_LENGTH> hash{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha1(), nullptr);
  std::array<unsigned char, 32> out{};
  const int length = EVP_EncodeBlock(out.data(), hash.data(), static_cast<int>(size));
  return {out.begin(), out.begin() + length};
}

WsDecoder::Outcome WsDecoder::fail(WsClose code, const char* why) {
  fault_ = code;
  why_ = why;
  return Outcome::fault;
}

// Of the head whose first two bytes are here: two, the longer length, the mask.
std::size_t WsDecoder::head_bytes() const {
  const unsigned length = head_[1] & 0x7FU;
  return 2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + 4;
}

WsDecoder::Outcome WsDecoder::take_head(std::string_view& bytes) {
  while (head_size_ < 2 || head_size_ < head_bytes()) {
    if (bytes.empty()) return Outcome::more;
    head_[head_size_++] = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    // Said at once: what has no mask may be shorter than a head that has one.
    if (head_size_ == 2 && (head_[1] & 0x80) == 0)
      return fail(WsClose::protocol_error, "a frame is not masked");
  }
  const auto opcode = static_cast<WsOpcode>(head_[0] & 0x0F);
  const bool is_last = (head_[0] & 0x80) != 0;
  const unsigned short_length = head_[1] & 0x7FU;
  left_ = short_length;
  if (short_length >= 126) {
    left_ = 0;
    for (std::size_t i = 2; i + 4 < head_size_; ++i)
      left_ = left_ << 8 | head_[i];
  }
  if ((head_[0] & 0x70) != 0) return fail(WsClose::protocol_error, "a reserved bit is set");
  if (is_control() && (!is_last || left_ > control_bytes_max))
    return fail(WsClose::protocol_error, "a control frame is longer than one may be");
  switch (opcode) {
    case WsOpcode::text:
      if (in_message_) return fail(WsClose::protocol_error, "a message begins within another");
      break;
    case WsOpcode::continuation:
      if (!in_message_) return fail(WsClose::protocol_error, "a continuation of no message");
      break;
    case WsOpcode::binary:
      return fail(WsClose::unsupported_data, "messages are texts");
    case WsOpcode::close:
    case WsOpcode::ping:
    case WsOpcode::pong:
      break;
    default:
      return fail(WsClose::protocol_error, "an unknown kind of frame");
  }
  if (!is_control() && left_ > message_bytes_max_ - message_.size())
    return fail(WsClose::too_big, "a message is too long");
  in_payload_ = true;
  mask_at_ = 0;
  return Outcome::item;
}

WsDecoder::Outcome WsDecoder::next(std::string_view& bytes, Item& item) {
  while (fault_ == WsClose::none) {
    if (!in_payload_) {
      if (const Outcome head = take_head(bytes); head != Outcome::item) return head;
    }
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    std::string& to = is_control() ? control_ : message_;
    const std::uint8_t* mask = head_.data() + head_size_ - 4;
    for (const char byte : bytes.substr(0, size))
      to.push_back(static_cast<char>(static_cast<std::uint8_t>(byte) ^ mask[mask_at_++ & 3]));
    bytes.remove_prefix(size);
    left_ -= size;
    if (left_ != 0) return Outcome::more;
    const Outcome finished = finish(item);
    in_payload_ = false;
    head_size_ = 0;
    if (finished != Outcome::more) return finished;
  }
  return Outcome::fault;
}

// The frame is all here; `more`: but the message is not.
WsDecoder::Outcome WsDecoder::finish(Item& item) {
  const auto opcode = static_cast<WsOpcode>(head_[0] & 0x0F);
  if (opcode == WsOpcode::close) return finish_close(item);
  if (is_control()) {
    item = {opcode == WsOpcode::ping ? Item::Kind::ping : Item::Kind::pong, std::exchange(control_, {}),
            WsClose::none};
    return Outcome::item;
  }
  in_message_ = (head_[0] & 0x80) == 0;
  if (in_message_) return Outcome::more;
  if (!is_utf8(message_)) return fail(WsClose::invalid_data, "a text is not UTF-8");
  item = {Item::Kind::text, std::exchange(message_, {}), WsClose::none};
  return Outcome::item;
}

WsDecoder::Outcome WsDecoder::finish_close(Item& item) {
  const std::string payload = std::exchange(control_, {});
  if (payload.size() == 1) return fail(WsClose::protocol_error, "a close with half a code");
  unsigned code = static_cast<unsigned>(WsClose::no_status);
  if (!payload.empty()) {
    code = static_cast<unsigned>(static_cast<std::uint8_t>(payload[0])) << 8 |
           static_cast<std::uint8_t>(payload[1]);
    if (!may_be_received(code)) return fail(WsClose::protocol_error, "a close with a code that none has");
    if (!is_utf8(payload.substr(2))) return fail(WsClose::invalid_data, "a reason is not UTF-8");
  }
  item = {Item::Kind::close, payload.empty() ? "" : payload.substr(2), static_cast<WsClose>(code)};
  return Outcome::item;
}

}  // namespace touchline
