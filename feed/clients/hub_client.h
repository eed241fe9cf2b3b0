// Where one client stands in the client hub: what it follows, what waits for it, and which states it lacks.
//
// Small, because there are many and most of them wait: whatever is seldom needed is allocated when it is. Owned by its
// session, registered from join() to leave(). Knows no socket. Loop thread.
#pragma once

#include "feed/clients/client_message.h"
#include "feed/clients/topics.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_set>
#include <vector>

namespace touchline {

struct HubClient {
  // It is behind: of these events it is given the newest state, those of which something critical is to be told first.
  // Until then it is told no position.
  struct Behind {
    std::unordered_set<EventHandle> events;
    std::deque<EventHandle> critical;  // in both queues, what is not in `events` has been given
    std::deque<EventHandle> others;
  };

  std::function<void()> wake;  // there may be something to send; must not call back at once
  ClientKind kind = ClientKind::websocket;
  std::vector<Followed> follows;
  std::vector<ClientMessageRef> queue;  // from queue_at on
  std::size_t queue_at = 0;
  std::size_t queue_bytes = 0;
  std::unique_ptr<Behind> behind;
  std::uint64_t told = 0;   // number of the last message that it was given
  std::uint32_t place = 0;  // among all clients
  bool joined = false;
};

}  // namespace touchline
