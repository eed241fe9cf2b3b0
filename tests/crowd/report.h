// What one run of the crowd has shown, as a table for people and as one JSON object.
#pragma once

#include "core/histogram.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace touchline::crowd {

struct Report {
  std::size_t clients = 0;
  std::size_t relays = 0;
  std::size_t origin_connections = 0;
  std::uint64_t origin_bytes = 0;
  std::uint64_t baseline_bytes = 0;  // of per-client JSON in the framing of SignalR's JSON hub protocol
  std::uint64_t messages_lost = 0;
  Histogram goal;            // from its commit to each client
  Histogram goal_meanwhile;  // the same while the others came, to those who were there
  Histogram goal_late;       // the same of those who came during the match
  Histogram joins;           // from when each client was due to when it had everything
  std::uint64_t goals = 0;
  std::int64_t rss_per_client_bytes = 0;
  std::uint64_t digest_mismatches = 0;

  std::uint64_t deltas = 0;          // that clients were given
  std::uint64_t states = 0;          // that clients were given in place of deltas
  std::uint64_t states_skipped = 0;  // numbers that those stand for
  std::uint64_t refused = 0;
  std::uint64_t ended = 0;  // connections that ended and were not to
  std::size_t stale_most = 0;
  double seconds = 0;  // of play
  double relay_cpu_seconds = 0;
  double origin_cpu_seconds = 0;
  std::vector<std::string> faults;
};

std::string table_of(const Report& report);
std::string json_of(const Report& report);

// Per message to one client: the invocation around our own delta, and the record separator behind it.
inline constexpr std::string_view signalr_head = R"({"type":1,"target":"update","arguments":[)";
inline constexpr std::string_view signalr_tail = "]}\x1e";

}  // namespace touchline::crowd
