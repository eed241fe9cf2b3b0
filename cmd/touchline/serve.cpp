// `touchline serve`: the long-running feed service. The wiring of every part stands here.

#include "cmd/touchline/admin_port.h"
#include "cmd/touchline/archive.h"
#include "cmd/touchline/arguments.h"
#include "cmd/touchline/commands.h"
#include "cmd/touchline/counted.h"
#include "cmd/touchline/live_sources.h"
#include "cmd/touchline/log.h"
#include "cmd/touchline/open_recording.h"
#include "cmd/touchline/pipeline.h"
#include "cmd/touchline/reader_log.h"
#include "cmd/touchline/reader_ports.h"
#include "cmd/touchline/refusal_log.h"
#include "cmd/touchline/serve_admin.h"
#include "cmd/touchline/service_manager.h"
#include "cmd/touchline/service_options.h"
#include "cmd/touchline/source_spec.h"
#include "cmd/touchline/tracing.h"
#include "feed/clock.h"
#include "feed/ingest/read_ahead.h"
#include "feed/player.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace touchline {
namespace {

using std::chrono::milliseconds;

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

struct ServeOptions : ServiceOptions {
  std::string store;
  ReaderPortOptions readers;
  std::vector<std::string> sources;
  LiveSourceOptions live_sources;
  std::string durability = "durable";
  std::string encoding = "coded";
  bool new_epoch = false;
  double retain_days = 0;  // 0: for ever
  std::string archive;
};

// Looked at before the store is: what would only fail days later is said now.
Result<std::optional<RetentionOptions>> retention_of(const ServeOptions& options) {
  if (options.retain_days == 0) {
    if (options.archive.empty()) return std::optional<RetentionOptions>();
    return Error{ErrorKind::usage, "--archive needs --retain-days: else nothing is ever moved there", 0};
  }
  if (!options.archive.empty()) {
    if (const auto fits = check_archive_path(options.archive, options.store); !fits) return fits.error();
  }
  return std::optional(RetentionOptions{ms_of_days(options.retain_days), options.archive, clock_was_set});
}

class Service {
 public:
  // `read_again` asks command line and config file anew.
  Service(ServeOptions options, std::function<Result<ServeOptions>()> read_again)
      : options_(std::move(options)), read_again_(std::move(read_again)) {}

  int run() {
    set_up_log(options_.log_format, options_.log_level);
    // One that comes while the store is taken up waits until then.
    loop_.on_stop_signal([this](int signal) {
      spdlog::info("stopping on signal {}", signal);
      stop();
    });
    loop_.on_reload_signal([this] { reload(); });
    if (const auto ready = prepare(); !ready) {
      spdlog::error(ready.error().text);
      if (pipeline_) pipeline_->undo_creation();
      return exit_code_of(ready.error().kind);
    }
    pipeline_->on_failure = [this](const Error& error) { fail(error); };
    pipeline_->on_store_checkpoint = [](const CheckpointNews& news) {
      switch (news.kind) {
        case CheckpointNews::Kind::failing:
          spdlog::error(news.text);
          break;
        case CheckpointNews::Kind::works_again:
          spdlog::info(news.text);
          break;
      }
    };
    pipeline_->on_retention = [](const RetentionNews& news) {
      switch (news.kind) {
        case RetentionNews::Kind::failing:
          spdlog::error(news.text);
          break;
        case RetentionNews::Kind::cleared:
          spdlog::info(news.text);
          break;
      }
    };
    pipeline_->start_retention();
    pipeline_->on_room([this] { live_->resume(); });
    pipeline_->publisher().on_durable = [this] { live_->answer(); };
    // Missing numbers that are overdue, and whatever a quiet moment left behind.
    loop_.every(milliseconds(100), [this] {
      pipeline_->origin().expire(running_ms());
      look_at_clock();
      if (const std::size_t events = pipeline_->forget(); events != 0)
        spdlog::info("forgot {} over for {} days", counted(events, "event"), options_.retain_days);
      pipeline_->flush();
      for (const auto& refusals : refusal_logs_)
        refusals->tick(running_ms());
      live_->tick(running_ms());
      clocks_.look(*pipeline_, sources_, running_ms());
      reader_log_.tick(running_ms());
      return !stopping_;
    });
    for (const auto& player : players_)
      loop_.post([this, &player] { pump(*player); });
    loop_.post([this] { live_->start(); });
    spdlog::info("ready: {} at epoch {} offset {}, {}", options_.store, pipeline_->journal().epoch().value,
                 pipeline_->journal().head().value,
                 counted(pipeline_->origin().table().events().size(), "event"));
    loop_.post([this] { tell_manager(); });
    loop_.run();
    if (!failed_) {
      if (const auto closed = pipeline_->close(); !closed) spdlog::warn(closed.error().text);
    }
    for (const auto& refusals : refusal_logs_)
      refusals->flush();
    live_->flush();
    reader_log_.flush();
    const OriginCounts& counts = pipeline_->origin().counts();
    spdlog::info("stopped at offset {}: {}, {}, {}, {}, {} rejected, {} bytes out",
                 pipeline_->journal().head().value, counted(counts.messages, "message"),
                 counted(counts.deltas, "delta"),
                 counted(counts.repeats_by_number + counts.repeats_by_id + counts.copies, "duplicate"),
                 counted(counts.no_ops, "no-op"), counts.rejected, pipeline_->hub().counts().bytes_out);
    return failed_ ? exit_environment : exit_done;
  }

