// How a command reaches a publisher as its subscriber: address, token, and what TLS needs.
//
// tail and relay share it. Everything is checked before anything is connected. Knows no session.
#pragma once

#include "core/result.h"
#include "feed/endpoint.h"
#include "feed/tls_context.h"

#include <CLI/CLI.hpp>

#include <memory>
#include <string>

namespace touchline {

struct UpstreamOptions {
  std::string url;
  std::string token_file;
  TlsFiles tls;
};

// --token-file, --tls-ca, --tls-cert and --tls-key, each with what it is to begin with behind its dashes.
void add_upstream_options(CLI::App& app, UpstreamOptions& options, const std::string& begin = "");

struct Upstream {
  Endpoint endpoint;
  std::shared_ptr<TlsContext> tls;  // null: the address needs none
  std::string token;
};
Result<Upstream> read_upstream(const UpstreamOptions& options, const std::string& begin = "");

}  // namespace touchline
