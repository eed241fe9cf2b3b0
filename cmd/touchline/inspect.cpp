// `touchline inspect`: looks into a store, running or not.

#include "cmd/touchline/commands.h"
#include "cmd/touchline/inspect_views.h"

#include <memory>

namespace touchline {
namespace {

constexpr const char* footer =
    R"(Without a part: a summary of the store. --json gives one object for the summary and for an event, and
one line of JSON for each of the others (NDJSON). Works beside a running service, and changes nothing.

Examples, on the store of the first example of `touchline replay --help`:
  touchline inspect match-day.db
  touchline inspect match-day.db events
  touchline inspect match-day.db event m-1001
  touchline inspect match-day.db deltas m-1001 --from 40 --to 42
  touchline inspect match-day.db deltas m-1001 --json
  touchline inspect match-day.db sources
  touchline inspect match-day.db rejected
)";

int run(const InspectOptions& options, const CLI::App& app) {
  if (options.to != 0 && options.from > options.to) {
    return complain(
        {ErrorKind::usage,
         "--from " + std::to_string(options.from) + " lies behind --to " + std::to_string(options.to), 0});
  }
  auto reader = open_view(options.store);
  if (!reader) return complain(reader.error());
  const std::string part = app.get_subcommands().empty() ? "" : app.get_subcommands().front()->get_name();
  if (part == "events") return show_events(*reader, options);
  if (part == "event") return show_event(*reader, options);
  if (part == "deltas") return show_deltas(*reader, options);
  if (part == "sources") return show_sources(*reader, options);
  if (part == "rejected") return show_rejected(*reader, options);
  return show_summary(*reader, options);
}

}  // namespace

Command add_inspect(CLI::App& parent) {
  const auto options = std::make_shared<InspectOptions>();
  CLI::App* app = parent.add_subcommand("inspect", "Looks into a store, running or not");
  add_store(*app, options->store);
  app->add_flag("--json", options->json, "JSON instead of columns");
  app->require_subcommand(0, 1);
  const auto add_part = [&](const char* name, const char* what) {
    CLI::App* part = app->add_subcommand(name, what);
    part->fallthrough();
    return part;
  };
  add_part("events", "One line an event")
      ->footer("Example:\n  touchline inspect match-day.db events --json\n");
  CLI::App* event = add_part("event", "One event in detail");
  event->footer("Example:\n  touchline inspect match-day.db event m-1001\n");
  event->add_option("ID", options->event, "The event's id")->required()->type_name("");
  CLI::App* deltas = add_part("deltas", "An event's deltas, and what they changed");
  deltas->add_option("ID", options->event, "The event's id")->required()->type_name("");
  deltas->add_option("--from", options->from, "The first one shown")->type_name("SEQ")->check(is_seq(1));
  deltas->add_option("--to", options->to, "The last one shown (default: the last)")
      ->type_name("SEQ")
      ->check(is_seq(1));
  deltas->footer("Example:\n  touchline inspect match-day.db deltas m-1001 --from 40 --to 42\n");
  add_part("sources", "The sources, and how far each recording was read")
      ->footer("Example:\n  touchline inspect match-day.db sources\n");
  add_part("rejected", "Refused messages, oldest first")
      ->footer("Example:\n  touchline inspect match-day.db rejected\n");
  app->footer(footer);
  return {app, [options, app] { return run(*options, *app); }};
}

}  // namespace touchline
