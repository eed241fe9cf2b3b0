#include "feed/tls_context.h"

#include <boost/asio/ssl/context.hpp>
#include <openssl/ssl.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace touchline {
namespace ssl = boost::asio::ssl;
using boost::system::error_code;

namespace {

// OpenSSL's own words for a file that is not there are of no use.
Result<void> check_readable(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return Error{ErrorKind::usage, path + ": cannot be read: " + std::strerror(errno), 0};
  ::close(file);
  return {};
}

Error wrong(const std::string& path, const char* what, const error_code& error) {
  return {ErrorKind::usage, path + ": " + what + ": " + error.message(), 0};
}

Result<void> take_own(ssl::context& context, const TlsFiles& files) {
  error_code error;
  if (context.use_certificate_chain_file(files.certificate, error); error)
    return wrong(files.certificate, "holds no certificate that can be used", error);
  if (context.use_private_key_file(files.key, ssl::context::pem, error); error)
    return wrong(files.key, ("holds no key that fits " + files.certificate).c_str(), error);
  return {};
}

Result<void> take_authorities(ssl::context& context, TlsContext::Side side, const std::string& path) {
  error_code error;
  if (path.empty()) {
    if (side == TlsContext::Side::client) context.set_default_verify_paths(error);
    return {};
  }
  if (context.load_verify_file(path, error); error)
    return wrong(path, "holds no certificate of an authority", error);
  if (side == TlsContext::Side::server) {
    SSL_CTX_set_client_CA_list(context.native_handle(), SSL_load_client_CA_file(path.c_str()));
  }
  return {};
}

Result<std::shared_ptr<ssl::context>> read(TlsContext::Side side, const TlsFiles& files,
                                           TlsContext::Oldest oldest) {
  for (const std::string* path : {&files.certificate, &files.key, &files.authorities}) {
    if (path->empty()) continue;
    if (const auto readable = check_readable(*path); !readable) return readable.error();
  }
  const bool is_server = side == TlsContext::Side::server;
  auto context =
      std::make_shared<ssl::context>(is_server ? ssl::context::tls_server : ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(),
                                oldest == TlsContext::Oldest::tls_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION);
  // A reader stays for hours: nothing is gained by taking up an old session, and a new certificate is looked at.
  SSL_CTX_set_num_tickets(context->native_handle(), 0);
  SSL_CTX_set_session_cache_mode(context->native_handle(), SSL_SESS_CACHE_OFF);
  error_code ignored;
  // A key under a password is refused: nobody is there to be asked.
  context->set_password_callback([](std::size_t, ssl::context::password_purpose) { return std::string(); },
                                 ignored);
  if (!files.certificate.empty()) {
    if (const auto own = take_own(*context, files); !own) return own.error();
  }
  if (const auto taken = take_authorities(*context, side, files.authorities); !taken) return taken.error();
  if (!is_server) context->set_verify_mode(ssl::verify_peer);
  if (is_server && !files.authorities.empty())
    context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
  return context;
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::open(Side side, TlsFiles files, Oldest oldest) {
  if (files.certificate.empty() != files.key.empty())
    return Error{ErrorKind::usage, "a certificate and its key belong together: --tls-cert and --tls-key", 0};
  if (side == Side::server && files.certificate.empty())
    return Error{ErrorKind::usage, "TLS needs a certificate and its key: --tls-cert and --tls-key", 0};
  std::shared_ptr<TlsContext> context(new TlsContext(side, std::move(files), oldest));
  if (const auto loaded = context->reload(); !loaded) return loaded.error();
  return context;
}

Result<void> TlsContext::reload() {
  auto context = read(side_, files_, oldest_);
  if (!context) return context.error();
  current_ = std::move(*context);
  return {};
}

}  // namespace touchline
