#include "storage/retention_thread.h"

#include "core/time_text.h"

#include <algorithm>
#include <utility>

namespace touchline {
namespace {

using namespace std::chrono;

constexpr milliseconds interval_min{100};
constexpr milliseconds interval_max = minutes(1);
constexpr milliseconds slack_max = hours(1);
constexpr auto speak_every = minutes(1);
constexpr int pause_share = 3;  // a step's time, so that the writer is left alone for most of it
constexpr milliseconds pause_min{1};

std::int64_t now_ms() { return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count(); }

}  // namespace

std::string describe(const ClearReport& report, const std::string& archive) {
  const auto counted = [](std::uint64_t number, const char* one, const char* many) {
    return std::to_string(number) + " " + (number == 1 ? one : many);
  };
  return "cleared up to offset " + std::to_string(report.through.value) + ", published at " +
         time_text(report.published_ms) + ": " + counted(report.deltas(), "delta", "deltas") + " of " +
         counted(report.events, "event", "events") + ", " + std::to_string(report.bytes) + " bytes" +
         (archive.empty() ? ", kept nowhere" : ", kept in " + archive) +
         (report.archive_begins
              ? ", a new archive that begins behind offset " + std::to_string(report.archive_begins->value)
              : "");
}

RetentionThread::RetentionThread(std::string store, RetentionOptions options, StoreThread& writer,
                                 std::function<void(const RetentionNews&)> news)
    : options_(std::move(options)),
      clearing_(std::move(store), {.archive = options_.archive}),
      writer_(writer),
      news_(std::move(news)),
      slack_(std::clamp(milliseconds(options_.keep_ms / 48), interval_min, slack_max)),
      interval_(std::min(slack_, interval_max)),
      thread_([this] { loop(); }) {}

RetentionThread::~RetentionThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void RetentionThread::loop() {
  std::unique_lock lock(mutex_);
  bool more = false;
  while (!wake_.wait_for(lock, more ? interval_min : interval_, [this] { return stopping_; })) {
    lock.unlock();
    more = look();
    lock.lock();
  }
}

bool RetentionThread::look() {
  if (options_.clock_was_set && options_.clock_was_set()) return false;
  const std::int64_t before_ms = now_ms() - options_.keep_ms;
  // Not for every batch that becomes too old: each run writes the states of the events that it meets.
  const auto work = clearing_.has_work(before_ms - slack_.count());
  if (work && !*work) return false;
  const auto report = work ? clearing_.run(before_ms, [this](const ClearStep& step) { return do_step(step); })
                           : Result<ClearReport>(work.error());
  if (!report) return say_failing(report.error()), false;
  said_.clear();
  if (report->deltas() != 0) {
    news_({RetentionNews::Kind::cleared, describe(*report, options_.archive), report->through});
  }
  return report->more;
}

Result<std::uint64_t> RetentionThread::do_step(const ClearStep& step) {
  const auto started = steady_clock::now();
  auto rows = writer_.clear(step);
  const auto pause =
      std::max<steady_clock::duration>((steady_clock::now() - started) * pause_share, pause_min);
  std::unique_lock lock(mutex_);
  if (wake_.wait_for(lock, pause, [this] { return stopping_; }))
    return Error{ErrorKind::environment, "is broken off", 0};
  return rows;
}

void RetentionThread::say_failing(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
  }
  const auto now = steady_clock::now();
  if (said_ == error.text && now < speak_at_) return;
  said_ = error.text;
  speak_at_ = now + speak_every;
  news_({RetentionNews::Kind::failing, error.text + ": nothing more is cleared until that is mended",
         Offset()});
}

}  // namespace touchline
