#include "cmd/touchline/bench_herd.h"

#include "cmd/touchline/bench_crowd.h"
#include "cmd/touchline/bench_feed.h"
#include "cmd/touchline/bench_folder.h"
#include "cmd/touchline/bench_origin.h"

#include <cstdio>
#include <filesystem>
#include <memory>

namespace touchline {
namespace {

class HerdRun {
 public:
  explicit HerdRun(const BenchHerdOptions& options)
      : options_(options),
        feed_({options.events, 20'000, static_cast<std::size_t>(options.events) + options.missed}),
        origin_(loop_, feed_) {}

  Result<void> run(const std::string& store) {
    if (auto opened = origin_.open(store, Durability::durable); !opened) return opened;
    crowd_ = std::make_unique<BenchCrowd>(origin_.endpoint(), options_.relays, BenchCrowd::Due());
    loop_.post([this] { origin_.fill(static_cast<std::size_t>(options_.events), [this] { gather(); }); });
    loop_.run();
    if (!origin_.failure() && options_.restart) {
      if (auto closed = origin_.close(); !closed) return closed;
      if (auto opened = origin_.open(store, Durability::durable); !opened) return opened;
      crowd_->move_to(origin_.endpoint());
    }
    if (!origin_.failure()) {
      loop_.post([this] { return_all(); });
      loop_.run();
    }
    crowd_->stop();
    if (origin_.failure()) return *origin_.failure();
    print();
    return {};
  }

 private:
  void gather() {
    crowd_->connect();
    origin_.when([this] { return crowd_->welcomed() == options_.relays; },
                 [this] {
                   // One more delta for everybody shows that keyframes are through.
                   origin_.fill(1, [this] {
                     crowd_->expect(origin_.head());
                     origin_.when([this] { return crowd_->reached() == options_.relays; },
                                  [this] { miss(); });
                   });
                 });
  }

  void miss() {
    crowd_->disconnect();
    origin_.when([this] { return crowd_->welcomed() == 0; },
                 [this] { origin_.fill(options_.missed - 1, [this] { loop_.stop(); }); });
  }

  void return_all() {
    counts_before_ = origin_.pipeline().hub().counts();
    crowd_->expect(origin_.head());
    crowd_->return_all();
    cpu_seconds_ = cpu_seconds();
    const std::int64_t start_ns = steady_ns();
    origin_.when([this] { return crowd_->reached() == options_.relays; },
                 [this, start_ns] {
                   seconds_ = static_cast<double>(steady_ns() - start_ns) / 1e9;
                   cpu_seconds_ = cpu_seconds() - cpu_seconds_;
                   resident_ = resident_bytes();
                   counts_ = origin_.pipeline().hub().counts();
                   loop_.stop();
                 });
  }

  void print() {
    const Histogram& returns = crowd_->result().returns;
    const std::uint64_t tails = counts_.tails - counts_before_.tails;
    const std::uint64_t journal_tails = counts_.journal_tails - counts_before_.journal_tails;
    const std::uint64_t changed = counts_.changed - counts_before_.changed;
    const std::uint64_t bytes = counts_.bytes_out - counts_before_.bytes_out;
    const char* const form =
        options_.json
            ? "{\"relays\":%zu,\"missed\":%zu,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f,"
              "\"seconds\":%.3f,\"by_memory\":%llu,\"by_journal\":%llu,\"by_keyframes\":%llu,\"bytes\":%llu,"
              "\"cpu_s\":%.2f,\"resident_mb\":%.0f}\n"
            : "%zu readers back at once, each had missed %zu updates\n"
              "caught up, from connecting: p50 %.2f ms, p99 %.2f ms, max %.2f ms; all of them in %.3f s\n"
              "by the tail from memory %llu, from the journal %llu, by keyframes of what changed %llu; %llu "
              "bytes\n"
              "%.2f s of CPU and %.0f MB, readers included\n";
    std::printf(form, options_.relays, options_.missed, returns.percentile_ms(0.5),
                returns.percentile_ms(0.99), returns.max_ms(), seconds_,
                static_cast<unsigned long long>(tails), static_cast<unsigned long long>(journal_tails),
                static_cast<unsigned long long>(changed), static_cast<unsigned long long>(bytes),
                cpu_seconds_, static_cast<double>(resident_) / (1U << 20));
  }

  BenchHerdOptions options_;
  Loop loop_;
  BenchFeed feed_;
  BenchOrigin origin_;
  std::unique_ptr<BenchCrowd> crowd_;
  HubCounts counts_before_;
  HubCounts counts_;
  double seconds_ = 0;
  double cpu_seconds_ = 0;
  std::uint64_t resident_ = 0;
};

}  // namespace

Result<void> bench_herd(const BenchHerdOptions& options) {
  std::error_code error;
  if (!std::filesystem::is_directory(options.folder, error))
    return Error{ErrorKind::environment, options.folder + ": is no folder", 0};
  const BenchFolder folder(options.folder);
  return HerdRun(options).run(folder.file("store"));
}

Result<void> bench_resume(const BenchResumeOptions& options) { return bench_herd(options); }

}  // namespace touchline
