// A client of JSON as CLIENTS.md says that one is written: what it holds, and what it shows when it comes back.
//
// Knows messages by their text alone and merges with the test's own RFC 7396. Complains of what no client should be
// sent: a delta that it cannot place, a position while it lacks something. Helpers of tests only.
#pragma once

#include "tests/core/json_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace touchline::test {

struct ClientModel {
  struct Held {
    std::uint64_t seq = 0;
    Json state;
    bool operator==(const Held&) const = default;
    friend void PrintTo(const Held& held, std::ostream* out) {
      *out << "seq " << held.seq << " " << held.state.spelled();
    }
  };
  std::map<std::string, Held> events;
  std::string position;  // empty: it has none to come back with
  std::string upstream;
  std::string resume;
  std::string subscription;
  std::vector<std::string> types;  // of all messages, in their order
  std::vector<std::string> snapshots;
  std::string error;
  std::string goodbye;

  static bool is_followed(const Json& subscription, const std::string& event, const Json& state) {
    const auto named = [&](const char* list, const std::string& name) {
      Json text;
      text.scalar = '"' + name + '"';
      const auto& names = subscription[list].elements;
      return std::find(names.begin(), names.end(), text) != names.end();
    };
    return subscription.has("all") || named("events", event) || named("sports", state["sport"].text()) ||
           named("competitions", state["competition"].text());
  }

  void take(std::string_view text) {
    const Json message = json_of(text);
    const std::string type = message["type"].text();
    const std::string event = message["event"].text();
    types.push_back(type);
    if (type == "hello") {
      resume = message["resume"].text();
      upstream = message["upstream"].text();
      subscription = message["subscription"].spelled();
      // What it holds is of no use, or what is missing comes now.
      if (resume == "snapshots") events.clear(), position.clear();
    } else if (type == "snapshot") {
      snapshots.push_back(event);
      events[event] = {std::stoull(message["seq"].scalar), message["state"]};
    } else if (type == "delta") {
      const auto held = events.find(event);
      const std::uint64_t seq = std::stoull(message["seq"].scalar);
      // Of what it does not hold, a snapshot is still to come.
      if (held != events.end() && seq > held->second.seq)
        held->second = {seq, merged(held->second.state, message["patch"])};
    } else if (type == "gone") {
      events.erase(event);
    } else if (type == "status") {
      upstream = message["upstream"].text();
    } else if (type == "subscription") {
      // What it does not follow any more it lets go of, and of its position, which spoke of something else.
      subscription = message["subscription"].spelled();
      position.clear();
      std::erase_if(events, [&](const auto& held) {
        return !is_followed(message["subscription"], held.first, held.second.state);
      });
    } else if (type == "error") {
      error = message["text"].text();
    } else if (type == "goodbye") {
      goodbye = message["reason"].text();
    } else {
      EXPECT_EQ(type, "position") << text;
    }
    if (message.has("position")) position = message["position"].text();
  }
};

}  // namespace touchline::test
