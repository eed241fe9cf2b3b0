// What clients were told of their events: each message once, however many clients were told it, and in which order.
//
// A client stands at a place, which is a message and all that came before it. Told the next one it moves on, at the cost
// of one comparison: a text is taken apart when it is new. So every client's whole history is known and its state can
// be made in the end, by the test's own JSON and merge. Knows messages as CLIENTS.md has them, no socket and no clock.
// Places live as long as their history. Used by one thread.
#pragma once

#include "tests/core/json_fixture.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace touchline::crowd {

struct Place {
  std::string message;
  std::string event;
  std::string position;  // empty: the message names none
  std::uint64_t seq = 0;
  const Place* before = nullptr;  // null: a snapshot, which needs nothing before it
  Place* next = nullptr;          // what the first one here was told next; others stand beside that one
  Place* beside = nullptr;
  bool is_goal = false;
  std::vector<std::int64_t> arrivals_ns;  // of a goal, at each client
};

class History {
 public:
  // A message that is a snapshot or a delta; throws std::runtime_error where it is not as it should be.
  Place* snapshot(std::string_view message);
  Place* delta(Place& at, std::string_view message);
  const std::deque<Place>& places() const { return places_; }

  // The state of a client that stands there.
  static test::Json state_at(const Place& place);

 private:
  Place& add(std::string_view message, const Place* before);

  std::deque<Place> places_;  // which never move
  std::unordered_map<std::string_view, Place*> snapshots_;
};

}  // namespace touchline::crowd
