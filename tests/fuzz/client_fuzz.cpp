// Whatever a web client sends, it is answered or closed in good order, and what it is sent is whole frames of JSON; beside
// it an honest client is given what happens.

#include "feed/clients/client_session.h"
#include "feed/mirrored_events.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace touchline;

constexpr std::string_view upgrade =
    "GET /v1/live?follow=none HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

std::string sent(ClientSession& session) {
  std::string bytes;
  std::vector<ClientSession::Piece> pieces;
  for (session.next_write(pieces, 0); !pieces.empty(); session.next_write(pieces, 0)) {
    for (const ClientSession::Piece& piece : pieces)
      bytes.append(piece.bytes);
    pieces.clear();
  }
  return bytes;
}

// The frames of a server, none cut off.
void check_frames(std::string_view bytes) {
  while (!bytes.empty()) {
    if (bytes.size() < 2) std::abort();
    const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
    const std::size_t length_bytes = at(1) == 126 ? 2 : at(1) == 127 ? 8 : 0;
    if (at(1) > 127 || bytes.size() < 2 + length_bytes) std::abort();
    std::size_t size = length_bytes == 0 ? at(1) : 0;
    for (std::size_t i = 0; i < length_bytes; ++i)
      size = size << 8 | at(2 + i);
    if (bytes.size() < 2 + length_bytes + size) std::abort();
    const std::string_view payload = bytes.substr(2 + length_bytes, size);
    if ((at(0) & 0x0F) == 1 && (!payload.starts_with("{\"type\":\"") || !payload.ends_with('}')))
      std::abort();
    bytes.remove_prefix(2 + length_bytes + size);
  }
}

// `parts`: how the bytes are cut.
void talk(std::string_view head, std::string_view bytes, std::size_t parts) {
  MirroredEvents events;
  ClientHub hub(events);
  hub.begun_anew({Epoch(1), Offset(0)});
  LiveEvent& live = events.reach(EventHandle(1));
  EventState state;
  state.set(Address(0, 0, Field::id), "a");
  MirroredEvents::set(live, std::move(state));
  hub.keyframe(EventHandle(1), live.state, Offset(1));
  hub.whole();
  const ClientSessionOptions options;
  ClientSession honest(hub, options, "", 0, 0);
  honest.receive(upgrade, 0);
  ClientSession session(hub, options, "", 0, 0);
  if (!head.empty()) {
    session.receive(head, 0);
    std::string answer = sent(session);
    answer.erase(0, answer.find("\r\n\r\n") + 4);
    check_frames(answer);
  }
  for (std::size_t part = bytes.size() / parts + 1; !bytes.empty() && !session.over();) {
    session.receive(bytes.substr(0, part), 0);
    bytes.remove_prefix(std::min(part, bytes.size()));
    const std::string answer = sent(session);
    if (!head.empty()) check_frames(answer);
  }
  if (sent(honest).find("\"position\"") == std::string::npos) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t parts = 1 + (data[0] >> 1) % 8;
  talk(data[0] % 2 == 0 ? upgrade : "", bytes, parts);
  return 0;
}
