#include "core/messages.h"

#include "schemas/protocol.capnp.h"

#include <capnp/message.h>
#include <capnp/serialize-packed.h>
#include <kj/exception.h>
#include <kj/io.h>

namespace touchline {
namespace {

template <class Schema, class Fill>
void put_message(std::string& out, FrameKind kind, Fill&& fill) {
  capnp::MallocMessageBuilder message;
  fill(message.initRoot<Schema>());
  kj::VectorOutputStream packed;
  capnp::writePackedMessage(packed, message);
  const auto bytes = packed.getArray().asChars();
  put_frame(out, kind, std::string_view(bytes.begin(), bytes.size()));
}

// Cap'n Proto reports a malformed message by an exception; here it becomes a value.
template <class Schema, class Read>
auto read_message(std::string_view body, const char* name, Read&& read)
    -> Result<decltype(read(std::declval<typename Schema::Reader>()))> {
  std::string problem;
  try {
    kj::ArrayInputStream bytes(kj::arrayPtr(reinterpret_cast<const kj::byte*>(body.data()), body.size()));
    capnp::ReaderOptions options;
    options.traversalLimitInWords = limits::frame_bytes;  // words, so eight times the bytes: room for packing
    capnp::PackedMessageReader message(bytes, options);
    return read(message.getRoot<Schema>());
  } catch (const kj::Exception& failure) {
    problem = failure.getDescription().cStr();
  }
  return malformed("malformed " + std::string(name) + ": " + problem);
}

std::string text_of(capnp::Text::Reader text) { return {text.cStr(), text.size()}; }

template <class List>
std::vector<std::string> texts_of(const List& list) {
  std::vector<std::string> texts;
  for (const auto text : list)
    texts.push_back(text_of(text));
  return texts;
}

template <class List>
void fill_texts(List list, const std::vector<std::string>& texts) {
  for (unsigned i = 0; i < list.size(); ++i)
    list.set(i, texts[i].c_str());
}

unsigned count_of(std::size_t size) { return static_cast<unsigned>(size); }

}  // namespace

std::string_view name_of(Durability durability) {
  return durability == Durability::durable ? "durable" : "relaxed";
}

std::string_view name_of(ResumeKind resume) {
  switch (resume) {
    case ResumeKind::keyframes:
      return "keyframes";
    case ResumeKind::tail:
      return "tail";
    case ResumeKind::reset:
      return "reset";
  }
  return "unknown";
}

std::string_view name_of(GoodbyeReason reason) {
  switch (reason) {
    case GoodbyeReason::shutdown:
      return "shutdown";
    case GoodbyeReason::slow:
      return "slow";
    case GoodbyeReason::idle:
      return "idle";
    case GoodbyeReason::limit:
      return "limit";
    case GoodbyeReason::finished:
      return "finished";
  }
  return "unknown";
}

std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::malformed:
      return "malformed";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::unauthorized:
      return "unauthorized";
    case ErrorCode::limit:
      return "limit";
    case ErrorCode::internal:
      return "internal";
  }
  return "unknown";
}

void put(std::string& out, const Hello& message) {
  put_message<schema::Hello>(out, FrameKind::hello, [&](schema::Hello::Builder to) {
    to.setVersion(message.version);
    to.setRelay(message.relay);
    to.setToken(message.token);
    to.setHasPosition(message.position.has_value());
    if (message.position) {
      to.setEpoch(message.position->epoch.value);
      to.setOffset(message.position->offset.value);
    }
    fill_texts(to.initEvents(count_of(message.filter.events.size())), message.filter.events);
    fill_texts(to.initSports(count_of(message.filter.sports.size())), message.filter.sports);
    fill_texts(to.initCompetitions(count_of(message.filter.competitions.size())),
               message.filter.competitions);
    to.setView(message.view);
    to.setCodedPrior(message.coded_prior);
  });
}

