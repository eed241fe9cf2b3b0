#include "cmd/touchline/bench_pipeline.h"

#include "cmd/touchline/bench_folder.h"
#include "cmd/touchline/pipeline.h"
#include "core/coded/prior.h"
#include "core/subscriber.h"
#include "feed/ingest/read_ahead.h"
#include "feed/ingest/recording.h"
#include "feed/player.h"
#include "feed/tcp_server.h"
#include "feed/tcp_subscriber.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

namespace touchline {
namespace {

using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Result<std::vector<std::string>> unpack(const std::vector<std::string>& recordings,
                                        const BenchFolder& folder) {
  std::vector<std::string> plain;
  for (std::size_t i = 0; i < recordings.size(); ++i) {
    auto reader = LineReader::open(recordings[i]);
    if (!reader) return reader.error();
    plain.push_back(folder.file("recording" + std::to_string(i)));
    std::ofstream out(plain.back(), std::ios::binary);
    while (true) {
      const auto line = reader->next();
      if (!line) return line.error();
      if (line->kind == LineReader::Kind::end) break;
      if (line->kind == LineReader::Kind::later) continue;
      out << line->text << '\n';
    }
    if (!out.flush()) return Error{ErrorKind::environment, plain.back() + ": cannot be written", 0};
  }
  return plain;
}

struct Stages {
  double parse = 0;     // seconds
  double sequence = 0;  // and diff, apply, encode
  double commit = 0;    // on the store's thread, beside the others
  double whole = 0;     // until the subscriber has decoded the last delta
  double durable = 0;   // until the last commit
  std::uint64_t messages = 0;
  std::uint64_t deltas = 0;
  std::uint64_t commits = 0;
  std::uint64_t wire_bytes = 0;
};

Result<void> parse_alone(const std::vector<std::string>& files, Stages& stages) {
  const auto start = Clock::now();
  for (const std::string& file : files) {
    auto recording = Recording::open(file);
    if (!recording) return recording.error();
    while (true) {
      const auto more = recording->advance([](const Rejected&) {});
      if (!more) return more.error();
      if (*more == Advance::end) break;
      if (*more == Advance::later) continue;
      ++stages.messages;
    }
  }
  stages.parse = seconds_since(start);
  return {};
}

// Parser and origin; what comes out is dropped.
Result<void> sequence_alone(const std::vector<std::string>& files, Stages& stages) {
  Origin origin;
  EventTable none;
  Hub hub(none, Epoch(1), {});
  Publisher publisher(origin, hub, [](Batch) {});
  Player player(publisher, {});
  for (const std::string& file : files) {
    auto recording = Recording::open(file);
    if (!recording) return recording.error();
    const LineRef line = origin.add_line(origin.add_source());
    player.add(std::make_unique<Recording>(std::move(*recording)), line, file);
  }
  const auto start = Clock::now();
  while (true) {
    const Player::Step step = player.step(0);
    if (step == Player::Step::failed) return *player.error();
    if (step == Player::Step::done) break;
    if (step == Player::Step::full) (void)origin.take_batch();
  }
  stages.sequence = seconds_since(start) - stages.parse;
  return {};
}

// The subscriber on a thread of its own.
class Reader {
 public:
  Reader(const Endpoint& endpoint, bool coded)
      : endpoint_(endpoint), coded_(coded), thread_([this] { run(); }) {}
  ~Reader() {
    if (!thread_.joinable()) return;
    loop_.post([this] { loop_.stop(); });
    thread_.join();
  }
  // Until the publisher has closed the line.
  void join() { thread_.join(); }
  bool joined() const { return joined_.load(); }
  std::uint64_t offset() const { return offset_.load(); }
  std::uint64_t bytes() const { return bytes_.load(); }
  std::uint64_t resyncs() const { return resyncs_.load(); }

 private:
  void run() {
    SubscriberEvents events;
    events.welcome = [this](const Welcome&) { joined_.store(true); };
    events.delta = [this](EventHandle, const EventState&, const Delta&, Offset offset) {
      offset_.store(offset.value);
    };
    events.resync = [this](EventHandle, std::string_view) { ++resyncs_; };
    events.goodbye = [this](const Goodbye&) { bytes_.store(subscriber_->counts().delta_bytes); };
    Hello hello;
    hello.relay = "bench";
    if (coded_) hello.coded_prior = coded::prior_version;
    subscriber_ = std::make_unique<Subscriber>(std::move(hello), std::move(events));
    TcpSubscriber connection(loop_, *subscriber_, endpoint_, [this](const Result<void>&) { loop_.stop(); });
    loop_.run();
  }

  Endpoint endpoint_;
  bool coded_;
  Loop loop_;
  std::unique_ptr<Subscriber> subscriber_;
  std::atomic<bool> joined_{false};
  std::atomic<std::uint64_t> offset_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> resyncs_{0};
  std::thread thread_;
};

class WholeRun {
 public:
  explicit WholeRun(bool coded) : coded_(coded) {}

