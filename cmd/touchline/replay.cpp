// `touchline replay`: recorded matches through the whole pipeline.

#include "cmd/touchline/commands.h"
#include "cmd/touchline/open_recording.h"
#include "cmd/touchline/pipeline.h"
#include "cmd/touchline/reader_ports.h"
#include "cmd/touchline/replay_report.h"
#include "cmd/touchline/speed.h"
#include "core/time_text.h"
#include "feed/clock.h"
#include "feed/ingest/read_ahead.h"
#include "feed/player.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace touchline {
namespace {

using std::chrono::milliseconds;

struct ReplayOptions {
  std::vector<std::string> recordings;
  std::string store;
  std::string speed = "max";
  std::string from;
  std::string until;
  ReaderPortOptions readers;
  bool as_lines = false;
  std::int64_t line_lag_ms = 0;
  std::uint64_t seed = 1;
  std::size_t wait_readers = 0;
  std::string durability = "durable";
  bool new_epoch = false;
  bool json = false;
};

// Options that contradict one another, or say nothing without another.
Result<void> check(const ReplayOptions& options, const PlayerOptions& play) {
  const auto wrong = [](std::string text) { return Error{ErrorKind::usage, std::move(text), 0}; };
  if (options.line_lag_ms < 0) return wrong("--line-lag is below 0");
  if (options.line_lag_ms != 0 && !options.as_lines) return wrong("--line-lag needs --as-lines");
  if (play.from_ms && play.until_ms && *play.from_ms > *play.until_ms)
    return wrong("--from is after --until");
  if (options.wait_readers != 0 && options.readers.listen.empty())
    return wrong("--wait-readers needs --listen");
  return {};
}

class Replay {
 public:
  explicit Replay(ReplayOptions options) : options_(std::move(options)) {}

  int run() {
    if (const auto ready = prepare(); !ready) {
      if (pipeline_) pipeline_->undo_creation();
      return complain(ready.error());
    }
    pipeline_->on_room([this] {
      if (std::exchange(waits_for_room_, false)) pump();
    });
    pipeline_->on_failure = [this](const Error& error) { fail(error); };
    pipeline_->on_store_checkpoint = [this](const CheckpointNews& news) { report_.note(news.text); };
    pipeline_->publisher().before_commit = [this](Origin& origin) { player_->note_cursors(origin); };
    player_->on_rejected = [this](const Rejected& rejected) { report_.refused(rejected); };
    player_->on_note = [this](const std::string& text) { report_.note(text); };
    loop_.on_stop_signal([this](int) { stop(); });
    loop_.post([this] { start(); });
    loop_.every(milliseconds(200), [this] {
      report_.progress(*pipeline_, *player_);
      return !finished_;
    });
    loop_.run();
    if (!pipeline_->publisher().failure()) {
      if (const auto closed = pipeline_->close(); !closed) report_.note(closed.error().text);
    }
    // A failed commit leaves nothing to sum up; behind a recording that broke off stands what was taken of it.
    if (failure_ && pipeline_->publisher().failure()) return complain(*failure_);
    const auto end = failure_   ? ReplayReport::End::failed
                     : stopped_ ? ReplayReport::End::stopped
                                : ReplayReport::End::done;
    report_.finish(*pipeline_, *player_, end, options_.json);
    if (failure_) {
      complain(*failure_);
      std::fprintf(
          stderr, "what came whole before it was taken; run the same command again when the file is whole\n");
      return exit_code_of(failure_->kind);
    }
    // Nothing in it could be taken: the input was of no use at all.
    const OriginCounts& counts = pipeline_->origin().counts();
    if (counts.rejected != 0 && counts.rejected == counts.messages) return exit_usage;
    return counts.rejected != 0 ? exit_finding : exit_done;
  }

