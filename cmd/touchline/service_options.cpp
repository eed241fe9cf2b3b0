#include "cmd/touchline/service_options.h"

namespace touchline {

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
}

}  // namespace touchline
