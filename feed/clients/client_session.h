// One client's side of the conversation: a request, then messages over a WebSocket or an event stream, or one answer.
//
// Bytes in, bytes out; most clients wait most of the time, so one that waits is small. Knows HTTP by what the request
// says, frames and the hub; no socket and no clock: the time is passed in. Owned by its connection; loop thread.
#pragma once

#include "feed/clients/client_hub.h"
#include "feed/clients/http_request.h"
#include "feed/clients/ws_frames.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace touchline {

struct ClientSessionOptions {
  std::int64_t request_ms_max = 10'000;  // to send a request; past it the connection ends
  std::int64_t heartbeat_ms =
      20'000;  // who is up to date and has been told nothing for so long, is told where it is
  std::int64_t ping_ms = 30'000;  // a WebSocket that was silent for so long is asked whether it is there,
  std::int64_t silent_ms_max = 75'000;    // and past this it is not
  std::size_t write_bytes = 64U << 10;    // that one write takes, but for what cannot be cut
  std::uint32_t retry_ms = 1'000;         // the least that who is sent away is asked to wait
  std::uint32_t retry_spread_ms = 4'000;  // and up to so much more
};

class ClientSession {
 public:
  // A part of a write: bytes, and who keeps them alive.
  struct Piece {
    std::shared_ptr<const void> owner;
    std::string_view bytes;
  };

  // `refusal`: what the request is answered with, whatever it asks for; empty: it is served. `chance`: for what is
  // spread over time, different from client to client.
  ClientSession(ClientHub& hub, const ClientSessionOptions& options, std::string_view refusal,
                std::uint32_t chance, std::int64_t now_ms);
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;
  ~ClientSession() { hub_.leave(seat_); }

  // There may be something to write; called from within the hub.
  void on_wake(std::function<void()> wake) { seat_.wake = std::move(wake); }
  void receive(std::string_view bytes, std::int64_t now_ms);
  // What is to be written next, once that before it is written; nothing: see over().
  void next_write(std::vector<Piece>& pieces, std::int64_t now_ms);
  // Several times a minute.
  void tick(std::int64_t now_ms);
  // It may come back later. Nothing more is said to it.
  void dismiss(std::string_view reason);
  // Everything is written, and nothing will come.
  bool over() const { return state_ == State::over; }
  bool joined() const { return seat_.joined; }
  // The connection is gone.
  void leave() {
    seat_.wake = {};
    hub_.leave(seat_);
  }

 private:
  enum class State : std::uint8_t { request, websocket, event_stream, closing, over };

  void answer(const HttpRequest& request);
  void go_live(const HttpRequest& request);
  void give_event(const HttpRequest& request);
  void respond(std::string_view status, std::string_view text, std::string_view headers = {});
  void respond_json(std::string_view status, std::string_view json, std::string_view headers = {});
  void respond_text(std::string_view status, std::string_view type, std::string_view text,
                    std::string_view headers);
  void take_frames(std::string_view bytes);
  void take_item(const WsDecoder::Item& item);
  void close(WsClose code, std::string_view reason);
  std::uint32_t jittered_retry_ms() const {
    return options_.retry_ms + chance_ % (options_.retry_spread_ms + 1);
  }

  ClientHub& hub_;
  const ClientSessionOptions& options_;
  HubClient seat_;
  std::unique_ptr<HttpRequestReader> reader_;  // until the request is here
  std::unique_ptr<WsDecoder> decoder_;         // of a WebSocket
  std::string own_;                            // goes out before what the hub has
  std::string refusal_;
  std::int64_t heard_ms_;
  std::int64_t told_ms_;
  std::uint32_t chance_;
  State state_ = State::request;
  bool pinged_ = false;
};

}  // namespace touchline