 private:
  // Everything is validated before anything is opened, and every input is opened before the store is touched.
  Result<void> prepare() {
    PlayerOptions play;
    play.lag_ms_max = options_.line_lag_ms;
    play.seed = options_.seed;
    if (options_.speed != "max") {
      const auto speed = speed_of(options_.speed);
      if (!speed) return Error{ErrorKind::usage, "--speed is \"max\" or a number from 0.001 to 1000000", 0};
      play.speed = *speed;
    }
    for (auto [text, name, to] : {std::tuple(&options_.from, "--from", &play.from_ms),
                                  std::tuple(&options_.until, "--until", &play.until_ms)}) {
      if (text->empty()) continue;
      const auto time = time_ms_of(*text);
      if (!time) return Error{ErrorKind::usage, std::string(name) + " is no time: \"" + *text + "\"", 0};
      *to = *time;
    }
    if (const auto checked = check(options_, play); !checked) return checked.error();
    PipelineOptions options;
    options.hub.publisher = std::string("touchline ") + TOUCHLINE_VERSION;
    if (options_.durability == "relaxed") options.hub.durability = Durability::relaxed;
    if (options_.new_epoch) options.epoch = EpochWish::renew;
    auto readers = ReaderPorts::prepare(options_.readers);
    if (!readers) return readers.error();
    readers_ = std::move(*readers);
    std::vector<std::unique_ptr<Playable>> recordings;
    for (const std::string& path : options_.recordings) {
      if (const auto other = refuse_own_store(path, options_.store); !other) return other.error();
      auto recording = open_recording(path);
      if (!recording) return recording.error();
      recordings.push_back(std::move(*recording));
    }
    auto pipeline = Pipeline::open(loop_, options_.store, std::move(options));
    if (!pipeline) return pipeline.error();
    pipeline_ = std::move(*pipeline);
    if (const std::string news = pipeline_->epoch_news(); !news.empty()) report_.note(news);
    player_ = std::make_unique<Player>(pipeline_->publisher(), play);
    for (std::size_t i = 0; i < recordings.size(); ++i) {
      if (const auto added = add(std::move(recordings[i]), i); !added) return added.error();
    }
    readers_->on_waiting = [this] { pipeline_->flush(); };
    readers_->on_listening = [this](const Endpoint& endpoint) { report_.listening(endpoint); };
    for (const std::string& warning : readers_->warnings())
      report_.note(warning);
    return readers_->open(loop_, pipeline_->hub());
  }

  // As lines, all recordings are copies of one source, named by the first; else each is a source of its own.
  Result<void> add(std::unique_ptr<Playable> recording, std::size_t index) {
    if (index == 0 || !options_.as_lines) source_name_ = recording->name();
    const auto source = pipeline_->source(source_name_);
    if (!source) return source.error();
    const LineRef line = pipeline_->origin().add_line(*source);
    std::string key = recording->cursor_key(options_.as_lines ? line.line.value : 0);
    const auto cursor = pipeline_->journal().cursor(key);
    if (!cursor) return cursor.error();
    if (*cursor) {
      if (const auto taken_up = recording->take_up(**cursor); !taken_up) return taken_up.error();
      report_.taken_up(recording->name(), (*cursor)->line);
    }
    if (!is_pipe(recording->path())) recording = read_ahead_.wrap(std::move(recording));
    player_->add(std::move(recording), line, std::move(key));
    return {};
  }

  void start() {
    if (pipeline_->hub().reader_count() >= options_.wait_readers || stopped_) return pump();
    loop_.after(milliseconds(10), [this] { start(); });
  }

  void pump() {
    if (finished_ || stopped_) return;
    switch (player_->step(running_ms())) {
      case Player::Step::more:
        pipeline_->flush();
        loop_.post([this] { pump(); });
        break;
      case Player::Step::full:
        waits_for_room_ = true;
        pipeline_->flush();
        break;
      case Player::Step::wait:
        pipeline_->flush();
        loop_.after(milliseconds(std::max<std::int64_t>(player_->due_ms() - running_ms(), 1)),
                    [this] { pump(); });
        break;
      case Player::Step::done:
        settle();
        break;
      case Player::Step::failed:
        fail(*player_->error());
        break;
    }
  }

