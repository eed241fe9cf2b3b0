// A source that dials: one line of it over the Betfair exchange stream, kept up for as long as the service runs.
//
// Connects, hands bytes to the session and its updates to the publisher, and comes back when the connection ends: after
// a growing, jittered time, with the clocks of the last change that was taken. Those go into the journal with the deltas
// they belong to, so that a restart goes on there, too. One connection at a time: the old one is closed before the next
// is tried. Reads no further while the publisher is full. Loop thread.
#pragma once

#include "core/origin.h"
#include "core/result.h"
#include "feed/endpoint.h"
#include "feed/ingest/betfair_settings.h"
#include "feed/loop.h"
#include "feed/publisher.h"
#include "feed/tls_context.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace touchline {

struct BetfairNews {
  enum class Kind : std::uint8_t {
    subscribed,  // and changes come
    ended,       // the connection, or the try at one; text says when the next one is
    given_up,    // text says why, and what would help
    rejected,    // a line
    late,        // the vendor says that what it sends may be late (503)
    in_time,     // and that it is not any more
  } kind{};
  std::string text;
};

struct BetfairClientOptions {
  Endpoint endpoint;                           // of the vendor
  std::shared_ptr<const TlsContext> tls = {};  // for betfairs://
  BetfairSubscription subscription = {};
  std::function<Result<BetfairLogin>()> login = {};  // asked before each connection
  std::string source_name = {};
  std::string cursor_key = {};
  std::uint64_t seed = 1;                           // of the jitter
  std::chrono::milliseconds retry_base{500};        // grows with each failure, up to 60 times as long
  std::chrono::milliseconds patience{30'000};       // at least, where the vendor asks for it
  std::chrono::milliseconds login_interval{5'000};  // between looks for another login
};

class BetfairClient {
 public:
  BetfairClient(Loop& loop, Publisher& publisher, LineRef line, BetfairClientOptions options);
  ~BetfairClient();
  BetfairClient(const BetfairClient&) = delete;
  BetfairClient& operator=(const BetfairClient&) = delete;

  // Goes on where the store has come to. A cursor of another subscription is not gone on from: false.
  bool take_up(const Cursor& cursor);

  void start();
  void resume();  // the publisher has room again
  void stop();

  // How far it was taken, for the next commit.
  void note_cursor(Origin& origin);

  std::function<void(const BetfairNews&)> on_news;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace touchline
