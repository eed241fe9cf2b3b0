#include "cmd/touchline/bench_latency.h"

#include "cmd/touchline/bench_folder.h"

#include <cstdio>
#include <filesystem>

namespace touchline {
namespace {

void print(const char* name, const FanoutFigures& figures, bool json) {
  const Histogram& latencies = figures.crowd.latencies;
  const char* const form =
      json ? "\"%s\":{\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,\"max_ms\":%.3f,\"updates\":%llu,"
             "\"commits\":%llu,\"cpu_s\":%.2f}"
           : "%-8s p50 %.3f ms, p99 %.3f ms, p99.9 %.3f ms, max %.3f ms; %llu updates in %llu commits, "
             "%.2f s of CPU\n";
  std::printf(form, name, latencies.percentile_ms(0.5), latencies.percentile_ms(0.99),
              latencies.percentile_ms(0.999), latencies.max_ms(),
              static_cast<unsigned long long>(figures.updates),
              static_cast<unsigned long long>(figures.commits), figures.cpu_seconds);
}

}  // namespace

Result<void> bench_latency(const BenchLatencyOptions& options) {
  std::error_code error;
  if (!std::filesystem::is_directory(options.folder, error))
    return Error{ErrorKind::environment, options.folder + ": is no folder", 0};
  const BenchFolder folder(options.folder);
  FanoutOptions run = options.run;
  const auto durable = run_fanout(run, folder.file("durable"));
  if (!durable) return durable.error();
  run.durability = Durability::relaxed;
  const auto relaxed = run_fanout(run, folder.file("relaxed"));
  if (!relaxed) return relaxed.error();
  const char* const form = options.json
                               ? "{\"relays\":%zu,\"rate\":%.0f,\"seconds\":%.1f,"
                               : "%zu readers, %.0f updates a second for %.1f s; from due to received:\n";
  std::printf(form, run.relays, run.rate, run.seconds);
  print("durable", *durable, options.json);
  if (options.json) std::printf(",");
  print("relaxed", *relaxed, options.json);
  if (options.json) std::printf("}\n");
  return {};
}

}  // namespace touchline
