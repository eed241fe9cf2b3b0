// One message to clients as the bytes that go out, made once whatever the number of clients.
//
// A server's WebSocket frames are not masked, so the frame's head is part of what they share; the form for Server-Sent
// Events is made when the first client of that kind needs it. Knows both framings and no JSON beyond its text.
// Immutable; loop thread.
#pragma once

#include "core/ids.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace touchline {

enum class ClientKind : std::uint8_t { websocket, event_stream };

class ClientMessage {
 public:
  // What it is about, for those who keep or drop it.
  struct About {
    EventHandle event{};       // 0: nothing that a state could stand for
    Offset known_from{};       // who has seen everything up to here has seen it
    bool is_critical = false;  // a goal, a suspension, a result
    bool is_end = false;       // the event is not there any more
  };

  // `id`: the position that a browser gives back when it returns; empty: it keeps the last one.
  ClientMessage(About about, std::string_view json, std::string id);

  const About& about() const { return about_; }
  std::string_view bytes(ClientKind kind) const;
  std::string_view json() const { return std::string_view(frame_).substr(json_at_); }
  std::size_t size() const { return frame_.size(); }

 private:
  About about_;
  std::string frame_;
  std::uint32_t json_at_ = 0;
  std::string id_;
  mutable std::string event_;  // in the form of an event stream; empty: nobody has needed it
};

using ClientMessageRef = std::shared_ptr<const ClientMessage>;

}  // namespace touchline
