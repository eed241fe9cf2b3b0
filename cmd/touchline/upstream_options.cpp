#include "cmd/touchline/upstream_options.h"

#include "feed/relay_tokens.h"
#include "feed/transport.h"

#include <utility>

namespace touchline {

void add_upstream_options(CLI::App& app, UpstreamOptions& options, const std::string& begin) {
  app.add_option("--" + begin + "token-file", options.token_file,
                 "The token to show, if the publisher wants one; else that of the environment variable "
                 "TOUCHLINE_TOKEN");
  app.add_option(
      "--" + begin + "tls-ca", options.tls.authorities,
      "For tls and wss: who may have signed the publisher's certificate, a PEM file; else the system's own");
  app.add_option("--" + begin + "tls-cert", options.tls.certificate,
                 "For tls and wss, if the publisher wants one: own certificate, a PEM file");
  app.add_option("--" + begin + "tls-key", options.tls.key, "Its key, a PEM file without a password");
}

Result<Upstream> read_upstream(const UpstreamOptions& options, const std::string& begin) {
  Upstream upstream;
  const auto endpoint = parse_reader_endpoint(options.url);
  if (!endpoint) return endpoint.error();
  upstream.endpoint = *endpoint;
  const bool names_tls_files =
      !options.tls.authorities.empty() || !options.tls.certificate.empty() || !options.tls.key.empty();
  if (is_encrypted(*endpoint)) {
    auto context = TlsContext::open(TlsContext::Side::client, options.tls);
    if (!context) return context.error();
    upstream.tls = std::move(*context);
  } else if (names_tls_files) {
    return Error{ErrorKind::usage,
                 "--" + begin + "tls-ca, --" + begin + "tls-cert and --" + begin +
                     "tls-key need a tls:// or wss:// address",
                 0};
  }
  auto token = own_token(options.token_file);
  if (!token) return token.error();
  upstream.token = std::move(*token);
  return upstream;
}

}  // namespace touchline
