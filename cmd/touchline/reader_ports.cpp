#include "cmd/touchline/reader_ports.h"

#include "cmd/touchline/counted.h"

#include <algorithm>
#include <utility>

namespace touchline {
namespace {

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

AdmissionOptions admission_of(const ReaderPortOptions& options) {
  AdmissionOptions admission = options.admission;
  if (const auto most = options.address_connections_max)
    admission.address_connections_max = admission.loopback_connections_max = *most;
  if (const auto most = options.address_connects_per_s)
    admission.address_connects_per_s = admission.loopback_connects_per_s = *most;
  return admission;
}

}  // namespace

void add_reader_port_options(CLI::App& app, ReaderPortOptions& options) {
  app.add_option("--listen", options.listen,
                 "Serve readers: tcp://, tls://, ws:// or wss://, each HOST:PORT; port 0 takes a free one");
  auto* certificate = app.add_option("--tls-cert", options.tls.certificate,
                                     "For tls and wss: the certificate and those behind it, a PEM file");
  auto* key =
      app.add_option("--tls-key", options.tls.key, "For tls and wss: its key, a PEM file without a password");
  certificate->needs(key);
  key->needs(certificate);
  app.add_option(
         "--tls-client-ca", options.tls.authorities,
         "For tls and wss: a reader needs a certificate that one of these authorities signed, a PEM file")
      ->needs(certificate);
  app.add_option(
      "--tokens", options.tokens,
      "A file of the tokens that readers must show, as `touchline token` makes them: a line each, NAME "
      "sha256:HEX [sessions=N]");
  const CLI::Range from_one(std::size_t{1}, std::size_t{1} << 20);
  app.add_option("--sessions-max", options.admission.sessions_max,
                 "Readers at a time; past it they are refused")
      ->check(from_one)
      ->capture_default_str();
  app.add_option("--handshakes-max", options.admission.handshakes_max,
                 "Of them such as have not joined yet; past it others are refused")
      ->check(from_one)
      ->capture_default_str();
  app.add_option(
         "--address-connections-max", options.address_connections_max,
         "Readers from one address at a time (64, and any number from this machine itself, unless set)")
      ->check(from_one);
  app.add_option(
         "--address-connects-per-s", options.address_connects_per_s,
         "New connections a second from one address (32, and any number from this machine itself, unless "
         "set)")
      ->check(from_one);
}

Result<std::unique_ptr<ReaderPorts>> ReaderPorts::prepare(ReaderPortOptions options) {
  std::unique_ptr<ReaderPorts> ports(new ReaderPorts(std::move(options)));
  for (const std::string& text : ports->options_.listen) {
    const auto endpoint = parse_reader_endpoint(text);
    if (!endpoint) return endpoint.error();
    ports->endpoints_.push_back(*endpoint);
  }
  const bool encrypted = std::ranges::any_of(ports->endpoints_, is_encrypted);
  if (!encrypted && !ports->options_.tls.certificate.empty() && !ports->options_.tls_is_used_elsewhere)
    return Error{ErrorKind::usage, "--tls-cert needs a --listen with tls:// or wss://", 0};
  if (encrypted) {
    auto tls = TlsContext::open(TlsContext::Side::server, ports->options_.tls);
    if (!tls) return tls.error();
    ports->tls_ = std::move(*tls);
  }
  if (const std::string& path = ports->options_.tokens; !path.empty()) {
    auto tokens = read_tokens(path);
    if (!tokens) return tokens.error();
    ports->tokens_ = std::make_shared<RelayTokens>(std::move(*tokens));
  }
  return ports;
}

Result<void> ReaderPorts::open(Loop& loop, Hub& hub) {
  TcpServerOptions options{std::make_shared<Admission>(admission_of(options_)), {}, tls_};
  options.session.tokens = tokens_;
  for (const Endpoint& endpoint : endpoints_) {
    auto server = std::make_unique<TcpServer>(loop, hub, options);
    server->on_waiting = on_waiting;
    server->on_news = on_news;
    const auto listening = server->listen(endpoint);
    if (!listening) return listening.error();
    if (on_listening) on_listening(*listening);
    servers_.push_back(std::move(server));
  }
  return {};
}

std::vector<ReaderPorts::Reloaded> ReaderPorts::reload() {
  std::vector<Reloaded> news;
  if (tls_) {
    const auto loaded = tls_->reload();
    news.push_back(
        loaded ? Reloaded{false, "new readers are given the certificate of " + options_.tls.certificate}
               : Reloaded{true, loaded.error().text + "; new readers are given the former certificate"});
  }
  if (tokens_) {
    auto tokens = read_tokens(options_.tokens);
    if (tokens) {
      tokens_->replace(std::move(*tokens));
      news.push_back({false, counted(tokens_->size(), "token") + " of " + options_.tokens});
    } else {
      news.push_back({true, tokens.error().text + "; the former tokens stay"});
    }
  }
  return news;
}

std::vector<std::string> ReaderPorts::warnings() const {
  std::vector<std::string> texts;
  for (const Endpoint& endpoint : endpoints_) {
    if (is_encrypted(endpoint) || is_loopback(endpoint.host)) continue;
    texts.push_back(endpoint.text() +
                    (tokens_ ? ": tokens are sent there as they are, for whoever is on the way"
                             : ": whoever reaches this port may read; there are --tokens and tls"));
  }
  if (tokens_) {
    if (std::string warning = warning_about(options_.tokens); !warning.empty())
      texts.push_back(std::move(warning));
  }
  return texts;
}

void ReaderPorts::stop_accepting() {
  for (const auto& server : servers_)
    server->stop_accepting();
}

void ReaderPorts::send_away(const std::string& why) {
  for (const auto& server : servers_)
    server->send_away(why);
}

void ReaderPorts::each_session(
    const std::function<void(const std::string& peer, const ReaderSession&)>& visit) const {
  for (const auto& server : servers_)
    server->each_session(visit);
}

void ReaderPorts::drain(std::function<void()> done) {
  auto left = std::make_shared<std::size_t>(servers_.size());
  if (*left == 0) return done();
  for (const auto& server : servers_) {
    server->drain([left, done] {
      if (--*left == 0) done();
    });
  }
}

}  // namespace touchline
