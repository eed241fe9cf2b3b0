// Golden frames: every message with what it says, deltas frames with their items, and keyframes in chunks.

#include "core/block.h"
#include "core/coded/prior.h"
#include "core/compress.h"
#include "core/frame.h"
#include "core/keyframe.h"
#include "core/messages.h"
#include "schemas/protocol.capnp.h"
#include "tests/golden/make_golden.h"

#include <capnp/message.h>
#include <capnp/serialize-packed.h>
#include <kj/io.h>

#include <initializer_list>
#include <limits>

namespace touchline::golden {
namespace {

std::string texts_json(const std::vector<std::string>& texts, int indent) {
  std::vector<std::string> items;
  for (const std::string& text : texts)
    items.push_back(quoted(text));
  return json_list(items, indent);
}

std::string says(const Hello& m, int indent) {
  Json json(indent);
  json.number("version", m.version).text("relay", m.relay).text("token", m.token);
  json.raw("hasPosition", m.position ? "true" : "false");
  json.number("epoch", m.position ? m.position->epoch.value : 0);
  json.number("offset", m.position ? m.position->offset.value : 0);
  json.raw("events", texts_json(m.filter.events, indent + 2))
      .raw("sports", texts_json(m.filter.sports, indent + 2));
  json.raw("competitions", texts_json(m.filter.competitions, indent + 2)).text("view", m.view);
  return json.done();
}

std::string says(const Welcome& m, int indent) {
  return Json(indent)
      .number("version", m.version)
      .number("epoch", m.position.epoch.value)
      .number("offset", m.position.offset.value)
      .text("durability", name_of(m.durability))
      .number("heartbeatMs", m.heartbeat_ms)
      .number("frameBytesMax", m.frame_bytes_max)
      .text("resume", name_of(m.resume))
      .text("reason", m.reason)
      .text("publisher", m.publisher)
      .done();
}

std::string_view compression_of(KeyframeForm form) {
  switch (form) {
    case KeyframeForm::block:
      return "none";
    case KeyframeForm::zstd:
      return "zstd";
    case KeyframeForm::coded:
      return "coded";
  }
  return "";
}

std::string says(const KeyframeChunk& m, int indent) {
  return Json(indent)
      .number("event", m.event.value)
      .number("seq", m.seq.value)
      .number("offset", m.offset.value)
      .digest("digest", m.digest)
      .signed_number("sourceTimeMs", m.source_time_ms)
      .number("chunk", m.chunk)
      .number("chunks", m.chunks)
      .text("compression", compression_of(m.form))
      .number("stateBytes", m.state_bytes)
      .bytes("data", m.data)
      .done();
}

std::string says(const Heartbeat& m, int indent) {
  std::vector<std::string> sources;
  for (const SourceHealth& source : m.sources) {
    sources.push_back(Json(indent + 4)
                          .text("name", source.name)
                          .number("health", source.health)
                          .number("silentMs", source.silent_ms)
                          .done());
  }
  return Json(indent)
      .number("offset", m.offset.value)
      .signed_number("originTimeMs", m.origin_time_ms)
      .raw("sources", json_list(sources, indent + 2))
      .done();
}

std::string says(const Checkpoint& m, int indent) {
  std::vector<std::string> events;
  for (const EventDigest& event : m.events) {
    events.push_back(Json(indent + 4)
                         .number("event", event.event.value)
                         .number("seq", event.seq.value)
                         .digest("digest", event.digest)
                         .done());
  }
  return Json(indent).number("offset", m.offset.value).raw("events", json_list(events, indent + 2)).done();
}

std::string says(const Goodbye& m, int indent) {
  return Json(indent)
      .text("reason", name_of(m.reason))
      .number("retryAfterMs", m.retry_after_ms)
      .text("text", m.text)
      .done();
}

std::string says(const ErrorMessage& m, int indent) {
  return Json(indent).text("code", name_of(m.code)).text("text", m.text).done();
}
std::string says(const Ack& m, int indent) { return Json(indent).number("offset", m.offset.value).done(); }
std::string says(const Resync& m, int indent) {
  return Json(indent).number("event", m.event.value).text("reason", m.reason).done();
}
std::string says(const Ping& m, int indent) { return Json(indent).number("nonce", m.nonce).done(); }

class Frames {
 public:
  template <class Message>
  void add(std::string_view name, std::string_view kind, const Message& message) {
    std::string bytes;
    put(bytes, message);
    add_bytes(name, kind, bytes, says(message, 4));
  }
  void add_bytes(std::string_view name, std::string_view kind, const std::string& bytes,
                 const std::string& says, bool by_hand = false) {
    items_.push_back(Json(2)
                         .text("name", name)
                         .text("kind", kind)
                         .raw("by_hand", by_hand ? "true" : "false")
                         .bytes("bytes", bytes)
                         .raw("says", says)
                         .done());
  }
  void add_deltas(std::string_view name, const std::string& bytes) {
    FrameReader reader;
    reader.append(bytes);
    Frame frame;
    std::vector<std::string> parts;
    if (!reader.next(frame)) return;
    DeltaItems items(frame.body);
    DeltaItem item;
    for (auto more = items.next(item); more && *more; more = items.next(item)) {
      if (item.event.value == 0) {
        parts.push_back(Json(6).number("skip", item.skipped).done());
      } else {
        parts.push_back(Json(6).number("event", item.event.value).bytes("block", item.block).done());
      }
    }
    add_bytes(name, "deltas", bytes, Json(4).raw("items", json_list(parts, 6)).done());
  }
  std::string done() const { return json_list(items_, 0); }

