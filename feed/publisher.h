// The publisher: the pipeline from updates to readers, and the output gate.
//
// Feeds the origin, hands what gathered to the journal whenever the journal is free, and lets readers see a
// batch only when its commit is on disk (with relaxed durability: at once). A failed commit is final. Knows no
// socket and no SQLite: the commit is a function that its maker wires. Loop thread.
#pragma once

#include "core/origin.h"
#include "feed/delivery_times.h"
#include "feed/hub.h"
#include "feed/trace/delta_tracer.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace touchline {

struct PublisherOptions {
  std::size_t pending_bytes_max = 256U << 10;  // past it sources are not read until the next commit
  std::size_t pending_rejected_max = 4'096;    // messages, each with its first bytes; as above
  std::uint64_t pending_deltas_max = 8192;
  std::int64_t checkpoint_interval_ms = 1'000;  // digests of what changed, to every reader
};

class Publisher {
 public:
  static constexpr std::size_t refused_kept_max = 32;

  // `commit` starts the commit of a batch; committed() is called on the loop when it is done.
  Publisher(Origin& origin, Hub& hub, std::function<void(Batch)> commit, PublisherOptions options = {});

  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;
  ~Publisher();

  Result<Origin::Outcome> take(LineRef line, Update& update, std::int64_t now_ms);
  // What was taken last came from a live source, now, and changed something.
  void took_live(SourceId source, std::int64_t source_time_ms, std::int64_t now_us);
  void reject(Rejected rejected, SourceId source = {});
  // The last ones that were refused, the newest behind; at most refused_kept_max of them.
  const std::deque<Rejected>& refused() const { return refused_; }

  // Hands over what gathered, if the journal is free.
  void flush(std::int64_t now_ms);
  void committed(Batch batch, const Result<void>& result, std::int64_t now_ms);

  // Whether sources should wait; `on_room` is called after every commit that leaves room.
  bool full() const;
  // Nothing gathered and nothing under way.
  bool idle() const { return !in_flight_ && origin_.pending().empty(); }
  const std::optional<Error>& failure() const { return failure_; }
  // The journal is of no use any more, whatever becomes of the commit under way: as final as a failed commit.
  void fail(const Error& error);

  std::unique_ptr<DeltaTracer> tracer;  // null: nothing is traced
  std::function<void()> on_room;
  std::function<void()> on_failure;
  std::function<void()> on_durable;            // one more commit is on disk
  std::function<void(Origin&)> before_commit;  // the moment to say how far sources were read

  // The digests of everything, at once if idle, else with the next batch.
  void checkpoint_all();

  Origin& origin() { return origin_; }
  // Whoever takes live updates, and whoever sees commits, notes the time there.
  DeliveryTimes& times() { return times_; }
  std::uint64_t commits() const { return commits_; }

  // Behind everything taken so far; a reader that has come there has seen it.
  Position position() const { return {hub_.epoch(), origin_.head()}; }
  // The commit that everything taken so far is on disk with, by its number.
  std::uint64_t commit_to_come() const {
    return commits_ + (in_flight_ ? 1 : 0) + (origin_.pending().empty() ? 0 : 1);
  }
  bool is_durable(std::uint64_t commit) const { return !failure_ && commits_ >= commit; }

 private:
  void serve_waiting();
  void note_touched(const Batch& batch);
  void checkpoint_if_due(std::int64_t now_ms);
  void publish_wanted_checkpoint();

  Origin& origin_;
  Hub& hub_;
  std::function<void(Batch)> commit_;
  PublisherOptions options_;
  bool in_flight_ = false;
  std::optional<Error> failure_;
  std::unordered_set<EventHandle> touched_;  // since the last checkpoint
  std::int64_t last_checkpoint_ms_ = 0;
  bool checkpoint_wanted_ = false;  // before its time
  Hub::Bytes checkpoint_;           // taken with the batch in flight, published behind it
  std::uint64_t commits_ = 0;
  std::deque<Rejected> refused_;
  DeliveryTimes times_;
};

}  // namespace touchline
