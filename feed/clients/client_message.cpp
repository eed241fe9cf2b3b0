#include "feed/clients/client_message.h"

#include "feed/clients/ws_frames.h"

#include <array>
#include <utility>

namespace touchline {

ClientMessage::ClientMessage(About about, std::string_view json, std::string id)
    : about_(about), id_(std::move(id)) {
  std::array<char, ws_head_bytes_max> head{};
  json_at_ = static_cast<std::uint32_t>(ws_head(head, WsOpcode::text, json.size()));
  frame_.reserve(json_at_ + json.size());
  frame_.append(head.data(), json_at_).append(json);
}

std::string_view ClientMessage::bytes(ClientKind kind) const {
  if (kind == ClientKind::websocket) return frame_;
  if (event_.empty()) {
    event_.reserve(json().size() + id_.size() + 16);
    if (!id_.empty()) event_.append("id: ").append(id_).append("\n");
    event_.append("data: ").append(json()).append("\n\n");
  }
  return event_;
}

}  // namespace touchline
