// Clients that come, come back, and change their minds.

#include "feed/clients/client_hub.h"

#include <algorithm>
#include <utility>

namespace touchline {

bool ClientHub::follows(const HubClient& client, const Entry& entry) const {
  return std::ranges::any_of(client.follows, [&](const Followed& followed) {
    const Topic* topic = followed.topic;
    return topic->kind == TopicKind::all || topic == entry.event || topic == entry.competition ||
           topic == entry.sport;
  });
}

// Events that it follows and that are known here, each once; by name where it names nothing but events.
template <class Visit>
void ClientHub::for_each_followed(const HubClient& client, Visit&& visit) {
  const bool by_name = std::ranges::all_of(
      client.follows, [](const Followed& followed) { return followed.topic->kind == TopicKind::event; });
  if (by_name) {
    for (const Followed& followed : client.follows) {
      const auto found = handles_.find(followed.topic->name);
      if (found != handles_.end()) visit(found->second, reach(found->second));
    }
    return;
  }
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry* const entry = entries_[i].get();
    if (entry != nullptr && entry->known && follows(client, *entry))
      visit(EventHandle(static_cast<std::uint32_t>(i + 1)), *entry);
  }
}

Subscription ClientHub::subscription_of(const HubClient& client) const {
  Subscription subscription;
  for (const Followed& followed : client.follows) {
    switch (followed.topic->kind) {
      case TopicKind::all:
        subscription.all = true;
        break;
      case TopicKind::event:
        subscription.events.push_back(followed.topic->name);
        break;
      case TopicKind::competition:
        subscription.competitions.push_back(followed.topic->name);
        break;
      case TopicKind::sport:
        subscription.sports.push_back(followed.topic->name);
        break;
    }
  }
  for (auto* names : {&subscription.events, &subscription.competitions, &subscription.sports})
    std::ranges::sort(*names);
  return subscription;
}

void ClientHub::follow_all(HubClient& client, const Subscription& subscription) {
  client.follows.reserve(subscription.size() + (subscription.all ? 1 : 0));
  if (subscription.all) topics_.follow(topics_.reach(TopicKind::all, ""), client);
  for (const std::string& name : subscription.events)
    topics_.follow(topics_.reach(TopicKind::event, name), client);
  for (const std::string& name : subscription.competitions)
    topics_.follow(topics_.reach(TopicKind::competition, name), client);
  for (const std::string& name : subscription.sports)
    topics_.follow(topics_.reach(TopicKind::sport, name), client);
}

void ClientHub::join(HubClient& client, const Subscription& subscription, std::optional<Position> from) {
  ++counts_.joins;
  client.joined = true;
  client.place = static_cast<std::uint32_t>(clients_.size());
  clients_.push_back(&client);
  follow_all(client, subscription);
  const ClientResume resumed = resume(client, from);
  counts_.tails += resumed == ClientResume::tail ? 1 : 0;
  counts_.changed += resumed == ClientResume::changed ? 1 : 0;
  // The first word, in front of what the resumption has put there.
  const auto hello = std::make_shared<ClientMessage>(
      ClientMessage::About{}, hello_words(head_, resumed, upstream_, subscription), "");
  client.queue.insert(client.queue.begin(), hello);
  client.queue_bytes += hello->size();
  tell_unknown(client);
  if (client.wake) client.wake();
}

ClientResume ClientHub::resume(HubClient& client, std::optional<Position> from) {
  const bool leads_here =
      from && from->epoch == head_.epoch && from->offset >= base_ && from->offset <= head_.offset;
  if (leads_here && is_whole_ && queue_tail(client, from->offset)) return ClientResume::tail;
  client.behind = std::make_unique<HubClient::Behind>();
  for_each_followed(client, [&](EventHandle event, const Entry& entry) {
    const bool lacks = leads_here ? entry.changed > from->offset : !entry.forgotten;
    if (lacks) lack(client, event, false);
  });
  if (!leads_here) return ClientResume::snapshots;
  if (last_moved_ <= from->offset) return ClientResume::changed;
  // What went away meanwhile from what it follows.
  for (const auto& entry : entries_) {
    if (entry && entry->known && entry->moved > from->offset && !follows(client, *entry))
      own(client, gone_words(id_of(*entry)));
  }
  return ClientResume::changed;
}

