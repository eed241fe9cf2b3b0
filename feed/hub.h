// The hub: what was published, kept once for all readers, and where each reader stands in it.
//
// Holds a bounded log of published bytes, encoded once; a reader is a place in it and a queue of what only it
// gets (welcome, keyframes). A frame to send is a list of pieces of the shared bytes. A reader that falls out of
// the log is brought up again by keyframes; the others never notice. Knows no socket and no disk. Loop thread.
#pragma once

#include "core/batch.h"
#include "core/event_table.h"
#include "core/frame.h"
#include "core/messages.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace touchline {

struct HubOptions {
  std::size_t log_bytes_max = 64U << 20;              // past it the oldest goes, readers there are reset
  std::size_t keyframe_cache_bytes_max = 256U << 20;  // past it the cache starts over
  std::size_t gather_bytes = 1U << 20;                // most that one write takes
  std::uint32_t heartbeat_ms = 1'000;
  Durability durability = Durability::durable;
  std::string publisher = "touchline";
};

struct HubCounts {
  std::uint64_t joins = 0;
  std::uint64_t tails = 0;    // resumed from memory
  std::uint64_t resyncs = 0;  // keyframes that a reader asked for
  std::uint64_t resets = 0;   // readers that fell out of the log
  std::uint64_t bytes_out = 0;
};

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

  // Where one reader stands. Owned by its session, registered from join() to leave().
  struct Reader {
    std::function<void()> wake;  // there may be something to send
    Filter filter;
    Offset position{};  // everything up to here was given to it
    Offset acknowledged{};
    bool following = false;  // its first keyframes, or its tail, were given
    bool resetting = false;  // fell out of the log; gets nothing until its keyframes are taken
    std::uint64_t next_entry = 0;
    std::deque<Own> own;
    std::unordered_map<EventHandle, Follow> follows;  // only with a filter
  };

  Hub(const EventTable& table, Epoch epoch, HubOptions options)
      : table_(table), epoch_(epoch), options_(std::move(options)) {}

  // A reader wants to start. Keyframes are given at the next capture().
  void join(Reader& reader, const Hello& hello);
  void leave(Reader& reader);
  void resync(Reader& reader, EventHandle event);

  // The table stands exactly at `head` now: whoever waits for keyframes gets them as of there.
  void capture(Offset head);
  bool has_waiting() const { return !waiting_.empty(); }

  // Bytes may be seen from now on.
  void publish(const Batch& batch, Bytes items);
  void publish_control(Bytes frame);
  void restore_head(Offset head) { published_ = head; }

  // What the reader is to be sent next; nothing: it is up to date.
  std::vector<Piece> gather(Reader& reader);
  // The frame that keeps an idle reader's line alive.
  std::string heartbeat(const Reader& reader, std::int64_t now_ms) const;
  void goodbye_all(const Goodbye& goodbye);

  Offset published() const { return published_; }
  Epoch epoch() const { return epoch_; }
  std::size_t reader_count() const { return readers_.size(); }
  const HubCounts& counts() const { return counts_; }
  const HubOptions& options() const { return options_; }

 private:
  struct Entry {
    Bytes bytes;
    Offset first;
    std::uint64_t count = 0;  // 0: a control frame
    std::size_t last_item = 0;
  };
  struct Waiting {
    Reader* reader = nullptr;
    EventHandle event;  // 0: all that it follows
    ResumeKind resume = ResumeKind::keyframes;
    std::string reason;
  };
  struct Cached {
    Seq seq;
    Bytes frames;
  };

  void append(Entry entry);
  bool resume_from_log(Reader& reader, const Hello& hello);
  void give_keyframes(const Waiting& waiting, Offset head);
  Bytes keyframe(const LiveEvent& event, Offset head);
  bool matches(const Reader& reader, const LiveEvent& event) const;
  bool follow(Reader& reader, EventHandle event);
  std::size_t gather_shared(Reader& reader, std::vector<Piece>& pieces, std::size_t room);
  std::size_t gather_filtered(Reader& reader, const Entry& entry, std::vector<Piece>& pieces);
  Welcome welcome(Offset offset, ResumeKind resume, std::string reason) const;
  std::uint64_t end_entry() const { return first_entry_ + log_.size(); }
  Entry& entry(std::uint64_t number) { return log_[number - first_entry_]; }

  const EventTable& table_;
  Epoch epoch_;
  HubOptions options_;
  HubCounts counts_;
  Offset published_{};
  std::deque<Entry> log_;
  std::uint64_t first_entry_ = 0;
  std::size_t log_bytes_ = 0;
  std::unordered_set<Reader*> readers_;
  std::vector<Waiting> waiting_;
  std::unordered_map<EventHandle, Cached> keyframes_;
  std::size_t keyframe_bytes_ = 0;
};

}  // namespace touchline