 private:
  std::vector<std::string> items_;
};

void add_messages(Frames& frames) {
  frames.add("the smallest hello", "hello", Hello{});
  frames.add("a hello with everything", "hello",
             Hello{protocol_version, "edge-1", "a token", Position{Epoch(3), Offset(20'699)},
                   Filter{{"m-1", "m-2"}, {"football"}, {"League Two"}}, "full"});
  frames.add("welcome with keyframes", "welcome",
             Welcome{protocol_version,
                     {Epoch(1), Offset(7)},
                     Durability::durable,
                     1'000,
                     16U << 20,
                     ResumeKind::keyframes,
                     "no position given",
                     "touchline 0.1.0"});
  frames.add("welcome with the tail", "welcome",
             Welcome{protocol_version,
                     {Epoch(0x0123456789ABCDEF), Offset(1ULL << 40)},
                     Durability::relaxed,
                     250,
                     1U << 20,
                     ResumeKind::tail,
                     "the tail is in memory",
                     "touchline 0.1.0"});
  frames.add("welcome with a reset", "welcome",
             Welcome{protocol_version,
                     {Epoch(2), Offset(0)},
                     Durability::durable,
                     1'000,
                     16U << 20,
                     ResumeKind::reset,
                     "the position is of another epoch",
                     "touchline 0.1.0"});
  frames.add("a heartbeat", "heartbeat", Heartbeat{Offset(20'699), 1'786'803'154'000, {}});
  frames.add("a heartbeat with the health of sources", "heartbeat",
             Heartbeat{Offset(20'699), 1'786'803'154'000, {{"trading", 1, 12}, {"scores", 3, 60'000}}});
  frames.add("a checkpoint of nothing", "checkpoint", Checkpoint{Offset(12), {}});
  frames.add(
      "a checkpoint", "checkpoint",
      Checkpoint{Offset(20'699),
                 {{EventHandle(1), Seq(20'000), 0x0123456789ABCDEF}, {EventHandle(300), Seq(699), 1}}});
  for (const auto reason : {GoodbyeReason::shutdown, GoodbyeReason::slow, GoodbyeReason::idle,
                            GoodbyeReason::limit, GoodbyeReason::finished}) {
    frames.add("goodbye: " + std::string(name_of(reason)), "goodbye",
               Goodbye{reason, reason == GoodbyeReason::finished ? 0U : 1'250U, "the service stops"});
  }
  for (const auto code : {ErrorCode::malformed, ErrorCode::unsupported, ErrorCode::unauthorized,
                          ErrorCode::limit, ErrorCode::internal}) {
    frames.add("error: " + std::string(name_of(code)), "error", ErrorMessage{code, "why"});
  }
  frames.add("an ack", "ack", Ack{Offset(20'699)});
  frames.add("a resync", "resync", Resync{EventHandle(300), "digest differs at seq 699"});
  for (const FrameKind kind : {FrameKind::ping, FrameKind::pong}) {
    const Ping message{0xFFFFFFFFFFFFFFFF};
    std::string bytes;
    put(bytes, message, kind);
    frames.add_bytes("a " + std::string(name_of(kind)), name_of(kind), bytes, says(message, 4));
  }
  frames.add("a part of a keyframe", "keyframe",
             KeyframeChunk{EventHandle(3), Seq(2), Offset(7), 0x0123456789ABCDEF, -1, 1, 3,
                           KeyframeForm::zstd, 4'000, "zstd bytes"});
}

// The same message as another writer may lay it out: in segments of few words.
std::string in_segments(const Checkpoint& checkpoint, unsigned words) {
  capnp::MallocMessageBuilder message(words, capnp::AllocationStrategy::FIXED_SIZE);
  auto to = message.initRoot<schema::Checkpoint>();
  to.setOffset(checkpoint.offset.value);
  auto events = to.initEvents(static_cast<unsigned>(checkpoint.events.size()));
  for (unsigned i = 0; i < events.size(); ++i) {
    events[i].setEvent(checkpoint.events[i].event.value);
    events[i].setSeq(checkpoint.events[i].seq.value);
    events[i].setDigest(checkpoint.events[i].digest);
  }
  kj::VectorOutputStream packed;
  capnp::writePackedMessage(packed, message);
  const auto bytes = packed.getArray().asChars();
  std::string frame;
  put_frame(frame, FrameKind::checkpoint, std::string_view(bytes.begin(), bytes.size()));
  return frame;
}

std::uint64_t word_of(std::string_view text) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    word |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[i])) << 8 * i;
  }
  return word;
}

// A frame of a message given by its words, segment table included; none of them is full or 0.
std::string of_words(FrameKind kind, std::initializer_list<std::uint64_t> words) {
  std::string packed;
  for (const std::uint64_t word : words) {
    unsigned tag = 0;
    std::string bytes;
    for (unsigned i = 0; i < 8; ++i) {
      const auto byte = static_cast<unsigned char>(word >> 8 * i);
      if (byte == 0) continue;
      tag |= 1U << i;
      bytes += static_cast<char>(byte);
    }
    packed += static_cast<char>(tag);
    packed += bytes;
  }
  std::string frame;
  put_frame(frame, kind, packed);
  return frame;
}

void add_other_layouts(Frames& frames) {
  const Checkpoint checkpoint{Offset(20'699),
                              {{EventHandle(1), Seq(20'000), 7}, {EventHandle(300), Seq(699), 1}}};
  for (const unsigned words : {1U, 4U}) {
    frames.add_bytes("a checkpoint in segments of " + std::to_string(words) + " words", "checkpoint",
                     in_segments(checkpoint, words), says(checkpoint, 4), true);
  }
  frames.add_bytes("an ack of an earlier version, without data", "ack",
                   of_words(FrameKind::ack, {1ULL << 32, 0xFFFFFFFC}), says(Ack{}, 4), true);
  // Two data words and two pointers, of which the second ones are not known to us.
  frames.add_bytes(
      "a resync of a later version, with more of everything", "resync",
      of_words(FrameKind::resync,
               {7ULL << 32, 2ULL << 48 | 2ULL << 32, 300, 99, 4ULL << 35 | 2ULL << 32 | 1 << 2 | 1,
                4ULL << 35 | 2ULL << 32 | 1 << 2 | 1, word_of("why"), word_of("too")}),
      says(Resync{EventHandle(300), "why"}, 4), true);
}

std::string deltas_frame(const std::string& body) {
  std::string bytes;
  put_frame(bytes, FrameKind::deltas, body);
  return bytes;
}

void add_deltas(Frames& frames) {
  const std::string block = "any bytes: a frame does not know its blocks";
  std::string body;
  put_last_item_head(body, EventHandle(1));
  frames.add_deltas("one item whose length is implied", deltas_frame(body + block));
  body.clear();
  put_item(body, EventHandle(1), block);
  frames.add_deltas("one item with its length", deltas_frame(body));
  put_skip(body, 1'000'000);
  put_last_item_head(body, EventHandle(4'000'000'000));
  frames.add_deltas("an item, a skip, a last item", deltas_frame(body + block));
  body.clear();
  put_skip(body, 3);
  frames.add_deltas("a skip alone", deltas_frame(body));
  for (const std::size_t size : {126U, 127U, 128U, 300U}) {
    body.clear();
    put_last_item_head(body, EventHandle(1));
    body.append(size - body.size(), 'b');
    frames.add_deltas("a body of " + std::to_string(size) + " bytes", deltas_frame(body));
  }
  frames.add_deltas("a small body behind a long header", Bytes{}.text("\xFF").v(2).v(0).v(3).out);
  frames.add_deltas("no items", deltas_frame(""));
}

std::string keyframe_vector(std::string_view name, const EventState& state, KeyframeForm form,
                            std::size_t chunk_bytes) {
  std::string block;
  if (form == KeyframeForm::coded) {
    block = coded_state(state, *coded::shipped_prior());
  } else {
    encode_state(block, state);
  }
  const std::string data = form == KeyframeForm::zstd ? compress(block) : block;
  KeyframeChunk chunk{EventHandle(9), state.seq,    Offset(500), state.digest(), state.source_time_ms, 0, 0,
                      form,           block.size(), {}};
  chunk.chunks = static_cast<std::uint32_t>((data.size() + chunk_bytes - 1) / chunk_bytes);
  std::vector<std::string> frames;
  for (; chunk.chunk < chunk.chunks; ++chunk.chunk) {
    chunk.data = data.substr(chunk.chunk * chunk_bytes, chunk_bytes);
    std::string frame;
    put(frame, chunk);
    frames.push_back(Json(6).bytes("bytes", frame).done());
  }
  return Json(2)
      .text("name", name)
      .text("compression", compression_of(form))
      .number("event", chunk.event.value)
      .number("offset", chunk.offset.value)
      .raw("frames", json_list(frames, 4))
      .state("state", state)
      .done();
}

}  // namespace

std::string make_frames() {
  Frames frames;
  add_messages(frames);
  add_other_layouts(frames);
  add_deltas(frames);
  return frames.done();
}

// Rows of all kinds: ladders and the ranks that follow from them, attributes, texts in several letters.
EventState described() {
  EventState state = match();
  state.set(at(1, 1, Field::name), std::string_view("Ashford \xC3\xA9"));
  state.set(at(1, 1, Field::best_back, 0), 184);
  state.set(at(1, 1, Field::best_back, 1), 12'000);
  state.set(at(1, 1, Field::best_lay, 0), 186);
  state.set(at(1, 1, Field::best_lay, 1), 4'420);
  state.set(at(1, 1, Field::total_matched), 62'025);
  state.set(at(1, 0, Field::total_matched), 62'025);
  state.set(at(1, 2, Field::back, exact_price_level + 1), 700);
  state.set(at(2, 0, Field::version), std::numeric_limits<std::int64_t>::min());
  state.set(at(2, 1, Field::attribute, 0), std::string_view("none"));
  return state;
}

std::string make_keyframes() {
  constexpr std::size_t whole = 1U << 20;
  EventState wide = match();
  for (std::uint32_t price = 101; price < 200; ++price)
    wide.set(at(1, 2, Field::traded, price), 100 * price);
  return json_list(
      {keyframe_vector("in one frame", match(), KeyframeForm::block, whole),
       keyframe_vector("in chunks", match(), KeyframeForm::block, 70),
       keyframe_vector("zstd in one frame", wide, KeyframeForm::zstd, whole),
       keyframe_vector("zstd in chunks", wide, KeyframeForm::zstd, 100),
       keyframe_vector("coded in one frame", match(), KeyframeForm::coded, whole),
       keyframe_vector("coded in chunks", wide, KeyframeForm::coded, 100),
       keyframe_vector("coded, of many kinds of cells", described(), KeyframeForm::coded, whole)},
      0);
}

}  // namespace touchline::golden
