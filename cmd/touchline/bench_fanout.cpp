#include "cmd/touchline/bench_fanout.h"

#include "cmd/touchline/bench_crowd.h"
#include "cmd/touchline/bench_feed.h"
#include "cmd/touchline/bench_folder.h"
#include "cmd/touchline/bench_origin.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

namespace touchline {
namespace {

class FanoutRun {
 public:
  explicit FanoutRun(const BenchFanoutOptions& options)
      : options_(options), feed_(feed_options(options)), origin_(loop_, feed_) {}

  Result<void> run(const std::string& store) {
    const Durability durability =
        options_.durability == "relaxed" ? Durability::relaxed : Durability::durable;
    if (auto opened = origin_.open(store, durability); !opened) return opened;
    crowd_ = std::make_unique<BenchCrowd>(origin_.endpoint(), options_.relays,
                                          [this](Offset offset) { return feed_.due_ns(offset); });
    loop_.post([this] {
      // The events are there before anybody comes; the rest is due by the clock.
      origin_.fill(static_cast<std::size_t>(options_.events), [this] { gather(); });
    });
    loop_.run();
    crowd_->stop();
    if (origin_.failure()) return *origin_.failure();
    print();
    return {};
  }

 private:
  static BenchFeedOptions feed_options(const BenchFanoutOptions& options) {
    const double updates = options.rate * options.seconds;
    return {options.events, options.rate,
            static_cast<std::size_t>(updates) + static_cast<std::size_t>(options.events)};
  }

  void gather() {
    crowd_->connect();
    origin_.when([this] { return crowd_->welcomed() == options_.relays; }, [this] { begin(); });
  }

  void begin() {
    for (std::size_t i = 0; i < options_.stalled; ++i)
      crowd_->stall(i);
    first_ = origin_.head();
    cpu_seconds_ = cpu_seconds();
    start_ns_ = steady_ns();
    feed_.start(start_ns_);
    if (options_.returning_per_s > 0) let_one_come_back();
    origin_.run([this] { settle(); });
  }

  // Each in its turn, never those that are stuck.
  void let_one_come_back() {
    const auto every = std::chrono::milliseconds(static_cast<int>(1000 / options_.returning_per_s));
    loop_.every(every, [this] {
      if (settling_ || options_.stalled >= options_.relays) return false;
      const std::size_t others = options_.relays - options_.stalled;
      crowd_->come_back(options_.stalled + returned_++ % others);
      return true;
    });
  }

  void settle() {
    settling_ = true;
    crowd_->expect(origin_.head());
    origin_.when([this] { return crowd_->reached() >= options_.relays - options_.stalled; },
                 [this] {
                   seconds_ = static_cast<double>(steady_ns() - start_ns_) / 1e9;
                   cpu_seconds_ = cpu_seconds() - cpu_seconds_;
                   resident_ = resident_bytes();
                   loop_.stop();
                 });
  }

  void print() {
    const BenchCrowd::Result& result = crowd_->result();
    const Histogram& latency = result.latencies;
    const auto updates = static_cast<double>(origin_.head().value - first_.value);
    const auto megabytes = static_cast<double>(resident_) / (1U << 20);
    const char* const form =
        options_.json
            ? "{\"relays\":%zu,\"updates\":%.0f,\"updates_per_s\":%.0f,\"seconds\":%.2f,"
              "\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"p999_ms\":%.2f,\"max_ms\":%.2f,"
              "\"conflated_for_others\":%llu,\"returns\":%llu,\"return_p50_ms\":%.2f,\"return_max_ms\":%.2f,"
              "\"connections_lost\":%llu,\"bytes\":%llu,\"cpu_s\":%.2f,\"resident_mb\":%.0f}\n"
            : "%zu readers, %.0f updates at %.0f/s for %.2f s\n"
              "latency of those who were there all the time, due to received: p50 %.2f ms, p99 %.2f ms, "
              "p99.9 %.2f ms, max %.2f ms\n"
              "conflated for them: %llu\n"
              "back and caught up: %llu times, p50 %.2f ms, max %.2f ms\n"
              "connections lost: %llu; %llu bytes read; %.2f s of CPU and %.0f MB, readers included\n";
    std::printf(form, options_.relays, updates, updates / seconds_, seconds_, latency.percentile_ms(0.5),
                latency.percentile_ms(0.99), latency.percentile_ms(0.999), latency.max_ms(),
                static_cast<unsigned long long>(result.merged_for_others),
                static_cast<unsigned long long>(result.returns.count()), result.returns.percentile_ms(0.5),
                result.returns.max_ms(), static_cast<unsigned long long>(result.lost),
                static_cast<unsigned long long>(result.counts.bytes), cpu_seconds_, megabytes);
    if (!crowd_->failure().empty()) std::fprintf(stderr, "a connection: %s\n", crowd_->failure().c_str());
  }

  BenchFanoutOptions options_;
  Loop loop_;
  BenchFeed feed_;
  BenchOrigin origin_;
  std::unique_ptr<BenchCrowd> crowd_;
  Offset first_{};
  std::size_t returned_ = 0;
  bool settling_ = false;
  std::int64_t start_ns_ = 0;
  double seconds_ = 0;
  double cpu_seconds_ = 0;
  std::uint64_t resident_ = 0;
};

}  // namespace

Result<void> bench_fanout(const BenchFanoutOptions& options) {
  std::error_code error;
  if (!std::filesystem::is_directory(options.folder, error))
    return Error{ErrorKind::environment, options.folder + ": is no folder", 0};
  if (options.stalled > options.relays)
    return Error{ErrorKind::usage, "--stalled: there are only " + std::to_string(options.relays) + " relays",
                 0};
  const BenchFolder folder(options.folder);
  return FanoutRun(options).run(folder.file("store"));
}

}  // namespace touchline
