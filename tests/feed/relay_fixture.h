// An origin, relays in a chain and readers at any of them, joined by lines that the test cuts where it wants.
//
// Real hubs, relays and subscribers, and no socket: a line is what one end has written and the other has not read. What
// an event's state is at each of its sequence numbers is remembered, so that no reader may ever show another one.
#pragma once

#include "core/coded/prior.h"
#include "core/retention.h"
#include "core/subscriber.h"
#include "feed/publisher.h"
#include "feed/relay.h"
#include "feed/state_keeper.h"
#include "tests/core/update_fixture.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace touchline::test {

// One end after another of one who reads, and the hub at the other end.
struct Line {
  Hub* hub = nullptr;  // null: not connected
  Hub::Reader reader;
  std::string written;  // and not yet read
};

// What a node offers to whom it reads from.
enum class Asks : std::uint8_t { blocks, coded };

class RelayMesh {
 public:
  struct Node {
    Line line;
    Asks asks = Asks::blocks;
    std::unique_ptr<Relay> relay;            // one of both
    std::unique_ptr<Subscriber> subscriber;  //
    bool more_keyframes = false;
    bool intact = true;  // nobody has changed what it holds
    std::string error;
    std::string wrong;  // what it showed and should not have
    std::optional<std::string> kept;

    ReceivingEnd& end() const { return relay ? static_cast<ReceivingEnd&>(*relay) : *subscriber; }
  };

  explicit RelayMesh(HubOptions origin_options = {}, HubOptions relay_options = {})
      : origin_options_(std::move(origin_options)),
        relay_options_(std::move(relay_options)),
        line_(origin_.add_line(origin_.add_source())) {
    begin_epoch();
  }
  ~RelayMesh() {
    for (const auto& node : nodes_)
      cut(*node);
  }

  Node& add_relay(RelayEvents listeners = {}, Asks asks = Asks::blocks) {
    Node& node = *nodes_.emplace_back(std::make_unique<Node>());
    node.asks = asks;
    start_relay(node, std::move(listeners));
    return node;
  }
  Node& add_reader(Filter filter = {}, Asks asks = Asks::blocks) {
    Node& node = *nodes_.emplace_back(std::make_unique<Node>());
    node.asks = asks;
    Hello hello = hello_of(node);
    hello.filter = std::move(filter);
    SubscriberEvents events;
    events.keyframe = [this, &node](EventHandle event, const EventState& state, Offset) {
      look_at(node, event, state);
    };
    events.delta = [this, &node](EventHandle event, const EventState& state, const Delta&, Offset) {
      look_at(node, event, state);
    };
    node.subscriber = std::make_unique<Subscriber>(std::move(hello), std::move(events));
    return node;
  }

  void update(Update update) {
    ASSERT_TRUE(publisher_->take(line_, update, now_ms));
    note();
  }
  void update(const std::string& event, std::int64_t price) {
    update(updated().at_ms(now_ms).event(event).market("m").outcome("o").set(Field::last_price, price));
  }
  void forget() {
    origin_.forget(0, now_ms + 1);
    note();
  }
  void flush() { publisher_->flush(now_ms); }
  void commit() {
    if (!under_way_) return flush();
    publisher_->committed(std::move(*std::exchange(under_way_, std::nullopt)), {}, now_ms);
  }
  void commit_all() {
    flush();
    while (under_way_)
      commit();
  }
  void checkpoint() { publisher_->checkpoint_all(); }

  // Everybody is cut off, and what follows is another history of the same events.
  void begin_epoch() {
    if (hub_) {
      cut_all(*hub_);
      commit_all();
    }
    ++epoch_;
    start_origin();
  }
  void restart_origin() {
    cut_all(*hub_);
    commit_all();
    start_origin();
  }
  // Nothing is left of it but what was kept, if it is told to go on from there.
  void restart(Node& node, bool from_kept) {
    cut(node);
    cut_all(node.relay->hub());
    start_relay(node);
    node.error.clear();
    if (!from_kept || !node.kept) return;
    ASSERT_TRUE(node.relay->restore(*node.kept));
  }
  void keep(Node& node) {
    StateKeeper keeper(node.relay->hub());
    keeper.start();
    node.relay->serve_waiting();
    while (std::exchange(node.more_keyframes, false))
      node.relay->hub().make_keyframes();
    node.relay->serve_waiting();
    while (std::exchange(node.more_keyframes, false))
      node.relay->hub().make_keyframes();
    if (auto bytes = keeper.take()) node.kept = std::move(*bytes);
  }

  // A relay that has nothing to give lets nobody in.
  static bool is_open(Node* at) { return at == nullptr || at->relay->hub().epoch() != Epoch(0); }

  // To the origin, or to a relay.
  void connect(Node& node, Node* to = nullptr) {
    cut(node);
    if (!is_open(to)) return;
    node.relay ? node.relay->reconnect() : node.subscriber->reconnect();
    FrameReader frames;
    const std::string said = node.end().take_output();
    frames.append(said);
    Frame frame;
    ASSERT_TRUE(frames.next(frame).value());
    node.line.hub = to == nullptr ? hub_.get() : &to->relay->hub();
    node.line.hub->join(node.line.reader, read_hello(frame.body).value());
    serve_waiting();
  }
  static void cut(Node& node) {
    if (node.line.hub != nullptr) node.line.hub->leave(node.line.reader);
    node.line = {};
    if (node.relay) node.relay->lost();
  }

