// The wiring that every command that writes a store shares: journal, origin, hub, publisher and their threads.
//
// Here, and only here, feed and storage meet. The loop thread runs everything but the commits; the store thread
// commits, and its news is posted back to the loop. Knows no command's options.
#pragma once

#include "core/origin.h"
#include "core/result.h"
#include "feed/bucket_histogram.h"
#include "feed/clock.h"
#include "feed/hub.h"
#include "feed/loop.h"
#include "feed/publisher.h"
#include "storage/journal.h"
#include "storage/read_thread.h"
#include "storage/retention_thread.h"
#include "storage/store_thread.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace touchline {

struct PipelineOptions {
  HubOptions hub = {};
  EpochWish epoch = EpochWish::keep;
  std::optional<RetentionOptions> retention = {};  // none: everything is kept
};

class Pipeline {
 public:
  // Opens or creates the store and takes up everything that stands in it. What is published from here on has an
  // epoch of its own wherever the same position could have had another content.
  static Result<std::unique_ptr<Pipeline>> open(Loop& loop, const std::string& store,
                                                PipelineOptions options = {});
  ~Pipeline();

  // When the loop has ended and nothing failed: waits for the commit at work, and writes that this was a clean end.
  // Last; nothing can be published behind it.
  Result<void> close();

  // The command failed before it began: a store that was made for it goes with it.
  void undo_creation() { journal_->undo_creation(); }

  // Why there is a new epoch; empty where the store's own goes on.
  std::string epoch_news() const;

  // The source of that name, known to the journal or new.
  Result<SourceId> source(const std::string& name);

  // Hands over what gathered, as often as the journal takes it.
  void flush() { publisher_->flush(running_ms()); }
  void on_room(std::function<void()> work) { on_room_.push_back(std::move(work)); }
  std::function<void(const Error&)> on_failure;  // a commit failed, or the store is gone: the end
  std::function<void(const CheckpointNews&)> on_store_checkpoint;  // of the store's log

  // Clears the store from now on, if there is a retention.
  void start_retention();
  std::function<void(const RetentionNews&)> on_retention;
  // Forgets what has been over for as long as the retention says, a little at a time; how many events that were.
  std::size_t forget();

  Journal& journal() { return *journal_; }
  Origin& origin() { return origin_; }
  Hub& hub() { return *hub_; }
  Publisher& publisher() { return *publisher_; }

  struct CommitCounts {
    std::uint64_t commits = 0;
    std::int64_t took_us = 0;
    std::uint64_t bytes = 0;  // of deltas
    BucketHistogram times_us{short_bounds_us};
    BucketHistogram deltas{batch_bounds};
  };
  const CommitCounts& commit_counts() const { return commit_counts_; }
  // As of half a second ago.
  const StoreRoom& store_room() const { return store_room_; }
  bool checkpoints_fail() const { return checkpoints_fail_; }

 private:
  Pipeline(Loop& loop, Journal journal);
  void read_back_for_hub();
  void count(const Committed& committed);

  Loop& loop_;
  std::unique_ptr<Journal> journal_;
  EpochStart epoch_start_ = EpochStart::kept;
  Origin origin_;
  std::uint32_t source_count_ = 0;
  std::unique_ptr<Hub> hub_;
  std::unique_ptr<Publisher> publisher_;
  std::vector<std::function<void()>> on_room_;
  CommitCounts commit_counts_;
  StoreRoom store_room_;
  bool checkpoints_fail_ = false;
  std::unique_ptr<ReadThread> reads_;
  std::unique_ptr<StoreThread> store_;
  std::optional<RetentionOptions> retention_options_;
  std::unique_ptr<RetentionThread> retention_;  // last: ends first
};

}  // namespace touchline
