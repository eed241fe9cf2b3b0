// The receiving side of the delta protocol, without a socket: bytes in, states brought up to date, bytes to send out.
//
// Counts offsets, puts keyframes together, reads blocks and coded updates, checks sequence numbers and digests, and asks
// for a keyframe where it disagrees. The states are its owner's: the subscriber shows them, the relay gives them on.
// Knows no socket, no clock and no reader behind it; what it wants to send gathers in its output. Single-threaded.
#pragma once

#include "core/coded/live_models.h"
#include "core/coded/model.h"
#include "core/coded_frame.h"
#include "core/delta.h"
#include "core/event_state.h"
#include "core/frame.h"
#include "core/messages.h"
#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace touchline {

// An item of a deltas frame. The position stands behind it.
struct ReceivedItem {
  EventHandle event;          // 0: skipped
  std::uint64_t offsets = 1;  // that it stands for
  std::string_view block;     // empty: it came as a coded update
  // Null: it was not applied, because the state that it belongs to is not here, or has it already. Else the owner may
  // take it.
  Delta* delta = nullptr;
  const EventState* after = nullptr;       // the state behind it
  std::int64_t source_time_before_ms = 0;  // of the event
};

// Whose the states are, and who hears what happens, as it happens. Two stand behind it: subscriber and relay.
class ReceiverOwner {
 public:
  // Null: the event is not known.
  virtual EventState* find(EventHandle event) = 0;
  // The event's whole state, whatever it was before.
  virtual EventState& set(EventHandle event, EventState state) = 0;
  // A known state is about to be changed by a delta.
  virtual void changes(EventHandle) {}
  // What a known state has become is none.
  virtual void drop(EventHandle event) = 0;
  // Resumes as a tail, or nothing is known any more.
  virtual void welcomed(const Welcome& welcome) = 0;
  virtual void keyframe(EventHandle event, const EventState& state, Offset as_of) = 0;
  virtual void frame_begins(std::size_t) {}  // of deltas, with so many bytes
  virtual void item(ReceivedItem& item) = 0;
  virtual void frame_ends() {}
  virtual void heartbeat(const Heartbeat& heartbeat) = 0;
  virtual void checkpoint(std::string_view) {}  // the body, when it was compared
  virtual void resync(EventHandle event, std::string_view why) = 0;
  virtual void goodbye(const Goodbye& goodbye) = 0;
  virtual void error(const ErrorMessage& error) = 0;

 protected:
  ~ReceiverOwner() = default;
};

struct ReceiverCounts {
  std::uint64_t bytes = 0;
  std::uint64_t frames = 0;
  std::uint64_t delta_frames = 0;
  std::uint64_t delta_bytes = 0;  // of deltas frames, headers included
  std::uint64_t deltas = 0;       // that were applied
  std::uint64_t coded = 0;        // of these, those that came as coded updates
  std::uint64_t keyframes = 0;
  std::uint64_t keyframe_bytes = 0;
  std::uint64_t digests_checked = 0;
  std::uint64_t digests_differed = 0;
  std::uint64_t resyncs = 0;
};

class Receiver {
 public:
  // `event_max`: the highest number of an event that is taken; 0: any.
  Receiver(ReceiverOwner& owner, Hello hello, std::uint32_t event_max);

  std::string take_output() { return std::exchange(output_, {}); }
  bool has_output() const { return !output_.empty(); }
  // Behind an error no position is offered to the next connection.
  Result<void> receive(std::string_view bytes);

  // From within the owner: what follows is neither looked at nor counted.
  void stop() { stopped_ = true; }
  // A new connection: the position is offered, if it may be.
  void reconnect();
  void set_token(std::string token) { hello_.token = std::move(token); }
  // The connection has ended.
  void lost() { welcomed_ = false; }
  void acknowledge() { put(output_, Ack{position_.offset}); }
  // The position is not to be offered: states may be missing.
  void forget_position() { complete_ = false; }

  // Takes up frames that were saved, before anything was sent or received. Refuses those that end early; an error's
  // text says at which byte, as that of receive() does.
  Result<void> take_up(std::string_view saved);
  // Goes on where another stands, whose owner's states have become this one's.
  void go_on_from(const Receiver& other);

  Position position() const { return position_; }
  std::uint32_t heartbeat_ms() const { return heartbeat_ms_; }
  std::uint64_t whole_bytes() const { return reader_.at_byte(); }
  bool welcomed() const { return welcomed_; }
  // The position may be offered: all states up to it have come, and it is between two frames.
  bool may_offer_position() const { return complete_ && !merged_in_frame_; }
  bool awaits_keyframe() const { return !awaiting_.empty(); }
  // A state is here that is ahead of the position.
  bool is_ahead() const { return ahead_ > position_.offset; }
  // Of what offset an event's state is.
  Offset state_offset(EventHandle event) const;
  const ReceiverCounts& counts() const { return counts_; }

 private:
  // A keyframe whose chunks are not all there.
  struct Partial {
    KeyframeChunk head;
    std::string data;
  };

  Result<void> take_frames();
  Result<void> on_frame(const Frame& frame);
  Result<void> on_welcome(std::string_view body);
  Result<void> agree_on_coded(const Welcome& welcome);
  Result<void> on_keyframe(std::string_view body);
  Result<std::optional<Partial>> put_together(KeyframeChunk chunk);
  Result<void> on_deltas(const Frame& frame);
  Result<void> on_items(std::string_view body);
  Result<void> on_coded_items(const Frame& frame);
  Result<void> on_block(EventHandle event, std::string_view block);
  Result<void> on_update(const CodedItem& item);
  Result<void> on_skip(std::uint64_t count);
  bool is_wanted(EventHandle event);
  template <class Decode>
  void apply_item(ReceivedItem& item, Decode&& decode);
  Result<void> on_checkpoint(std::string_view body);
  void compare(const EventDigest& digest);
  Result<void> on_heartbeat(std::string_view body);
  Result<void> check_event(EventHandle event) const;
  Result<void> check_position(Offset named) const;
  void ask_again(EventHandle event, std::string why);

  ReceiverOwner& owner_;
  Hello hello_;
  std::uint32_t event_max_;
  std::uint8_t coded_prior_;  // that may be offered
  ReceiverCounts counts_;
  FrameReader reader_;
  std::string output_;
  Position position_;
  std::uint32_t heartbeat_ms_ = 0;
  std::size_t partial_bytes_ = 0;
  bool stopped_ = false;
  bool merged_in_frame_ = false;  // the count may be past an offset that was to come later
  bool welcomed_ = false;
  bool complete_ = false;                                     // all states up to the position have come
  Offset ahead_{};                                            // of the newest keyframe
  std::unordered_map<EventHandle, Offset> keyframe_offsets_;  // deltas up to there are in the state already
  std::unordered_map<EventHandle, Partial> partial_;
  std::unordered_set<EventHandle> awaiting_;               // events whose keyframe was asked for
  std::optional<coded::LiveModels<coded::Model>> models_;  // while coded updates come
  std::shared_ptr<const coded::Prior> prior_;
  EventHandle last_event_;  // of the last item of a deltas frame
};

}  // namespace touchline