  void write(Node& node) {
    Line& line = node.line;
    if (line.hub == nullptr) return;
    const auto pieces = line.hub->gather(line.reader);
    for (const Hub::Piece& piece : pieces)
      line.written.append(piece.bytes);
    const Hub::Reader& reader = line.reader;
    if (pieces.empty() && reader.following && !reader.resetting && !reader.course && reader.own.empty() &&
        line.hub->behind_bytes(reader) == 0)
      line.written += line.hub->heartbeat(reader, now_ms);
  }
  void read(Node& node, std::size_t size) {
    if (node.line.hub == nullptr || !node.error.empty()) return;
    const std::string bytes = node.line.written.substr(0, size);
    node.line.written.erase(0, bytes.size());
    if (const auto taken = node.end().receive(bytes); !taken) node.error = taken.error().text;
    FrameReader frames;
    frames.append(node.end().take_output());
    Frame frame;
    while (frames.next(frame).value()) {
      if (frame.kind == FrameKind::resync)
        node.line.hub->resync(node.line.reader, read_resync(frame.body)->event);
    }
    serve_waiting();
  }
  // Whatever the other end has for it.
  void carry(Node& node) {
    for (std::size_t before = 1; before != 0 && node.error.empty();) {
      write(node);
      before = node.line.written.size();
      read(node, before);
      const Hub::Reader& reader = node.line.reader;
      if (!reader.following || reader.resetting ||
          (reader.own.empty() && !reader.course && reader.position == node.line.hub->published()))
        return;
    }
  }
  // What a turn of the loop would do.
  void serve_waiting() {
    flush();
    while (std::exchange(origin_more_, false))
      hub_->make_keyframes();
    for (const auto& node : nodes_) {
      if (!node->relay) continue;
      while (std::exchange(node->more_keyframes, false))
        node->relay->hub().make_keyframes();
      node->relay->serve_waiting();
    }
  }

  // Reader and origin hold the same where they must.
  void expect_agreement(const Node& node) {
    EXPECT_EQ(node.error, "");
    EXPECT_EQ(node.wrong, "");
    EXPECT_EQ(node.subscriber->position(), (Position{Epoch(epoch_), hub_->published()}));
    for (const auto& event : origin_.table().events()) {
      const auto held = node.subscriber->states().find(event->handle);
      if (held == node.subscriber->states().end()) {
        EXPECT_TRUE(is_forgotten(event->state) || !node.line.reader.filter.all()) << event->id;
        continue;
      }
      EXPECT_EQ(held->second.seq, event->state.seq) << event->id;
      EXPECT_EQ(held->second.digest(), event->state.digest()) << event->id;
    }
  }

  const std::vector<std::unique_ptr<Node>>& nodes() const { return nodes_; }
  Hub& hub() { return *hub_; }
  Origin& origin() { return origin_; }
  std::int64_t now_ms = 1'786'802'400'000;

 private:
  void start_origin() {
    publisher_.reset();
    hub_ = std::make_unique<Hub>(origin_.table(), Epoch(epoch_), origin_options_);
    publisher_ = std::make_unique<Publisher>(
        origin_, *hub_, [this](Batch batch) { under_way_ = std::move(batch); },
        PublisherOptions{
            .pending_bytes_max = 1U << 20, .pending_deltas_max = 100'000, .checkpoint_interval_ms = 300});
    hub_->on_more_keyframes = [this] { origin_more_ = true; };
    hub_->restore_head(origin_.head());
  }
  void start_relay(Node& node, RelayEvents events = {}) {
    events.send_away = [this, &node](const std::string&) { cut_all(node.relay->hub()); };
    node.relay = std::make_unique<Relay>(hello_of(node), relay_options_, std::move(events));
    node.relay->hub().on_more_keyframes = [&node] { node.more_keyframes = true; };
    node.more_keyframes = false;
  }
  static Hello hello_of(const Node& node) {
    Hello hello;
    if (node.asks == Asks::coded) hello.coded_prior = coded::prior_version;
    return hello;
  }
  void cut_all(Hub& hub) {
    for (const auto& node : nodes_) {
      if (node->line.hub == &hub) cut(*node);
    }
  }
  void note() {
    for (const auto& event : origin_.table().events())
      digests_[{event->handle, event->state.seq}] = event->state.digest();
  }
  void look_at(Node& node, EventHandle event, const EventState& state) {
    const auto known = digests_.find({event, state.seq});
    if (known != digests_.end() && known->second == state.digest()) return;
    if (node.wrong.empty() && node.intact)
      node.wrong = "event " + std::to_string(event.value) + " at seq " + std::to_string(state.seq.value);
  }

  HubOptions origin_options_;
  HubOptions relay_options_;
  std::uint64_t epoch_ = 0;
  Origin origin_;
  LineRef line_;
  std::unique_ptr<Hub> hub_;
  std::optional<Batch> under_way_;
  std::unique_ptr<Publisher> publisher_;
  bool origin_more_ = false;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::map<std::pair<EventHandle, Seq>, std::uint64_t> digests_;
};

}  // namespace touchline::test
