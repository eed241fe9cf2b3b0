// Golden conversations: what both ends say, frame by frame, and how the subscriber stands at the end.

#include "core/block.h"
#include "core/check.h"
#include "core/coded/prior.h"
#include "core/keyframe.h"
#include "core/subscriber.h"
#include "tests/golden/make_golden.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace touchline::golden {
namespace {

// An event as its publisher has it.
struct Published {
  EventHandle handle;
  EventState state;

  std::string next(const std::function<void(EventState&)>& change, std::int64_t time_step_ms = 40,
                   std::uint64_t merged = 0) {
    const EventState before = state;
    change(state);
    state.seq = Seq(before.seq.value + std::max<std::uint64_t>(merged, 1));
    state.source_time_ms = before.source_time_ms + time_step_ms;
    std::string block;
    if (merged != 0) {
      encode_merged_block(block, diff(before, state), before.source_time_ms);
    } else {
      encode_block(block, state, diff(before, state), before.source_time_ms);
    }
    return block;
  }
  std::string forget() {
    EventState left;
    left.set(at(0, 0, Field::id), state.get(at(0, 0, Field::id)).text);
    left.set(at(0, 0, Field::status), static_cast<std::int64_t>(EventStatus::forgotten));
    left.seq = state.seq.next();
    left.source_time_ms = state.source_time_ms;
    Delta delta = diff(state, left);
    delta.cause = Cause::operator_;
    std::string block;
    encode_block(block, left, delta, state.source_time_ms);
    state = std::move(left);
    return block;
  }
  KeyframeChunk keyframe(Offset offset) const {
    KeyframeChunk chunk{handle, state.seq, offset, state.digest(), state.source_time_ms, 0, 1, {}, 0, {}};
    encode_state(chunk.data, state);
    chunk.state_bytes = chunk.data.size();
    return chunk;
  }
  EventDigest digest() const { return {handle, state.seq, state.digest()}; }
};

template <class Message>
std::string framed(const Message& message) {
  std::string bytes;
  put(bytes, message);
  return bytes;
}

std::string deltas_of(const std::string& body) {
  std::string bytes;
  put_frame(bytes, FrameKind::deltas, body);
  return bytes;
}

std::string_view kind_of(const std::string& bytes) {
  FrameReader reader;
  reader.append(bytes);
  Frame frame;
  TL_CHECK(reader.next(frame).value());
  return name_of(frame.kind);
}

class Conversation {
 public:
  Conversation(std::string_view name, Hello hello) : json_(2), subscriber_(std::move(hello), {}) {
    json_.text("name", name);
    from_subscriber();
  }

  template <class Message>
  void publish(const Message& message) {
    publish_bytes(framed(message));
  }
  void deltas(const std::string& body) { publish_bytes(deltas_of(body)); }
  void ping(std::uint64_t nonce) {
    std::string bytes;
    put(bytes, Ping{nonce}, FrameKind::ping);
    publish_bytes(bytes);
  }
  void acknowledge() {
    subscriber_.acknowledge();
    from_subscriber();
  }
  void reconnect() {
    connections_.push_back(json_list(std::exchange(entries_, {}), 6));
    subscriber_.reconnect();
    from_subscriber();
  }

  std::string done() {
    connections_.push_back(json_list(std::exchange(entries_, {}), 6));
    std::vector<std::pair<EventHandle, const EventState*>> states;
    for (const auto& [handle, state] : subscriber_.states())
      states.emplace_back(handle, &state);
    std::sort(states.begin(), states.end());
    std::vector<std::string> events;
    for (const auto& [handle, state] : states) {
      events.push_back(Json(6).number("event", handle.value).state("state", *state).done());
    }
    json_.raw("connections", json_list(connections_, 4));
    json_.number("epoch", subscriber_.position().epoch.value)
        .number("offset", subscriber_.position().offset.value);
    return json_.raw("events", json_list(events, 4)).done();
  }

