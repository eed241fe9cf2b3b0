// An origin, a publisher and a hub with readers, without sockets and disk: the test says when a commit is done.
//
// Every reader is a real subscriber that gets the bytes its hub reader gathers.
// Knows the native format for its updates.
#pragma once

#include "core/subscriber.h"
#include "feed/ingest/native_parser.h"
#include "feed/publisher.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace touchline {

struct Wired {
  explicit Wired(HubOptions hub_options = {})
      : hub(origin.table(), Epoch(1), hub_options),
        publisher(origin, hub, [this](Batch batch) { in_flight = std::move(batch); }),
        line(origin.add_line(origin.add_source())) {}

  // One price of one outcome of one event.
  void update(const std::string& event, int price, const std::string& more = "") {
    std::string text = R"({"event":")" + event + R"(","time":)" + std::to_string(++now_ms) + more +
                       R"(,"markets":[{"id":"m","outcomes":[{"id":"o","price":)" + std::to_string(price) +
                       "}]}]}";
    const std::size_t size = text.size();
    text.append(64, '\0');
    Update parsed;
    ASSERT_TRUE(parser.parse(std::string_view(text).substr(0, size), parsed)) << text;
    ASSERT_TRUE(publisher.take(line, parsed, now_ms));
    publisher.flush(now_ms);
  }
  void commit(Result<void> result = {}) {
    if (!in_flight) return;
    Batch batch = std::move(*in_flight);
    in_flight.reset();
    publisher.committed(std::move(batch), result, now_ms);
  }
  void commit_all() {
    publisher.flush(now_ms);
    while (in_flight)
      commit();
  }

  struct Peer {
    explicit Peer(Hello hello = {}, SubscriberEvents events = {})
        : subscriber(std::move(hello), std::move(events)) {}
    Hub::Reader reader;
    Subscriber subscriber;
    bool joined = false;
    std::string failure;
  };
  void join(Peer& peer, Hello hello = {}) {
    peer.joined = true;
    hub.join(peer.reader, hello);
    publisher.flush(now_ms);
  }
  // Carries over what is due, both ways; `at_once` bytes at a time.
  void carry(Peer& peer, std::size_t at_once = 1U << 20) {
    while (true) {
      std::string bytes;
      for (const Hub::Piece& piece : hub.gather(peer.reader))
        bytes.append(piece.bytes);
      for (std::size_t at = 0; at < bytes.size() && peer.failure.empty(); at += at_once) {
        if (const auto taken = peer.subscriber.receive(std::string_view(bytes).substr(at, at_once)); !taken) {
          peer.failure = taken.error().text;
        }
      }
      answer(peer);
      publisher.flush(now_ms);
      if (bytes.empty()) return;
    }
  }
  void expect_agreement(const Peer& peer) {
    EXPECT_EQ(peer.failure, "");
    EXPECT_EQ(peer.subscriber.position().offset, hub.published());
    EXPECT_EQ(peer.reader.position, hub.published());
    ASSERT_EQ(peer.subscriber.states().size(), origin.table().events().size());
    for (const auto& event : origin.table().events()) {
      EXPECT_EQ(peer.subscriber.states().at(event->handle).digest(), event->state.digest()) << event->id;
    }
  }

  NativeParser parser;
  Origin origin;
  Hub hub;
  Publisher publisher;
  LineRef line;
  std::optional<Batch> in_flight;
  std::int64_t now_ms = 1'786'802'400'000;

 private:
  void answer(Peer& peer) {
    FrameReader frames;
    frames.append(peer.subscriber.take_output());
    Frame frame;
    while (true) {
      const auto more = frames.next(frame);
      if (!more || !*more) return;
      if (frame.kind == FrameKind::resync) hub.resync(peer.reader, read_resync(frame.body)->event);
    }
  }
};

}  // namespace touchline
