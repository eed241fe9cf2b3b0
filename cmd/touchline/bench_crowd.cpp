#include "cmd/touchline/bench_crowd.h"

#include "cmd/touchline/bench_feed.h"

#include <utility>

namespace touchline {
namespace {

constexpr std::size_t read_bytes = 32U << 10;  // a thousand buffers are to fit

Hello hello_of(std::size_t reader) {
  Hello hello;
  hello.relay = "bench-" + std::to_string(reader);
  return hello;
}

}  // namespace

BenchCrowd::BenchCrowd(const Endpoint& endpoint, std::size_t readers, Due due)
    : endpoint_(endpoint), due_(std::move(due)) {
  for (std::size_t i = 0; i < readers; ++i) {
    readers_.push_back(std::make_unique<Reader>());
    Reader* reader = readers_.back().get();
    DeltaCounterEvents events;
    events.welcome = [this, reader](const Welcome& said) { welcome(*reader, said); };
    events.deltas = [this, reader](Offset before, Offset last) { take(*reader, before, last); };
    reader->counter = std::make_unique<DeltaCounter>(hello_of(i), std::move(events));
  }
  // Something to wait for, until stop().
  loop_.every(std::chrono::milliseconds(100), [this] { return !stopping_; });
  thread_ = std::thread([this] { loop_.run(); });
}

BenchCrowd::~BenchCrowd() { stop(); }

void BenchCrowd::stop() {
  if (!thread_.joinable()) return;
  loop_.post([this] {
    stopping_ = true;
    for (const auto& reader : readers_)
      reader->connection.reset();
    loop_.stop();
  });
  thread_.join();
  for (const auto& reader : readers_) {
    const DeltaCounter::Counts& counts = reader->counter->counts();
    result_.counts.bytes += counts.bytes;
    result_.counts.frames += counts.frames;
    result_.counts.deltas += counts.deltas;
    result_.counts.keyframes += counts.keyframes;
    result_.counts.merged += counts.merged;
    if (!reader->stalled) result_.merged_for_others += counts.merged;
  }
}

std::string BenchCrowd::failure() const { return failure_; }

void BenchCrowd::open(Reader& reader) {
  reader.connected_ns = steady_ns();
  TcpSubscriberOptions options;
  options.read_bytes = read_bytes;
  options.answer_ms = 60'000;
  reader.connection = std::make_unique<TcpSubscriber>(
      loop_, *reader.counter, endpoint_,
      [this, &reader](const auto& ended) {
        if (stopping_ || reader.stalled) return;
        ++result_.lost;
        if (failure_.empty()) failure_ = ended ? "closed by the publisher" : ended.error().text;
      },
      options);
}

void BenchCrowd::connect() {
  loop_.post([this] {
    for (const auto& reader : readers_)
      open(*reader);
  });
}

void BenchCrowd::disconnect() {
  loop_.post([this] {
    for (const auto& reader : readers_)
      reader->connection.reset();
    welcomed_ = 0;
  });
}

void BenchCrowd::open_again(Reader& reader, Offset wanted) {
  reader.connection.reset();
  reader.counter->reconnect();
  reader.returning = true;
  reader.wanted = wanted;
  open(reader);
}

void BenchCrowd::return_all() {
  loop_.post([this] {
    for (const auto& reader : readers_)
      open_again(*reader, expected_);
  });
}

void BenchCrowd::move_to(const Endpoint& endpoint) {
  loop_.post([this, endpoint] { endpoint_ = endpoint; });
}

void BenchCrowd::stall(std::size_t reader) {
  loop_.post([this, reader] {
    readers_[reader]->stalled = true;
    readers_[reader]->connection->stop_reading();
  });
}

void BenchCrowd::come_back(std::size_t reader) {
  loop_.post([this, reader] { open_again(*readers_[reader], newest_); });
}

void BenchCrowd::expect(Offset offset) {
  reached_ = 0;  // at once, so that nobody takes an old answer for this one's
  loop_.post([this, offset] {
    expected_ = offset;
    reached_ = 0;
    for (const auto& reader : readers_) {
      reader->reached = false;
      note_position(*reader);
    }
  });
}

void BenchCrowd::welcome(Reader& reader, const Welcome& /*said*/) {
  ++welcomed_;
  note_position(reader);
}

void BenchCrowd::take(Reader& reader, Offset before, Offset last) {
  if (last > newest_) newest_ = last;
  if (due_ && !reader.returning) {
    const std::int64_t now = steady_ns();
    for (std::uint64_t offset = before.value + 1; offset <= last.value; ++offset) {
      if (const std::int64_t due = due_(Offset(offset)); due != 0) result_.latencies.add(now - due);
    }
  }
  note_position(reader);
}

void BenchCrowd::note_position(Reader& reader) {
  if (!reader.counter->welcomed()) return;
  const Offset at = reader.counter->position().offset;
  if (reader.returning && at >= reader.wanted) {
    reader.returning = false;
    result_.returns.add(steady_ns() - reader.connected_ns);
  }
  if (!reader.reached && expected_.value != 0 && at >= expected_) {
    reader.reached = true;
    ++reached_;
  }
}

}  // namespace touchline
