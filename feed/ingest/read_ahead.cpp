#include "feed/ingest/read_ahead.h"

#include "core/check.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace touchline {
namespace {

constexpr std::size_t chunk_updates = 64;
constexpr std::size_t chunk_bytes = 256U << 10;  // a larger update fills a chunk alone
constexpr std::size_t chunks_ahead = 4;          // of each recording

struct Entry {
  Update update;
  PlayablePlace place;
  std::int64_t time_ms = 0;
  std::uint64_t bytes = 0;         // read when it was at hand
  Cursor cursor;                   // behind it
  std::vector<Rejected> rejected;  // found on the way to it
  Cursor rejected_cursor;          // behind those
};

struct Chunk {
  std::vector<Entry> entries;  // kept when it is filled again, for their buffers
  std::size_t count = 0;
  bool paused = false;  // behind the last entry: nothing more for the moment
  // Behind the last entry: what the recording ended with.
  bool ended = false;
  std::optional<Error> error;
  std::optional<std::string> unfinished;
  Entry rest;  // without an update: the refusals behind the last one
};

}  // namespace

struct ReadAhead::Shared {
  std::mutex mutex;
  std::condition_variable wake_reader;
  std::condition_variable wake_player;
  std::vector<Part*> parts;
  Part* at_work = nullptr;
  bool stopping = false;
  std::thread thread;

  void read_loop();
  Part* part_with_room();
};

class ReadAhead::Part : public Playable {
 public:
  Part(std::shared_ptr<Shared> shared, std::unique_ptr<Playable> recording)
      : shared_(std::move(shared)), recording_(std::move(recording)), cursor_(recording_->cursor()) {
    const std::lock_guard lock(shared_->mutex);
    shared_->parts.push_back(this);
    shared_->wake_reader.notify_one();
  }
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;
  ~Part() override {
    std::unique_lock lock(shared_->mutex);
    std::erase(shared_->parts, this);
    shared_->wake_player.wait(lock, [&] { return shared_->at_work != this; });
  }

  const std::string& name() const override { return recording_->name(); }
  const std::string& path() const override { return recording_->path(); }
  std::string cursor_key(std::uint32_t line) const override { return recording_->cursor_key(line); }
  Result<void> take_up(const Cursor&) override {
    TL_CHECK(!"a recording is taken up before it is read ahead");
    return {};
  }

  Result<Advance> advance(const std::function<void(Rejected)>& reject) override {
    while (true) {
      if (next_ < current_.count) {
        at_ = next_++;
        give(current_.entries[at_], reject);
        return Advance::update;
      }
      if (current_.ended) return end(reject);
      if (std::exchange(current_.paused, false)) {
        give(current_.rest, reject);
        return Advance::later;
      }
      next_chunk();
    }
  }

  Update& update() override { return current_.entries[at_].update; }
  std::int64_t time_ms() const override { return current_.entries[at_].time_ms; }
  PlayablePlace place() const override { return current_.entries[at_].place; }
  void taken() override { cursor_ = current_.entries[at_].cursor; }
  const Cursor& cursor() const override { return cursor_; }
  std::optional<std::string> unfinished() const override { return unfinished_; }
  std::uint64_t bytes() const override { return bytes_; }

  // Under the lock.
  bool has_room() const { return !finished_ && ready_.size() < chunks_ahead; }
  std::size_t chunks_ready() const { return ready_.size(); }

  // The reader's: without the lock.
  void fill(Chunk& chunk) {
    chunk.count = 0;
    chunk.paused = false;
    std::size_t bytes = 0;
    while (chunk.count < chunk_updates && bytes < chunk_bytes) {
      if (chunk.entries.size() == chunk.count) chunk.entries.emplace_back();
      Entry& entry = chunk.entries[chunk.count];
      const bool more = read(chunk, entry);
      if (!more) return;
      bytes += entry.update.arena.size() + entry.update.ops.size() * sizeof(Op);
      ++chunk.count;
    }
  }