 private:
  void publish_bytes(const std::string& bytes) {
    add("publisher", bytes);
    const auto taken = subscriber_.receive(bytes);
    if (!taken) std::fprintf(stderr, "%s\n", taken.error().text.c_str());
    TL_CHECK(taken);
    from_subscriber();
  }
  void from_subscriber() {
    if (const std::string bytes = subscriber_.take_output(); !bytes.empty()) add("subscriber", bytes);
  }
  void add(std::string_view from, const std::string& bytes) {
    entries_.push_back(Json(8).text("from", from).text("frame", kind_of(bytes)).bytes("bytes", bytes).done());
  }

  Json json_;
  Subscriber subscriber_;
  std::vector<std::string> entries_;
  std::vector<std::string> connections_;
};

class Body {
 public:
  Body& item(const Published& event, const std::string& block) {
    put_item(body_, event.handle, block);
    return *this;
  }
  Body& last(const Published& event, const std::string& block) {
    put_last_item_head(body_, event.handle);
    body_ += block;
    return *this;
  }
  Body& skip(std::uint64_t count) {
    put_skip(body_, count);
    return *this;
  }
  operator const std::string&() const { return body_; }

 private:
  std::string body_;
};

constexpr std::int64_t noon = 1'786'795'200'000;

Published derby() {
  Published event{EventHandle(3), {}};
  event.state.set(at(0, 0, Field::id), std::string_view("m-1"));
  event.state.set(at(0, 0, Field::sport), std::string_view("football"));
  event.state.set(at(0, 0, Field::status), static_cast<std::int64_t>(EventStatus::live));
  event.state.set(at(1, 0, Field::id), std::string_view("1x2"));
  event.state.set(at(1, 0, Field::status), static_cast<std::int64_t>(MarketStatus::open));
  event.state.set(at(1, 1, Field::id), std::string_view("home"));
  event.state.set(at(1, 1, Field::back, 185), 12'000);
  event.state.set(at(1, 1, Field::back, 184), 30'000);
  event.state.seq = Seq(2);
  event.state.source_time_ms = noon;
  return event;
}

Published other() {
  Published event = derby();
  event.handle = EventHandle(4);
  event.state.set(at(0, 0, Field::id), std::string_view("m-2"));
  return event;
}

Welcome welcome(std::uint64_t offset, ResumeKind resume = ResumeKind::keyframes,
                std::string_view reason = "no position given") {
  return {protocol_version, {Epoch(1), Offset(offset)}, Durability::durable, 1'000, 16U << 20,
          resume,           std::string(reason),        "touchline 0.1.0"};
}

std::function<void(EventState&)> back(std::uint32_t price, std::int64_t size) {
  return [=](EventState& s) { s.set(at(1, 1, Field::back, price), size); };
}

// For whoever holds it, and, on a second connection that begins with nothing, for whoever has come since.
std::string forgotten_event() {
  Conversation talk("forgotten, and begun anew", {});
  Published event = derby();
  const auto begin_anew = [](EventState& s) {
    s.erase(at(0, 0, Field::status));
    s.set(at(1, 0, Field::id), std::string_view("next-goal"));
    s.set(at(1, 1, Field::id), std::string_view("none"));
    s.set(at(1, 1, Field::price), 450);
  };
  talk.publish(welcome(7));
  talk.publish(event.keyframe(Offset(7)));
  talk.deltas(Body().last(event, event.forget()));
  Published held = event;
  talk.deltas(Body().last(held, held.next(begin_anew)));
  talk.publish(Checkpoint{Offset(9), {held.digest()}});
  talk.reconnect();
  talk.publish(welcome(8, ResumeKind::reset, "the position is ahead of the journal"));
  talk.publish(Heartbeat{Offset(8), noon, {}});
  talk.deltas(Body().last(event, event.next(begin_anew)));
  talk.publish(event.keyframe(Offset(9)));
  talk.publish(Checkpoint{Offset(9), {event.digest()}});
  return talk.done();
}

std::string worked_example() {
  Hello hello;
  hello.relay = "edge-1";
  hello.filter.sports = {"football"};
  Conversation talk("worked example", hello);
  Published event = derby();
  talk.publish(welcome(7));
  talk.publish(event.keyframe(Offset(7)));
  talk.deltas(Body().last(event, event.next([](EventState& s) {
    s.set(at(1, 1, Field::back, 185), 9'500);
    s.set(at(1, 1, Field::back, 186), 2'000);
  })));
  Published next{EventHandle(5), {}};
  const std::string goal = event.next(
      [](EventState& s) {
        s.set(at(0, 0, Field::home_score), 1);
        s.set(at(1, 0, Field::status), static_cast<std::int64_t>(MarketStatus::suspended));
        s.erase(at(1, 1, Field::back, 186));
      },
      60);
  const std::string first = next.next(
      [](EventState& s) {
        s.set(at(0, 0, Field::id), std::string_view("m-3"));
        s.set(at(0, 0, Field::sport), std::string_view("football"));
      },
      noon);
  talk.deltas(Body().item(event, goal).last(next, first));
  talk.deltas(Body().skip(3));
  talk.publish(Heartbeat{Offset(13), noon + 1'000, {}});
  talk.publish(Checkpoint{Offset(13), {event.digest(), next.digest()}});
  talk.acknowledge();
  talk.publish(Goodbye{GoodbyeReason::shutdown, 1'250, "the service stops"});
  return talk.done();
}

std::string resync() {
  Conversation talk("a digest differs, the keyframe settles it", Hello{});
  Published event = derby();
  talk.publish(welcome(2));
  talk.publish(event.keyframe(Offset(2)));
  talk.deltas(Body().last(event, event.next(back(186, 500))));
  // As if a cell had been damaged: the publisher's state is another one from here on.
  event.state.set(at(1, 1, Field::back, 184), 31'000);
  talk.publish(Checkpoint{Offset(3), {event.digest()}});
  talk.deltas(Body().item(event, event.next(back(184, 31'500))));
  talk.publish(event.keyframe(Offset(4)));
  talk.deltas(Body().last(event, event.next(back(184, 32'000))));
  talk.publish(Checkpoint{Offset(5), {event.digest()}});
  return talk.done();
}

std::string broken_block() {
  Conversation talk("a block that cannot be read, the keyframe settles it", Hello{});
  Published event = derby();
  talk.publish(welcome(2));
  talk.publish(event.keyframe(Offset(2)));
  const std::string lost = event.next(back(186, 500));
  talk.deltas(Body().last(event, lost + "more"));
  talk.publish(event.keyframe(Offset(3)));
  talk.publish(Heartbeat{Offset(3), noon, {}});
  return talk.done();
}

std::string tail() {
  Conversation talk("resume: the tail", Hello{});
  Published event = derby();
  talk.publish(welcome(2));
  talk.publish(event.keyframe(Offset(2)));
  talk.deltas(Body().last(event, event.next(back(186, 500))));
  talk.reconnect();
  talk.publish(welcome(3, ResumeKind::tail, "the tail is in memory"));
  talk.deltas(Body().item(event, event.next(back(187, 500))).last(event, event.next(back(187, 400))));
  talk.publish(Checkpoint{Offset(5), {event.digest()}});
  return talk.done();
}

std::string reset() {
  Conversation talk("resume: reset, everything is forgotten", Hello{});
  Published event = derby();
  talk.publish(welcome(2));
  talk.publish(event.keyframe(Offset(2)));
  talk.publish(other().keyframe(Offset(2)));
  talk.publish(Heartbeat{Offset(2), noon, {}});
  talk.reconnect();
  Welcome again = welcome(1, ResumeKind::reset, "the position is of another epoch");
  again.position.epoch = Epoch(2);
  talk.publish(again);
  Published fresh = derby();
  fresh.handle = EventHandle(1);
  fresh.state.seq = Seq(1);
  talk.publish(fresh.keyframe(Offset(1)));
  talk.publish(Heartbeat{Offset(1), noon, {}});
  return talk.done();
}

std::string behind() {
  Conversation talk("fallen behind: keyframes ahead of the position, then a skip", Hello{});
  Published event = derby();
  talk.publish(welcome(2));
  talk.publish(event.keyframe(Offset(2)));
  talk.deltas(Body().last(event, event.next(back(186, 500))));
  for (std::int64_t size = 1; size <= 100; ++size)
    event.next(back(186, size));
  talk.publish(event.keyframe(Offset(103)));
  talk.publish(other().keyframe(Offset(103)));
  talk.deltas(Body().skip(100));
  talk.deltas(Body().last(event, event.next(back(186, 700))));
  talk.publish(Checkpoint{Offset(104), {event.digest()}});
  return talk.done();
}

std::string ahead() {
  Conversation talk("deltas that a keyframe holds already are counted and left out", Hello{});
  Published event = derby();
  Published second = other();
  talk.publish(welcome(2));
  talk.publish(event.keyframe(Offset(2)));
  talk.publish(second.keyframe(Offset(2)));
  const std::string one = event.next(back(186, 500));
  const std::string two = second.next(back(186, 600));
  const std::string three = event.next(back(186, 700));
  talk.publish(event.keyframe(Offset(5)));
  talk.deltas(Body().item(event, one).item(second, two).last(event, three));
  talk.deltas(Body().last(event, event.next(back(186, 800))));
  talk.publish(Checkpoint{Offset(6), {event.digest(), second.digest()}});
  return talk.done();
}

std::string conflated() {
  Conversation talk("merged blocks count as what they merge", Hello{});
  Published event = derby();
  Published second = other();
  talk.publish(welcome(2));
  talk.publish(event.keyframe(Offset(2)));
  talk.publish(second.keyframe(Offset(2)));
  talk.deltas(
      Body().item(event, event.next(back(186, 500), 400, 9)).last(second, second.next(back(186, 9), 400, 3)));
  talk.publish(Heartbeat{Offset(14), noon, {}});
  talk.deltas(Body().item(second, second.next(back(185, 10))).last(event, event.next(back(187, 9))));
  talk.publish(Checkpoint{Offset(16), {event.digest(), second.digest()}});
  return talk.done();
}

std::string chunked() {
  Conversation talk("keyframes in chunks, and a ping between them", Hello{});
  Published event = derby();
  talk.publish(welcome(2));
  KeyframeChunk chunk = event.keyframe(Offset(2));
  const std::string data = chunk.data;
  const std::size_t part = (data.size() + 2) / 3;
  chunk.chunks = 3;
  for (; chunk.chunk < chunk.chunks; ++chunk.chunk) {
    chunk.data = data.substr(chunk.chunk * part, part);
    talk.publish(chunk);
    if (chunk.chunk == 1) talk.ping(77);
  }
  talk.publish(Checkpoint{Offset(2), {event.digest()}});
  return talk.done();
}

std::string foreign() {
  Hello hello;
  hello.filter.events = {"m-1"};
  Conversation talk("filtered: a checkpoint with a foreign event", hello);
  Published event = derby();
  talk.publish(welcome(2));
  talk.publish(event.keyframe(Offset(2)));
  talk.deltas(Body().item(event, event.next(back(186, 500))).skip(1));
  talk.publish(Checkpoint{Offset(4), {event.digest(), other().digest()}});
  return talk.done();
}

std::string refused() {
  Conversation talk("refused", Hello{});
  talk.publish(ErrorMessage{ErrorCode::unsupported, "protocol version 2 is not 1"});
  return talk.done();
}

}  // namespace

std::string make_conversations() {
  return json_list({worked_example(), chunked(), resync(), broken_block(), tail(), reset(), behind(), ahead(),
                    conflated(), foreign(), refused(), forgotten_event()},
                   0);
}

std::string make_broken_conversations() {
  std::vector<std::string> vectors;
  const auto add = [&](std::string_view name, const std::vector<std::string>& frames) {
    Hello offers;
    offers.coded_prior = 1;
    Subscriber subscriber(offers, {});
    std::vector<std::string> items;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      TL_CHECK(subscriber.receive(frames[i]).has_value() == (i + 1 < frames.size()));
      items.push_back(Json(6).text("frame", kind_of(frames[i])).bytes("bytes", frames[i]).done());
    }
    vectors.push_back(Json(2).text("name", name).raw("frames", json_list(items, 4)).done());
  };
  Published event = derby();
  const std::string hello = framed(welcome(2));
  const KeyframeChunk keyframe = event.keyframe(Offset(2));
  const auto with = [](KeyframeChunk chunk, const std::function<void(KeyframeChunk&)>& change) {
    change(chunk);
    return framed(chunk);
  };
  Welcome newer = welcome(2);
  newer.version = 2;
  add("a welcome of version 2", {framed(newer)});
  add("two welcomes", {hello, hello});
  add("a heartbeat before the welcome", {framed(Heartbeat{Offset(2), noon, {}})});
  add("deltas before the welcome", {deltas_of(Body().skip(1))});
  add("a hello from the publisher", {hello, framed(Hello{})});
  add("an ack from the publisher", {hello, framed(Ack{Offset(2)})});
  add("a resync from the publisher", {hello, framed(Resync{EventHandle(3), ""})});
  add("a heartbeat with another offset", {hello, framed(Heartbeat{Offset(3), noon, {}})});
  add("a heartbeat that counts a keyframe",
      {hello, framed(keyframe), framed(Heartbeat{Offset(3), noon, {}})});
  add("a checkpoint with another offset", {hello, framed(Checkpoint{Offset(1), {}})});
  add("a keyframe that lacks its first chunk", {hello, with(keyframe, [](KeyframeChunk& k) {
                                                  k.chunk = 1;
                                                  k.chunks = 2;
                                                })});
  add("a keyframe that lacks a chunk",
      {hello, with(keyframe, [](KeyframeChunk& k) { k.chunks = 3; }), with(keyframe, [](KeyframeChunk& k) {
         k.chunk = 2;
         k.chunks = 3;
       })});
  add("a chunk of another keyframe",
      {hello, with(keyframe, [](KeyframeChunk& k) { k.chunks = 2; }), with(keyframe, [](KeyframeChunk& k) {
         k.chunk = 1;
         k.chunks = 2;
         k.seq = Seq(3);
       })});
  add("a keyframe with another digest", {hello, with(keyframe, [](KeyframeChunk& k) { ++k.digest; })});
  add("a keyframe that cannot be read", {hello, with(keyframe, [](KeyframeChunk& k) { k.data.pop_back(); })});
  add("a block that ends within its header", {hello, deltas_of(Body().last(event, "\x80"))});
  add("a block that merges no delta", {hello, deltas_of(Body().last(event, Bytes{}.v(2).v(2).v(0).out))});
  add("a block that merges more than 2^62 deltas",
      {hello, deltas_of(Body().last(event, Bytes{}.v(2).v(2).v((1ULL << 62) + 1).out))});
  add("a broken item", {hello, deltas_of(std::string("\x02\x05\x00", 3))});
  Welcome agreed = welcome(2);
  agreed.coded_prior = 1;
  agreed.coded_events_log2 = 11;
  const std::string coded_hello = framed(agreed);
  KeyframeChunk coded = keyframe;
  coded.form = KeyframeForm::coded;
  coded.data = coded_state(event.state, *coded::shipped_prior());
  coded.state_bytes = coded.data.size();
  add("a coded keyframe where none was agreed on", {hello, framed(coded)});
  add("a coded keyframe with another digest",
      {coded_hello, with(coded, [](KeyframeChunk& k) { ++k.digest; })});
  add("a coded keyframe of another size",
      {coded_hello, with(coded, [](KeyframeChunk& k) { ++k.state_bytes; })});
  const auto other_bytes = [&](const std::string& data) {
    return with(coded, [&](KeyframeChunk& k) {
      k.data = data;
      k.state_bytes = data.size();
    });
  };
  add("a coded keyframe that ends early",
      {coded_hello, other_bytes(coded.data.substr(0, coded.data.size() / 2))});
  add("a coded keyframe that goes on after its end", {coded_hello, other_bytes(coded.data + "more bytes")});
  return json_list(vectors, 0);
}

}  // namespace touchline::golden
