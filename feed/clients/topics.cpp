#include "feed/clients/topics.h"

#include "feed/clients/hub_client.h"

namespace touchline {

Topic& Topics::reach(TopicKind kind, std::string_view name) {
  auto& topics = topics_[static_cast<std::size_t>(kind)];
  const auto found = topics.find(name);
  if (found != topics.end()) return *found->second;
  auto topic = std::make_unique<Topic>();
  topic->kind = kind;
  topic->name = name;
  return *topics.emplace(std::string(name), std::move(topic)).first->second;
}

const Topic* Topics::find(TopicKind kind, std::string_view name) const {
  const auto& topics = topics_[static_cast<std::size_t>(kind)];
  const auto found = topics.find(name);
  return found == topics.end() ? nullptr : found->second.get();
}

Topic* Topics::join(TopicKind kind, std::string_view name) {
  Topic& topic = reach(kind, name);
  ++topic.events;
  return &topic;
}

void Topics::leave(Topic* topic) {
  if (topic == nullptr) return;
  --topic->events;
  release(*topic);
}

void Topics::follow(Topic& topic, HubClient& client) {
  topic.lingers = 0;
  client.follows.push_back({&topic, static_cast<std::uint32_t>(topic.members.size())});
  topic.members.push_back({&client, static_cast<std::uint32_t>(client.follows.size() - 1)});
}

void Topics::unfollow(HubClient& client, std::size_t place) {
  const Followed left = client.follows[place];
  client.follows[place] = client.follows.back();
  client.follows[place].topic->members[client.follows[place].place].place = static_cast<std::uint32_t>(place);
  client.follows.pop_back();
  auto& members = left.topic->members;
  members[left.place] = members.back();
  if (left.place + 1 != members.size()) {
    const Topic::Member& moved = members[left.place];
    moved.client->follows[moved.place].place = left.place;
  }
  members.pop_back();
  if (members.empty())
    left.topic->lingers = lingering_messages * (left.topic->kind == TopicKind::event ? 1 : 16);
  release(*left.topic);
}

std::size_t Topics::size() const {
  std::size_t count = 0;
  for (const auto& topics : topics_)
    count += topics.size();
  return count;
}

void Topics::release(Topic& topic) {
  if (topic.events != 0 || !topic.members.empty()) return;
  auto& topics = topics_[static_cast<std::size_t>(topic.kind)];
  topics.erase(topics.find(std::string_view(topic.name)));
}

}  // namespace touchline
