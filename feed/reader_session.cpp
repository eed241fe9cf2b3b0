#include "feed/reader_session.h"

#include <algorithm>
#include <utility>

namespace touchline {
namespace {

constexpr std::size_t relay_name_bytes = 128;
constexpr std::size_t view_name_bytes = 64;

}  // namespace

ReaderSession::ReaderSession(Hub& hub, SessionOptions options, std::string peer, Owner owner,
                             std::int64_t now_ms)
    : hub_(hub),
      options_(options),
      peer_(std::move(peer)),
      owner_(std::move(owner)),
      frames_(limits::handshake_frame_bytes),
      deadline_ms_(now_ms + options.handshake_ms) {}

ReaderSession::~ReaderSession() {
  if (in_hub_) hub_.leave(reader_);
}

void ReaderSession::report(SessionNews::Kind kind, const std::string& text) {
  if (owner_.news) owner_.news({kind, peer_, relay_, text});
}

void ReaderSession::receive(std::string_view bytes, std::int64_t now_ms) {
  if (leaving_) return;
  frames_.append(bytes);
  Frame frame;
  while (!leaving_) {
    const auto more = frames_.next(frame);
    if (!more) {
      return refuse(ErrorCode::malformed,
                    more.error().text + " at byte " + std::to_string(more.error().at_byte), now_ms);
    }
    if (!*more) return;
    take(frame, now_ms);
  }
}

void ReaderSession::take(const Frame& frame, std::int64_t now_ms) {
  if (!joined_) return take_hello(frame, now_ms);
  switch (frame.kind) {
    case FrameKind::ack: {
      const auto ack = read_ack(frame.body);
      if (!ack) return refuse(ErrorCode::malformed, ack.error().text, now_ms);
      reader_.acknowledged = std::min(ack->offset, reader_.position);
      return;
    }
    case FrameKind::resync: {
      const auto resync = read_resync(frame.body);
      if (!resync) return refuse(ErrorCode::malformed, resync.error().text, now_ms);
      hub_.resync(reader_, resync->event);
      if (owner_.waiting) owner_.waiting();
      return;
    }
    case FrameKind::ping: {
      const auto ping = read_ping(frame.body);
      if (!ping) return refuse(ErrorCode::malformed, ping.error().text, now_ms);
      if (control_.size() > limits::control_bytes) {
        return refuse(ErrorCode::limit, "sends pings and does not read the answers", now_ms);
      }
      put(control_, *ping, FrameKind::pong);
      if (owner_.ready) owner_.ready();
      return;
    }
    case FrameKind::pong:
      return;
    case FrameKind::hello:
    case FrameKind::welcome:
    case FrameKind::keyframe:
    case FrameKind::deltas:
    case FrameKind::heartbeat:
    case FrameKind::checkpoint:
    case FrameKind::goodbye:
    case FrameKind::error:
      break;
  }
  refuse(ErrorCode::malformed, "a subscriber does not send " + std::string(name_of(frame.kind)), now_ms);
}

void ReaderSession::take_hello(const Frame& frame, std::int64_t now_ms) {
  if (frame.kind != FrameKind::hello) {
    return refuse(ErrorCode::malformed, "the first frame is no hello", now_ms);
  }
  const auto hello = read_hello(frame.body);
  if (!hello) return refuse(ErrorCode::malformed, hello.error().text, now_ms);
  if (hello->version != protocol_version) {
    return refuse(
        ErrorCode::unsupported,
        "protocol version " + std::to_string(hello->version) + " is not " + std::to_string(protocol_version),
        now_ms);
  }
  if (!let_in(*hello, now_ms)) return;
  if (!hello->view.empty() && hello->view != "full") {
    return refuse(ErrorCode::unsupported,
                  "there is no view \"" + hello->view.substr(0, view_name_bytes) + "\"", now_ms);
  }
  relay_ = seat_ ? seat_->name() : hello->relay.substr(0, relay_name_bytes);
  joined_ = true;
  in_hub_ = true;
  progress_ms_ = now_ms;
  beat_ms_ = now_ms + hub_.options().heartbeat_ms;
  report(SessionNews::Kind::joined, "");
  reader_.wake = [this] {
    if (owner_.ready) owner_.ready();
  };
  hub_.join(reader_, *hello);
  if (owner_.waiting) owner_.waiting();
  if (owner_.ready) owner_.ready();
}

// Whoever has no right token is told no more than that, and neither at once nor the sooner the worse it is.
bool ReaderSession::let_in(const Hello& hello, std::int64_t now_ms) {
  if (!options_.tokens) return true;
  auto seat = options_.tokens->enter(hello.token);
  if (seat) {
    seat_ = std::move(*seat);
    return true;
  }
  if (seat.error().kind == ErrorKind::limit) {
    refuse(ErrorCode::limit, seat.error().text, now_ms);
    return false;
  }
  report(SessionNews::Kind::refused, "unauthorized: " + seat.error().text);
  put(held_, ErrorMessage{ErrorCode::unauthorized, ""});
  held_until_ms_ = now_ms + options_.refusal_ms;
  leave("", now_ms);
  return false;
}

std::vector<Hub::Piece> ReaderSession::next_write(std::int64_t now_ms) {
  if (writing_ || over_) return {};
  std::vector<Hub::Piece> pieces;
  if (in_hub_) {
    pieces = hub_.gather(reader_);
    if (!restated_ && stands()) restate(pieces, now_ms);
  }
  if (hub_.has_waiting() && owner_.waiting) owner_.waiting();
  // Own answers go in front: they name no offset, but for the heartbeat, made when nothing was due.
  if (!control_.empty()) {
    const auto own = std::make_shared<const std::string>(std::exchange(control_, {}));
    pieces.insert(pieces.begin(), {own, *own});
  }
  if (pieces.empty()) {
    if (draining_ && !reader_.resetting && !reader_.course && reader_.own.empty()) over_ = true;
    return {};
  }
  writing_ = true;
  progress_ms_ = now_ms;
  return pieces;
}

void ReaderSession::written(std::int64_t now_ms) {
  writing_ = false;
  progress_ms_ = now_ms;
}

std::int64_t ReaderSession::due_ms() const {
  if (!held_.empty()) return held_until_ms_;
  if (leaving_ || !joined_) return deadline_ms_;
  return writing_ ? std::min(beat_ms_, progress_ms_ + options_.stuck_ms) : beat_ms_;
}

void ReaderSession::tick(std::int64_t now_ms) {
  if (!held_.empty()) {
    if (now_ms >= held_until_ms_) leave(std::exchange(held_, {}), now_ms);
  } else if (leaving_) {
    if (now_ms >= deadline_ms_) over_ = true;
  } else if (!joined_) {
    if (now_ms >= deadline_ms_) refuse(ErrorCode::limit, "no hello in time", now_ms);
  } else if (writing_ && now_ms - progress_ms_ >= options_.stuck_ms) {
    send_away(GoodbyeReason::slow, "took nothing for " + std::to_string(options_.stuck_ms) + " ms", now_ms);
  } else if (now_ms >= beat_ms_) {
    beat_ms_ = now_ms + hub_.options().heartbeat_ms;
    // The offset that it restates is what this reader was given, so nothing may be under way.
    if (!writing_ && stands() && hub_.behind_bytes(reader_) == 0 && control_.empty())
      control_ += hub_.heartbeat(reader_, now_ms);
  }
}

// What it was given by now makes up a position.
bool ReaderSession::stands() const {
  return reader_.following && !reader_.resetting && !reader_.course && reader_.own.empty();
}

// Its first keyframes are no position before a frame restates one, and the line may be lost before a heartbeat is due.
void ReaderSession::restate(std::vector<Hub::Piece>& pieces, std::int64_t now_ms) {
  restated_ = true;
  const auto heartbeat = std::make_shared<const std::string>(hub_.heartbeat(reader_, now_ms));
  pieces.push_back({heartbeat, *heartbeat});
}

void ReaderSession::refuse(ErrorCode code, const std::string& text, std::int64_t now_ms) {
  report(SessionNews::Kind::refused, text);
  why_ = text;
  std::string frame;
  put(frame, ErrorMessage{code, text});
  leave(std::move(frame), now_ms);
}

void ReaderSession::dismiss(const std::string& why, std::int64_t now_ms) {
  if (joined_ && !leaving_ && !over_) send_away(GoodbyeReason::shutdown, why, now_ms);
}

void ReaderSession::send_away(GoodbyeReason reason, const std::string& why, std::int64_t now_ms) {
  why_ = why;
  std::string frame;
  // Not everybody who is sent away at one moment is to come back at one moment.
  const auto jitter = static_cast<std::uint32_t>(std::hash<std::string>()(peer_) % 4'000);
  put(frame, Goodbye{reason, 1'000 + jitter, why});
  leave(std::move(frame), now_ms);
}

// Nothing but a last word is sent from here on, and that not for long.
void ReaderSession::leave(std::string frame, std::int64_t now_ms) {
  leaving_ = true;
  deadline_ms_ = now_ms + options_.handshake_ms;
  control_ = std::move(frame);
  if (std::exchange(in_hub_, false)) hub_.leave(reader_);
  if (owner_.ready) owner_.ready();
}

void ReaderSession::drain() {
  draining_ = true;
  if (!joined_) over_ = true;
  if (owner_.ready) owner_.ready();
}

void ReaderSession::ended(const std::string& why) {
  over_ = true;
  seat_.reset();
  if (std::exchange(in_hub_, false)) hub_.leave(reader_);
  if (joined_) report(SessionNews::Kind::left, why_.empty() ? why : why_);
}

}  // namespace touchline
