// The ports that readers come in by: their options, what stands in front of them, and the servers behind them.
//
// serve, replay and relay share it. Everything is validated before anything is opened. Knows no journal and no source; what
// is worth a line goes to `say`. Loop thread.
#pragma once

#include "core/result.h"
#include "feed/admission.h"
#include "feed/endpoint.h"
#include "feed/hub.h"
#include "feed/loop.h"
#include "feed/relay_tokens.h"
#include "feed/tcp_server.h"
#include "feed/tls_context.h"

#include <CLI/CLI.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace touchline {

struct ReaderPortOptions {
  std::vector<std::string> listen;
  TlsFiles tls;
  std::string tokens;
  AdmissionOptions admission;
  std::optional<std::size_t> address_connections_max;  // not set: the default, and loopback is not limited
  std::optional<std::size_t> address_connects_per_s;
  bool tls_is_used_elsewhere = false;  // so a certificate is no mistake where no reader needs it
};

void add_reader_port_options(CLI::App& app, ReaderPortOptions& options);

class ReaderPorts {
 public:
  // Reads and checks what the options name.
  static Result<std::unique_ptr<ReaderPorts>> prepare(ReaderPortOptions options);

  Result<void> open(Loop& loop, Hub& hub);
  // Reads every file again. What cannot be read stays as it was; returns a sentence for each, good or bad.
  struct Reloaded {
    bool failed = false;
    std::string text;
  };
  std::vector<Reloaded> reload();

  // What an operator may not have meant, a sentence each.
  std::vector<std::string> warnings() const;

  // Of every connection, joined or not.
  void each_session(const std::function<void(const std::string& peer, const ReaderSession&)>& visit) const;

  void stop_accepting();
  // Whoever reads by now is sent away and may come back; nobody of them is in the hub when this returns.
  void send_away(const std::string& why);
  // Closes every session once it has sent what the hub has for it; then `done`.
  void drain(std::function<void()> done);

  std::function<void(const Endpoint&)> on_listening;
  std::function<void(const SessionNews&)> on_news;
  std::function<void()> on_waiting;  // a reader waits for keyframes

 private:
  explicit ReaderPorts(ReaderPortOptions options) : options_(std::move(options)) {}

  ReaderPortOptions options_;
  std::vector<Endpoint> endpoints_;
  std::shared_ptr<TlsContext> tls_;
  std::shared_ptr<RelayTokens> tokens_;
  std::vector<std::unique_ptr<TcpServer>> servers_;
};

}  // namespace touchline
