// A reader that counts deltas and keeps no state: what a thousand of them cost is what the publisher costs.
//
// Follows positions as a subscriber does, so that it may come back with one, and says of every frame which
// offsets it brought. Believes what it is told: digests and blocks are not looked at. Sans I/O. Single-threaded.
#pragma once

#include "core/frame.h"
#include "core/messages.h"
#include "core/receiving_end.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace touchline {

struct DeltaCounterEvents {
  std::function<void(const Welcome&)> welcome;
  std::function<void(Offset before, Offset last)> deltas;  // a frame of them, or a run that was skipped
  std::function<void(const Goodbye&)> goodbye;
};

class DeltaCounter : public ReceivingEnd {
 public:
  struct Counts {
    std::uint64_t bytes = 0;
    std::uint64_t frames = 0;
    std::uint64_t deltas = 0;
    std::uint64_t merged = 0;  // offsets that came within another's block
    std::uint64_t keyframes = 0;
    std::uint64_t skipped = 0;
  };

  DeltaCounter(Hello hello, DeltaCounterEvents events);

  // A new connection, which offers the position that the last one came to.
  void reconnect();

  Result<void> receive(std::string_view bytes) override;
  std::string take_output() override { return std::exchange(output_, {}); }
  bool has_output() const override { return !output_.empty(); }
  bool welcomed() const override { return welcomed_; }
  std::uint32_t heartbeat_ms() const override { return heartbeat_ms_; }
  std::uint64_t whole_bytes() const override { return frames_.at_byte(); }

  Position position() const { return position_; }
  const Counts& counts() const { return counts_; }

 private:
  Result<void> on_frame(const Frame& frame);
  Result<void> on_welcome(std::string_view body);
  Result<void> on_deltas(std::string_view body);

  Hello hello_;
  DeltaCounterEvents events_;
  Counts counts_;
  FrameReader frames_;
  std::string output_;
  Position position_;
  std::uint32_t heartbeat_ms_ = 0;
  bool welcomed_ = false;
};

}  // namespace touchline
