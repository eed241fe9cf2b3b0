#include "feed/clients/client_hub.h"

#include "core/retention.h"
#include "core/state_names.h"

#include <algorithm>
#include <utility>

namespace touchline {
namespace {

constexpr ClientMessage::About about_nothing{};

std::string_view name_in(const EventState& state, Field field) {
  return text_at(state, Address(0, 0, field));
}

}  // namespace

ClientHub::Entry& ClientHub::reach(EventHandle event) {
  if (entries_.size() < event.value) entries_.resize(event.value);
  std::unique_ptr<Entry>& entry = entries_[event.value - 1];
  if (!entry) entry = std::make_unique<Entry>();
  return *entry;
}

template <class Visit>
void ClientHub::for_each_topic(const Entry& entry, Visit&& visit) {
  visit(topics_.reach(TopicKind::all, ""));
  for (Topic* topic : {entry.event, entry.competition, entry.sport}) {
    if (topic != nullptr) visit(*topic);
  }
}

bool ClientHub::is_followed(const Entry& entry) const {
  const auto has_members = [](const Topic* topic) { return topic != nullptr && !topic->members.empty(); };
  return has_members(topics_.find(TopicKind::all, "")) || has_members(entry.event) ||
         has_members(entry.competition) || has_members(entry.sport);
}

// Somebody followed it until just now and may be on the way back.
bool ClientHub::may_be_followed_again(const Entry& entry) {
  bool may_be = false;
  for_each_topic(entry, [&](Topic& topic) {
    if (topic.lingers == 0) return;
    --topic.lingers;
    may_be = true;
  });
  return may_be;
}

// What an event was when it was forgotten it stays to those who follow it.
bool ClientHub::place_event(Entry& entry, EventHandle event, const EventState& state) {
  const std::string_view id = name_in(state, Field::id);
  if (!entry.known) {
    entry.known = true;
    entry.event = topics_.join(TopicKind::event, id);
    handles_.insert_or_assign(std::string(id), event);
  }
  if (entry.forgotten) return false;
  bool moved = false;
  const auto place = [&](Topic*& at, TopicKind kind, std::string_view name) {
    if (at == nullptr ? name.empty() : at->name == name) return;
    Topic* const left = at;
    at = name.empty() ? nullptr : topics_.join(kind, name);
    moved = true;
    if (left == nullptr) return;
    tell_left(entry, left);
    topics_.leave(left);
  };
  place(entry.competition, TopicKind::competition, name_in(state, Field::competition));
  place(entry.sport, TopicKind::sport, name_in(state, Field::sport));
  return moved;
}

// Whoever followed it by that alone follows it no longer.
void ClientHub::tell_left(const Entry& entry, Topic* left) {
  const auto message = std::make_shared<ClientMessage>(about_nothing, gone_words(id_of(entry)), "");
  for (const Topic::Member& member : left->members) {
    if (!follows(*member.client, entry)) give(*member.client, message);
  }
}

void ClientHub::delta(EventHandle event, const EventState& after, const Delta& delta, Offset at) {
  head_.offset = std::max(head_.offset, at);
  changed(event, after, &delta, at);
}

// It comes out of the order of the deltas: who stands at this very offset may not have seen it.
void ClientHub::keyframe(EventHandle event, const EventState& state, Offset at) {
  changed(event, state, nullptr, std::max(at, head_.offset.next()));
}

void ClientHub::changed(EventHandle event, const EventState& state, const Delta* delta, Offset known_from) {
  Entry& entry = reach(event);
  if (entry.snapshot) snapshot_bytes_ -= entry.snapshot->size();
  entry.snapshot.reset();
  const bool was_known = entry.known;
  const bool was_shown = was_known && !entry.forgotten;
  entry.changed = known_from;
  entry.forgotten = is_forgotten(state);
  if (!entry.known && entry.forgotten) return;  // nobody here has ever been told of it
  const bool moved = place_event(entry, event, state);
  if (moved && was_known) last_moved_ = entry.moved = known_from;
  if (!is_followed(entry) && !may_be_followed_again(entry)) {
    entry.unlogged = known_from;
    return;
  }
  ClientMessageRef message;
  if (delta != nullptr && was_shown && !entry.forgotten && !moved) {
    std::string position = position_text({head_.epoch, known_from});
    const std::string json = delta_words(id_of(entry), state, *delta, position);
    if (!json.empty()) {
      ++counts_.deltas;
      message = std::make_shared<ClientMessage>(
          ClientMessage::About{event, known_from, delta->kind == DeltaClass::critical, false}, json,
          std::move(position));
    }
  }
  if (!message) message = make_state(event);
  log(event, entry, message);
  tell(entry, message);
}

// The event's newest state, or that it is no more. Made once until it changes.
ClientMessageRef ClientHub::make_state(EventHandle event) {
  Entry& entry = reach(event);
  if (entry.snapshot) return entry.snapshot;
  const EventState& state = events_.events()[event.value - 1]->state;
  const std::string json = entry.forgotten ? gone_words(id_of(entry)) : snapshot_words(id_of(entry), state);
  ++counts_.snapshots;
  entry.snapshot = std::make_shared<ClientMessage>(
      ClientMessage::About{event, entry.changed, true, entry.forgotten}, json, "");
  snapshot_bytes_ += entry.snapshot->size();
  const ClientMessageRef made = entry.snapshot;
  if (snapshot_bytes_ > options_.snapshot_bytes_max) {
    for (const auto& each : entries_) {
      if (each) each->snapshot.reset();
    }
    snapshot_bytes_ = 0;
  }
  return made;
}

void ClientHub::log(EventHandle event, Entry& entry, ClientMessageRef message) {
  log_bytes_ += message->size();
  entry.recent.push_back(std::move(message));
  logged_.push_back(event);
  while (log_bytes_ > options_.log_bytes_max) {
    Entry& oldest = reach(logged_.front());
    logged_.pop_front();
    log_bytes_ -= oldest.recent.front()->size();
    oldest.unlogged = oldest.recent.front()->about().known_from;
    oldest.recent.erase(oldest.recent.begin());
  }
}

void ClientHub::tell(const Entry& entry, const ClientMessageRef& message) {
  ++numbers_;
  for_each_topic(entry, [&](Topic& topic) {
    for (const Topic::Member& member : topic.members) {
      if (std::exchange(member.client->told, numbers_) != numbers_) give(*member.client, message);
    }
  });
}

void ClientHub::give(HubClient& client, const ClientMessageRef& message) {
  const ClientMessage::About& about = message->about();
  if (client.behind && about.event.value != 0) {
    lack(client, about.event, about.is_critical);
  } else {
    client.queue.push_back(message);
    client.queue_bytes += message->size();
    if (client.queue_bytes > options_.client_bytes_max) {
      if (!client.behind) ++counts_.behind;
      fall_behind(client);
    }
  }
  if (client.wake) client.wake();
}

void ClientHub::own(HubClient& client, std::string_view json) {
  give(client, std::make_shared<ClientMessage>(about_nothing, json, ""));
}

// What waits and is of an event gives way to that event's state. The rest stays; it is little.
void ClientHub::fall_behind(HubClient& client) {
  if (!client.behind) client.behind = std::make_unique<HubClient::Behind>();
  std::vector<ClientMessageRef> kept;
  client.queue_bytes = 0;
  for (std::size_t i = client.queue_at; i < client.queue.size(); ++i) {
    const ClientMessage::About& about = client.queue[i]->about();
    if (about.event.value != 0) {
      lack(client, about.event, about.is_critical);
    } else {
      client.queue_bytes += client.queue[i]->size();
      kept.push_back(std::move(client.queue[i]));
    }
  }
  client.queue = std::move(kept);
  client.queue_at = 0;
}

void ClientHub::lack(HubClient& client, EventHandle event, bool critical) {
  HubClient::Behind& behind = *client.behind;
  const bool is_new = behind.events.insert(event).second;
  if (critical) {
    behind.critical.push_back(event);
  } else if (is_new) {
    behind.others.push_back(event);
  }
}

// Null: it lacks none.
ClientMessageRef ClientHub::next_state(HubClient& client) {
  HubClient::Behind& behind = *client.behind;
  for (auto* queue : {&behind.critical, &behind.others}) {
    while (!queue->empty()) {
      const EventHandle event = queue->front();
      queue->pop_front();
      if (behind.events.erase(event) != 0 && follows(client, reach(event))) return make_state(event);
    }
  }
  return nullptr;
}

// Whoever waits keeps no memory of what it was given.
void ClientHub::let_go_of_taken(HubClient& client) {
  if (client.queue_at == client.queue.size()) {
    client.queue = {};
  } else if (client.queue_at < 64 || client.queue_at < client.queue.size() / 2) {
    return;
  } else {
    client.queue.erase(client.queue.begin(),
                       client.queue.begin() + static_cast<std::ptrdiff_t>(client.queue_at));
  }
  client.queue_at = 0;
}

void ClientHub::take(HubClient& client, std::size_t bytes_max, std::vector<ClientMessageRef>& out) {
  std::size_t bytes = 0;
  const auto add = [&](ClientMessageRef message) {
    bytes += message->size();
    ++counts_.sent;
    out.push_back(std::move(message));
  };
  while (bytes < bytes_max) {
    if (client.queue_at < client.queue.size()) {
      client.queue_bytes -= client.queue[client.queue_at]->size();
      add(std::move(client.queue[client.queue_at++]));
      let_go_of_taken(client);
      continue;
    }
    if (!client.behind) return;
    if (auto state = next_state(client)) {
      add(std::move(state));
    } else if (is_whole_) {
      client.behind.reset();
      add(position_message());
    } else {
      return;
    }
  }
}

bool ClientHub::has_more(const HubClient& client) const {
  return !client.queue.empty() || (client.behind && (is_whole_ || !client.behind->events.empty()));
}

ClientMessageRef ClientHub::position_message() {
  std::string position = position_text(head_);
  const std::string json = position_words(position);
  if (!position_ || position_->json() != json)
    position_ = std::make_shared<ClientMessage>(about_nothing, json, std::move(position));
  return position_;
}

ClientMessageRef ClientHub::snapshot_of(std::string_view event) {
  const auto found = handles_.find(event);
  if (found == handles_.end() || reach(found->second).forgotten) return nullptr;
  return make_state(found->second);
}

void ClientHub::set_upstream(UpstreamHealth health) {
  if (std::exchange(upstream_, health) == health) return;
  const auto message = std::make_shared<ClientMessage>(about_nothing, status_words(health), "");
  for (HubClient* client : clients_)
    give(*client, message);
}

void ClientHub::begun_anew(Position position) {
  for (const auto& entry : entries_) {
    if (!entry || !entry->known) continue;
    old_.push_back({entry->event, entry->competition, entry->sport});
  }
  entries_.clear();
  handles_.clear();
  logged_.clear();
  log_bytes_ = snapshot_bytes_ = 0;
  head_ = position;
  base_ = last_moved_ = position.offset;
  is_whole_ = false;
  for (HubClient* client : clients_) {
    if (client->behind) *client->behind = {};
    fall_behind(*client);
    *client->behind = {};
  }
}

// What was there before and is not any more, or is somewhere else: whoever followed it lets go of it.
void ClientHub::tell_old(const Old& old) {
  const auto found = handles_.find(old.event->name);
  const Entry* now = found == handles_.end() ? nullptr : &reach(found->second);
  if (now != nullptr && now->forgotten) now = nullptr;
  const auto message = std::make_shared<ClientMessage>(about_nothing, gone_words(old.event->name), "");
  ++numbers_;
  for (Topic* topic : {&topics_.reach(TopicKind::all, ""), old.event, old.competition, old.sport}) {
    if (topic == nullptr) continue;
    for (const Topic::Member& member : topic->members) {
      if (std::exchange(member.client->told, numbers_) == numbers_) continue;
      if (now == nullptr || !follows(*member.client, *now)) give(*member.client, message);
    }
  }
  for (Topic* topic : {old.event, old.competition, old.sport})
    topics_.leave(topic);
}

void ClientHub::whole() {
  if (std::exchange(is_whole_, true)) return;
  for (const Old& old : std::exchange(old_, {}))
    tell_old(old);
  for (HubClient* client : clients_) {
    if (client->behind && client->wake) client->wake();
  }
}

}  // namespace touchline
