#include "cmd/touchline/bench_origin.h"

#include <ctime>
#include <fstream>
#include <utility>

#include <unistd.h>

namespace touchline {
namespace {

constexpr std::chrono::milliseconds look_again(1);

}  // namespace

Result<void> BenchOrigin::open(const std::string& store, Durability durability) {
  PipelineOptions options;
  options.hub.durability = durability;
  auto pipeline = Pipeline::open(loop_, store, std::move(options));
  if (!pipeline) return pipeline.error();
  pipeline_ = std::move(*pipeline);
  pipeline_->on_failure = [this](const Error& error) { fail(error); };
  const auto source = pipeline_->source("bench");
  if (!source) return source.error();
  line_ = pipeline_->origin().add_line(*source);
  server_ = std::make_unique<TcpServer>(loop_, pipeline_->hub());
  server_->on_waiting = [this] { pipeline_->flush(); };
  const auto listening = server_->listen({"tcp", "127.0.0.1", 0});
  if (!listening) return listening.error();
  endpoint_ = *listening;
  return {};
}

Result<void> BenchOrigin::close() {
  server_.reset();
  auto closed = pipeline_->close();
  pipeline_.reset();
  return closed;
}

void BenchOrigin::fail(const Error& error) {
  failure_ = error;
  loop_.stop();
}

void BenchOrigin::fill(std::size_t updates, std::function<void()> done) {
  const std::size_t before = feed_.taken();
  if (const auto taken = feed_.take_ahead(pipeline_->publisher(), line_, updates); !taken)
    return fail(taken.error());
  pipeline_->flush();
  const std::size_t left = updates - (feed_.taken() - before);
  if (left == 0 && pipeline_->publisher().idle()) return done();
  loop_.post([this, left, done = std::move(done)] { fill(left, done); });
}

void BenchOrigin::run(std::chrono::microseconds turn, std::function<void()> done) {
  const auto more = feed_.take_due(pipeline_->publisher(), line_, steady_ns());
  if (!more) return fail(more.error());
  pipeline_->flush();
  if (!*more && pipeline_->publisher().idle()) return done();
  loop_.after(turn, [this, turn, done = std::move(done)] { run(turn, done); });
}

void BenchOrigin::when(std::function<bool()> condition, std::function<void()> work) {
  if (condition()) return work();
  loop_.after(look_again,
              [this, condition = std::move(condition), work = std::move(work)] { when(condition, work); });
}

std::uint64_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  in >> all >> resident;
  return in ? resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace touchline
