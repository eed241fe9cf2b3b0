@0xb1f2d6c8e7a93504;
# The control messages of the delta protocol, and the envelope of keyframes. PROTOCOL.md says what each means
# and when it is sent. Every message is one frame's body, in Cap'n Proto's packed encoding.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("touchline::schema");

struct Hello {                      # subscriber -> publisher, first frame
  version @0 :UInt16;
  relay @1 :Text;                   # the subscriber's name, for logs and limits
  token @2 :Text;
  features @3 :UInt64;              # bit set; none defined in version 1
  hasPosition @4 :Bool;             # everything up to (epoch, offset) is held
  epoch @5 :UInt64;
  offset @6 :UInt64;
  events @7 :List(Text);            # filter by event id; all lists empty: everything
  sports @8 :List(Text);
  competitions @9 :List(Text);
  view @10 :Text;                   # empty: "full"
  codedPrior @11 :UInt8;            # coded updates may come, from the prior of this version; 0: blocks only
}

enum Durability { durable @0; relaxed @1; }
enum Resume { keyframes @0; tail @1; reset @2; }

struct Welcome {                    # publisher -> subscriber, first frame
  version @0 :UInt16;
  epoch @1 :UInt64;
  offset @2 :UInt64;                # what follows leads on from here
  durability @3 :Durability;
  heartbeatMs @4 :UInt32;           # a line silent for three of these is dead
  frameBytesMax @5 :UInt32;
  resume @6 :Resume;                # how the subscriber is brought up to `offset`
  reason @7 :Text;                  # why so
  publisher @8 :Text;               # name and version of the program
  codedPrior @9 :UInt8;             # coded updates come, from the prior that was offered; 0: blocks only
  codedEventsLog2 @10 :UInt8;       # with them: of 2 to this power events groups are under way at most
}

enum Compression { none @0; zstd @1; coded @2; }

struct Keyframe {                   # an event's state in full, in chunks
  event @0 :UInt32;                 # handle
  seq @1 :UInt64;                   # of the last delta in it
  offset @2 :UInt64;                # at which it was taken: deltas of the event up to there are in it
  digest @3 :UInt64;
  sourceTimeMs @4 :Int64;
  chunk @5 :UInt32;                 # from 0
  chunks @6 :UInt32;
  compression @7 :Compression;
  stateBytes @8 :UInt64;            # of the block, uncompressed
  data @9 :Data;                    # this chunk's part of the (compressed) block
}

struct SourceHealth { name @0 :Text; health @1 :UInt8; silentMs @2 :UInt64; }

struct Heartbeat {
  offset @0 :UInt64;                # head: the last offset that was sent or skipped on this line
  originTimeMs @1 :Int64;
  sources @2 :List(SourceHealth);
}

struct EventDigest { event @0 :UInt32; seq @1 :UInt64; digest @2 :UInt64; }
struct Checkpoint { offset @0 :UInt64; events @1 :List(EventDigest); }

enum GoodbyeReason { shutdown @0; slow @1; idle @2; limit @3; finished @4; }
struct Goodbye { reason @0 :GoodbyeReason; retryAfterMs @1 :UInt32; text @2 :Text; }

enum ErrorCode { malformed @0; unsupported @1; unauthorized @2; limit @3; internal @4; }
struct ErrorMessage { code @0 :ErrorCode; text @1 :Text; }

struct Ack { offset @0 :UInt64; }                     # subscriber -> publisher
struct Resync { event @0 :UInt32; reason @1 :Text; }  # subscriber -> publisher: send me this event's keyframe
struct Ping { nonce @0 :UInt64; }                     # either way; answered by Pong with the same number
