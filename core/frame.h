// Frames: a kind, a length and a body, nothing else; and the items in the body of a deltas frame.
//
// A first byte from 0x80 on is a deltas frame and its low seven bits are the length, 127 meaning that a varint
// length follows; a smaller first byte is the kind, and a varint length follows. PROTOCOL.md, "Frames". The
// reader is incremental: it takes bytes as they come and never holds more than one frame. Knows no message.
#pragma once

#include "core/ids.h"
#include "core/limits.h"
#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace touchline {

enum class FrameKind : std::uint8_t {
  hello = 1,
  welcome = 2,
  keyframe = 3,
  heartbeat = 4,
  checkpoint = 5,
  goodbye = 6,
  error = 7,
  ack = 8,
  resync = 9,
  ping = 10,
  pong = 11,
  deltas = 0x80,
};
std::string_view name_of(FrameKind kind);

void put_frame_header(std::string& out, FrameKind kind, std::size_t body_bytes);
void put_frame(std::string& out, FrameKind kind, std::string_view body);

struct Frame {
  FrameKind kind{};
  std::string_view body;
  bool same_event = false;  // with coded updates: the body is one of the last item's event, without a head
};

// Cuts a stream of bytes into frames.
class FrameReader {
 public:
  explicit FrameReader(std::size_t frame_bytes_max = limits::frame_bytes)
      : frame_bytes_max_(frame_bytes_max) {}

  void append(std::string_view bytes);
  // Whether `frame` was set; its body is valid until the next append(). False: more bytes are needed.
  Result<bool> next(Frame& frame);
  // Offset in the stream of the first byte not yet given out as part of a frame.
  std::uint64_t at_byte() const { return consumed_; }
  void limit(std::size_t frame_bytes_max) { frame_bytes_max_ = frame_bytes_max; }
  // Deltas frames carry coded updates from here on (core/coded_frame.h).
  void expect_coded(bool coded) { coded_ = coded; }

 private:
  std::size_t frame_bytes_max_;
  bool coded_ = false;
  std::string buffer_;
  std::size_t at_ = 0;
  std::uint64_t consumed_ = 0;
};

// One entry of a deltas frame: a block for an event, or a run of offsets that are not for this reader.
struct DeltaItem {
  EventHandle event;  // 0: skipped
  std::uint64_t skipped = 0;
  std::string_view block;
};

// An item's head is handle << 1 | implied; an implied length reaches to the end of the body.
void put_item(std::string& out, EventHandle event, std::string_view block);
void put_last_item_head(std::string& out, EventHandle event);
void put_skip(std::string& out, std::uint64_t count);

class DeltaItems {
 public:
  explicit DeltaItems(std::string_view body) : body_(body) {}
  Result<bool> next(DeltaItem& item);
  std::size_t at() const { return at_; }

 private:
  std::string_view body_;
  std::size_t at_ = 0;
};

}  // namespace touchline
