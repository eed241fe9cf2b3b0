// `touchline archive`: clears a store that is not in use of what is older than it has to keep, into an archive.

#include "cmd/touchline/archive.h"

#include "cmd/touchline/arguments.h"
#include "cmd/touchline/commands.h"
#include "core/json_object.h"
#include "core/origin.h"
#include "feed/clock.h"
#include "storage/clearing.h"
#include "storage/journal.h"
#include "storage/retention_thread.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

namespace touchline {
namespace {

struct ArchiveOptions {
  std::string store;
  double older_than_days = 0;
  std::string to;
  bool discard = false;
  bool json = false;
};

// Events that are over for as long are forgotten here as they are in a service.
Result<std::uint64_t> forget(Journal& journal, std::int64_t after_ms) {
  Origin origin;
  auto reader = JournalReader::open(journal.path());
  if (!reader) return reader.error();
  const auto sources = reader->sources();
  if (!sources) return sources.error();
  for (std::size_t i = 0; i < sources->size(); ++i)
    origin.add_source();
  if (const auto restored = journal.restore(origin); !restored) return restored.error();
  const std::int64_t now_ms = wall_ms();
  const std::size_t events = origin.table().events().size();
  for (std::size_t looked_at = 0; looked_at < events; looked_at += ForgetBounds{}.looked_at) {
    origin.forget(after_ms, now_ms, {.looked_at = ForgetBounds{}.looked_at, .forgotten = events});
    if (origin.pending().empty()) continue;
    if (const auto committed = journal.commit(origin.take_batch(), now_ms); !committed)
      return committed.error();
  }
  return origin.counts().forgotten;
}

struct Done {
  std::uint64_t forgotten = 0;
  ClearReport cleared;
};

Result<Done> archive(const ArchiveOptions& options) {
  if (const auto there = JournalReader::open(options.store); !there) return there.error();
  auto journal = Journal::open(options.store);
  if (!journal) return journal.error();
  const std::int64_t keep_ms = ms_of_days(options.older_than_days);
  const std::int64_t before_ms = wall_ms() - keep_ms;
  Done done;
  Clearing clearing(options.store, {.archive = options.to});
  for (bool more = true; more;) {
    const auto report = clearing.run(before_ms, [&](const ClearStep& step) { return journal->clear(step); });
    if (!report) return report.error();
    if (done.cleared.batches == 0) done.cleared.from = report->from;
    done.cleared.through = report->through;
    done.cleared.batches += report->batches;
    done.cleared.bytes += report->bytes;
    done.cleared.events = std::max(done.cleared.events, report->events);
    if (report->published_ms != 0) done.cleared.published_ms = report->published_ms;
    if (report->archive_begins) done.cleared.archive_begins = report->archive_begins;
    more = report->more;
  }
  const auto forgotten = forget(*journal, keep_ms);
  if (!forgotten) return forgotten.error();
  done.forgotten = *forgotten;
  return done;
}

int run(const ArchiveOptions& options) {
  if (options.to.empty() != options.discard)
    return complain({ErrorKind::usage, "archive needs --to FILE or --discard, one of the two", 0});
  if (!options.to.empty()) {
    if (const auto fits = check_archive_path(options.to, options.store); !fits) return complain(fits.error());
  }
  const auto done = archive(options);
  if (!done) return complain(done.error());
  const ClearReport& cleared = done->cleared;
  if (options.json) {
    JsonObject object;
    object.add("cleared_through", cleared.through.value).add("batches", cleared.batches);
    object.add("deltas", cleared.deltas()).add("bytes", cleared.bytes).add("forgotten", done->forgotten);
    return print(object.line());
  }
  std::string text =
      cleared.batches == 0 ? "nothing is that old, but for its last commit" : describe(cleared, options.to);
  text += "\nforgot " + std::to_string(done->forgotten) + (done->forgotten == 1 ? " event\n" : " events\n");
  return print(text);
}

// Where a file of that name is, or would be made: links are followed, those to nothing, too.
std::filesystem::path file_behind(std::filesystem::path path) {
  constexpr int links_max = 40;  // as the kernel's
  std::error_code failed;
  for (int links = 0; links < links_max && std::filesystem::is_symlink(path, failed); ++links) {
    const auto target = std::filesystem::read_symlink(path, failed);
    if (failed) break;
    path = path.parent_path() / target;  // an absolute one takes the place of all
  }
  return std::filesystem::weakly_canonical(std::filesystem::absolute(path, failed), failed);
}

constexpr const char* footer =
    R"(Everything that was published more than DAYS days ago is copied into the archive, synced, and only then
taken away; the store's last commit stays. The archive is an ordinary store, which inspect, export, verify, diff
and replay read. One that is there already is gone on with where it ends. Events that have been over for as long
are forgotten, as by `touchline serve --retain-days`. No service may run on the store; `serve` does the same by
itself. Broken off at any moment, the same command ends where it would have ended.

Examples, on the store of the first example of `touchline replay --help`:
  touchline archive match-day.db --older-than 30 --to match-day-archive.db
)";

}  // namespace

Result<void> check_archive_path(const std::string& archive, const std::string& store) {
  std::error_code ignored;
  const std::filesystem::path real_archive = file_behind(archive);
  const std::filesystem::path real_store = file_behind(store);
  if (std::filesystem::equivalent(archive, store, ignored) || real_archive == real_store)
    return Error{ErrorKind::usage, archive + ": is the store itself; an archive is another file", 0};
  for (const char* beside : {"-wal", "-shm"}) {
    if (real_archive == real_store.string() + beside)
      return Error{ErrorKind::usage, archive + ": is a file of the store; an archive is another file", 0};
  }
  if (std::filesystem::is_directory(archive, ignored))
    return Error{ErrorKind::usage, archive + ": is a folder; an archive is a file", 0};
  if (!std::filesystem::is_directory(real_archive.parent_path(), ignored))
    return Error{ErrorKind::usage, archive + ": its folder is not there", 0};
  return {};
}

Command add_archive(CLI::App& parent) {
  const auto options = std::make_shared<ArchiveOptions>();
  CLI::App* app = parent.add_subcommand("archive", "Moves what is old into an archive");
  app->add_option("DB", options->store, "The store, not in use")->required()->type_name("");
  app->add_option("--older-than", options->older_than_days, "What was published longer ago")
      ->required()
      ->type_name("DAYS")
      ->check(CLI::Range(0.0, retain_days_max).description(""));
  app->add_option("--to", options->to, "The archive, created where there is none")->type_name("FILE");
  app->add_flag("--discard", options->discard, "No archive: what is old is gone");
  app->add_flag("--json", options->json, "One JSON object");
  app->footer(footer);
  return {app, [options] { return run(*options); }};
}

}  // namespace touchline