// The messages behind the offset, if all are there and not too many.
bool ClientHub::queue_tail(HubClient& client, Offset from) {
  std::vector<ClientMessageRef> tail;
  std::size_t bytes = 0;
  bool whole = true;
  for_each_followed(client, [&](EventHandle, const Entry& entry) {
    if (entry.changed <= from || !whole) return;
    whole = entry.unlogged <= from;
    for (auto message = entry.recent.rbegin(); message != entry.recent.rend(); ++message) {
      if ((*message)->about().known_from <= from) break;
      bytes += (*message)->size();
      tail.push_back(*message);
    }
    whole = whole && bytes <= options_.client_bytes_max / 2;
  });
  if (!whole || last_moved_ > from) return false;
  std::ranges::reverse(tail);
  std::ranges::stable_sort(tail, {}, [](const ClientMessageRef& m) { return m->about().known_from; });
  client.queue = std::move(tail);
  client.queue_bytes = bytes;
  client.queue.push_back(position_message());
  client.queue_bytes += client.queue.back()->size();
  return true;
}

// Events that it names and that are not there: whatever it holds of them is out of date.
void ClientHub::tell_unknown(HubClient& client) {
  for (const Followed& followed : client.follows) {
    if (followed.topic->kind != TopicKind::event) continue;
    const auto found = handles_.find(followed.topic->name);
    if (found == handles_.end() || reach(found->second).forgotten)
      own(client, gone_words(followed.topic->name));
  }
}

void ClientHub::leave(HubClient& client) {
  if (!std::exchange(client.joined, false)) return;
  while (!client.follows.empty())
    topics_.unfollow(client, client.follows.size() - 1);
  clients_[client.place] = clients_.back();
  clients_[client.place]->place = client.place;
  clients_.pop_back();
  client.queue = {};
  client.queue_at = client.queue_bytes = 0;
  client.behind.reset();
}

void ClientHub::change(HubClient& client, const SubscriptionChange& wanted) {
  const Subscription before = subscription_of(client);
  Subscription after = before;
  if (const auto changed = touchline::change(after, wanted); !changed)
    return complain(client, changed.error().text);
  // What it followed until now it has, or waits for.
  std::vector<EventHandle> had;
  for_each_followed(client, [&](EventHandle event, const Entry&) { had.push_back(event); });
  std::ranges::sort(had);
  // New topics first, so that none that stays is let go in between.
  const std::size_t old = client.follows.size();
  follow_all(client, after);
  for (std::size_t i = old; i-- != 0;)
    topics_.unfollow(client, i);
  // Behind until it has what is new, so that the next position it is told is one of what it follows now.
  fall_behind(client);
  own(client, subscription_words(after));
  // What it holds of events whose newest state it will not be given may look as if it still followed them.
  const auto lacking = client.behind->events;
  for (const EventHandle event : lacking) {
    if (!follows(client, reach(event))) own(client, gone_words(id_of(reach(event))));
  }
  for_each_followed(client, [&](EventHandle event, const Entry& entry) {
    if (!entry.forgotten && !std::ranges::binary_search(had, event)) lack(client, event, false);
  });
  for (const std::string& name : wanted.add.events) {
    const auto found = handles_.find(name);
    if (found == handles_.end() || reach(found->second).forgotten) own(client, gone_words(name));
  }
  if (client.wake) client.wake();
}

void ClientHub::complain(HubClient& client, std::string_view text) { own(client, error_words(text)); }

}  // namespace touchline
