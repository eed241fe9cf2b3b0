// The hub: what was published, and where each reader stands in it.
//
// A reader is a place in the shared log and a queue of what only it gets (welcome, keyframes). A frame to send
// is a list of pieces of the shared bytes. One that is too far behind gets its prices conflated; one that falls
// out of the log gets keyframes of what changed meanwhile; the others never notice. Knows no socket and no
// disk: older deltas are read back by a function that its maker wires. Loop thread.
#pragma once

#include "core/batch.h"
#include "core/live_events.h"
#include "core/messages.h"
#include "feed/conflation.h"
#include "feed/keyframe_cache.h"
#include "feed/keyframe_course.h"
#include "feed/published_log.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace touchline {

struct HubOptions {
  std::size_t log_bytes_max = 64U << 20;              // past it the oldest goes, readers there are reset
  std::size_t keyframe_cache_bytes_max = 256U << 20;  // past it the cache starts over
  std::size_t keyframe_portion_bytes = 256U << 10;    // made in one turn of the loop
  std::size_t keyframe_portion_cells = 4U << 10;      // coded in it; past it keyframes out of turn are blocks
  std::size_t gather_bytes = 256U << 10;              // most that one write takes, but for what cannot be cut
  std::size_t reader_bytes_max = 256U << 10;          // past it a reader's prices are conflated
  std::size_t conflated_bytes_max = 4U << 20;         // and past this it is reset
  std::size_t conflated_readers_max = 64;             // at a time; more are reset at once
  std::uint32_t heartbeat_ms = 1'000;
  std::size_t coded_events_max = 2'048;  // groups under way, a power of 2; 0: blocks for all
  Durability durability = Durability::durable;
  std::string publisher = "touchline";
};

// Why a reader was given states in place of the deltas.
enum class ResetCause : std::uint8_t { fell_out_of_log, too_many_slow, too_much_waiting, deltas_missing };

struct HubCounts {
  std::uint64_t joins = 0;
  std::uint64_t fresh = 0;                         // of those: without a position,
  std::uint64_t refused = 0;                       // with one that nothing can go on from
  std::uint64_t tails = 0;                         // resumed from memory
  std::uint64_t journal_tails = 0;                 // resumed from the journal
  std::uint64_t changed = 0;                       // resumed by keyframes of what changed
  std::uint64_t resyncs = 0;                       // keyframes that a reader asked for
  std::uint64_t resets = 0;                        // readers that were given keyframes in place of deltas,
  std::array<std::uint64_t, 4> resets_by_cause{};  // by ResetCause
  std::uint64_t keyframes = 0;                     // that readers were given
  std::uint64_t conflations = 0;                   // stretches that a slow reader was given merged
  std::uint64_t conflated = 0;                     // deltas that went into another there
  std::uint64_t coded = 0;                         // coded updates that were sent
  std::uint64_t coded_blocks = 0;  // blocks that readers of coded updates were sent in their place
  std::uint64_t bytes_out = 0;
};

// What stands in the journal between two positions, oldest first; none: it is not all there, or is more than was
// asked for.
using ReadBack = std::optional<std::deque<PublishedLog::Entry>>;

class Hub {
 public:
  using Bytes = std::shared_ptr<const std::string>;

  // A part of a write: bytes, and who keeps them alive.
  struct Piece {
    Bytes owner;
    std::string_view bytes;
  };

  enum class Follow : std::uint8_t { no, asked, yes };

  // What only one reader gets, once everything up to `at` was given to it and is published.
  struct Own {
    Offset at;
    Bytes bytes;
    EventHandle event;  // whose keyframe it is; 0: none
  };

  // The states that it is being given.
  struct Course {
    std::shared_ptr<const KeyframeCourse> keyframes;
    std::size_t at = 0;                     // events up to here were given to it
    std::optional<Offset> from;             // it keeps states: what has not changed since is not wanted,
    std::unordered_set<EventHandle> asked;  // but for these
  };

