#include "core/frame.h"

#include "core/varint.h"

namespace touchline {
namespace {

constexpr unsigned char deltas_bit = 0x80;
constexpr std::size_t long_deltas = 127;
constexpr std::size_t long_coded_deltas = 63;
constexpr unsigned char same_event_bit = 0x40;
constexpr std::uint64_t implied_length = 1;
constexpr std::size_t header_bytes_max = 11;

}  // namespace

std::string_view name_of(FrameKind kind) {
  switch (kind) {
    case FrameKind::hello:
      return "hello";
    case FrameKind::welcome:
      return "welcome";
    case FrameKind::keyframe:
      return "keyframe";
    case FrameKind::heartbeat:
      return "heartbeat";
    case FrameKind::checkpoint:
      return "checkpoint";
    case FrameKind::goodbye:
      return "goodbye";
    case FrameKind::error:
      return "error";
    case FrameKind::ack:
      return "ack";
    case FrameKind::resync:
      return "resync";
    case FrameKind::ping:
      return "ping";
    case FrameKind::pong:
      return "pong";
    case FrameKind::deltas:
      return "deltas";
  }
  return "unknown";
}

void put_frame_header(std::string& out, FrameKind kind, std::size_t body_bytes) {
  if (kind != FrameKind::deltas) {
    out.push_back(static_cast<char>(kind));
  } else if (body_bytes < long_deltas) {
    out.push_back(static_cast<char>(deltas_bit | body_bytes));
    return;
  } else {
    out.push_back(static_cast<char>(deltas_bit | long_deltas));
  }
  put_varint(out, body_bytes);
}

void put_frame(std::string& out, FrameKind kind, std::string_view body) {
  put_frame_header(out, kind, body.size());
  out.append(body);
}

void FrameReader::append(std::string_view bytes) {
  if (at_ != 0) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  buffer_.append(bytes);
}

Result<bool> FrameReader::next(Frame& frame) {
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  if (rest.empty()) return false;
  const auto first = static_cast<unsigned char>(rest[0]);
  FrameKind kind = FrameKind::deltas;
  if (first < deltas_bit) {
    kind = static_cast<FrameKind>(first);
    if (first < static_cast<unsigned char>(FrameKind::hello) ||
        first > static_cast<unsigned char>(FrameKind::pong)) {
      return malformed("unknown frame kind " + std::to_string(first), consumed_);
    }
  }
  const std::uint64_t long_size = coded_ ? long_coded_deltas : long_deltas;
  std::uint64_t size = first & long_size;
  std::size_t header = 1;
  if (kind != FrameKind::deltas || size == long_size) {
    ByteReader in(rest.substr(1));
    size = in.varint();
    if (in.failed()) {
      if (rest.size() < header_bytes_max) return false;
      return malformed("a frame length that does not end", consumed_);
    }
    header += in.at();
  }
  if (size > frame_bytes_max_) {
    return Error{
        ErrorKind::limit,
        "a frame of " + std::to_string(size) + " bytes, " + std::to_string(frame_bytes_max_) + " allowed",
        consumed_};
  }
  if (rest.size() - header < size) return false;
  const bool same_event = coded_ && kind == FrameKind::deltas && (first & same_event_bit) != 0;
  frame = {kind, rest.substr(header, size), same_event};
  at_ += header + size;
  consumed_ += header + size;
  return true;
}

void put_item(std::string& out, EventHandle event, std::string_view block) {
  put_varint(out, std::uint64_t{event.value} << 1);
  put_varint(out, block.size());
  out.append(block);
}

void put_last_item_head(std::string& out, EventHandle event) {
  put_varint(out, std::uint64_t{event.value} << 1 | implied_length);
}

void put_skip(std::string& out, std::uint64_t count) {
  put_varint(out, 0);
  put_varint(out, count);
}

Result<bool> DeltaItems::next(DeltaItem& item) {
  if (at_ == body_.size()) return false;
  ByteReader in(body_.substr(at_));
  const std::uint64_t head = in.varint();
  const std::uint64_t handle = head >> 1;
  if (in.failed() || handle > 0xFFFFFFFF) return malformed("an item with a broken handle", at_);
  item = {EventHandle(static_cast<std::uint32_t>(handle)), 0, {}};
  if (handle == 0) {
    item.skipped = in.varint();
    if (in.failed() || item.skipped == 0 || head != 0) return malformed("a broken skip", at_);
  } else {
    const std::uint64_t size = (head & implied_length) != 0 ? in.left() : in.varint();
    item.block = in.bytes(size);
    if (in.failed() || item.block.empty()) return malformed("an item that reaches past its frame", at_);
  }
  at_ += in.at();
  return true;
}

}  // namespace touchline