 private:
  Result<void> prepare() {
    auto readers = ReaderPorts::prepare(options_.readers);
    if (!readers) return readers.error();
    readers_ = std::move(*readers);
    std::vector<SourceSpec> sources;
    for (const std::string& text : options_.sources) {
      const auto spec = parse_source_spec(text);
      if (!spec) return spec.error();
      if (!spec->endpoint && is_folder(spec->path)) {
        return Error{ErrorKind::usage,
                     "source " + spec->name + ": " + spec->path + ": is a folder, not a recording or a pipe",
                     0};
      }
      sources.push_back(*spec);
    }
    for (const SourceSpec& spec : sources) {
      if (const auto other = refuse_own_store(spec.path, options_.store); !other) return other.error();
    }
    auto live = LiveSources::prepare(sources, options_.live_sources);
    if (!live) return live.error();
    live_ = std::move(*live);
    PipelineOptions options;
    options.hub.publisher = std::string("touchline ") + TOUCHLINE_VERSION;
    options.hub.heartbeat_ms = options_.heartbeat_ms;
    if (options_.encoding == "blocks") options.hub.coded_events_max = 0;
    options.hub.durability = options_.durability == "relaxed" ? Durability::relaxed : Durability::durable;
    if (options_.new_epoch) options.epoch = EpochWish::renew;
    if (auto retention = retention_of(options_)) {
      options.retention = std::move(*retention);
    } else {
      return retention.error();
    }
    auto pipeline = Pipeline::open(loop_, options_.store, std::move(options));
    if (!pipeline) return pipeline.error();
    pipeline_ = std::move(*pipeline);
    if (const std::string news = pipeline_->epoch_news(); !news.empty()) spdlog::warn(news);
    if (const auto served = serve_readers(); !served) return served.error();
    name_sources();
    for (const SourceSpec& spec : sources) {
      if (const auto opened = open_source(spec); !opened) return opened.error();
    }
    if (const auto shown = open_admin(); !shown) return shown.error();
    traces_ = open_traces(options_.trace, "serve", options_.store);
    if (traces_) trace_origin(*pipeline_, sources_, *traces_, options_.trace.every);
    pipeline_->publisher().before_commit = [this](Origin& origin) {
      for (const auto& player : players_)
        player->note_cursors(origin);
      live_->note_cursors(origin);
    };
    return {};
  }

  Result<void> serve_readers() {
    readers_->on_waiting = [this] { pipeline_->flush(); };
    readers_->on_listening = [](const Endpoint& endpoint) {
      spdlog::info("serving readers on {}", endpoint.text());
    };
    readers_->on_news = [this](const SessionNews& news) { reader_log_.take(news); };
    for (const std::string& warning : readers_->warnings())
      spdlog::warn(warning);
    return readers_->open(loop_, pipeline_->hub());
  }

