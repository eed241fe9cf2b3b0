// One reader at the publisher: its side of the delta protocol, without a socket.
//
// Bytes and the time go in, pieces of bytes come out, one write under way at a time. Takes the hello and the
// control frames, writes whatever the hub has, beats on an idle line. A peer that breaks the protocol, says
// nothing in time or takes nothing for too long is sent away by name; what it may make this end keep is bounded.
// Knows no socket and no clock. Loop thread.
#pragma once

#include "core/frame.h"
#include "core/messages.h"
#include "feed/hub.h"
#include "feed/relay_tokens.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace touchline {

struct SessionOptions {
  std::int64_t handshake_ms = 5'000;              // to send a hello; to take a last word
  std::int64_t stuck_ms = 10'000;                 // without progress of a write
  std::int64_t refusal_ms = 200;                  // until a wrong token is answered
  std::shared_ptr<RelayTokens> tokens = nullptr;  // none: whoever comes may read
};

// What a session reports, for the log.
struct SessionNews {
  enum class Kind : std::uint8_t { joined, left, refused } kind{};
  std::string peer;
  std::string relay;
  std::string text;
};

class ReaderSession {
 public:
  struct Owner {
    std::function<void(const SessionNews&)> news;
    std::function<void()> waiting;  // the reader waits for keyframes
    std::function<void()> ready;    // there may be something to write, or nothing more to wait for
  };

  ReaderSession(Hub& hub, SessionOptions options, std::string peer, Owner owner, std::int64_t now_ms);
  ReaderSession(const ReaderSession&) = delete;
  ReaderSession& operator=(const ReaderSession&) = delete;
  ~ReaderSession();

  void receive(std::string_view bytes, std::int64_t now_ms);

  // What to write next, if no write is under way; with it one is. Empty: nothing now.
  std::vector<Hub::Piece> next_write(std::int64_t now_ms);
  void progress(std::int64_t now_ms) { progress_ms_ = now_ms; }  // some of it went out
  void written(std::int64_t now_ms);                             // all of it did

  // Looks at what time has done; to be called once due_ms() has come.
  void tick(std::int64_t now_ms);
  std::int64_t due_ms() const;

  // The connection is to be closed, once no write is under way or at once.
  bool over() const { return over_ || (leaving_ && !writing_ && control_.empty() && held_.empty()); }
  void refuse(ErrorCode code, const std::string& text, std::int64_t now_ms);
  // What it holds leads nowhere from here: it is to come back and begin anew. Gives nothing more of what the hub has.
  void dismiss(const std::string& why, std::int64_t now_ms);
  // Gives what the hub still has, then ends.
  void drain();
  // The connection is gone, or closed from this end.
  void ended(const std::string& why);

  bool joined() const { return joined_; }
  bool leaving() const { return leaving_; }  // nothing but a last word will come
  const Hub::Reader& reader() const { return reader_; }
  const std::string& relay() const { return relay_; }

 private:
  void take(const Frame& frame, std::int64_t now_ms);
  void take_hello(const Frame& frame, std::int64_t now_ms);
  bool stands() const;
  void restate(std::vector<Hub::Piece>& pieces, std::int64_t now_ms);
  bool let_in(const Hello& hello, std::int64_t now_ms);
  void send_away(GoodbyeReason reason, const std::string& why, std::int64_t now_ms);
  void leave(std::string frame, std::int64_t now_ms);
  void report(SessionNews::Kind kind, const std::string& text);

  Hub& hub_;
  SessionOptions options_;
  std::string peer_;
  Owner owner_;
  std::string relay_;
  FrameReader frames_;
  Hub::Reader reader_;
  std::unique_ptr<RelayTokens::Seat> seat_;
  std::string control_;  // answers of this session alone
  std::string held_;     // a last word that is not to be said before held_until_ms_
  std::int64_t held_until_ms_ = 0;
  std::string why_;           // it was sent away
  std::int64_t deadline_ms_;  // of the hello, or of the last word
  std::int64_t beat_ms_ = 0;
  std::int64_t progress_ms_ = 0;
  bool joined_ = false;
  bool in_hub_ = false;
  bool restated_ = false;  // its position, behind its first keyframes or its tail
  bool writing_ = false;
  bool leaving_ = false;
  bool draining_ = false;
  bool over_ = false;
};

}  // namespace touchline