  // The reader's: with the lock.
  Chunk take_spare() {
    if (spare_.empty()) return {};
    Chunk chunk = std::move(spare_.back());
    spare_.pop_back();
    return chunk;
  }
  void put_ready(Chunk chunk) {
    finished_ = chunk.ended;
    ready_.push_back(std::move(chunk));
  }

 private:
  bool read(Chunk& chunk, Entry& entry) {
    entry.rejected.clear();
    const auto more =
        recording_->advance([&](Rejected rejected) { entry.rejected.push_back(std::move(rejected)); });
    entry.bytes = recording_->bytes();
    if (!entry.rejected.empty()) entry.rejected_cursor = recording_->cursor();
    if (!more || *more != Advance::update) {
      chunk.paused = more && *more == Advance::later;
      chunk.ended = !chunk.paused;
      if (!more) chunk.error = more.error();
      chunk.unfinished = recording_->unfinished();
      chunk.rest = std::move(entry);
      return false;
    }
    std::swap(entry.update, recording_->update());
    entry.place = recording_->place();
    entry.time_ms = recording_->time_ms();
    recording_->taken();
    entry.cursor = recording_->cursor();
    return true;
  }

  void next_chunk() {
    std::unique_lock lock(shared_->mutex);
    if (!current_.entries.empty()) spare_.push_back(std::move(current_));
    shared_->wake_player.wait(lock, [&] { return !ready_.empty(); });
    current_ = std::move(ready_.front());
    ready_.pop_front();
    next_ = 0;
    shared_->wake_reader.notify_one();
  }

  void give(Entry& entry, const std::function<void(Rejected)>& reject) {
    bytes_ = entry.bytes;
    if (entry.rejected.empty()) return;
    for (Rejected& rejected : std::exchange(entry.rejected, {}))
      reject(std::move(rejected));
    cursor_ = entry.rejected_cursor;
  }

  Result<Advance> end(const std::function<void(Rejected)>& reject) {
    give(current_.rest, reject);
    unfinished_ = current_.unfinished;
    if (current_.error) return *current_.error;
    return Advance::end;
  }

  std::shared_ptr<Shared> shared_;
  std::unique_ptr<Playable> recording_;  // the reader's, once it is wrapped
  // Under the lock.
  std::deque<Chunk> ready_;
  std::vector<Chunk> spare_;
  bool finished_ = false;
  // The player's.
  Chunk current_;
  std::size_t next_ = 0;  // entry of it
  std::size_t at_ = 0;    // the one at hand
  Cursor cursor_;
  std::uint64_t bytes_ = 0;
  std::optional<std::string> unfinished_;
};

// The one that is closest to keeping the player waiting.
ReadAhead::Part* ReadAhead::Shared::part_with_room() {
  Part* best = nullptr;
  for (Part* part : parts) {
    if (part->has_room() && (best == nullptr || part->chunks_ready() < best->chunks_ready())) best = part;
  }
  return best;
}

void ReadAhead::Shared::read_loop() {
  std::unique_lock lock(mutex);
  while (true) {
    wake_reader.wait(lock, [&] { return stopping || part_with_room() != nullptr; });
    if (stopping) return;
    at_work = part_with_room();
    Chunk chunk = at_work->take_spare();
    lock.unlock();
    at_work->fill(chunk);
    lock.lock();
    at_work->put_ready(std::move(chunk));
    at_work = nullptr;
    wake_player.notify_all();
  }
}

ReadAhead::ReadAhead() : shared_(std::make_shared<Shared>()) {
  shared_->thread = std::thread([shared = shared_.get()] { shared->read_loop(); });
}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
  }
  shared_->wake_reader.notify_one();
  shared_->thread.join();
}

std::unique_ptr<Playable> ReadAhead::wrap(std::unique_ptr<Playable> recording) {
  return std::make_unique<Part>(shared_, std::move(recording));
}

}  // namespace touchline
