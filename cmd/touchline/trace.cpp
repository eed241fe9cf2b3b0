// `touchline trace`: the way of one delta as its store knows it, and the name of its trace.

#include "core/trace.h"

#include "cmd/touchline/arguments.h"
#include "cmd/touchline/commands.h"
#include "core/json_object.h"
#include "core/state_names.h"

#include <array>
#include <memory>
#include <string>
#include <utility>

namespace touchline {
namespace {

struct TraceCommandOptions {
  std::string store;
  std::string event;
  std::uint64_t seq = 0;
  bool json = false;
};

struct Way {
  Position position;
  std::int64_t source_ms = 0;
  std::int64_t ingested_ms = 0;
  std::int64_t handed_over_ms = 0;
};

std::string json_of(const TraceCommandOptions& options, const Way& way) {
  JsonObject object;
  object.add("event", printable(options.event)).add("seq", options.seq);
  object.add("epoch", way.position.epoch.value).add("offset", way.position.offset.value);
  object.add("trace", text_of(trace_of(way.position)));
  object.add_time("source_at", way.source_ms)
      .add_time("ingested_at", way.ingested_ms)
      .add_time("handed_over_at", way.handed_over_ms);
  return object.line();
}

std::string text_of(const TraceCommandOptions& options, const Way& way) {
  using enum Table::Align;
  Table table({left, left, right});
  table.add({"event", printable(options.event) + ", delta " + std::to_string(options.seq), ""});
  table.add({"position",
             std::to_string(way.position.epoch.value) + ":" + std::to_string(way.position.offset.value), ""});
  table.add({"trace", text_of(trace_of(way.position)), ""});
  std::int64_t before_ms = 0;
  for (const auto& [hop, at_ms] :
       std::array{std::pair("source time", way.source_ms), std::pair("ingested", way.ingested_ms),
                  std::pair("handed to disk", way.handed_over_ms)}) {
    if (at_ms == 0) continue;
    const std::string step = before_ms == 0 ? "" : std::to_string(at_ms - before_ms) + " ms";
    table.add({hop, time_text(at_ms), step});
    before_ms = at_ms;
  }
  return table.text();
}

int run(const TraceCommandOptions& options) {
  auto reader = open_view(options.store);
  if (!reader) return complain(reader.error());
  const auto event = event_of(*reader, options.event);
  if (!event) return complain(event.error());
  if (options.seq > event->last.value) return complain(past_the_end(*event, options.seq));
  AsOf as_of;
  as_of.seq = Seq(options.seq);
  const auto at = reader->state(event->handle, as_of);
  if (!at) return complain(at.error());
  const Way way{
      {reader->epoch(), at->offset}, at->state.source_time_ms, at->ingest_time_ms, at->published_ms};
  return print(options.json ? json_of(options, way) : text_of(options, way));
}

constexpr const char* footer =
    R"(The trace is what the delta is called at the collector of `--trace-to`, if it was one of the sampled ones. Its
times there are finer, and relays stand beside them; these are what the store keeps of every delta.

Examples, on the store of the first example of `touchline replay --help`:
  touchline trace match-day.db m-1001 42
  touchline trace match-day.db m-1001 42 --json
)";

}  // namespace

Command add_trace(CLI::App& parent) {
  const auto options = std::make_shared<TraceCommandOptions>();
  CLI::App* app = parent.add_subcommand("trace", "When one delta was where, and what its trace is called");
  add_store(*app, options->store);
  app->add_option("ID", options->event, "The event's id")->required()->type_name("");
  app->add_option("SEQ", options->seq, "The delta's sequence number within the event")
      ->required()
      ->type_name("")
      ->check(is_seq(1));
  app->add_flag("--json", options->json, "One JSON object");
  app->footer(footer);
  return {app, [options] { return run(*options); }};
}

}  // namespace touchline
