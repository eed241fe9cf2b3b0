#include "feed/tls_client.h"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <utility>

namespace touchline {
namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;

class TlsClientStream final : public ByteStream {
 public:
  TlsClientStream(tcp::socket socket, const std::shared_ptr<ssl::context>& context, const std::string& host)
      : core_(std::make_shared<Core>(std::move(socket), context)) {
    error_code error;
    const auto remote = core_->stream.lowest_layer().remote_endpoint(error);
    if (!error) peer_ = remote.address().to_string() + ":" + std::to_string(remote.port());
    core_->stream.lowest_layer().set_option(tcp::no_delay(true), error);
    SSL* const native = core_->stream.native_handle();
    error_code no_address;
    asio::ip::make_address(host, no_address);
    if (no_address) {
      // What the macro SSL_set_tlsext_host_name does, without its casts.
      SSL_ctrl(native, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
               const_cast<char*>(host.c_str()));
      SSL_set_hostflags(native, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
      SSL_set1_host(native, host.c_str());
    } else {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(native), host.c_str());
    }
  }

  void open(std::function<void(const error_code&)> done) override {
    core_->stream.async_handshake(ssl::stream_base::client, [core = core_, done = std::move(done)](
                                                                const error_code& error) { done(error); });
  }
  void read_some(asio::mutable_buffer into, Done done) override {
    core_->stream.async_read_some(
        into, [core = core_, done = std::move(done)](const error_code& error, std::size_t bytes) {
          done(error == ssl::error::stream_truncated ? error_code(asio::error::eof) : error, bytes);
        });
  }
  void write_some(const std::vector<asio::const_buffer>& from, Done done) override {
    core_->stream.async_write_some(
        from, [core = core_, done = std::move(done)](const error_code& error, std::size_t bytes) {
          done(error, bytes);
        });
  }
  // Without TLS's last word: what was sent is complete by itself.
  void close() override {
    error_code ignored;
    core_->stream.lowest_layer().close(ignored);
  }
  std::string peer() const override { return peer_; }

 private:
  struct Core {  // lives until what is under way has ended
    Core(tcp::socket socket, const std::shared_ptr<ssl::context>& with)
        : context(with), stream(std::move(socket), *with) {}
    std::shared_ptr<ssl::context> context;
    ssl::stream<tcp::socket> stream;
  };
  std::shared_ptr<Core> core_;
  std::string peer_ = "unknown";
};

}  // namespace

Result<std::shared_ptr<ssl::context>> tls_client_context(const std::string& authorities) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  context->set_verify_mode(ssl::verify_peer);
  error_code error;
  if (authorities.empty()) {
    context->set_default_verify_paths(error);
  } else {
    context->load_verify_file(authorities, error);
  }
  if (error) {
    return Error{ErrorKind::usage,
                 (authorities.empty() ? "the system's certificates" : authorities) +
                     ": hold no certificate of an authority: " + error.message(),
                 0};
  }
  return context;
}

std::unique_ptr<ByteStream> tls_client_stream(tcp::socket socket,
                                              const std::shared_ptr<ssl::context>& context,
                                              const std::string& host) {
  return std::make_unique<TlsClientStream>(std::move(socket), context, host);
}

}  // namespace touchline