  Result<void> run(const std::vector<std::string>& files, const std::string& store, Stages& stages) {
    auto pipeline = Pipeline::open(loop_, store);
    if (!pipeline) return pipeline.error();
    pipeline_ = std::move(*pipeline);
    TcpServer server(loop_, pipeline_->hub());
    server.on_waiting = [this] { pipeline_->flush(); };
    const auto listening = server.listen({"tcp", "127.0.0.1", 0});
    if (!listening) return listening.error();
    player_ = std::make_unique<Player>(pipeline_->publisher(), PlayerOptions{});
    for (const std::string& file : files) {
      auto recording = Recording::open(file);
      if (!recording) return recording.error();
      const auto source = pipeline_->source(file);
      if (!source) return source.error();
      const LineRef line = pipeline_->origin().add_line(*source);
      player_->add(read_ahead_.wrap(std::make_unique<Recording>(std::move(*recording))), line, file);
    }
    reader_ = std::make_unique<Reader>(*listening, coded_);
    pipeline_->on_room([this] {
      if (std::exchange(waits_for_room_, false)) pump();
    });
    pipeline_->on_failure = [this](const Error& error) {
      failure_ = error;
      loop_.stop();
    };
    pipeline_->publisher().before_commit = [this](Origin& origin) { player_->note_cursors(origin); };
    loop_.post([this] { begin(); });
    loop_.run();
    if (failure_) return *failure_;
    stages.whole = whole_;
    stages.durable = durable_;
    stages.deltas = pipeline_->origin().counts().deltas;
    stages.commits = pipeline_->commit_counts().commits;
    stages.commit = static_cast<double>(pipeline_->commit_counts().took_us) / 1e6;
    pipeline_->hub().goodbye_all({GoodbyeReason::finished, 0, ""});
    bool drained = false;
    server.drain([&] {
      drained = true;
      loop_.stop();
    });
    if (!drained) loop_.run();
    reader_->join();
    stages.wire_bytes = reader_->bytes();
    if (reader_->resyncs() != 0) return Error{ErrorKind::mismatch, "the subscriber's digests differed", 0};
    reader_.reset();
    return {};
  }

 private:
  void begin() {
    if (!reader_->joined()) return loop_.after(std::chrono::milliseconds(1), [this] { begin(); });
    start_ = Clock::now();
    pump();
  }

  void pump() {
    const Player::Step step = player_->step(0);
    pipeline_->flush();
    switch (step) {
      case Player::Step::more:
        loop_.post([this] { pump(); });
        break;
      case Player::Step::full:
        waits_for_room_ = true;
        break;
      case Player::Step::failed:
        failure_ = player_->error();
        loop_.stop();
        break;
      case Player::Step::wait:
      case Player::Step::done:
        settle();
        break;
    }
  }

  void settle() {
    pipeline_->flush();
    if (durable_ == 0 && pipeline_->publisher().idle()) durable_ = seconds_since(start_);
    if (durable_ != 0 && reader_->offset() == pipeline_->origin().head().value) {
      whole_ = seconds_since(start_);
      return loop_.stop();
    }
    loop_.post([this] { settle(); });
  }

  bool coded_;
  Loop loop_;
  std::unique_ptr<Pipeline> pipeline_;
  ReadAhead read_ahead_;
  std::unique_ptr<Player> player_;
  std::unique_ptr<Reader> reader_;
  Clock::time_point start_;
  bool waits_for_room_ = false;
  double whole_ = 0;
  double durable_ = 0;
  std::optional<Error> failure_;
};

void print(const std::vector<Stages>& runs, const Stages& median, bool json) {
  const auto updates = static_cast<double>(median.deltas);
  const auto rate = [&](double seconds) { return updates / seconds; };
  const auto ns = [&](double seconds) { return seconds * 1e9 / updates; };
  if (json) {
    std::printf(
        "{\"updates\":%.0f,\"updates_per_s\":%.0f,\"durable_updates_per_s\":%.0f,\"messages\":%llu,"
        "\"wire_bytes\":%llu,\"commits\":%llu,\"runs\":%zu,\"stages\":{\"parse_ns\":%.0f,\"sequence_ns\":%."
        "0f,"
        "\"commit_ns\":%.0f,\"whole_ns\":%.0f}}\n",
        updates, rate(median.whole), rate(median.durable), static_cast<unsigned long long>(median.messages),
        static_cast<unsigned long long>(median.wire_bytes), static_cast<unsigned long long>(median.commits),
        runs.size(), ns(median.parse), ns(median.sequence), ns(median.commit), ns(median.whole));
    return;
  }
  std::printf("%.0f updates out of %llu messages, %.2f bytes an update on the wire, %llu commits\n", updates,
              static_cast<unsigned long long>(median.messages),
              static_cast<double>(median.wire_bytes) / updates,
              static_cast<unsigned long long>(median.commits));
  std::printf("%10.0f updates/s decoded by the subscriber (%.0f to %.0f in %zu runs)\n", rate(median.whole),
              rate(runs.back().whole), rate(runs.front().whole), runs.size());
  std::printf("%10.0f updates/s durable\n\nwhere the time goes, ns an update:\n", rate(median.durable));
  std::printf("%10.0f parse\n%10.0f sequence, diff, apply, encode\n", ns(median.parse), ns(median.sequence));
  std::printf("%10.0f commit (store thread, beside the rest)\n%10.0f whole\n", ns(median.commit),
              ns(median.whole));
}

}  // namespace

Result<void> bench_pipeline(const BenchPipelineOptions& options) {
  std::error_code error;
  if (!fs::is_directory(options.folder, error)) {
    return Error{ErrorKind::environment, options.folder + ": is no folder", 0};
  }
  const BenchFolder folder(options.folder);
  const auto files = unpack(options.recordings, folder);
  if (!files) return files.error();
  std::vector<Stages> runs;
  for (int i = 0; i < options.runs; ++i) {
    Stages stages;
    const std::string store = folder.file("store" + std::to_string(i));
    if (const auto parsed = parse_alone(*files, stages); !parsed) return parsed.error();
    if (const auto sequenced = sequence_alone(*files, stages); !sequenced) return sequenced.error();
    WholeRun whole(options.encoding == "coded");
    if (const auto done = whole.run(*files, store, stages); !done) return done.error();
    runs.push_back(stages);
  }
  std::sort(runs.begin(), runs.end(), [](const Stages& a, const Stages& b) { return a.whole < b.whole; });
  print(runs, runs[runs.size() / 2], options.json);
  return {};
}

}  // namespace touchline