  void tell_manager() {
    manager_.ready("serving " + options_.store);
    if (!manager_.watchdog()) return;
    loop_.every(*manager_.watchdog(), [this] {
      manager_.alive();
      return true;
    });
  }

  // Certificates, tokens and the log's level; nothing else can change while the service runs.
  void reload() {
    for (const ReaderPorts::Reloaded& news : readers_->reload())
      spdlog::log(news.failed ? spdlog::level::err : spdlog::level::info, "reload: {}", news.text);
    const auto again = read_again_();
    if (!again) return spdlog::error("reload: {}; the log's level stays", again.error().text);
    spdlog::set_level(spdlog::level::from_str(again->log_level));
    spdlog::info("reload: the log's level is {}", again->log_level);
  }

  // In heartbeats, each source once.
  void name_sources() {
    pipeline_->hub().sources = [this](std::int64_t now_ms) {
      std::vector<SourceHealth> healths;
      for (const auto& [name, source] : sources_) {
        const Origin::Health health = pipeline_->origin().health(source.number, now_ms);
        const FeedHealth word = health.stale ? FeedHealth::stale : FeedHealth::live;
        healths.push_back({name, static_cast<std::uint8_t>(word),
                           static_cast<std::uint64_t>(std::max<std::int64_t>(health.silent_ms, 0))});
      }
      return healths;
    };
  }

  Result<void> open_admin() {
    AdminParts parts{"serve",
                     pipeline_->origin().table(),
                     pipeline_->hub(),
                     [this](const SessionVisit& visit) { readers_->each_session(visit); },
                     {},
                     {},
                     {}};
    parts.why_not_ready = [this] {
      auto reasons = why_not_ready(*pipeline_, sources_);
      if (stopping_) reasons.push_back("the service stops");
      return reasons;
    };
    parts.add_metrics = [this](MetricsPage& page) {
      add_source_metrics(page, *pipeline_, sources_, clocks_);
      add_origin_metrics(page, *pipeline_);
      add_journal_metrics(page, *pipeline_);
      page.add(metric::refused, static_cast<double>(reader_log_.refused_count()));
      add_trace_metrics(page, traces_.get());
    };
    parts.sources = [this] { return sources_json(*pipeline_, sources_); };
    parts.refused = [this] { return refused_json(pipeline_->publisher()); };
    auto port = AdminPort::open(loop_, options_.admin, std::move(parts));
    if (!port) return port.error();
    admin_ = std::move(*port);
    return {};
  }

  Result<void> open_source(const SourceSpec& spec) {
    const auto source = pipeline_->source(spec.name);
    if (!source) return source.error();
    sources_[spec.name] = {*source, spec.endpoint.has_value()};
    if (spec.endpoint || is_pipe(spec.path)) return live_->open(loop_, *pipeline_, spec, *source);
    return open_recording(spec, *source);
  }

  Result<void> open_recording(const SourceSpec& spec, SourceId source) {
    auto recording = touchline::open_recording(spec.path);
    if (!recording) return recording.error();
    const LineRef line = pipeline_->origin().add_line(source);
    std::string key = (*recording)->cursor_key(line.line.value);
    const auto cursor = pipeline_->journal().cursor(key);
    if (!cursor) return cursor.error();
    if (*cursor) {
      if (const auto taken_up = (*recording)->take_up(**cursor); !taken_up) return taken_up.error();
      spdlog::info("source {}: taken up behind line {}", spec.name, (*cursor)->line);
    }
    PlayerOptions play;
    play.speed = spec.speed;
    auto player = std::make_unique<Player>(pipeline_->publisher(), play);
    player->on_rejected = [&refusals = log_of(spec.name)](const Rejected& rejected) {
      refusals.refused("refused " + describe(rejected), running_ms());
    };
    player->on_note = [name = spec.name](const std::string& text) {
      spdlog::warn("source {}: {}", name, text);
    };
    player->add(read_ahead_.wrap(std::move(*recording)), line, std::move(key));
    players_.push_back(std::move(player));
    return {};
  }