  // Where one reader stands. Owned by its session, registered from join() to leave().
  struct Reader {
    std::function<void()> wake;  // there may be something to send
    Filter filter;
    Offset position{};  // everything up to here was given to it
    Offset acknowledged{};
    bool following = false;  // its first keyframes, or its tail, were given
    bool resetting = false;  // gets nothing until its keyframes are taken
    bool slow = false;       // past its bytes; conflated from the next batch on that allows it
    PublishedLog::Place place;
    std::optional<Conflation> conflation;  // stands for what the log holds from its start on
    PublishedLog::Place conflation_begins;
    PublishedLog::Place conflation_ends;
    std::deque<Own> own;
    std::optional<Course> course;                     // comes behind what it owns by now and before the log
    std::unordered_set<EventHandle> asked;            // keyframes that it asked for and has not been given
    std::unordered_map<EventHandle, Follow> follows;  // only with a filter
    bool coded = false;                               // coded updates may be sent to it
    // It has seen everything behind this offset, but of these events only what is behind theirs. A group that begins
    // later is seen whole; of any other it gets blocks.
    Offset coded_from;
    std::unordered_map<EventHandle, Offset> interrupted;
    EventHandle last_event;  // of the last item that was sent; 0: not known

    KeyframeCodec codec() const { return coded ? KeyframeCodec::coded : KeyframeCodec::blocks; }
  };

  Hub(const LiveEvents& table, Epoch epoch, HubOptions options);

  // A reader wants to start. Keyframes are given at the next capture().
  void join(Reader& reader, const Hello& hello);
  void leave(Reader& reader);
  void resync(Reader& reader, EventHandle event);

  // A batch was taken from the origin: what is in it has changed by then.
  void note_changed(const Batch& batch);
  // The table stands exactly at `head` now: whoever waits for keyframes gets them as of there, the first portion
  // at once.
  void capture(Offset head);
  bool has_waiting() const;
  // There is more to make: make_keyframes() wants to be called in another turn of the loop. Not set: all in one.
  std::function<void()> on_more_keyframes;
  void make_keyframes();
  // To be called before an event changes.
  void keep_as_it_was(const LiveEvent& event);
  // A slow reader wants batches to carry their deltas.
  bool wants_deltas() const { return slow_readers_ != 0; }
  // Batches are wanted to carry coded updates, with groups of so many events under way; 0: they are not.
  std::size_t wants_coded() const {
    return coded_readers_ != 0 ? std::bit_floor(options_.coded_events_max) : 0;
  }
  // Events whose next group somebody waits for.
  std::unordered_set<EventHandle> take_wanted_groups() { return std::exchange(wanted_groups_, {}); }

  // Bytes may be seen from now on.
  void publish(const Batch& batch, Bytes items, CodedUpdates coded = {});
  void publish_control(Bytes frames);

  // What stands in the journal at the start: its end, and where an event changed last, if that is known.
  void restore_head(Offset head);
  void restore_event(EventHandle event, Offset last);
  // For who publishes what another has published (feed/relay). Another history from here on, of which nothing in front
  // of `head` is known; no reader is there.
  void begin_anew(Epoch epoch, Offset head, Durability durability);
  // What follows is of the same history, and promises that.
  void set_durability(Durability durability) { options_.durability = durability; }
  // An event's state came as a whole, as of some offset.
  void replaced(EventHandle event, Offset as_of);
  // The table goes on at `to`, and nobody has the deltas up to there: readers are given keyframes of what changed.
  void jump(Offset to);
  // The journal has nothing that is up to there any more.
  void cleared(Offset through) { cleared_ = through; }
  // Asks for what lies between two positions, `bytes_max` at most; the answer comes to read_back() later.
  std::function<void(Offset after, Offset until, std::uint64_t bytes_max)> ask_back;
  void read_back(Offset until, ReadBack entries);

  // What heartbeats say of the sources.
  std::function<std::vector<SourceHealth>(std::int64_t now_ms)> sources;

  // What the reader is to be sent next; nothing: it is up to date.
  std::vector<Piece> gather(Reader& reader);
  // The frame that keeps an idle reader's line alive.
  std::string heartbeat(const Reader& reader, std::int64_t now_ms) const;
  void goodbye_all(const Goodbye& goodbye);
  // Bytes that are published and were not given to it yet.
  std::uint64_t behind_bytes(const Reader& reader) const;

