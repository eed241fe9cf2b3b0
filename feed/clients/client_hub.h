// The client hub: what a relay's events say to clients of JSON, and where each client stands.
//
// A delta becomes one message, whatever the number of clients, and costs by those who follow its event. A client is
// either up to date, with messages that wait to be sent, or behind: then it is given states, each at its newest, until
// none is missing. Positions are told only to those who are up to date, so whoever returns with one lacks nothing
// before it. Knows no socket and no clock; states are read where the relay keeps them. Loop thread.
#pragma once

#include "core/delta.h"
#include "core/event_names.h"
#include "core/ids.h"
#include "core/live_events.h"
#include "feed/clients/client_message.h"
#include "feed/clients/client_words.h"
#include "feed/clients/hub_client.h"
#include "feed/clients/subscription.h"
#include "feed/clients/topics.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace touchline {

struct ClientHubOptions {
  std::size_t client_bytes_max = 256U << 10;   // that wait for one; past it the client is behind
  std::size_t log_bytes_max = 32U << 20;       // of messages kept for those who return; past it the oldest go
  std::size_t snapshot_bytes_max = 64U << 20;  // of states kept encoded; past it all are made anew
};

struct ClientHubCounts {
  std::uint64_t joins = 0;
  std::uint64_t tails = 0;    // came back to the messages that they had missed
  std::uint64_t changed = 0;  // came back to the states of what had changed
  std::uint64_t behind = 0;   // fell behind
  std::uint64_t deltas = 0;   // made into messages
  std::uint64_t snapshots = 0;
  std::uint64_t sent = 0;  // messages that clients were given
};

class ClientHub {
 public:
  explicit ClientHub(const LiveEvents& events, ClientHubOptions options = {})
      : events_(events), options_(options) {}

  // What the relay tells. States are as of behind the change.
  void delta(EventHandle event, const EventState& after, const Delta& delta, Offset at);
  void keyframe(EventHandle event, const EventState& state, Offset at);
  // What clients hold leads nowhere: their states come as they come here, and when all are here, whole().
  void begun_anew(Position position);
  void whole();
  void set_upstream(UpstreamHealth health);

  // A client comes, perhaps with a position that it stood at.
  void join(HubClient& client, const Subscription& subscription, std::optional<Position> from);
  void leave(HubClient& client);
  // It is told what it follows then, or what is wrong with it.
  void change(HubClient& client, const SubscriptionChange& change);
  void complain(HubClient& client, std::string_view text);

  // Up to about so many bytes for it, in their order; at least one message where there is any.
  void take(HubClient& client, std::size_t bytes_max, std::vector<ClientMessageRef>& out);
  // There may be something to take.
  bool has_more(const HubClient& client) const;
  // It has everything, so its position may be told.
  bool is_up_to_date(const HubClient& client) const { return !client.behind && client.queue.empty(); }
  void tell_position(HubClient& client) { give(client, position_message()); }

  // Its newest state; null: it is not there.
  ClientMessageRef snapshot_of(std::string_view event);

  std::size_t client_count() const { return clients_.size(); }
  Position head() const { return head_; }
  const ClientHubCounts& counts() const { return counts_; }

 private:
  // An event as clients see it; what they are told of it stands in `recent`, oldest first.
  struct Entry {
    bool known = false;
    bool forgotten = false;
    Topic* event = nullptr;
    Topic* competition = nullptr;
    Topic* sport = nullptr;
    Offset changed;   // who has seen everything up to here has its newest state
    Offset moved;     // it may have left what somebody before this offset followed
    Offset unlogged;  // its messages up to here are not there any more
    std::vector<ClientMessageRef> recent;
    ClientMessageRef snapshot;
  };
  struct Old {
    Topic* event;
    Topic* competition;
    Topic* sport;
  };

  Entry& reach(EventHandle event);
  std::string_view id_of(const Entry& entry) const { return entry.event->name; }
  template <class Visit>
  void for_each_topic(const Entry& entry, Visit&& visit);
  bool is_followed(const Entry& entry) const;
  bool may_be_followed_again(const Entry& entry);
  bool follows(const HubClient& client, const Entry& entry) const;

  // Where the event belongs by its state; whether that is another place than before.
  bool place_event(Entry& entry, EventHandle event, const EventState& state);
  void changed(EventHandle event, const EventState& state, const Delta* delta, Offset known_from);
  void tell_left(const Entry& entry, Topic* left);
  void tell_old(const Old& old);
  ClientMessageRef position_message();
  ClientMessageRef make_state(EventHandle event);
  void log(EventHandle event, Entry& entry, ClientMessageRef message);
  void tell(const Entry& entry, const ClientMessageRef& message);
  void give(HubClient& client, const ClientMessageRef& message);
  void own(HubClient& client,
           std::string_view json);  // what only it is told, or nothing that a state stands for
  void fall_behind(HubClient& client);
  static void lack(HubClient& client, EventHandle event, bool critical);
  ClientMessageRef next_state(HubClient& client);
  static void let_go_of_taken(HubClient& client);

  Subscription subscription_of(const HubClient& client) const;
  void follow_all(HubClient& client, const Subscription& subscription);
  template <class Visit>
  void for_each_followed(const HubClient& client, Visit&& visit);
  ClientResume resume(HubClient& client, std::optional<Position> from);
  bool queue_tail(HubClient& client, Offset from);
  void tell_unknown(HubClient& client);

  const LiveEvents& events_;
  ClientHubOptions options_;
  ClientHubCounts counts_;
  Topics topics_;
  std::vector<std::unique_ptr<Entry>> entries_;  // handle n at n - 1; null: nothing was told of it
  TextMap<EventHandle> handles_;                 // by id
  std::deque<EventHandle> logged_;               // whose message is the oldest one, and so on
  std::size_t log_bytes_ = 0;
  std::size_t snapshot_bytes_ = 0;
  std::vector<HubClient*> clients_;
  std::vector<Old> old_;  // events from before the beginning of this history
  Position head_;
  Offset last_moved_;
  Offset base_;  // of this history; what was forgotten before it is not known
  std::uint64_t numbers_ = 0;
  UpstreamHealth upstream_ = UpstreamHealth::live;
  bool is_whole_ = false;
  ClientMessageRef position_;
};

}  // namespace touchline
