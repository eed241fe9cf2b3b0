#include "cmd/touchline/bench_fanout.h"

#include "cmd/touchline/bench_folder.h"

#include <cstdio>
#include <filesystem>

namespace touchline {
namespace {

void print(const FanoutOptions& options, const FanoutFigures& figures, bool json) {
  const BenchCrowd::Result& crowd = figures.crowd;
  const auto updates = static_cast<double>(figures.updates);
  const auto megabytes = static_cast<double>(figures.resident_bytes) / (1U << 20);
  const char* const form =
      json ? "{\"relays\":%zu,\"updates\":%.0f,\"updates_per_s\":%.0f,\"seconds\":%.2f,"
             "\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"p999_ms\":%.2f,\"max_ms\":%.2f,"
             "\"conflated_for_others\":%llu,\"returns\":%llu,\"return_p50_ms\":%.2f,\"return_max_ms\":%.2f,"
             "\"connections_lost\":%llu,\"bytes\":%llu,\"cpu_s\":%.2f,\"resident_mb\":%.0f}\n"
           : "%zu readers, %.0f updates at %.0f/s for %.2f s\n"
             "latency of those who were there all the time, due to received: p50 %.2f ms, p99 %.2f ms, "
             "p99.9 %.2f ms, max %.2f ms\n"
             "conflated for them: %llu\n"
             "back and caught up: %llu times, p50 %.2f ms, max %.2f ms\n"
             "connections lost: %llu; %llu bytes read; %.2f s of CPU and %.0f MB, readers included\n";
  std::printf(form, options.relays, updates, updates / figures.seconds, figures.seconds,
              crowd.latencies.percentile_ms(0.5), crowd.latencies.percentile_ms(0.99),
              crowd.latencies.percentile_ms(0.999), crowd.latencies.max_ms(),
              static_cast<unsigned long long>(crowd.merged_for_others),
              static_cast<unsigned long long>(crowd.returns.count()), crowd.returns.percentile_ms(0.5),
              crowd.returns.max_ms(), static_cast<unsigned long long>(crowd.lost),
              static_cast<unsigned long long>(crowd.counts.bytes), figures.cpu_seconds, megabytes);
  if (!figures.failure.empty()) std::fprintf(stderr, "a connection: %s\n", figures.failure.c_str());
}

}  // namespace

Result<void> bench_fanout(const BenchFanoutOptions& options) {
  std::error_code error;
  if (!std::filesystem::is_directory(options.folder, error))
    return Error{ErrorKind::environment, options.folder + ": is no folder", 0};
  FanoutOptions run = options.run;
  if (run.stalled > run.relays)
    return Error{ErrorKind::usage, "--stalled: there are only " + std::to_string(run.relays) + " relays", 0};
  if (options.durability == "relaxed") run.durability = Durability::relaxed;
  const BenchFolder folder(options.folder);
  const auto figures = run_fanout(run, folder.file("store"));
  if (!figures) return figures.error();
  print(run, *figures, options.json);
  return {};
}

}  // namespace touchline
