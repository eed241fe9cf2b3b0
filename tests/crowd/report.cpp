#include "tests/crowd/report.h"

#include <array>
#include <cstdarg>
#include <cstdio>

namespace touchline::crowd {
namespace {

__attribute__((format(printf, 1, 2))) std::string formatted(const char* format, ...) {
  std::array<char, 512> text{};
  std::va_list arguments;
  va_start(arguments, format);
  const int size = std::vsnprintf(text.data(), text.size(), format, arguments);
  va_end(arguments);
  return {text.data(), static_cast<std::size_t>(size)};
}

unsigned long long number(std::uint64_t value) { return value; }
double ratio(double of, double to) { return to == 0 ? 0 : of / to; }

std::string times_of(const char* what, const Histogram& times) {
  if (times.count() == 0) return {};
  return formatted("%-28s p50 %.1f ms, p99 %.1f ms, last %.1f ms (%llu)\n", what, times.percentile_ms(0.5),
                   times.percentile_ms(0.99), times.max_ms(), number(times.count()));
}

}  // namespace

std::string table_of(const Report& report) {
  const auto clients = static_cast<double>(report.clients);
  const auto deltas = static_cast<double>(report.deltas);
  std::string out = formatted("%-28s %zu at %zu relays, %llu messages in %.0f s\n", "clients", report.clients,
                              report.relays, number(report.deltas), report.seconds);
  out += formatted("%-28s %zu, one for %.0f clients\n", "connections at the origin",
                   report.origin_connections, ratio(clients, static_cast<double>(report.origin_connections)));
  out +=
      formatted("%-28s %llu of %llu, one in %.0f\n", "bytes from the origin", number(report.origin_bytes),
                number(report.baseline_bytes),
                ratio(static_cast<double>(report.baseline_bytes), static_cast<double>(report.origin_bytes)));
  out += formatted("%-28s %llu\n", "goals", number(report.goals));
  out += times_of("a goal, commit to client", report.goal);
  out += times_of("  while the others came", report.goal_meanwhile);
  out += times_of("  to those who came late", report.goal_late);
  out += times_of("joining", report.joins);
  out += formatted("%-28s %llu lost, %llu states in place of %llu more, %llu wrong states\n", "messages",
                   number(report.messages_lost), number(report.states), number(report.states_skipped),
                   number(report.digest_mismatches));
  out += formatted("%-28s %llu refused, %llu ended\n", "connections", number(report.refused),
                   number(report.ended));
  if (report.stale_most != 0) out += formatted("%-28s %zu\n", "clients told of staleness", report.stale_most);
  out += formatted("%-28s %lld bytes a client, %.1f us of CPU a message, %.2f cores\n", "relays",
                   static_cast<long long>(report.rss_per_client_bytes),
                   ratio(report.relay_cpu_seconds * 1e6, deltas),
                   ratio(report.relay_cpu_seconds, report.seconds));
  out += formatted("%-28s %.2f cores\n", "origin", ratio(report.origin_cpu_seconds, report.seconds));
  for (const std::string& fault : report.faults)
    out += "fault: " + fault + "\n";
  return out;
}

std::string json_of(const Report& report) {
  return formatted(
      "{\"clients\":%zu,\"relays\":%zu,\"origin_connections\":%zu,\"origin_bytes\":%llu,"
      "\"baseline_bytes\":%llu,\"messages_lost\":%llu,\"goal_p50_ms\":%.2f,\"goal_p99_ms\":%.2f,"
      "\"goal_last_ms\":%.2f,\"rss_per_client_bytes\":%lld,\"digest_mismatches\":%llu}\n",
      report.clients, report.relays, report.origin_connections, number(report.origin_bytes),
      number(report.baseline_bytes), number(report.messages_lost), report.goal.percentile_ms(0.5),
      report.goal.percentile_ms(0.99), report.goal.max_ms(),
      static_cast<long long>(report.rss_per_client_bytes), number(report.digest_mismatches));
}

}  // namespace touchline::crowd
