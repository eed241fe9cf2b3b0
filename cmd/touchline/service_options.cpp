#include "cmd/touchline/service_options.h"

#include "feed/endpoint.h"

namespace touchline {

namespace {

std::string refuse_wrong_endpoint(const std::string& text) {
  const auto endpoint = parse_admin_endpoint(text);
  return endpoint ? std::string() : endpoint.error().text;
}

}  // namespace

void add_service_options(CLI::App& app, ServiceOptions& options) {
  app.add_option("--heartbeat-ms", options.heartbeat_ms, "To readers, on an idle line")
      ->check(CLI::Range(10U, 60'000U))
      ->capture_default_str();
  app.add_option("--drain-ms", options.drain_ms,
                 "How long readers may take to be given the rest when stopping")
      ->capture_default_str();
  app.add_option("--log-format", options.log_format, "text or json, to standard error")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  app.add_option("--log-level", options.log_level, "debug, info, warning, error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
  app.add_option(
         "--admin", options.admin,
         "Where metrics, health and the console are shown, without TLS and token: HOST:PORT, or a PORT of "
         "127.0.0.1; as /metrics, /healthz, /readyz, /version, /events, /sources, /sessions")
      ->check(refuse_wrong_endpoint);
  app.add_option("--trace-to", options.trace.to,
                 "A collector of traces, http://HOST:PORT, that the hops of sampled deltas are sent to (OTLP "
                 "as JSON)")
      ->check(refuse_wrong_endpoint);
  app.add_option("--trace-every", options.trace.every,
                 "One delta in so many is traced: the same ones by the publisher and by its relays")
      ->check(CLI::Range(1U, 1'000'000'000U))
      ->capture_default_str();
}

}  // namespace touchline