  void stop() {
    if (std::exchange(stopped_, true)) return;
    settle();
  }

  // Until everything gathered is on disk, and readers were given it.
  void settle() {
    pipeline_->flush();
    if (!pipeline_->publisher().idle()) return loop_.after(milliseconds(1), [this] { settle(); });
    if (std::exchange(finished_, true)) return;
    pipeline_->publisher().checkpoint_all();
    pipeline_->hub().goodbye_all({GoodbyeReason::finished, 0, "the replay is over"});
    readers_->drain([this] { loop_.stop(); });
    loop_.after(std::chrono::seconds(10), [this] { loop_.stop(); });
  }

  // What was taken before a recording broke off is kept.
  void fail(const Error& error) {
    if (failure_) return;
    failure_ = error;
    if (pipeline_->publisher().failure()) {
      finished_ = true;
      return loop_.stop();
    }
    stop();
  }

  ReplayOptions options_;
  Loop loop_;
  std::unique_ptr<Pipeline> pipeline_;
  ReadAhead read_ahead_;
  std::unique_ptr<Player> player_;
  std::unique_ptr<ReaderPorts> readers_;
  std::string source_name_;
  ReplayReport report_;
  bool finished_ = false;
  bool waits_for_room_ = false;
  bool stopped_ = false;
  std::optional<Error> failure_;
};

}  // namespace

Command add_replay(CLI::App& parent) {
  auto options = std::make_shared<ReplayOptions>();
  CLI::App* app =
      parent.add_subcommand("replay", "Send recorded matches through the whole pipeline into a store");
  app->add_option("RECORDING", options->recordings,
                  "Recordings: a vendor's lines or native ones, plain or .bz2, .gz, .zst, .xz; a store; - is "
                  "standard input")
      ->required();
  app->add_option("--store", options->store, "The store to write, created where there is none")->required();
  app->add_option("--speed", options->speed, "Times real time, or max")->capture_default_str();
  app->add_option("--from", options->from,
                  "Pace begins at this publish time; what is older is taken at once");
  app->add_option("--until", options->until, "Stop behind this publish time (ms since 1970 or RFC 3339)");
  add_reader_port_options(*app, options->readers);
  app->add_flag(
      "--as-lines", options->as_lines,
      "The recordings are lines A, B, ... of one source: take each update once, from whichever has it first");
  app->add_option("--line-lag", options->line_lag_ms,
                  "With --as-lines: let each line lag by up to so many ms, at random, to try it out");
  app->add_option("--seed", options->seed, "Of the random lags")->capture_default_str();
  app->add_option("--wait-readers", options->wait_readers, "Begin when so many readers have joined");
  app->add_option("--durability", options->durability,
                  "durable: readers see a delta when it is on disk; relaxed: before")
      ->check(CLI::IsMember({"durable", "relaxed"}))
      ->capture_default_str();
  app->add_flag(
      "--new-epoch", options->new_epoch,
      "Begin a new epoch, so that every reader starts over: for a store that was put back from a backup");
  app->add_flag("--json", options->json, "The summary as one JSON object");
  app->footer(
      "Running it again takes every recording up where the store's cursor stands.\n"
      "Examples, from the folder of the sources:\n"
      "  touchline replay tests/recordings/matchday.ndjson.zst --store match-day.db\n"
      "  # up to a moment, and on from there\n"
      "  touchline simulate -o day.ndjson && touchline replay day.ndjson --store day.db --until "
      "2026-08-15T15:00:00Z\n"
      "  touchline replay day.ndjson --store day.db\n"
      "  # lines A and B of one source, which overtake each other\n"
      "  touchline replay day.ndjson day.ndjson --as-lines --line-lag 500 --store lines.db\n"
      "  # a match day in some seconds, to `touchline tail tcp://127.0.0.1:7440`\n"
      "  touchline replay day.ndjson --store paced.db --speed 4000 --listen tcp://127.0.0.1:7440");
  return {app, [options] { return Replay(*options).run(); }};
}

}  // namespace touchline
