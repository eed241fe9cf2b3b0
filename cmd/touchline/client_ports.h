// The ports that clients of JSON come in by: their options, what stands in front of them, and the servers behind them.
//
// Everything is validated before anything is opened. Knows no upstream; what is worth a line goes to the listeners.
// Loop thread.
#pragma once

#include "core/result.h"
#include "feed/admission.h"
#include "feed/clients/client_hub.h"
#include "feed/clients/client_server.h"
#include "feed/endpoint.h"
#include "feed/loop.h"
#include "feed/tls_context.h"

#include <CLI/CLI.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace touchline {

struct ClientPortOptions {
  std::vector<std::string> listen;
  std::size_t clients_max = 100'000;
  std::size_t connects_per_s = 5'000;
  std::optional<std::size_t> address_connections_max;  // not set: the default, and loopback is not limited
  std::optional<std::size_t> address_connects_per_s;
};

void add_client_port_options(CLI::App& app, ClientPortOptions& options);

class ClientPorts {
 public:
  // Reads and checks what the options name. `files`: for https.
  static Result<std::unique_ptr<ClientPorts>> prepare(ClientPortOptions options, const TlsFiles& files);

  Result<void> open(Loop& loop, ClientHub& hub);
  Result<void> reload();  // certificates
  bool empty() const { return endpoints_.empty(); }
  bool uses_tls() const { return tls_ != nullptr; }

  void stop_accepting();
  // Everybody is asked to come back later; then `done`.
  void drain(const std::string& why, std::function<void()> done);
  // Refused by admission, stuck.
  ClientServerCounts counts() const;

  std::function<void(const Endpoint&)> on_listening;

 private:
  explicit ClientPorts(ClientPortOptions options) : options_(std::move(options)) {}

  ClientPortOptions options_;
  std::vector<Endpoint> endpoints_;
  std::shared_ptr<TlsContext> tls_;
  std::vector<std::unique_ptr<ClientServer>> servers_;
};

}  // namespace touchline
