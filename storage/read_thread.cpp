#include "storage/read_thread.h"

#include "core/check.h"
#include "storage/journal_reader.h"

#include <utility>

namespace touchline {

ReadThread::Answer ReadThread::read(const std::string& path, const Question& question) {
  auto reader = JournalReader::open(path);
  if (!reader) return std::nullopt;
  std::vector<PastBatch> batches;
  std::uint64_t bytes = 0;
  Offset next{};
  bool good = true;
  const auto read = reader->batches(question.after.next(), [&](const BatchRow& row) {
    if (row.first > question.until) return false;
    bytes += row.items.size();
    good = bytes <= question.bytes_max && (batches.empty() || row.first == next) &&
           checksum_of(row) == row.checksum;
    if (!good) return false;
    next = Offset(row.first.value + row.count);
    batches.push_back({row.first, row.count, std::string(row.items)});
    return true;
  });
  if (!read || !good || batches.empty()) return std::nullopt;
  const bool reaches_back = batches.front().first <= question.after.next();
  if (!reaches_back || next != question.until.next()) return std::nullopt;
  return batches;
}

ReadThread::ReadThread(std::string path) : path_(std::move(path)), thread_([this] { run(); }) {}

ReadThread::~ReadThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void ReadThread::ask(Question question, std::function<void(Answer)> done) {
  {
    const std::lock_guard lock(mutex_);
    TL_CHECK(!question_.has_value());
    question_ = question;
    done_ = std::move(done);
  }
  wake_.notify_all();
}

void ReadThread::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || question_.has_value(); });
    if (stopping_) return;
    const Question question = *question_;
    const auto done = std::move(done_);
    lock.unlock();
    Answer answer = read(path_, question);
    lock.lock();
    question_.reset();
    lock.unlock();
    done(std::move(answer));
    lock.lock();
  }
}

}  // namespace touchline
