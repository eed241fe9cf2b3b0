// What an operator says of a Betfair stream: whom to log in as, and what to subscribe to.
//
// Both are JSON objects in files (OPERATIONS.md, "Betfair"), read and judged before anything is opened; the login may
// stand in the environment instead, and never on a command line. Knows what the vendor's requests may hold and nothing
// of a connection.
#pragma once

#include "core/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace touchline {

struct BetfairLogin {
  std::string app_key;
  std::string session;  // the token that a login gave, valid for some hours
  bool operator==(const BetfairLogin&) const = default;
};

// {"appKey":"…","session":"…"}
Result<BetfairLogin> betfair_login_of(std::string_view json);
// From the file, or where that is empty from TOUCHLINE_BETFAIR_APP_KEY and TOUCHLINE_BETFAIR_SESSION.
Result<BetfairLogin> read_betfair_login(const std::string& path);

struct BetfairSubscription {
  std::string market_filter = "{}";       // as JSON, one line
  std::string market_data_filter = "{}";  // the same
  std::uint32_t heartbeat_ms = 5'000;     // 500 to 30,000
  std::uint32_t conflate_ms = 0;          // 0 to 120,000

  // A resume token is good for the subscription that it was given for alone.
  std::uint64_t fingerprint() const;
};

// {"marketFilter":{…},"marketDataFilter":{…},"heartbeatMs":5000,"conflateMs":0}; the filter is required.
Result<BetfairSubscription> betfair_subscription_of(std::string_view json);
Result<BetfairSubscription> read_betfair_subscription(const std::string& path);

// How far a subscription has come, in the vendor's own marks.
struct BetfairClocks {
  std::string initial_clk;
  std::string clk;
  bool empty() const { return clk.empty(); }
  bool operator==(const BetfairClocks&) const = default;

  // As one text, for the journal, and back; what cannot be read is none.
  std::string text() const;
  static BetfairClocks of(std::string_view text);
};

}  // namespace touchline
