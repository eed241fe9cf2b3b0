// `touchline bench`: the project's figures, on this machine.

#include "cmd/touchline/bench_pipeline.h"
#include "cmd/touchline/commands.h"

#include <cstdio>
#include <memory>

namespace touchline {

Command add_bench(CLI::App& parent) {
  auto options = std::make_shared<BenchPipelineOptions>();
  CLI::App* app = parent.add_subcommand("bench", "Measure on this machine");
  app->require_subcommand(1);
  CLI::App* pipeline = app->add_subcommand(
      "pipeline",
      "Updates a second from parsed bytes to durable and decoded at one subscriber over loopback");
  pipeline->add_option("RECORDING", options->recordings, "Recordings, merged by time")->required();
  pipeline->add_option("--runs", options->runs, "Whole runs, each into a store of its own; the median counts")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  pipeline->add_option("--folder", options->folder, "Where the stores are made, and removed again")
      ->capture_default_str();
  pipeline->add_flag("--json", options->json, "One JSON object");
  pipeline->footer("Example:\n  touchline simulate -o day.ndjson && touchline bench pipeline day.ndjson");
  return {app, [options] {
            const auto done = bench_pipeline(*options);
            return done ? exit_done : complain(done.error());
          }};
}

}  // namespace touchline
