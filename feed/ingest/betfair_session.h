// One connection to the Betfair exchange stream as its client: bytes and times in, lines to send and updates out.
//
// Logs in, subscribes, joins segmented changes, watches heartbeats, and knows what each of the vendor's errors asks for.
// Sans I/O: sockets, timers and the next try are the client's. What a change says is the parser's. The vendor's rules
// stand in its "Exchange Stream API" document; where recordings differ, they won.
#pragma once

#include "core/result.h"
#include "core/update.h"
#include "feed/ingest/betfair_parser.h"
#include "feed/ingest/betfair_settings.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace touchline {

// What helps when a connection has ended.
enum class BetfairCure : std::uint8_t {
  again,      // a new connection, soon
  later,      // a new connection, but the vendor asks for patience
  afresh,     // a new connection without the clocks, which the vendor does not know any more
  new_login,  // nothing, until the app key or the session token is another one
  none,       // nothing but another subscription
};

// By the vendor's errorCode; one that is not known is worth another try.
BetfairCure betfair_cure_of(std::string_view error_code);

struct BetfairEnd {
  BetfairCure cure = BetfairCure::again;
  std::string text;
};

struct BetfairSessionOptions {
  BetfairSubscription subscription;
  BetfairLogin login;
  BetfairClocks clocks;        // to go on from, if any
  std::uint64_t first_id = 1;  // of this connection's requests: others than those of the one before
};

class BetfairSession {
 public:
  enum class Step : std::uint8_t { wait, update, ended };

  BetfairSession(BetfairSessionOptions options, std::int64_t now_ms);
  ~BetfairSession();
  BetfairSession(const BetfairSession&) = delete;
  BetfairSession& operator=(const BetfairSession&) = delete;

  // Bytes of the vendor, cut anywhere. Call next() until it waits before there are more.
  void receive(std::string_view bytes, std::int64_t now_ms);
  // The next update, a heartbeat too; clocks() stands behind it when it is given.
  Step next(Update& update);

  bool has_output() const { return !output_.empty(); }
  std::string take_output();

  // Time passes: ends a connection on which nothing came for too long. due_ms() is the time to call it.
  void check(std::int64_t now_ms);
  std::int64_t due_ms() const { return heard_ms_ + patience_ms_; }
  // Nothing was read for our own reasons.
  void excuse_silence(std::int64_t now_ms) { heard_ms_ = now_ms; }

  const std::optional<BetfairEnd>& end() const { return end_; }
  const BetfairClocks& clocks() const { return clocks_; }
  bool is_subscribed() const { return state_ == State::streaming; }
  // Whether the update that next() gave begins the subscription with an image: it does not go on where clocks() stood.
  bool begins_anew() const { return begins_anew_; }
  std::uint64_t last_id() const { return next_id_ - 1; }

  struct Counts {
    std::uint64_t messages = 0;
    std::uint64_t conflated = 0;  // by the vendor: information, no gap
    std::uint64_t foreign = 0;    // of a subscription that is not ours
  };
  const Counts& counts() const { return counts_; }

  struct Refusal {
    std::string_view line;
    std::uint64_t number = 0;  // of the line, from 1
    std::uint64_t byte = 0;    // from the beginning of the connection
    std::string reason;
  };
  std::function<void(const Refusal&)> on_refused;
  std::function<void(bool late)> on_late;  // status 503: what comes may be late; and that it is in time again

 private:
  enum class State : std::uint8_t { greeting, login, subscribing, streaming };
  enum class Segment : std::uint8_t { whole, start, middle, end };
  struct Envelope;

  Step take_line(std::string_view line, Update& update);
  Step take_change(std::string_view line, const Envelope& envelope, Update& update);
  Step join(Segment segment, std::string_view line, const Envelope& envelope, Update& update);
  Step take_status(const Envelope& envelope);
  void answer_greeting();
  void subscribe();
  void advance(const Envelope& envelope);
  void refuse(std::string_view line, const Error& error);
  Step stop(BetfairCure cure, std::string text);
  void drop_joined();

  BetfairSessionOptions options_;
  State state_ = State::greeting;
  std::uint64_t next_id_;
  std::uint64_t subscription_id_ = 0;
  BetfairClocks clocks_;
  std::string output_;
  std::optional<BetfairEnd> end_;
  std::int64_t heard_ms_;
  std::int64_t patience_ms_;
  std::int64_t beat_ms_;
  Counts counts_;
  bool late_ = false;
  bool begins_anew_ = false;

  std::string buffer_;        // with room for the parser's padding behind it
  std::size_t begin_ = 0;     // of the next line
  std::size_t searched_ = 0;  // no line feed before it
  std::size_t filled_ = 0;
  std::uint64_t number_ = 0;  // of the line at work
  std::uint64_t byte_ = 0;    // where it starts
  bool skipping_ = false;     // a line that was too long

  struct Reader;
  std::unique_ptr<Reader> reader_;
  BetfairParser parser_;
  Update joined_;
  bool is_joining_ = false;
  bool is_broken_ = false;  // one of the segments was refused
};

}  // namespace touchline
