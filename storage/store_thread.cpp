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

Result<std::uint64_t> StoreThread::clear(const ClearStep& step) {
  std::unique_lock lock(mutex_);
  TL_CHECK(step_ == nullptr);
  step_ = &step;
  step_result_.reset();
  wake_.notify_all();
  wake_.wait(lock, [this] { return step_result_.has_value() || ended_; });
  step_ = nullptr;
  if (!step_result_) return Error{ErrorKind::environment, journal_.path() + ": is written no more", 0};
  return *std::exchange(step_result_, std::nullopt);
}

void StoreThread::commit_loop() {
  while (true) {
    std::optional<Batch> batch;
    const ClearStep* step = nullptr;
    {
      std::unique_lock lock(mutex_);
      const auto has_step = [this] { return step_ != nullptr && !step_result_; };
      wake_.wait(lock, [&] { return next_.has_value() || has_step() || stopping_; });
      batch = std::exchange(next_, std::nullopt);
      if (stopping_ && !batch) break;
      if (has_step() && !stopping_) step = step_;
    }
    if (batch && !commit(std::move(*batch))) break;
    if (step != nullptr && !do_step(*step)) break;
  }
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  wake_.notify_all();
}

bool StoreThread::commit(Batch batch) {
  const auto started = steady_clock::now();
  const std::int64_t committed_ms = now_ms();
  auto result = journal_.commit(batch, committed_ms);
  const auto took = duration_cast<microseconds>(steady_clock::now() - started).count();
  const bool committed = static_cast<bool>(result);
  calls_.committed({std::move(batch), committed_ms, took, std::move(result)});
  return committed;
}

bool StoreThread::do_step(const ClearStep& step) {
  auto rows = journal_.clear(step);
  const std::optional<Error> failure = rows ? std::nullopt : std::optional(rows.error());
  {
    const std::lock_guard lock(mutex_);
    step_result_ = std::move(rows);
  }
  wake_.notify_all();
  if (failure && calls_.lost) calls_.lost(*failure);
  return !failure;
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
    if (calls_.room) calls_.room(room_of(journal_.path()));
    const auto news = checkpointer.step(steady_clock::now());
    if (news && calls_.checkpoint) calls_.checkpoint(*news);
    lock.lock();
  }
}

}  // namespace touchline
