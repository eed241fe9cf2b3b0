#include "cmd/touchline/fanout_run.h"

#include "cmd/touchline/bench_feed.h"
#include "cmd/touchline/bench_origin.h"

#include <memory>
#include <utility>

namespace touchline {
namespace {

class FanoutRun {
 public:
  explicit FanoutRun(const FanoutOptions& options)
      : options_(options), feed_(feed_options(options)), origin_(loop_, feed_) {}

  Result<FanoutFigures> run(const std::string& store) {
    if (auto opened = origin_.open(store, options_.durability); !opened) return opened.error();
    crowd_ = std::make_unique<BenchCrowd>(origin_.endpoint(), options_.relays,
                                          [this](Offset offset) { return feed_.due_ns(offset); });
    loop_.post([this] {
      // The events are there before anybody comes; the rest is due by the clock.
      origin_.fill(static_cast<std::size_t>(options_.events), [this] { gather(); });
    });
    loop_.run();
    crowd_->stop();
    if (origin_.failure()) return *origin_.failure();
    figures_.crowd = crowd_->result();
    figures_.failure = crowd_->failure();
    return std::move(figures_);
  }

 private:
  static BenchFeedOptions feed_options(const FanoutOptions& options) {
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
    commits_ = origin_.pipeline().commit_counts().commits;
    cpu_seconds_ = cpu_seconds();
    start_ns_ = steady_ns();
    feed_.start(start_ns_);
    if (options_.returning_per_s > 0) let_one_come_back();
    origin_.run(options_.turn, [this] { settle(); });
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
                   figures_.updates = origin_.head().value - first_.value;
                   figures_.commits = origin_.pipeline().commit_counts().commits - commits_;
                   figures_.seconds = static_cast<double>(steady_ns() - start_ns_) / 1e9;
                   figures_.cpu_seconds = cpu_seconds() - cpu_seconds_;
                   figures_.resident_bytes = resident_bytes();
                   loop_.stop();
                 });
  }

  FanoutOptions options_;
  Loop loop_;
  BenchFeed feed_;
  BenchOrigin origin_;
  std::unique_ptr<BenchCrowd> crowd_;
  FanoutFigures figures_;
  Offset first_{};
  std::uint64_t commits_ = 0;
  std::size_t returned_ = 0;
  bool settling_ = false;
  std::int64_t start_ns_ = 0;
  double cpu_seconds_ = 0;
};

}  // namespace

Result<FanoutFigures> run_fanout(const FanoutOptions& options, const std::string& store) {
  return FanoutRun(options).run(store);
}

}  // namespace touchline
