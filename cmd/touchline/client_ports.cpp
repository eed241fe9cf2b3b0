#include "cmd/touchline/client_ports.h"

#include <algorithm>

#include <sys/resource.h>

namespace touchline {
namespace {

constexpr std::size_t address_connections_max = 1'000;  // behind one address there may be a whole company
constexpr std::size_t address_connects_per_s = 200;
constexpr std::size_t handshakes_max = 8'192;

AdmissionOptions admission_of(const ClientPortOptions& options) {
  AdmissionOptions admission;
  admission.sessions_max = options.clients_max;
  admission.handshakes_max = std::min(options.clients_max, handshakes_max);
  admission.connects_per_s = options.connects_per_s;
  admission.address_connections_max = options.address_connections_max.value_or(address_connections_max);
  admission.address_connects_per_s = options.address_connects_per_s.value_or(address_connects_per_s);
  if (const auto most = options.address_connections_max) admission.loopback_connections_max = *most;
  if (const auto most = options.address_connects_per_s) admission.loopback_connects_per_s = *most;
  return admission;
}

// A client is a descriptor; as many as the system allows, without asking for more.
void take_all_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

void add_client_port_options(CLI::App& app, ClientPortOptions& options) {
  app.add_option("--clients", options.listen,
                 "Serve web clients JSON over WebSocket and Server-Sent Events (CLIENTS.md): http:// or "
                 "https://, each HOST:PORT; port 0 takes a free one");
  const CLI::Range from_one(std::size_t{1}, std::size_t{1} << 22);
  app.add_option("--clients-max", options.clients_max, "Clients at a time; past it they are refused")
      ->check(from_one)
      ->capture_default_str();
  app.add_option("--client-connects-per-s", options.connects_per_s,
                 "New clients a second from everywhere; past it they are refused, and told when to come back")
      ->check(from_one)
      ->capture_default_str();
  app.add_option(
         "--client-address-connections-max", options.address_connections_max,
         "Clients from one address at a time (1000, and any number from this machine itself, unless set)")
      ->check(from_one);
  app.add_option("--client-address-connects-per-s", options.address_connects_per_s,
                 "New clients a second from one address (200, and any number from this machine itself, "
                 "unless set)")
      ->check(from_one);
}

Result<std::unique_ptr<ClientPorts>> ClientPorts::prepare(ClientPortOptions options, const TlsFiles& files) {
  std::unique_ptr<ClientPorts> ports(new ClientPorts(std::move(options)));
  for (const std::string& text : ports->options_.listen) {
    const auto endpoint = parse_client_endpoint(text);
    if (!endpoint) return endpoint.error();
    ports->endpoints_.push_back(*endpoint);
  }
  if (!std::ranges::any_of(ports->endpoints_, is_encrypted)) return ports;
  if (files.certificate.empty())
    return Error{ErrorKind::usage, "--clients with https:// needs --tls-cert and --tls-key", 0};
  // Whoever browses shows no certificate.
  auto tls = TlsContext::open(TlsContext::Side::server, {files.certificate, files.key, ""},
                              TlsContext::Oldest::tls_1_2);
  if (!tls) return tls.error();
  ports->tls_ = std::move(*tls);
  return ports;
}

Result<void> ClientPorts::open(Loop& loop, ClientHub& hub) {
  if (!endpoints_.empty()) take_all_descriptors();
  const auto admission = std::make_shared<Admission>(admission_of(options_));
  for (const Endpoint& endpoint : endpoints_) {
    ClientServerOptions options;
    options.admission = admission;
    options.tls = tls_;
    auto server = std::make_unique<ClientServer>(loop, hub, std::move(options));
    const auto listening = server->listen(endpoint);
    if (!listening) return listening.error();
    if (on_listening) on_listening(*listening);
    servers_.push_back(std::move(server));
  }
  return {};
}

Result<void> ClientPorts::reload() { return tls_ ? tls_->reload() : Result<void>(); }

void ClientPorts::stop_accepting() {
  for (const auto& server : servers_)
    server->stop_accepting();
}

void ClientPorts::drain(const std::string& why, std::function<void()> done) {
  auto left = std::make_shared<std::size_t>(servers_.size());
  if (*left == 0) return done();
  for (const auto& server : servers_) {
    server->drain(why, [left, done] {
      if (--*left == 0) done();
    });
  }
}

ClientServerCounts ClientPorts::counts() const {
  ClientServerCounts sum;
  for (const auto& server : servers_) {
    sum.refused += server->counts().refused;
    sum.stuck += server->counts().stuck;
  }
  return sum;
}

}  // namespace touchline
