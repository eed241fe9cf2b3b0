// `touchline bench`: the project's figures, on this machine.

#include "cmd/touchline/bench_bytes.h"
#include "cmd/touchline/bench_fanout.h"
#include "cmd/touchline/bench_growth.h"
#include "cmd/touchline/bench_herd.h"
#include "cmd/touchline/bench_latency.h"
#include "cmd/touchline/bench_pipeline.h"
#include "cmd/touchline/commands.h"

#include <functional>
#include <memory>

namespace touchline {

namespace {

CLI::App* define(CLI::App& bench, const std::shared_ptr<BenchPipelineOptions>& options) {
  CLI::App* app = bench.add_subcommand(
      "pipeline",
      "Updates a second from parsed bytes to durable and decoded at one subscriber over loopback");
  app->add_option("RECORDING", options->recordings, "Recordings, merged by time")->required();
  app->add_option("--runs", options->runs, "Whole runs, each into a store of its own; the median counts")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app->add_option("--encoding", options->encoding, "What the subscriber asks for")
      ->check(CLI::IsMember({"blocks", "coded"}))
      ->capture_default_str();
  app->footer("Example:\n  touchline simulate -o day.ndjson && touchline bench pipeline day.ndjson");
  return app;
}

void add_crowd_options(CLI::App& app, FanoutOptions& run) {
  app.add_option("--relays", run.relays, "Readers")->check(CLI::Range(1, 8000))->capture_default_str();
  app.add_option("--rate", run.rate, "Updates a second, due by the clock")
      ->check(CLI::Range(1.0, 1e6))
      ->capture_default_str();
  app.add_option("--seconds", run.seconds, "How long")->check(CLI::Range(0.1, 3600.0))->capture_default_str();
  app.add_option("--events", run.events, "Matches of the made-up feed")
      ->check(CLI::Range(1, 5000))
      ->capture_default_str();
}

CLI::App* define(CLI::App& bench, const std::shared_ptr<BenchBytesOptions>& options) {
  CLI::App* app =
      bench.add_subcommand("bytes", "Bytes on the wire in each encoding, beside general compressors");
  app->add_option("RECORDING", options->recordings, "Recordings, each by itself")->required();
  app->add_flag("--leave-one-out", options->leave_one_out,
                "Not the prior that is shipped, but for each one that was trained on the others");
  app->add_option("--words", options->words, "Common words for that training, as for `touchline train`");
  app->add_option("--frames", options->frames,
                  "Write the coded frames of the one recording there, and how its events end to FILE.states");
  app->footer("Example:\n  touchline simulate -o day.ndjson && touchline bench bytes day.ndjson");
  return app;
}

CLI::App* define(CLI::App& bench, const std::shared_ptr<BenchFanoutOptions>& options) {
  CLI::App* app = bench.add_subcommand(
      "fanout", "Latency at many readers, one of them stuck and some coming back all the time");
  add_crowd_options(*app, options->run);
  app->add_option("--stalled", options->run.stalled, "Readers that read nothing any more")
      ->capture_default_str();
  app->add_option("--returning", options->run.returning_per_s, "Readers a second that go and come back")
      ->check(CLI::Range(0.0, 1000.0))
      ->capture_default_str();
  app->add_option("--durability", options->durability, "durable or relaxed")
      ->check(CLI::IsMember({"durable", "relaxed"}))
      ->capture_default_str();
  app->footer("Example:\n  touchline bench fanout --relays 100 --rate 5000 --seconds 3");
  return app;
}

CLI::App* define(CLI::App& bench, const std::shared_ptr<BenchLatencyOptions>& options) {
  CLI::App* app =
      bench.add_subcommand("latency", "From due to received at a few readers, durable and relaxed");
  add_crowd_options(*app, options->run);
  app->footer("Example:\n  touchline bench latency --seconds 2");
  return app;
}

CLI::App* define_return(CLI::App* app, const std::shared_ptr<BenchHerdOptions>& options) {
  app->add_option("--relays", options->relays, "Readers")->check(CLI::Range(1, 8000))->capture_default_str();
  app->add_option("--missed", options->missed, "Updates that each of them has missed")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  app->add_option("--events", options->events, "Matches of the made-up feed")
      ->check(CLI::Range(1, 5000))
      ->capture_default_str();
  app->add_flag("--restart", options->restart, "The publisher comes back with nothing in memory");
  return app;
}

CLI::App* define(CLI::App& bench, const std::shared_ptr<BenchHerdOptions>& options) {
  CLI::App* app = bench.add_subcommand("herd", "How soon readers that all come back at once have caught up");
  app->footer("Example:\n  touchline bench herd --relays 100 --restart");
  return define_return(app, options);
}

CLI::App* define(CLI::App& bench, const std::shared_ptr<BenchResumeOptions>& options) {
  CLI::App* app = bench.add_subcommand("resume", "How soon a reader that was away for long has caught up");
  app->footer("Example:\n  touchline bench resume --missed 100000");
  return define_return(app, options);
}

CLI::App* define(CLI::App& bench, const std::shared_ptr<BenchGrowthOptions>& options) {
  CLI::App* app =
      bench.add_subcommand("growth", "What an update, an event and a store cost as there is more");
  app->add_option("--events-max", options->events_max, "Events, in steps of ten from 10")
      ->check(CLI::Range(10, 10'000'000))
      ->capture_default_str();
  app->add_option("--cells-max", options->cells_max, "Cells of one event, in steps of ten from 100")
      ->check(CLI::Range(100, 1'000'000))
      ->capture_default_str();
  app->add_option("--deltas-max", options->deltas_max, "Deltas in the journal, in steps of ten from 100,000")
      ->check(CLI::Range(0, 1'000'000'000))
      ->capture_default_str();
  app->add_option("--svg", options->svg, "A file for the charts");
  app->footer("Example:\n  touchline bench growth --events-max 1000 --cells-max 1000 --deltas-max 100000");
  return app;
}

// A subcommand whose figures come out of `measure`, with the options that all of them have.
template <class Options>
void add(CLI::App& bench, std::function<int()>& chosen, Result<void> (*measure)(const Options&)) {
  auto options = std::make_shared<Options>();
  CLI::App* app = define(bench, options);
  if constexpr (requires { options->folder; }) {
    app->add_option("--folder", options->folder, "Where the stores are made, and removed again")
        ->capture_default_str();
  }
  app->add_flag("--json", options->json, "One JSON object");
  app->final_callback([&chosen, options, measure] {
    chosen = [options, measure] {
      const auto done = measure(*options);
      return done ? exit_done : complain(done.error());
    };
  });
}

}  // namespace

Command add_bench(CLI::App& parent) {
  CLI::App* app = parent.add_subcommand("bench", "Measure on this machine");
  app->require_subcommand(1);
  auto chosen = std::make_shared<std::function<int()>>();
  add(*app, *chosen, bench_pipeline);
  add(*app, *chosen, bench_bytes);
  add(*app, *chosen, bench_fanout);
  add(*app, *chosen, bench_latency);
  add(*app, *chosen, bench_herd);
  add(*app, *chosen, bench_resume);
  add(*app, *chosen, bench_growth);
  return {app, [chosen] { return (*chosen)(); }};
}

}  // namespace touchline
