#include "storage/store_thread.h"

#include "core/check.h"

#include <chrono>
#include <utility>

namespace touchline {
namespace {

using namespace std::chrono;

constexpr auto checkpoint_interval = milliseconds(500);

std::int64_t now_ms() { return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count(); }

}  // namespace

StoreThread::StoreThread(Journal& journal, StoreThreadCalls calls)
    : journal_(journal),
      calls_(std::move(calls)),
      watch_(journal.watch()),
      committer_([this] { commit_loop(); }),
      checkpointer_([this] { checkpoint_loop(); }) {}

StoreThread::~StoreThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  committer_.join();
  checkpointer_.join();
}

void StoreThread::submit(Batch batch) {
  {
    const std::lock_guard lock(mutex_);
    TL_CHECK(!next_.has_value());
    next_ = std::move(batch);
  }
  wake_.notify_all();
}

void StoreThread::commit_loop() {
  while (true) {
    Batch batch;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return next_.has_value() || stopping_; });
      if (!next_) return;
      batch = std::move(*next_);
      next_.reset();
    }
    const auto started = steady_clock::now();
    const std::int64_t committed_ms = now_ms();
    auto result = journal_.commit(batch, committed_ms);
    const auto took = duration_cast<microseconds>(steady_clock::now() - started).count();
    const bool failed = !result;
    calls_.committed({std::move(batch), committed_ms, took, std::move(result)});
    if (failed) return;
  }
}

void StoreThread::checkpoint_loop() {
  Checkpointer checkpointer(journal_.path());
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, checkpoint_interval, [this] { return stopping_; })) {
    lock.unlock();
    if (const auto there = watch_.look(); !there) {
      if (calls_.lost) calls_.lost(there.error());
      return;
    }
    const auto news = checkpointer.step(steady_clock::now());
    if (news && calls_.checkpoint) calls_.checkpoint(*news);
    lock.lock();
  }
}

}  // namespace touchline
