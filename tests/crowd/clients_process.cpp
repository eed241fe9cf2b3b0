#include "tests/crowd/clients_process.h"

#include "tests/crowd/clock.h"

#include <array>
#include <cstdio>
#include <exception>
#include <sstream>
#include <string>
#include <utility>

#include <sys/resource.h>
#include <unistd.h>

namespace touchline::crowd {
namespace {

constexpr std::int64_t progress_every_ns = 200'000'000;

void take_all_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void say_progress(const WebCrowd& crowd) {
  const WebCrowdCounts& counts = crowd.counts();
  std::printf("progress %zu %zu %zu %llu %llu %llu %llu %llu\n", crowd.joined(), crowd.reached(),
              crowd.stale(), static_cast<unsigned long long>(counts.deltas),
              static_cast<unsigned long long>(counts.refused), static_cast<unsigned long long>(counts.ended),
              static_cast<unsigned long long>(counts.lost), static_cast<unsigned long long>(counts.faults));
}

void say_states(const WebCrowd& crowd) {
  for (const auto& [place, clients] : crowd.places()) {
    if (place == nullptr) {
      std::printf("state - 0 %zu null\n", clients);
    } else {
      std::printf("state %s %llu %zu %s\n", place->event.c_str(), static_cast<unsigned long long>(place->seq),
                  clients, History::state_at(*place).spelled().c_str());
    }
  }
}

void report(const WebCrowd& crowd) {
  const WebCrowdCounts& counts = crowd.counts();
  std::printf("total %llu %llu %llu %llu %llu %llu\n", static_cast<unsigned long long>(counts.deltas),
              static_cast<unsigned long long>(counts.delta_bytes),
              static_cast<unsigned long long>(counts.snapshots),
              static_cast<unsigned long long>(counts.skipped), static_cast<unsigned long long>(counts.lost),
              static_cast<unsigned long long>(counts.bytes));
  say_states(crowd);
  for (const Place& place : crowd.history().places()) {
    if (!place.is_goal) continue;
    std::printf("goal %s %llu", place.event.c_str(), static_cast<unsigned long long>(place.seq));
    for (const std::int64_t arrival : place.arrivals_ns)
      std::printf(" %lld", static_cast<long long>(arrival));
    std::printf("\n");
  }
  std::printf("joined");
  for (const std::int64_t took : crowd.join_times_ns())
    std::printf(" %lld", static_cast<long long>(took));
  std::printf("\n");
  std::printf("done\n");
}

// Whole lines out of what came on standard input; false at its end.
bool take_commands(WebCrowd& crowd, std::string& part) {
  std::array<char, 4'096> bytes{};
  const ssize_t got = ::read(STDIN_FILENO, bytes.data(), bytes.size());
  if (got <= 0) return false;
  part.append(bytes.data(), static_cast<std::size_t>(got));
  for (auto end = part.find('\n'); end != std::string::npos; end = part.find('\n')) {
    std::istringstream line(part.substr(0, end));
    part.erase(0, end + 1);
    std::string word;
    std::string event;
    std::uint64_t seq = 0;
    line >> word;
    if (word == "until" && line >> event >> seq) crowd.expect(event, seq);
    if (word == "report") report(crowd);
  }
  return true;
}

}  // namespace

int run_clients(const WebCrowdOptions& options) try {
  take_all_descriptors();
  WebCrowd crowd(options);
  std::string part;
  bool said_fault = false;
  for (std::int64_t said_ns = 0;;) {
    if (crowd.turn(STDIN_FILENO, 5) && !take_commands(crowd, part)) return 0;
    if (steady_ns() - said_ns < progress_every_ns) continue;
    said_ns = steady_ns();
    say_progress(crowd);
    if (!crowd.fault().empty() && !std::exchange(said_fault, true))
      std::printf("fault %s\n", crowd.fault().c_str());
    std::fflush(stdout);
  }
} catch (const std::exception& error) {
  std::printf("fault %s\n", error.what());
  return 3;
}

}  // namespace touchline::crowd
