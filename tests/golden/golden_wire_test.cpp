// Frames, keyframes and conversations against the golden vectors, and the worked example of PROTOCOL.md.

#include "core/frame.h"
#include "core/messages.h"
#include "core/subscriber.h"
#include "tests/golden/golden_vectors.h"

#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <optional>

namespace touchline::golden {
namespace {

template <class E>
E value_of(Json says, std::string_view key, std::initializer_list<E> all) {
  const std::string name = text_of(says, key);
  for (const E value : all) {
    if (name_of(value) == name) return value;
  }
  throw std::runtime_error("no such value: " + name);
}

std::uint32_t short_of(Json object, std::string_view key) {
  return static_cast<std::uint32_t>(number_of(object, key));
}

KeyframeForm form_of(std::string_view compression) {
  if (compression == "coded") return KeyframeForm::coded;
  return compression == "zstd" ? KeyframeForm::zstd : KeyframeForm::block;
}

// The frame that our writer makes of what the vector says.
std::string written(std::string_view kind, Json says) {
  std::string out;
  if (kind == "hello") {
    Hello hello{static_cast<std::uint16_t>(number_of(says, "version")),
                text_of(says, "relay"),
                text_of(says, "token"),
                {},
                {texts_of(says, "events"), texts_of(says, "sports"), texts_of(says, "competitions")},
                text_of(says, "view")};
    if (truth_of(says, "hasPosition")) {
      hello.position = Position{Epoch(number_of(says, "epoch")), Offset(number_of(says, "offset"))};
    }
    put(out, hello);
  } else if (kind == "welcome") {
    put(out, Welcome{static_cast<std::uint16_t>(number_of(says, "version")),
                     {Epoch(number_of(says, "epoch")), Offset(number_of(says, "offset"))},
                     value_of(says, "durability", {Durability::durable, Durability::relaxed}),
                     short_of(says, "heartbeatMs"),
                     short_of(says, "frameBytesMax"),
                     value_of(says, "resume", {ResumeKind::keyframes, ResumeKind::tail, ResumeKind::reset}),
                     text_of(says, "reason"),
                     text_of(says, "publisher")});
  } else if (kind == "keyframe") {
    put(out, KeyframeChunk{EventHandle(short_of(says, "event")), Seq(number_of(says, "seq")),
                           Offset(number_of(says, "offset")), digest_of(says, "digest"),
                           signed_of(says, "sourceTimeMs"), short_of(says, "chunk"), short_of(says, "chunks"),
                           form_of(text_of(says, "compression")), number_of(says, "stateBytes"),
                           bytes_of(says, "data")});
  } else if (kind == "heartbeat") {
    Heartbeat heartbeat{Offset(number_of(says, "offset")), signed_of(says, "originTimeMs"), {}};
    for (const Json source : says["sources"].get_array()) {
      heartbeat.sources.push_back({text_of(source, "name"),
                                   static_cast<std::uint8_t>(number_of(source, "health")),
                                   number_of(source, "silentMs")});
    }
    put(out, heartbeat);
  } else if (kind == "checkpoint") {
    Checkpoint checkpoint{Offset(number_of(says, "offset")), {}};
    for (const Json event : says["events"].get_array()) {
      checkpoint.events.push_back(
          {EventHandle(short_of(event, "event")), Seq(number_of(event, "seq")), digest_of(event, "digest")});
    }
    put(out, checkpoint);
  } else if (kind == "goodbye") {
    using R = GoodbyeReason;
    put(out, Goodbye{value_of(says, "reason", {R::shutdown, R::slow, R::idle, R::limit, R::finished}),
                     short_of(says, "retryAfterMs"), text_of(says, "text")});
  } else if (kind == "error") {
    using C = ErrorCode;
    put(out, ErrorMessage{value_of(says, "code",
                                   {C::malformed, C::unsupported, C::unauthorized, C::limit, C::internal}),
                          text_of(says, "text")});
  } else if (kind == "ack") {
    put(out, Ack{Offset(number_of(says, "offset"))});
  } else if (kind == "resync") {
    put(out, Resync{EventHandle(short_of(says, "event")), text_of(says, "reason")});
  } else {
    put(out, Ping{number_of(says, "nonce")}, kind == "ping" ? FrameKind::ping : FrameKind::pong);
  }
  return out;
}

template <class Message>
std::optional<std::string> again(const Result<Message>& message) {
  if (!message) return std::nullopt;
  std::string out;
  put(out, *message);
  return out;
}

// The frame read and written again; nothing where it is malformed.
std::optional<std::string> rewritten(const Frame& frame) {
  switch (frame.kind) {
    case FrameKind::hello:
      return again(read_hello(frame.body));
    case FrameKind::welcome:
      return again(read_welcome(frame.body));
    case FrameKind::keyframe:
      return again(read_keyframe(frame.body));
    case FrameKind::heartbeat:
      return again(read_heartbeat(frame.body));
    case FrameKind::checkpoint:
      return again(read_checkpoint(frame.body));
    case FrameKind::goodbye:
      return again(read_goodbye(frame.body));
    case FrameKind::error:
      return again(read_error(frame.body));
    case FrameKind::ack:
      return again(read_ack(frame.body));
    case FrameKind::resync:
      return again(read_resync(frame.body));
    case FrameKind::ping:
    case FrameKind::pong: {
      const auto ping = read_ping(frame.body);
      if (!ping) return std::nullopt;
      std::string out;
      put(out, *ping, frame.kind);
      return out;
    }
    case FrameKind::deltas:
      break;
  }
  return std::nullopt;
}

// Whether all frames in these bytes, and all items of deltas frames, can be taken.
bool readable(std::string_view bytes) {
  FrameReader reader;
  reader.append(bytes);
  Frame frame;
  while (true) {
    const auto more = reader.next(frame);
    if (!more) return false;
    if (!*more) return true;
    if (frame.kind != FrameKind::deltas) {
      static_cast<void>(rewritten(frame));
      continue;
    }
    DeltaItems items(frame.body);
    DeltaItem item;
    auto another = items.next(item);
    while (another && *another)
      another = items.next(item);
    if (!another) return false;
  }
}

TEST(GoldenFrames, are_cut_out_of_a_stream_of_single_bytes) {
  const VectorFile file("frames");
  for (const Json vector : file.root().get_array()) {
    SCOPED_TRACE(text_of(vector, "name"));
    const std::string bytes = bytes_of(vector, "bytes");
    FrameReader reader;
    Frame frame;
    for (std::size_t at = 0; at + 1 < bytes.size(); ++at) {
      reader.append(bytes.substr(at, 1));
      ASSERT_FALSE(reader.next(frame).value());
    }
    reader.append(bytes.substr(bytes.size() - 1));
    ASSERT_TRUE(reader.next(frame).value());
    EXPECT_EQ(name_of(frame.kind), text_of(vector, "kind"));
    EXPECT_EQ(reader.at_byte(), bytes.size());
  }
}

TEST(GoldenFrames, say_and_are_written_as_the_vector_says) {
  const VectorFile file("frames");
  for (const Json vector : file.root().get_array()) {
    const std::string kind = text_of(vector, "kind");
    if (kind == "deltas") continue;
    SCOPED_TRACE(text_of(vector, "name"));
    const std::string bytes = bytes_of(vector, "bytes");
    const std::string ours = written(kind, vector["says"]);
    if (!truth_of(vector, "by_hand")) {
      EXPECT_EQ(ours, bytes);
    }
    FrameReader reader;
    reader.append(bytes);
    Frame frame;
    ASSERT_TRUE(reader.next(frame).value());
    EXPECT_EQ(rewritten(frame), ours);
  }
}

TEST(GoldenFrames, of_deltas_have_the_items_of_the_vector) {
  const VectorFile file("frames");
  for (const Json vector : file.root().get_array()) {
    if (text_of(vector, "kind") != "deltas") continue;
    SCOPED_TRACE(text_of(vector, "name"));
    FrameReader reader;
    reader.append(bytes_of(vector, "bytes"));
    Frame frame;
    ASSERT_TRUE(reader.next(frame).value());
    DeltaItems items(frame.body);
    DeltaItem item;
    for (const Json expected : vector["says"]["items"].get_array()) {
      ASSERT_TRUE(items.next(item).value());
      if (expected["skip"].error() == simdjson::SUCCESS) {
        EXPECT_EQ(item.event, EventHandle());
        EXPECT_EQ(item.skipped, number_of(expected, "skip"));
      } else {
        EXPECT_EQ(item.event.value, number_of(expected, "event"));
        EXPECT_EQ(item.block, bytes_of(expected, "block"));
      }
    }
    EXPECT_FALSE(items.next(item).value());
  }
}

TEST(GoldenFrames, are_refused_where_they_break_the_layout) {
  const VectorFile file("broken_frames");
  for (const Json vector : file.root().get_array()) {
    EXPECT_FALSE(readable(bytes_of(vector, "bytes"))) << text_of(vector, "name");
  }
}

TEST(GoldenFrames, do_no_harm_when_damaged) {
  const VectorFile file("frames");
  for (const Json vector : file.root().get_array()) {
    for_each_damage(bytes_of(vector, "bytes"),
                    [](const std::string& bytes) { static_cast<void>(readable(bytes)); });
  }
}

std::string welcome_at(std::uint64_t offset) {
  std::string out;
  put(out,
      Welcome{
          protocol_version, {Epoch(1), Offset(offset)}, {}, 1'000, 0, ResumeKind::keyframes, "", "", 1, 11});
  return out;
}

Hello coded_hello() {
  Hello hello;
  hello.coded_prior = 1;
  return hello;
}

TEST(GoldenKeyframes, give_the_state_of_the_vector) {
  const VectorFile file("keyframes");
  for (const Json vector : file.root().get_array()) {
    SCOPED_TRACE(text_of(vector, "name"));
    Subscriber subscriber(coded_hello(), {});
    ASSERT_TRUE(subscriber.receive(welcome_at(number_of(vector, "offset"))));
    for (const Json frame : vector["frames"].get_array()) {
      const auto taken = subscriber.receive(bytes_of(frame, "bytes"));
      ASSERT_TRUE(taken) << taken.error().text;
    }
    const auto state = subscriber.states().find(EventHandle(short_of(vector, "event")));
    ASSERT_NE(state, subscriber.states().end());
    EXPECT_EQ(state->second.digest(), digest_of(vector["state"], "digest"));
    EXPECT_EQ(state->second.digest(), state_of(vector, "state").digest());
    EXPECT_EQ(state->second.seq.value, number_of(vector["state"], "seq"));
    EXPECT_EQ(state->second.source_time_ms, signed_of(vector["state"], "source_time_ms"));
  }
}

TEST(GoldenKeyframes, do_no_harm_when_damaged) {
  const VectorFile file("keyframes");
  for (const Json vector : file.root().get_array()) {
    std::string frames = welcome_at(number_of(vector, "offset"));
    const std::size_t welcome_bytes = frames.size();
    for (const Json frame : vector["frames"].get_array())
      frames += bytes_of(frame, "bytes");
    for_each_damage(frames.substr(welcome_bytes), [&](const std::string& damaged) {
      Subscriber subscriber(coded_hello(), {});
      static_cast<void>(subscriber.receive(frames.substr(0, welcome_bytes) + damaged));
    });
  }
}

// What the subscriber sends, frame by frame, as the vector has it; of a resync the reason is its own.
void expect_sent(const std::string& sent, const std::string& expected) {
  Frame got;
  Frame wanted;
  FrameReader sent_reader;
  FrameReader wanted_reader;
  sent_reader.append(sent);
  wanted_reader.append(expected);
  ASSERT_TRUE(wanted_reader.next(wanted).value());
  ASSERT_TRUE(sent_reader.next(got).value()) << name_of(wanted.kind) << " was not sent";
  ASSERT_EQ(name_of(got.kind), name_of(wanted.kind));
  EXPECT_EQ(sent_reader.at_byte(), sent.size());
  if (got.kind == FrameKind::resync) {
    EXPECT_EQ(read_resync(got.body)->event, read_resync(wanted.body)->event);
  } else {
    EXPECT_EQ(got.body, wanted.body);
  }
}

void play(Json conversation, Subscriber& subscriber) {
  bool first = true;
  for (const Json connection : conversation["connections"].get_array()) {
    if (!std::exchange(first, false)) subscriber.reconnect();
    for (const Json entry : connection.get_array()) {
      const std::string bytes = bytes_of(entry, "bytes");
      if (text_of(entry, "from") == "publisher") {
        const auto taken = subscriber.receive(bytes);
        ASSERT_TRUE(taken) << taken.error().text;
        continue;
      }
      if (text_of(entry, "frame") == "ack") subscriber.acknowledge();
      expect_sent(subscriber.take_output(), bytes);
    }
    EXPECT_FALSE(subscriber.has_output());
  }
}

Hello hello_of(Json conversation) {
  FrameReader reader;
  reader.append(bytes_of(conversation["connections"].at(0).at(0), "bytes"));
  Frame frame;
  EXPECT_TRUE(reader.next(frame).value());
  return *read_hello(frame.body);
}

TEST(GoldenConversations, end_with_the_states_of_the_vector) {
  const VectorFile file("conversations");
  for (const Json conversation : file.root().get_array()) {
    SCOPED_TRACE(text_of(conversation, "name"));
    Subscriber subscriber(hello_of(conversation), {});
    play(conversation, subscriber);
    EXPECT_EQ(subscriber.position().epoch.value, number_of(conversation, "epoch"));
    EXPECT_EQ(subscriber.position().offset.value, number_of(conversation, "offset"));
    EXPECT_EQ(subscriber.states().size(), conversation["events"].get_array().size());
    for (const Json event : conversation["events"].get_array()) {
      const auto state = subscriber.states().find(EventHandle(short_of(event, "event")));
      ASSERT_NE(state, subscriber.states().end());
      EXPECT_EQ(state->second.digest(), digest_of(event["state"], "digest"));
      EXPECT_EQ(state->second.digest(), state_of(event, "state").digest());
      EXPECT_EQ(state->second.seq.value, number_of(event["state"], "seq"));
    }
  }
}

std::string from_publisher(Json connection) {
  std::string bytes;
  for (const Json entry : connection.get_array()) {
    if (text_of(entry, "from") == "publisher") bytes += bytes_of(entry, "bytes");
  }
  return bytes;
}

TEST(GoldenConversations, are_refused_where_they_break_the_protocol) {
  const VectorFile file("broken_conversations");
  for (const Json vector : file.root().get_array()) {
    Subscriber subscriber(coded_hello(), {});
    std::string refused_frame;
    for (const Json frame : vector["frames"].get_array()) {
      EXPECT_EQ(refused_frame, "") << text_of(vector, "name") << ": refused before its last frame";
      if (!subscriber.receive(bytes_of(frame, "bytes"))) refused_frame = text_of(frame, "frame");
    }
    EXPECT_NE(refused_frame, "") << text_of(vector, "name");
  }
}

TEST(GoldenConversations, do_no_harm_when_damaged) {
  const VectorFile file("conversations");
  for (const Json conversation : file.root().get_array()) {
    for_each_damage(from_publisher(conversation["connections"].at(0)), [&](const std::string& bytes) {
      Subscriber subscriber(Hello{}, {});
      static_cast<void>(subscriber.receive(bytes));
      for (const auto& [event, state] : subscriber.states()) {
        EXPECT_EQ(state.digest(), state.digest_from_scratch());
      }
    });
  }
}

// The bytes at the beginning of each line within ```bytes fences.
std::string example_of_the_page() {
  std::ifstream page(std::string(TOUCHLINE_SOURCE_DIR) + "/PROTOCOL.md");
  std::string bytes;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("```")) {
      inside = line == "```bytes";
      continue;
    }
    const auto hex = [&](std::size_t at) {
      return at < line.size() && std::isxdigit(static_cast<unsigned char>(line[at])) != 0;
    };
    for (std::size_t at = 0; inside && hex(at) && hex(at + 1); at += 3)
      bytes += unhex(line.substr(at, 2));
  }
  return bytes;
}

TEST(GoldenConversations, the_worked_example_of_the_page_is_the_first) {
  const VectorFile file("conversations");
  std::string bytes;
  for (const Json entry : file.root().at(0)["connections"].at(0).get_array())
    bytes += bytes_of(entry, "bytes");
  EXPECT_EQ(example_of_the_page(), bytes);
}

}  // namespace
}  // namespace touchline::golden
