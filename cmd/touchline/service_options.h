// The options that every long-running command has: its heartbeat, its patience when it stops, its log, its admin
// port, its traces.
//
// Knows their defaults and bounds, and nothing of the commands that have them.
#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>

namespace touchline {

struct TraceOptions {
  std::string to;  // empty: nothing is traced
  std::uint32_t every = 1'000;
};

struct ServiceOptions {
  std::uint32_t heartbeat_ms = 1'000;
  std::uint32_t drain_ms = 5'000;
  std::string log_format = "text";
  std::string log_level = "info";
  std::string admin;  // empty: no admin port
  TraceOptions trace;
};

void add_service_options(CLI::App& app, ServiceOptions& options);

}  // namespace touchline