Result<Hello> read_hello(std::string_view body) {
  return read_message<schema::Hello>(body, "hello", [](schema::Hello::Reader from) {
    Hello message;
    message.version = from.getVersion();
    message.relay = text_of(from.getRelay());
    message.token = text_of(from.getToken());
    if (from.getHasPosition()) message.position = Position{Epoch(from.getEpoch()), Offset(from.getOffset())};
    message.filter = {texts_of(from.getEvents()), texts_of(from.getSports()),
                      texts_of(from.getCompetitions())};
    message.view = text_of(from.getView());
    message.coded_prior = from.getCodedPrior();
    return message;
  });
}

void put(std::string& out, const Welcome& message) {
  put_message<schema::Welcome>(out, FrameKind::welcome, [&](schema::Welcome::Builder to) {
    to.setVersion(message.version);
    to.setEpoch(message.position.epoch.value);
    to.setOffset(message.position.offset.value);
    to.setDurability(static_cast<schema::Durability>(message.durability));
    to.setHeartbeatMs(message.heartbeat_ms);
    to.setFrameBytesMax(message.frame_bytes_max);
    to.setResume(static_cast<schema::Resume>(message.resume));
    to.setReason(message.reason);
    to.setPublisher(message.publisher);
    to.setCodedPrior(message.coded_prior);
    to.setCodedEventsLog2(message.coded_events_log2);
  });
}

Result<Welcome> read_welcome(std::string_view body) {
  return read_message<schema::Welcome>(body, "welcome", [](schema::Welcome::Reader from) {
    Welcome message;
    message.version = from.getVersion();
    message.position = {Epoch(from.getEpoch()), Offset(from.getOffset())};
    message.durability =
        from.getDurability() == schema::Durability::DURABLE ? Durability::durable : Durability::relaxed;
    message.heartbeat_ms = from.getHeartbeatMs();
    message.frame_bytes_max = from.getFrameBytesMax();
    message.resume = static_cast<ResumeKind>(from.getResume());
    message.reason = text_of(from.getReason());
    message.publisher = text_of(from.getPublisher());
    message.coded_prior = from.getCodedPrior();
    message.coded_events_log2 = from.getCodedEventsLog2();
    return message;
  });
}

void put(std::string& out, const KeyframeChunk& message) {
  put_message<schema::Keyframe>(out, FrameKind::keyframe, [&](schema::Keyframe::Builder to) {
    to.setEvent(message.event.value);
    to.setSeq(message.seq.value);
    to.setOffset(message.offset.value);
    to.setDigest(message.digest);
    to.setSourceTimeMs(message.source_time_ms);
    to.setChunk(message.chunk);
    to.setChunks(message.chunks);
    to.setCompression(static_cast<schema::Compression>(message.form));
    to.setStateBytes(message.state_bytes);
    to.setData(kj::arrayPtr(reinterpret_cast<const kj::byte*>(message.data.data()), message.data.size()));
  });
}

Result<KeyframeChunk> read_keyframe(std::string_view body) {
  return read_message<schema::Keyframe>(body, "keyframe", [](schema::Keyframe::Reader from) {
    const auto data = from.getData().asChars();
    KJ_REQUIRE(from.getCompression() <= schema::Compression::CODED, "unknown compression");
    return KeyframeChunk{EventHandle(from.getEvent()),
                         Seq(from.getSeq()),
                         Offset(from.getOffset()),
                         from.getDigest(),
                         from.getSourceTimeMs(),
                         from.getChunk(),
                         from.getChunks(),
                         static_cast<KeyframeForm>(from.getCompression()),
                         from.getStateBytes(),
                         std::string(data.begin(), data.size())};
  });
}

void put(std::string& out, const Heartbeat& message) {
  put_message<schema::Heartbeat>(out, FrameKind::heartbeat, [&](schema::Heartbeat::Builder to) {
    to.setOffset(message.offset.value);
    to.setOriginTimeMs(message.origin_time_ms);
    auto sources = to.initSources(count_of(message.sources.size()));
    for (unsigned i = 0; i < sources.size(); ++i) {
      sources[i].setName(message.sources[i].name);
      sources[i].setHealth(message.sources[i].health);
      sources[i].setSilentMs(message.sources[i].silent_ms);
    }
  });
}

