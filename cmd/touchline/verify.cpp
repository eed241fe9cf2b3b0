// `touchline verify`: rebuilds everything from the journal and says what does not fit.

#include "storage/verify.h"

#include "cmd/touchline/arguments.h"
#include "cmd/touchline/commands.h"
#include "core/state_names.h"

#include <cstdio>
#include <memory>
#include <string>

#include <unistd.h>

namespace touchline {
namespace {

struct VerifyOptions {
  std::string store;
  bool json = false;
};

// One line that is written over, on a terminal alone.
class Progress {
 public:
  void show(Offset done, Offset head) {
    if (!terminal_ || head.value == 0) return;
    const std::uint64_t percent = done.value * 100 / head.value;
    if (percent == shown_) return;
    shown_ = percent;
    std::fprintf(stderr, "\rverifying: %llu%% of %llu deltas", static_cast<unsigned long long>(percent),
                 static_cast<unsigned long long>(head.value));
  }
  ~Progress() {
    if (terminal_ && shown_ != none) std::fputs("\r\x1b[K", stderr);
  }

 private:
  static constexpr std::uint64_t none = ~0ULL;
  bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  std::uint64_t shown_ = none;
};

std::string counted(std::uint64_t number, const char* what, const char* plural = "s") {
  return std::to_string(number) + " " + what + (number == 1 ? "" : plural);
}

std::string text_of(const VerifyReport& report) {
  std::string out;
  for (const Finding& finding : report.findings) {
    out += "fault: " + printable(finding.place) + ": " + printable(finding.what) + "\n";
  }
  if (report.more_findings != 0) {
    out += "fault: everywhere: " + std::to_string(report.more_findings) + " more that are not listed\n";
  }
  if (report.sound()) {
    out += "verified: " + counted(report.batches, "batch", "es") + ", " + counted(report.deltas, "delta") +
           " of " + counted(report.events, "event") + ", " + counted(report.snapshots, "snapshot") +
           ": no fault\n";
    if (report.cleared != 0) {
      out += "cleared before that: " + counted(report.cleared, "delta") + ", up to offset " +
             std::to_string(report.cleared) + "\n";
    }
  }
  return out;
}

std::string json_of(const std::string& path, const VerifyReport& report) {
  std::string out = "{\"path\":";
  append_json_text(out, printable(path));
  const auto number = [&](const char* name, std::uint64_t value) {
    out += ",\"" + std::string(name) + "\":" + std::to_string(value);
  };
  number("batches", report.batches);
  number("deltas", report.deltas);
  number("cleared_deltas", report.cleared);
  number("unchecked_deltas", report.unchecked);
  number("events", report.events);
  number("snapshots", report.snapshots);
  number("bytes", report.bytes);
  out += ",\"faults\":[";
  for (const Finding& finding : report.findings) {
    out += &finding == report.findings.data() ? "{\"place\":" : ",{\"place\":";
    append_json_text(out, printable(finding.place));
    out += ",\"what\":";
    append_json_text(out, printable(finding.what));
    out += "}";
  }
  out += "]";
  number("more_faults", report.more_findings);
  return out + "}\n";
}

int run(const VerifyOptions& options) {
  Result<VerifyReport> report = VerifyReport{};
  {
    Progress progress;
    report = verify(options.store, [&](Offset done, Offset head) { progress.show(done, head); });
  }
  if (!report) return complain(report.error());
  if (const int code = print(options.json ? json_of(options.store, *report) : text_of(*report));
      code != exit_done) {
    return code;
  }
  if (report->sound()) return exit_done;
  if (!options.json && report->unchecked != 0) {
    std::fprintf(stderr, "touchline: %s could not be checked behind what is damaged, %s could\n",
                 counted(report->unchecked, "delta").c_str(), std::to_string(report->deltas).c_str());
  }
  return exit_finding;
}

constexpr const char* footer =
    R"(Compares all that stands in the store: checksums, offsets and sequence numbers, every block, every
snapshot with the state rebuilt up to it, event_batches, ids, digests, meta, sources and cursors, which tables
there are, and SQLite's own structures. Exit code 1 if anything does not fit, a line for each; a damaged batch
is one line, and its events are taken up again at their next snapshots. --json gives one object. A running service does not mind.

Examples:
  touchline verify match-day.db
  touchline verify match-day.db --json
)";

}  // namespace

Command add_verify(CLI::App& parent) {
  const auto options = std::make_shared<VerifyOptions>();
  CLI::App* app = parent.add_subcommand("verify", "Rebuilds everything from the journal and compares");
  add_store(*app, options->store);
  app->add_flag("--json", options->json, "One JSON object");
  app->footer(footer);
  return {app, [options] { return run(*options); }};
}

}  // namespace touchline
