// `touchline diff`: what changed between two states of one event.

#include "cmd/touchline/arguments.h"
#include "cmd/touchline/change_json.h"
#include "cmd/touchline/commands.h"
#include "core/delta.h"
#include "core/state_names.h"
#include "core/state_words.h"

#include <memory>
#include <string>

namespace touchline {
namespace {

struct DiffOptions {
  std::string store;
  std::string event;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  bool json = false;
};

Result<EventState> state_at(JournalReader& reader, const EventEntry& event, std::uint64_t seq) {
  if (seq > event.last.value) return past_the_end(event, seq);
  AsOf as_of;
  as_of.seq = Seq(seq);
  auto found = reader.state(event.handle, as_of);
  if (!found) return found.error();
  return std::move(found->state);
}

std::string json_of(const DiffOptions& options, const EventState& to, const Delta& delta) {
  std::string out = "{\"event\":";
  append_json_text(out, text_at(to, Address(0, 0, Field::id)));
  out +=
      ",\"from\":" + std::to_string(options.from) + ",\"to\":" + std::to_string(options.to) + ",\"changes\":";
  append_changes_json(out, to, delta);
  out += ",\"words\":";
  append_words_json(out, to, delta);
  return out + "}\n";
}

int run(const DiffOptions& options) {
  if (options.from > options.to) {
    return complain(
        {ErrorKind::usage,
         "--from " + std::to_string(options.from) + " lies behind --to " + std::to_string(options.to), 0});
  }
  auto reader = open_view(options.store);
  if (!reader) return complain(reader.error());
  const auto event = event_of(*reader, options.event);
  if (!event) return complain(event.error());
  const auto from = state_at(*reader, *event, options.from);
  if (!from) return complain(from.error());
  const auto to = state_at(*reader, *event, options.to);
  if (!to) return complain(to.error());

  const Delta delta = diff(*from, *to);
  std::string out;
  if (options.json) {
    out = json_of(options, *to, delta);
  } else {
    for (const std::string& line : describe(*to, delta))
      out += line + "\n";
  }
  if (const int code = print(out); code != exit_done) return code;
  return delta.empty() ? exit_done : exit_finding;
}

constexpr const char* footer =
    R"(Prints a line for each cell that differs and ends with exit code 1, or nothing and 0 where the two are
equal. --from 0 is the state before the first delta: nothing. --json gives one object.

Examples, on the store of the first example of `touchline replay --help`:
  # what the 42nd delta of a match changed
  touchline diff match-day.db m-1001 --from 41 --to 42
  # all that is there after 100 deltas
  touchline diff match-day.db m-1001 --from 0 --to 100 --json
)";

}  // namespace

Command add_diff(CLI::App& parent) {
  const auto options = std::make_shared<DiffOptions>();
  CLI::App* app = parent.add_subcommand("diff", "What changed between two states of an event, in words");
  add_store(*app, options->store);
  app->add_option("ID", options->event, "The event's id")->required()->type_name("");
  app->add_option("--from", options->from, "The sequence number of the state before")
      ->required()
      ->type_name("SEQ")
      ->check(is_seq(0));
  app->add_option("--to", options->to, "The sequence number of the state behind")
      ->required()
      ->type_name("SEQ")
      ->check(is_seq(0));
  app->add_flag("--json", options->json, "One JSON object");
  app->footer(footer);
  return {app, [options] { return run(*options); }};
}

}  // namespace touchline
