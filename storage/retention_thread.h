// The thread that clears a running store of what is older than it has to keep (storage/clearing.h).
//
// Looks now and then; reads, copies and computes by itself, and has the store's thread do each small step between two
// commits, with a pause behind each, so that commits hardly notice. An archive that cannot be written is news and no
// failure: nothing is cleared until it can. Knows no loop and no log; the callback brings the news to wherever the
// caller lives.
#pragma once

#include "storage/clearing.h"
#include "storage/store_thread.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace touchline {

struct RetentionOptions {
  std::int64_t keep_ms = 0;  // since it was published
  std::string archive = {};  // empty: what is cleared is gone
  // Whether the clock cannot be trusted with what is old now. On the thread.
  std::function<bool()> clock_was_set = {};
};

struct RetentionNews {
  enum class Kind : std::uint8_t { cleared, failing } kind{};
  std::string text;
  Offset through;  // cleared: all up to there
};

class RetentionThread {
 public:
  RetentionThread(std::string store, RetentionOptions options, StoreThread& writer,
                  std::function<void(const RetentionNews&)> news);
  RetentionThread(const RetentionThread&) = delete;
  RetentionThread& operator=(const RetentionThread&) = delete;
  // Ends behind the step at work. Before the store's thread does.
  ~RetentionThread();

 private:
  void loop();
  // Whether there is more to do at once.
  bool look();
  Result<std::uint64_t> do_step(const ClearStep& step);
  void say_failing(const Error& error);

  RetentionOptions options_;
  Clearing clearing_;
  StoreThread& writer_;
  std::function<void(const RetentionNews&)> news_;
  std::chrono::milliseconds slack_;     // how much too old something must be for a run
  std::chrono::milliseconds interval_;  // between looks
  std::chrono::steady_clock::time_point speak_at_;
  std::string said_;  // last
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

// "cleared up to offset 7, published at ...: ..."
std::string describe(const ClearReport& report, const std::string& archive);

}  // namespace touchline