  // One for each recording: they may go wrong in different ways.
  RefusalLog& log_of(const std::string& source) {
    refusal_logs_.push_back(std::make_unique<RefusalLog>(
        [source](const std::string& text) { spdlog::warn("source {}: {}", source, text); }));
    return *refusal_logs_.back();
  }

  // What is too old cannot be told by a clock that was set; it is told again when it stands as before, or from a restart on.
  void look_at_clock() {
    const bool now = clock_was_set();
    if (options_.retain_days == 0 || std::exchange(clock_was_set_, now) == now) return;
    if (clock_was_set_) {
      spdlog::warn(
          "the clock was set by {} s: nothing is forgotten or cleared until it is put right or the service "
          "starts again",
          (wall_ms() - running_ms()) / 1'000);
    } else {
      spdlog::info("the clock is right again: what is old enough is forgotten and cleared");
    }
  }

  void pump(Player& player) {
    if (stopping_) return;
    switch (player.step(running_ms())) {
      case Player::Step::more:
        loop_.post([this, &player] { pump(player); });
        break;
      case Player::Step::full:
        loop_.after(milliseconds(1), [this, &player] { pump(player); });
        break;
      case Player::Step::wait:
        loop_.after(milliseconds(std::max<std::int64_t>(player.due_ms() - running_ms(), 1)),
                    [this, &player] { pump(player); });
        break;
      case Player::Step::done:
        for (const std::string& text : player.unfinished())
          spdlog::warn(text);
        spdlog::info("a recording has ended");
        break;
      case Player::Step::failed:
        spdlog::error(player.error()->text);
        break;
    }
    pipeline_->flush();
  }

  // Sources first; then everything that they brought goes to the disk and to the readers; then goodbye.
  void stop() {
    if (std::exchange(stopping_, true)) return;
    manager_.stopping();
    answers_until_ = std::chrono::steady_clock::now() + milliseconds(options_.drain_ms);
    live_->stop();
    readers_->stop_accepting();
    loop_.after(milliseconds(options_.drain_ms), [this] {
      if (!pipeline_->publisher().idle()) spdlog::warn("the disk is slow: waiting for the last commit");
    });
    settle();
  }

  void settle() {
    pipeline_->flush();
    if (!pipeline_->publisher().idle() || waits_for_answers())
      return loop_.after(milliseconds(1), [this] { settle(); });
    // Only readers are given up on: what was taken is on disk by now, however slow that is.
    loop_.after(milliseconds(options_.drain_ms), [this] {
      spdlog::warn("readers were still behind after {} ms", options_.drain_ms);
      loop_.stop();
    });
    pipeline_->publisher().checkpoint_all();
    const auto jitter = static_cast<std::uint32_t>(running_ms() % 4'000);
    pipeline_->hub().goodbye_all({GoodbyeReason::shutdown, 1'000 + jitter, "the service stops"});
    readers_->drain([this] { loop_.stop(); });
  }

  // Sources that were promised an answer may read it, if they do so soon.
  bool waits_for_answers() const {
    return std::chrono::steady_clock::now() < answers_until_ && !live_->idle();
  }

  // A failed commit is final: nothing more is published, and recovery is a restart.
  void fail(const Error& error) {
    spdlog::critical("{}; stopping", error.text);
    failed_ = true;
    loop_.stop();
  }

  ServeOptions options_;
  std::function<Result<ServeOptions>()> read_again_;
  Loop loop_;
  std::unique_ptr<TraceExporter> traces_;  // outlives who gives it spans
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<ReaderPorts> readers_;
  ReaderLog reader_log_;
  std::vector<std::unique_ptr<RefusalLog>> refusal_logs_;  // outlive who tells them
  std::unique_ptr<LiveSources> live_;
  ServedSources sources_;
  SourceClocks clocks_;
  ReadAhead read_ahead_;
  std::vector<std::unique_ptr<Player>> players_;
  std::unique_ptr<AdminPort> admin_;
  ServiceManager manager_;
  bool stopping_ = false;
  bool clock_was_set_ = false;
  std::chrono::steady_clock::time_point answers_until_;  // when stopping
  bool failed_ = false;
};

CLI::App* define(CLI::App& parent, const std::shared_ptr<ServeOptions>& options) {
  CLI::App* app = parent.add_subcommand("serve", "Run the feed service");
  // CLI11 reads config files for the program as a whole: the option stands there, and falls through from here.
  parent.set_config("--config", "", "A file with the options of serve, under [serve]");
  parent.allow_config_extras(CLI::config_extras_mode::error);
  app->fallthrough();
  app->add_option("--store", options->store, "The store to write, created where there is none")->required();
  add_reader_port_options(*app, options->readers);
  app->add_option("--source", options->sources,
                  "NAME=tcp://HOST:PORT takes lines there, NAME=http://HOST:PORT takes POST /v1/updates, "
                  "NAME=betfairs://HOST:PORT subscribes at Betfair "
                  "(betfair:// without TLS), NAME=FILE reads lines, NAME=- from standard input; "
                  "two with one name are lines A and B of it; NAME=FILE@SPEED paces a recording");
  add_live_source_options(*app, options->live_sources);
  app->add_option("--durability", options->durability,
                  "durable: readers see a delta when it is on disk; relaxed: before")
      ->check(CLI::IsMember({"durable", "relaxed"}))
      ->capture_default_str();
  app->add_option("--encoding", options->encoding,
                  "coded: the fewest bytes, for readers that can; blocks: for all")
      ->check(CLI::IsMember({"coded", "blocks"}))
      ->capture_default_str();
  app->add_flag(
      "--new-epoch", options->new_epoch,
      "Begin a new epoch, so that every reader starts over: for a store that was put back from a backup");
  app->add_option(
         "--retain-days", options->retain_days,
         "Forget events that have been over for so many days, and clear the store of what is older; 0: "
         "keep everything")
      ->check(CLI::Range(0.0, retain_days_max))
      ->capture_default_str();
  app->add_option("--archive", options->archive,
                  "A store that what is cleared is copied into first, created where there is none");
  add_service_options(*app, *options);
  app->footer(
      "Stops cleanly on SIGTERM and SIGINT. SIGHUP reads certificates, tokens and the log's level again.\n"
      "Examples:\n"
      "  touchline serve --store feed.db --listen tcp://127.0.0.1:7440 --source "
      "trading=tcp://127.0.0.1:7441\n"
      "  touchline simulate --speed 60 | touchline serve --store live.db --listen tcp://127.0.0.1:7440 "
      "--source live=-\n"
      "  touchline serve --store feed.db --source trading=http://127.0.0.1:7442\n"
      "  touchline serve --store exchange.db --source exchange=betfair://127.0.0.1:7443 "
      "--betfair-filter betfair-filter.example.json --betfair-login betfair-login.example.json\n"
      "  # for relays that have a token, over TLS; OPERATIONS.md shows how to make such certificates\n"
      "  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 30 -subj /CN=localhost "
      "-addext subjectAltName=IP:127.0.0.1 -keyout feed.key -out feed.pem\n"
      "  touchline serve --store guarded.db --listen tls://127.0.0.1:7443 --tls-cert feed.pem --tls-key "
      "feed.key "
      "--tokens relays.tokens\n"
      "  # every option by its long name, from a file; this one lies in the folder of the sources\n"
      "  touchline serve --config feed.example.toml");
  return app;
}

Result<ServeOptions> read_again(const std::vector<std::string>& arguments) {
  CLI::App app;
  auto options = std::make_shared<ServeOptions>();
  define(app, options);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return Error{ErrorKind::usage, error.what(), 0};
  }
  return *options;
}

}  // namespace

Command add_serve(CLI::App& parent, std::vector<std::string> arguments) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* app = define(parent, options);
  return {app, [options, arguments = std::move(arguments)] {
            return Service(*options, [arguments] { return read_again(arguments); }).run();
          }};
}

}  // namespace touchline
