#include "feed/clients/client_session.h"

#include "core/limits.h"
#include "feed/clients/client_limits.h"
#include "feed/clients/client_pages.h"
#include "feed/clients/client_words.h"
#include "feed/clients/subscription.h"

#include <optional>
#include <utility>

namespace touchline {
namespace {

constexpr std::string_view live_path = "/v1/live";
constexpr std::string_view events_path = "/v1/events/";
constexpr std::string_view any_page = "Access-Control-Allow-Origin: *\r\n";
// A page of ours runs what came with it and nothing else, whatever is written into an event.
constexpr std::string_view page_headers =
    "Cache-Control: no-cache\r\nContent-Security-Policy: default-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'\r\nX-Content-Type-Options: nosniff\r\n";

// 16 bytes in base64.
bool is_websocket_key(std::string_view key) {
  return key.size() == 24 && key.ends_with("==") &&
         key.substr(0, 22).find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") == std::string_view::npos;
}

}  // namespace

ClientSession::ClientSession(ClientHub& hub, const ClientSessionOptions& options, std::string_view refusal,
                             std::uint32_t chance, std::int64_t now_ms)
    : hub_(hub),
      options_(options),
      reader_(std::make_unique<HttpRequestReader>()),
      refusal_(refusal),
      heard_ms_(now_ms),
      told_ms_(now_ms),
      chance_(chance) {}

void ClientSession::receive(std::string_view bytes, std::int64_t now_ms) {
  if (state_ == State::request) {
    switch (reader_->receive(bytes)) {
      case HttpRequestReader::Outcome::more:
        return;
      case HttpRequestReader::Outcome::fault:
        respond("400 Bad Request", "this is no HTTP request: " + reader_->why());
        return;
      case HttpRequestReader::Outcome::done:
        break;
    }
    const auto reader = std::exchange(reader_, nullptr);
    heard_ms_ = told_ms_ = now_ms;
    answer(reader->request());
    bytes = reader->rest();
    if (state_ == State::websocket && !bytes.empty()) take_frames(bytes);
    return;
  }
  heard_ms_ = now_ms;
  pinged_ = false;
  if (state_ == State::websocket) take_frames(bytes);
}

void ClientSession::answer(const HttpRequest& request) {
  if (!refusal_.empty()) {
    const std::string after = std::to_string((jittered_retry_ms() + 999) / 1'000);
    return respond("503 Service Unavailable", refusal_, "Retry-After: " + after + "\r\n");
  }
  if (request.method != "GET")
    return respond("405 Method Not Allowed", "everything here is read by GET", "Allow: GET\r\n");
  if (request.path == live_path) return go_live(request);
  if (request.path.starts_with(events_path)) return give_event(request);
  if (const ClientPage* page = client_page_at(request.path))
    return respond_text("200 OK", page->type, page->text, page_headers);
  respond("404 Not Found", "there are /v1/live, /v1/events/ID, the page / and the module /touchline.js");
}

void ClientSession::give_event(const HttpRequest& request) {
  const auto id = percent_decoded(std::string_view(request.path).substr(events_path.size()));
  const ClientMessageRef snapshot = id ? hub_.snapshot_of(*id) : nullptr;
  if (!snapshot) return respond("404 Not Found", "no such event is here");
  respond_json("200 OK", snapshot->json(), "Cache-Control: no-cache\r\n");
}

void ClientSession::go_live(const HttpRequest& request) {
  const auto query = parse_live_query(request.query);
  if (!query) return respond("400 Bad Request", query.error().text);
  std::optional<Position> position = query->position;
  if (request.upgrades) {
    if (request.websocket_version != "13")
      return respond("426 Upgrade Required", "of WebSocket there is version 13",
                     "Sec-WebSocket-Version: 13\r\n");
    if (!is_websocket_key(request.websocket_key))
      return respond("400 Bad Request", "Sec-WebSocket-Key is not 16 bytes in base64");
    own_ =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
        "Upgrade\r\nSec-WebSocket-Accept: " +
        ws_accept_of(request.websocket_key) + "\r\n\r\n";
    decoder_ = std::make_unique<WsDecoder>(limits::client_message_bytes);
    state_ = State::websocket;
  } else if (request.accepts_events) {
    // What a browser gives back is newer than what its page was written with.
    if (request.last_event_id && !request.last_event_id->empty())
      position = position_of(*request.last_event_id);
    own_ =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
        "X-Accel-Buffering: no\r\nConnection: close\r\n" +
        std::string(any_page) + "\r\nretry: " + std::to_string(jittered_retry_ms()) + "\n\n";
    seat_.kind = ClientKind::event_stream;
    state_ = State::event_stream;
  } else {
    return respond(
        "426 Upgrade Required",
        "this is a WebSocket, or with \"Accept: text/event-stream\" a stream of Server-Sent Events",
        "Upgrade: websocket\r\n");
  }
  hub_.join(seat_, query->subscription, position);
}

void ClientSession::respond(std::string_view status, std::string_view text, std::string_view headers) {
  respond_json(status, error_words(text), headers);
}

void ClientSession::respond_json(std::string_view status, std::string_view json, std::string_view headers) {
  respond_text(status, "application/json", std::string(json) + "\n", headers);
}

void ClientSession::respond_text(std::string_view status, std::string_view type, std::string_view text,
                                 std::string_view headers) {
  own_.append("HTTP/1.1 ").append(status).append("\r\nContent-Type: ").append(type).append("\r\n");
  own_.append(any_page).append(headers).append("Connection: close\r\nContent-Length: ");
  own_.append(std::to_string(text.size())).append("\r\n\r\n").append(text);
  reader_.reset();
  state_ = State::closing;
}

void ClientSession::take_frames(std::string_view bytes) {
  WsDecoder::Item item;
  while (state_ == State::websocket) {
    switch (decoder_->next(bytes, item)) {
      case WsDecoder::Outcome::more:
        return;
      case WsDecoder::Outcome::fault:
        return close(decoder_->fault(), decoder_->why());
      case WsDecoder::Outcome::item:
        take_item(item);
    }
  }
}

void ClientSession::take_item(const WsDecoder::Item& item) {
  switch (item.kind) {
    case WsDecoder::Item::Kind::text: {
      // While it is behind, answers to it are all that waits.
      if (seat_.behind && seat_.queue_bytes > limits::control_bytes)
        return close(WsClose::policy, "asks faster than it reads");
      const auto change = parse_subscription_change(item.payload);
      return change ? hub_.change(seat_, *change) : hub_.complain(seat_, change.error().text);
    }
    case WsDecoder::Item::Kind::ping:
      if (own_.size() > limits::control_bytes) return close(WsClose::policy, "pings faster than it reads");
      own_.append(ws_frame(WsOpcode::pong, item.payload));
      if (seat_.wake) seat_.wake();
      return;
    case WsDecoder::Item::Kind::pong:
      return;
    case WsDecoder::Item::Kind::close:
      return close(item.code == WsClose::no_status ? WsClose::normal : item.code, "");
  }
}

void ClientSession::close(WsClose code, std::string_view reason) {
  own_.append(ws_close_frame(code, reason));
  state_ = State::closing;
  hub_.leave(seat_);
  if (seat_.wake) seat_.wake();
}

void ClientSession::dismiss(std::string_view reason) {
  const std::uint32_t retry_ms = jittered_retry_ms();
  const std::string words = goodbye_words(reason, retry_ms);
  switch (state_) {
    case State::request:
      respond("503 Service Unavailable", reason,
              "Retry-After: " + std::to_string((retry_ms + 999) / 1'000) + "\r\n");
      break;
    case State::websocket:
      own_.append(ws_frame(WsOpcode::text, words));
      close(WsClose::try_again_later, "retry_ms=" + std::to_string(retry_ms) + " " + std::string(reason));
      break;
    case State::event_stream:
      own_.append("retry: ").append(std::to_string(retry_ms)).append("\ndata: ").append(words).append("\n\n");
      state_ = State::closing;
      hub_.leave(seat_);
      break;
    case State::closing:
    case State::over:
      return;
  }
  if (seat_.wake) seat_.wake();
}

void ClientSession::next_write(std::vector<Piece>& pieces, std::int64_t now_ms) {
  if (!own_.empty()) {
    auto bytes = std::make_shared<const std::string>(std::exchange(own_, {}));
    pieces.push_back({bytes, *bytes});
  } else if (state_ == State::closing) {
    state_ = State::over;
  }
  if (seat_.joined) {
    std::vector<ClientMessageRef> messages;
    hub_.take(seat_, options_.write_bytes, messages);
    for (ClientMessageRef& message : messages) {
      const std::string_view bytes = message->bytes(seat_.kind);
      pieces.push_back({std::move(message), bytes});
    }
  }
  if (!pieces.empty()) told_ms_ = now_ms;
}

void ClientSession::tick(std::int64_t now_ms) {
  if (state_ == State::request && now_ms - heard_ms_ > options_.request_ms_max) state_ = State::over;
  if (state_ == State::websocket && now_ms - heard_ms_ > options_.silent_ms_max)
    return close(WsClose::going_away, "nothing was heard");
  if (state_ == State::websocket && !pinged_ && now_ms - heard_ms_ > options_.ping_ms) {
    pinged_ = true;
    own_.append(ws_frame(WsOpcode::ping, ""));
    if (seat_.wake) seat_.wake();
  }
  if (seat_.joined && now_ms - told_ms_ > options_.heartbeat_ms && hub_.is_up_to_date(seat_)) {
    told_ms_ = now_ms;
    hub_.tell_position(seat_);
  }
}

}  // namespace touchline
