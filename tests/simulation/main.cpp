// Runs seeds of the simulation: simulation [--from SEED] [--count N] [--seconds S] [--failures N]
//
// Prints what went wrong with each seed that fails and how to see it again; exit code 1 then.

#include "tests/simulation/power_loss.h"
#include "tests/simulation/world.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include <unistd.h>

namespace {

using namespace touchline::simulation;

struct Options {
  std::uint64_t from = 1;
  std::uint64_t count = 200;
  std::uint64_t failures = 5;  // and no more
  std::int64_t seconds = 0;    // 0: as long as it takes
};

bool read(int argc, char** argv, Options& options) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const std::uint64_t value = std::strtoull(argv[i + 1], nullptr, 10);
    if (name == "--from") {
      options.from = value;
    } else if (name == "--count") {
      options.count = value;
    } else if (name == "--failures") {
      options.failures = value;
    } else if (name == "--seconds") {
      options.seconds = static_cast<std::int64_t>(value);
    } else {
      return false;
    }
  }
  return argc % 2 == 1;
}

void add(Tally& all, const Tally& one) {
  all.kills += one.kills;
  all.power_losses += one.power_losses;
  all.failed_commits += one.failed_commits;
  all.commits += one.commits;
  all.connections += one.connections;
  all.sent_away += one.sent_away;
  all.observations += one.observations;
  all.merged += one.merged;
  all.tails += one.tails;
  all.journal_tails += one.journal_tails;
  all.changed += one.changed;
  all.resets += one.resets;
  all.resyncs += one.resyncs;
  all.forgotten += one.forgotten;
  all.clearings += one.clearings;
  all.broken_off += one.broken_off;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!read(argc, argv, options)) {
    std::fprintf(stderr, "usage: %s [--from SEED] [--count N] [--seconds S] [--failures N]\n", argv[0]);
    return 2;
  }
  stand_between();
  const bool has_memory = std::filesystem::exists("/dev/shm");
  std::string folder = std::string(has_memory ? "/dev/shm" : "/tmp") + "/touchline-simulation-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) {
    std::perror(folder.c_str());
    return 2;
  }
  const auto started = std::chrono::steady_clock::now();
  const auto spent = [&] { return std::chrono::steady_clock::now() - started; };
  Tally all;
  std::uint64_t failed = 0;
  std::uint64_t seeds = 0;
  for (std::uint64_t seed = options.from; seed < options.from + options.count && failed < options.failures;
       ++seed, ++seeds) {
    if (options.seconds != 0 && spent() > std::chrono::seconds(options.seconds)) break;
    forget_files();
    const std::string store = folder + "/" + std::to_string(seed) + ".db";
    {
      World world(seed, store);
      const auto faults = world.run();
      add(all, world.tally());
      if (!faults.empty()) {
        ++failed;
        std::printf("seed %llu failed; again: %s --from %llu --count 1\n",
                    static_cast<unsigned long long>(seed), argv[0], static_cast<unsigned long long>(seed));
        for (const std::string& fault : faults)
          std::printf("  %s\n", fault.c_str());
      }
    }
    for (const char* end :
         {"", "-wal", "-shm", ".archive", ".archive-wal", ".archive-shm", ".archive.touchline-new"})
      std::filesystem::remove(store + end);
  }
  std::filesystem::remove_all(folder);
  const auto n = [](std::uint64_t number) { return static_cast<unsigned long long>(number); };
  std::printf(
      "%llu seeds, %llu failed: %llu commits (%llu cut short), %llu kills, %llu power losses, %llu "
      "connections, "
      "%llu sent away; %llu states looked at, %llu merged; resumed %llu from memory, %llu from the journal, "
      "%llu "
      "by keyframes, %llu reset, %llu asked again; %llu events forgotten, cleared %llu times (%llu broken "
      "off)\n",
      n(seeds), n(failed), n(all.commits), n(all.failed_commits), n(all.kills), n(all.power_losses),
      n(all.connections), n(all.sent_away), n(all.observations), n(all.merged), n(all.tails),
      n(all.journal_tails), n(all.changed), n(all.resets), n(all.resyncs), n(all.forgotten), n(all.clearings),
      n(all.broken_off));
  return failed == 0 ? 0 : 1;
}
