// `touchline export`: the states of events, now or as of then, for debugging and for whoever must show them.

#include "cmd/touchline/arguments.h"
#include "cmd/touchline/commands.h"
#include "core/state_csv.h"
#include "core/state_json.h"
#include "core/time_text.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace touchline {
namespace {

struct ExportOptions {
  std::string store;
  std::string event;
  bool all = false;
  std::uint64_t seq = 0;  // 0: not given, as are the empty times
  std::string at;
  std::string at_source;
  std::string format = "json";
  std::string output;

  AsOf as_of() const {
    AsOf bounds;
    if (seq != 0) bounds.seq = Seq(seq);
    if (!at.empty()) bounds.published_ms = time_ms_of(at);
    if (!at_source.empty()) bounds.source_time_ms = time_ms_of(at_source);
    return bounds;
  }
};

// States one after another in one of the formats.
class Exporter {
 public:
  Exporter(const ExportOptions& options, Epoch epoch)
      : format_(options.format), is_array_(options.all), epoch_(epoch) {}

  Result<void> begin(Output& output) {
    if (format_ == "csv") return output.write(state_csv_header);
    return format_ == "json" && is_array_ ? output.write("[") : Result<void>();
  }
  Result<void> add(Output& output, const StateAsOf& at) {
    text_.clear();
    if (format_ == "csv") {
      append_state_csv(text_, at.state);
    } else {
      if (format_ == "json" && is_array_) text_ = count_ == 0 ? "\n" : ",\n";
      append_state_json(text_, {at.state, epoch_, at.offset, at.published_ms});
      if (format_ == "ndjson" || !is_array_) text_ += "\n";
    }
    ++count_;
    return output.write(text_);
  }
  Result<void> end(Output& output) {
    if (format_ != "json" || !is_array_) return {};
    return output.write(count_ == 0 ? "]\n" : "\n]\n");
  }

 private:
  std::string format_;
  bool is_array_;
  Epoch epoch_;
  std::string text_;
  std::uint64_t count_ = 0;
};

Result<std::vector<EventEntry>> chosen(JournalReader& reader, const ExportOptions& options) {
  if (options.all) {
    auto events = reader.events();
    if (events) {
      std::sort(events->begin(), events->end(),
                [](const EventEntry& a, const EventEntry& b) { return a.id < b.id; });
    }
    return events;
  }
  auto event = event_of(reader, options.event);
  if (!event) return event.error();
  if (options.seq > event->last.value) return past_the_end(*event, options.seq);
  return std::vector<EventEntry>{std::move(*event)};
}

Error before_the_first(const ExportOptions& options) {
  const bool by_source = !options.at_source.empty();
  return {ErrorKind::not_found,
          "event " + printable(options.event) + " has no delta " +
              (by_source ? "up to source time " : "published by ") +
              time_text(*time_ms_of(by_source ? options.at_source : options.at)),
          0};
}

Result<void> export_to(Output& output, JournalReader& reader, const std::vector<EventEntry>& events,
                       const ExportOptions& options) {
  Exporter exporter(options, reader.epoch());
  if (auto begun = exporter.begin(output); !begun) return begun;
  for (const EventEntry& event : events) {
    const auto at = reader.state(event.handle, options.as_of());
    if (!at) return at.error();
    if (at->state.seq == Seq(0)) {
      if (!options.all) return before_the_first(options);
      continue;
    }
    if (auto added = exporter.add(output, *at); !added) return added;
  }
  if (auto ended = exporter.end(output); !ended) return ended;
  return output.finish();
}

// By whatever name; what SQLite keeps beside a store also while it is not there.
bool is_of_store(const std::string& path, const std::string& store) {
  std::error_code ignored;
  const auto real_store = std::filesystem::weakly_canonical(store, ignored);
  const auto real_path = std::filesystem::weakly_canonical(path, ignored);
  for (const char* end : {"", "-wal", "-shm", "-journal"}) {
    const std::string file = real_store.string() + end;
    if (real_path == file || std::filesystem::equivalent(path, file, ignored)) return true;
  }
  return false;
}

int run(const ExportOptions& options) {
  if (options.all == !options.event.empty()) {
    return complain({ErrorKind::usage, "export needs --event ID or --all, one of the two", 0});
  }
  if (options.all && options.seq != 0)
    return complain({ErrorKind::usage, "--seq is of one event: it needs --event", 0});
  auto reader = open_view(options.store);
  if (!reader) return complain(reader.error());
  if (!options.output.empty() && is_of_store(options.output, options.store)) {
    return complain({ErrorKind::usage, options.output + ": is the store itself, or a file of it", 0});
  }
  const auto events = chosen(*reader, options);
  if (!events) return complain(events.error());
  auto output = Output::open(options.output);
  if (!output) return complain(output.error());
  if (const auto done = export_to(*output, *reader, *events, options); !done) return complain(done.error());
  return exit_done;
}

constexpr const char* footer =
    R"(T is ms since 1970, or a time such as 2022-07-11T11:00:00.000Z. --at is by the time of publishing,
--at-source by the source's own. With --all, events that had no delta yet as of then are left out.

json: one object for --event, an array for --all. ndjson: one event a line, sorted by id. csv: one cell a
line. A file given with -o is replaced only when the new one is whole and on disk.

Examples, on the store of the first example of `touchline replay --help`:
  # which prices were on the screen; --at asks the same of the time of publishing
  touchline export match-day.db --event m-1001 --at-source 2026-08-15T14:30:00Z
  touchline export match-day.db --event m-1001 --seq 42 --format csv
  # everything as it stands now
  touchline export match-day.db --all --format ndjson -o states.ndjson
)";

}  // namespace

Command add_export(CLI::App& parent) {
  const auto options = std::make_shared<ExportOptions>();
  CLI::App* app = parent.add_subcommand("export", "States of events, now or as of then");
  add_store(*app, options->store);
  CLI::Option* event = app->add_option("--event", options->event, "One event")->type_name("ID");
  CLI::Option* all = app->add_flag("--all", options->all, "All events");
  all->excludes(event);
  CLI::Option* seq = app->add_option("--seq", options->seq, "Behind this delta of the event");
  seq->type_name("N")->check(is_seq(1))->excludes(all);
  CLI::Option* at = app->add_option("--at", options->at, "As it was published then");
  at->type_name("T")->check(is_time())->excludes(seq);
  CLI::Option* at_source =
      app->add_option("--at-source", options->at_source, "As the source had said by then");
  at_source->type_name("T")->check(is_time())->excludes(seq)->excludes(at);
  app->add_option("--format", options->format, "What to write")
      ->type_name("json|ndjson|csv")
      ->check(CLI::IsMember({"json", "ndjson", "csv"}).description(""))
      ->capture_default_str();
  app->add_option("-o,--output", options->output, "The file to write, instead of standard output")
      ->type_name("F");
  app->footer(footer);
  return {app, [options] { return run(*options); }};
}

}  // namespace touchline
