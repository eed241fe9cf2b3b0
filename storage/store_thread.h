// The thread that owns the journal's writer, and the one that keeps its log short.
//
// Takes one batch at a time and calls back, from its own thread, when the commit is on disk or has failed; the
// caller hands over the next one then (group commit: what gathers in the meantime is the next batch). Knows no
// socket, no loop and no log; the callbacks bring the news to wherever the caller lives. After a failed commit it
// takes nothing more. Between commits it clears, a little at a time, what it is asked to. A log that cannot be copied is news and no failure. Looks twice a second whether the store is
// still there.
#pragma once

#include "core/batch.h"
#include "core/result.h"
#include "storage/checkpointer.h"
#include "storage/journal.h"
#include "storage/store_room.h"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

namespace touchline {

struct Committed {
  Batch batch;
  std::int64_t committed_ms = 0;  // ms since 1970
  std::int64_t took_us = 0;
  Result<void> result;
};

// Called from the threads of the store.
struct StoreThreadCalls {
  std::function<void(Committed)> committed;
  // May be left out. `lost`: the store's files are gone; once, and nothing good comes behind it.
  std::function<void(const CheckpointNews&)> checkpoint = {};
  std::function<void(const Error&)> lost = {};
  std::function<void(const StoreRoom&)> room = {};  // twice a second
};

class StoreThread {
 public:
  StoreThread(Journal& journal, StoreThreadCalls calls);
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;
  // Finishes the batch at work and ends.
  ~StoreThread();

  // Not while another batch is at work.
  void submit(Batch batch);
  // From a thread of its own, which waits: the step is done between two commits, one step at most before the next
  // commit. How many rows it took away. An error if the store ends before; if the step fails, the store is lost.
  Result<std::uint64_t> clear(const ClearStep& step);

 private:
  void commit_loop();
  bool commit(Batch batch);
  bool do_step(const ClearStep& step);
  void checkpoint_loop();

  Journal& journal_;
  StoreThreadCalls calls_;
  StoreWatch watch_;  // the checkpointer's
  std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<Batch> next_;
  const ClearStep* step_ = nullptr;                   // of whoever waits in clear()
  std::optional<Result<std::uint64_t>> step_result_;  // of that
  bool stopping_ = false;
  bool ended_ = false;  // nothing more is committed
  std::thread committer_;
  std::thread checkpointer_;
};

}  // namespace touchline