  Offset published() const { return published_; }
  Epoch epoch() const { return epoch_; }
  std::size_t reader_count() const { return readers_.size(); }
  const HubCounts& counts() const { return counts_; }
  const HubOptions& options() const { return options_; }

 private:
  // A reader that waits for all that it follows.
  struct Waiting {
    Reader* reader = nullptr;
    ResumeKind resume = ResumeKind::keyframes;
    std::string reason;
    Offset from{};  // with tail: what has not changed since is not wanted
  };
  // A reader that asked for one event's state.
  struct AskingAgain {
    Reader* reader = nullptr;
    EventHandle event;
  };
  // A reader whose position is in the journal only.
  struct Returning {
    Reader* reader = nullptr;
    Offset from;
    std::uint64_t keyframe_bytes = 0;
    bool asked = false;  // for what it lacks
  };

  // What looking at an event counts for, so that a portion is bounded where few are wanted.
  static constexpr std::size_t look_bytes = 16;

  enum class Ask : std::uint8_t { first, done };

  void decide(Reader& reader, Offset from, Ask ask);
  void follow_log(Reader& reader, Offset from, PublishedLog::Place place, std::string reason);
  void ask_for_returning();
  std::string fault_of(const Reader& reader, const Hello& hello) const;
  std::uint64_t expected_keyframe_bytes(const Reader& reader, Offset from);
  Offset changed_at(EventHandle event) const;

  void begin_course(Waiting& waiting);
  bool wants(const Reader& reader, EventHandle event) const;
  bool is_wanted(EventHandle event, KeyframeCodec codec) const;
  Bytes keyframe(const LiveEvent& event, Offset head, KeyframeCodec codec);
  Bytes keyframe_of(EventHandle event, Offset head, KeyframeCodec codec);
  bool matches(const Reader& reader, const LiveEvent& event) const;
  bool follow(Reader& reader, EventHandle event);

  void watch(Reader& reader, PublishedLog::Place begins, const Batch& batch, std::string_view items);
  void conflate(Reader& reader, const Batch& batch, std::string_view items);
  void end_conflation(Reader& reader);
  void reset(Reader& reader, ResetCause cause, std::string reason);
  std::size_t gather_course(Reader& reader, std::vector<Piece>& pieces, std::size_t room);
  std::size_t gather_conflated(Reader& reader, std::vector<Piece>& pieces);
  std::size_t gather_shared(Reader& reader, std::vector<Piece>& pieces, std::size_t room);
  std::size_t gather_filtered(Reader& reader, std::vector<Piece>& pieces, std::size_t room);
  std::size_t gather_coded(Reader& reader, std::vector<Piece>& pieces, std::size_t room);
  std::size_t gather_coded_whole(Reader& reader, std::vector<Piece>& pieces);
  bool may_have_coded(Reader& reader, const CodedUpdates::Update& update);
  std::size_t gather_next(Reader& reader, std::vector<Piece>& pieces, std::size_t room);
  Welcome welcome(const Reader& reader, Offset offset, ResumeKind resume, std::string reason) const;

  const LiveEvents& table_;
  Epoch epoch_;
  HubOptions options_;
  HubCounts counts_;
  Offset published_{};
  Offset cleared_{};  // of the journal
  Offset begins_{};   // what changed in front of it is not known
  PublishedLog log_;
  KeyframeCache keyframes_;
  std::uint64_t coded_cells_before_ = 0;  // this portion
  std::vector<Offset> changed_;           // by handle: an offset that its last delta is not behind
  std::unordered_set<Reader*> readers_;
  std::size_t slow_readers_ = 0;
  std::size_t coded_readers_ = 0;
  std::unordered_set<EventHandle> wanted_groups_;
  std::vector<Waiting> waiting_;
  std::vector<AskingAgain> asking_again_;
  std::shared_ptr<KeyframeCourse> course_;  // being made
  std::vector<Reader*> course_readers_;     // for these
  std::vector<Returning> returning_;
  bool asking_ = false;
  // Of the last one that was reckoned for all events: many return from one position.
  struct Reckoned {
    Offset from;
    Offset published;
    KeyframeCodec codec = KeyframeCodec::blocks;
    std::uint64_t bytes = 0;
  };
  std::optional<Reckoned> reckoned_;
};

}  // namespace touchline