Result<Heartbeat> read_heartbeat(std::string_view body) {
  return read_message<schema::Heartbeat>(body, "heartbeat", [](schema::Heartbeat::Reader from) {
    Heartbeat message{Offset(from.getOffset()), from.getOriginTimeMs(), {}};
    for (const auto source : from.getSources()) {
      message.sources.push_back({text_of(source.getName()), source.getHealth(), source.getSilentMs()});
    }
    return message;
  });
}

void put(std::string& out, const Checkpoint& message) {
  put_message<schema::Checkpoint>(out, FrameKind::checkpoint, [&](schema::Checkpoint::Builder to) {
    to.setOffset(message.offset.value);
    auto events = to.initEvents(count_of(message.events.size()));
    for (unsigned i = 0; i < events.size(); ++i) {
      events[i].setEvent(message.events[i].event.value);
      events[i].setSeq(message.events[i].seq.value);
      events[i].setDigest(message.events[i].digest);
    }
  });
}

Result<Checkpoint> read_checkpoint(std::string_view body) {
  return read_message<schema::Checkpoint>(body, "checkpoint", [](schema::Checkpoint::Reader from) {
    Checkpoint message{Offset(from.getOffset()), {}};
    for (const auto event : from.getEvents()) {
      message.events.push_back({EventHandle(event.getEvent()), Seq(event.getSeq()), event.getDigest()});
    }
    return message;
  });
}

void put(std::string& out, const Goodbye& message) {
  put_message<schema::Goodbye>(out, FrameKind::goodbye, [&](schema::Goodbye::Builder to) {
    to.setReason(static_cast<schema::GoodbyeReason>(message.reason));
    to.setRetryAfterMs(message.retry_after_ms);
    to.setText(message.text);
  });
}

Result<Goodbye> read_goodbye(std::string_view body) {
  return read_message<schema::Goodbye>(body, "goodbye", [](schema::Goodbye::Reader from) {
    return Goodbye{static_cast<GoodbyeReason>(from.getReason()), from.getRetryAfterMs(),
                   text_of(from.getText())};
  });
}

void put(std::string& out, const ErrorMessage& message) {
  put_message<schema::ErrorMessage>(out, FrameKind::error, [&](schema::ErrorMessage::Builder to) {
    to.setCode(static_cast<schema::ErrorCode>(message.code));
    to.setText(message.text);
  });
}

Result<ErrorMessage> read_error(std::string_view body) {
  return read_message<schema::ErrorMessage>(body, "error", [](schema::ErrorMessage::Reader from) {
    return ErrorMessage{static_cast<ErrorCode>(from.getCode()), text_of(from.getText())};
  });
}

void put(std::string& out, const Ack& message) {
  put_message<schema::Ack>(out, FrameKind::ack,
                           [&](schema::Ack::Builder to) { to.setOffset(message.offset.value); });
}

Result<Ack> read_ack(std::string_view body) {
  return read_message<schema::Ack>(body, "ack",
                                   [](schema::Ack::Reader from) { return Ack{Offset(from.getOffset())}; });
}

void put(std::string& out, const Resync& message) {
  put_message<schema::Resync>(out, FrameKind::resync, [&](schema::Resync::Builder to) {
    to.setEvent(message.event.value);
    to.setReason(message.reason);
  });
}

Result<Resync> read_resync(std::string_view body) {
  return read_message<schema::Resync>(body, "resync", [](schema::Resync::Reader from) {
    return Resync{EventHandle(from.getEvent()), text_of(from.getReason())};
  });
}

void put(std::string& out, const Ping& message, FrameKind ping_or_pong) {
  put_message<schema::Ping>(out, ping_or_pong, [&](schema::Ping::Builder to) { to.setNonce(message.nonce); });
}

Result<Ping> read_ping(std::string_view body) {
  return read_message<schema::Ping>(body, "ping",
                                    [](schema::Ping::Reader from) { return Ping{from.getNonce()}; });
}

}  // namespace touchline
