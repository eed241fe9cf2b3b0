// What can be followed, and who follows it: events, competitions and sports by name, and everything.
//
// An event is told through at most four topics, so that a delta costs by its followers and a client by the names it
// gave. A topic is there as long as somebody follows it or an event belongs to it. Members are taken out in constant
// time. Knows no event and no message. Owned by the client hub; loop thread.
#pragma once

#include "core/event_names.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace touchline {

struct HubClient;

enum class TopicKind : std::uint8_t { all, event, competition, sport };

struct Topic {
  struct Member {
    HubClient* client;
    std::uint32_t place;  // of this topic in what the client follows
  };
  TopicKind kind{};
  std::string name;
  std::vector<Member> members;
  std::uint32_t events = 0;  // that belong to it
  std::uint32_t lingers =
      0;  // messages that are still made for those who may come back; of a topic nobody follows
};

// One of a client's topics, and where the client stands in it.
struct Followed {
  Topic* topic;
  std::uint32_t place;
};

class Topics {
 public:
  static constexpr std::uint32_t lingering_messages = 256;  // 16 times as many for all but events

  Topics() { reach(TopicKind::all, "").events = 1; }

  Topic& reach(TopicKind kind, std::string_view name);
  const Topic* find(TopicKind kind, std::string_view name) const;
  // An event comes to it, or leaves it; what nobody needs any more is gone then.
  Topic* join(TopicKind kind, std::string_view name);
  void leave(Topic* topic);

  void follow(Topic& topic, HubClient& client);
  void unfollow(HubClient& client, std::size_t place);

  std::size_t size() const;

 private:
  void release(Topic& topic);

  std::array<TextMap<std::unique_ptr<Topic>>, 4> topics_;  // by kind
};

}  // namespace touchline
