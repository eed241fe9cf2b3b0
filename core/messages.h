// The protocol's control messages as plain values, and their bytes.
//
// The only code that sees the generated Cap'n Proto classes (schemas/protocol.capnp); their exceptions end here.
// Texts are owned, but for a keyframe's data, which is borrowed from the frame. Knows no session.
#pragma once

#include "core/frame.h"
#include "core/ids.h"
#include "core/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace touchline {

inline constexpr std::uint16_t protocol_version = 1;

struct Filter {
  std::vector<std::string> events;
  std::vector<std::string> sports;
  std::vector<std::string> competitions;
  bool all() const { return events.empty() && sports.empty() && competitions.empty(); }
};

struct Hello {
  std::uint16_t version = protocol_version;
  std::string relay;
  std::string token;
  std::optional<Position> position;
  Filter filter;
  std::string view;
  std::uint8_t coded_prior = 0;  // coded updates may come, from the prior of this version; 0: blocks only
};

enum class Durability : std::uint8_t { durable, relaxed };
enum class ResumeKind : std::uint8_t { keyframes, tail, reset };
std::string_view name_of(Durability durability);
std::string_view name_of(ResumeKind resume);

struct Welcome {
  std::uint16_t version = protocol_version;
  Position position;
  Durability durability = Durability::durable;
  std::uint32_t heartbeat_ms = 0;
  std::uint32_t frame_bytes_max = 0;
  ResumeKind resume = ResumeKind::keyframes;
  std::string reason;
  std::string publisher;
  std::uint8_t coded_prior = 0;        // coded updates come, from this prior; 0: blocks only
  std::uint8_t coded_events_log2 = 0;  // of 2 to this power events groups are under way at most
};

// What a keyframe's data is: a block, a zstd frame of one, or the first update of a group.
enum class KeyframeForm : std::uint8_t { block, zstd, coded };

struct KeyframeChunk {
  EventHandle event;
  Seq seq;
  Offset offset;
  std::uint64_t digest = 0;
  std::int64_t source_time_ms = 0;
  std::uint32_t chunk = 0;
  std::uint32_t chunks = 1;
  KeyframeForm form = KeyframeForm::block;
  std::uint64_t state_bytes = 0;
  std::string data;
};

struct SourceHealth {
  std::string name;
  std::uint8_t health = 0;
  std::uint64_t silent_ms = 0;
};

struct Heartbeat {
  Offset offset;
  std::int64_t origin_time_ms = 0;
  std::vector<SourceHealth> sources;
};

struct EventDigest {
  EventHandle event;
  Seq seq;
  std::uint64_t digest = 0;
};
struct Checkpoint {
  Offset offset;
  std::vector<EventDigest> events;
};

enum class GoodbyeReason : std::uint8_t { shutdown, slow, idle, limit, finished };
std::string_view name_of(GoodbyeReason reason);
struct Goodbye {
  GoodbyeReason reason = GoodbyeReason::shutdown;
  std::uint32_t retry_after_ms = 0;
  std::string text;
};

enum class ErrorCode : std::uint8_t { malformed, unsupported, unauthorized, limit, internal };
std::string_view name_of(ErrorCode code);
struct ErrorMessage {
  ErrorCode code = ErrorCode::internal;
  std::string text;
};

struct Ack {
  Offset offset;
};
struct Resync {
  EventHandle event;
  std::string reason;
};
struct Ping {
  std::uint64_t nonce = 0;
};

// Each appends one whole frame.
void put(std::string& out, const Hello& message);
void put(std::string& out, const Welcome& message);
void put(std::string& out, const KeyframeChunk& message);
void put(std::string& out, const Heartbeat& message);
void put(std::string& out, const Checkpoint& message);
void put(std::string& out, const Goodbye& message);
void put(std::string& out, const ErrorMessage& message);
void put(std::string& out, const Ack& message);
void put(std::string& out, const Resync& message);
void put(std::string& out, const Ping& message, FrameKind ping_or_pong);

// Each reads one frame's body. What does not follow its schema is an Error.
Result<Hello> read_hello(std::string_view body);
Result<Welcome> read_welcome(std::string_view body);
Result<KeyframeChunk> read_keyframe(std::string_view body);
Result<Heartbeat> read_heartbeat(std::string_view body);
Result<Checkpoint> read_checkpoint(std::string_view body);
Result<Goodbye> read_goodbye(std::string_view body);
Result<ErrorMessage> read_error(std::string_view body);
Result<Ack> read_ack(std::string_view body);
Result<Resync> read_resync(std::string_view body);
Result<Ping> read_ping(std::string_view body);

}  // namespace touchline
