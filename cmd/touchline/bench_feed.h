// A made-up feed at a given rate, for measurements: lines made beforehand, offered when they are due.
//
// Open loop: an update is due by the clock, however long the ones before it took, and its latency counts from
// then (no coordinated omission). Remembers when each offset's update was due. Owned by the loop thread; due_ns()
// may be asked from any.
#pragma once

#include "core/ids.h"
#include "feed/ingest/parser.h"
#include "feed/publisher.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace touchline {

struct BenchFeedOptions {
  int events = 200;
  double updates_per_s = 20'000;
  std::size_t updates = 200'000;
};

// Of the steady clock, the same for all threads.
std::int64_t steady_ns();

class BenchFeed {
 public:
  explicit BenchFeed(const BenchFeedOptions& options);

  // Takes `updates` of what is to come, now, whatever is due: to fill a store before the clock starts.
  Result<void> take_ahead(Publisher& publisher, LineRef line, std::size_t updates);
  // The clock starts: from now on what is left is due one by one.
  void start(std::int64_t now_ns) { start_ns_ = now_ns; }
  // Takes what is due, and is taken; true: there will be more.
  Result<bool> take_due(Publisher& publisher, LineRef line, std::int64_t now_ns);

  std::size_t taken() const { return next_; }
  // When the update was due that brought a delta to this offset.
  std::int64_t due_ns(Offset offset) const {
    return offset.value < due_ns_.size() ? due_ns_[offset.value].load(std::memory_order_relaxed) : 0;
  }

 private:
  Result<void> take_one(Publisher& publisher, LineRef line, std::int64_t due_ns);

  double updates_per_s_;
  std::vector<std::string> lines_;
  std::size_t next_ = 0;
  std::size_t first_due_ = 0;  // the one that is due when the clock starts
  std::int64_t start_ns_ = 0;
  std::vector<std::atomic<std::int64_t>> due_ns_;  // by offset
  Parser parser_;
  Update update_;
};

}  // namespace touchline
