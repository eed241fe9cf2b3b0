// What a client follows: everything, or events, competitions and sports by name; as it asks for it and as it is told.
//
// Reads the query of a URL and the small messages that change a subscription. Knows no event that is there. Bounded: a
// client that names more than may be followed is told so.
#pragma once

#include "core/ids.h"
#include "core/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace touchline {

struct Subscription {
  bool all = false;
  std::vector<std::string> events;
  std::vector<std::string> competitions;
  std::vector<std::string> sports;

  std::size_t size() const { return events.size() + competitions.size() + sports.size(); }
  bool operator==(const Subscription&) const = default;
};

// What comes behind the '?' of /v1/live: event=, competition= and sport= as often as wanted, follow=none for nothing
// yet, position=; nothing of them: everything.
struct LiveQuery {
  Subscription subscription;
  std::optional<Position> position;
};
Result<LiveQuery> parse_live_query(std::string_view query);

// {"subscribe":{"events":["1.1"],"competitions":[…],"sports":[…],"all":true},"unsubscribe":{…}}
struct SubscriptionChange {
  Subscription add;
  Subscription remove;
};
Result<SubscriptionChange> parse_subscription_change(std::string_view json);

// Takes away, then adds; names are kept once and in order. An error, and no change, past limits::client_topics.
Result<void> change(Subscription& subscription, const SubscriptionChange& change);

void append_subscription(std::string& json, const Subscription& subscription);

// As a form of a browser has it: %XX, and + for a space. None: no UTF-8, or a % that begins nothing.
std::optional<std::string> percent_decoded(std::string_view text);

// EPOCH-OFFSET
std::string position_text(Position position);
std::optional<Position> position_of(std::string_view text);

}  // namespace touchline
