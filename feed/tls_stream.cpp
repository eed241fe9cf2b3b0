#include "feed/tls_stream.h"

#include "feed/tcp_stream.h"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

namespace touchline {
namespace asio = boost::asio;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t record_bytes = 16U << 10;  // most that one TLS record carries

// Why a peer's certificate was not taken; OpenSSL's error of the handshake says only that it was not.
class CertificateErrors final : public std::error_category {
 public:
  const char* name() const noexcept override { return "certificate"; }
  std::string message(int value) const override {
    return std::string("the peer's certificate: ") + X509_verify_cert_error_string(value);
  }
};

error_code certificate_error(int verified) {
  static const CertificateErrors category;
  return std::error_code(verified, category);
}

error_code without_truncation(const error_code& error) {
  return error == ssl::error::stream_truncated ? asio::error::eof : error;
}

}  // namespace

struct TlsStream::Core {
  Core(tcp::socket socket, const Context& context, ssl::stream_base::handshake_type as)
      : peer(set_up(socket)), keep(context), side(as), stream(std::move(socket), *context) {}

  std::string peer;
  Context keep;
  ssl::stream_base::handshake_type side;
  ssl::stream<tcp::socket> stream;
  std::string gathered;  // what is being written, if it was in pieces
  bool opened = false;
};

TlsStream::TlsStream(tcp::socket socket, const Context& context)
    : core_(std::make_shared<Core>(std::move(socket), context, ssl::stream_base::server)) {}

TlsStream::TlsStream(tcp::socket socket, const Context& context, const std::string& host)
    : core_(std::make_shared<Core>(std::move(socket), context, ssl::stream_base::client)) {
  SSL* const native = core_->stream.native_handle();
  error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  if (not_an_address) {
    // What SSL_set_tlsext_host_name() is, which casts as C does.
    SSL_ctrl(native, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(host.c_str()));
    SSL_set_hostflags(native, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(native, host.c_str());
  } else {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(native), host.c_str());
  }
}

TlsStream::~TlsStream() = default;

void TlsStream::open(std::function<void(const error_code&)> done) {
  core_->stream.async_handshake(core_->side, [core = core_, done = std::move(done)](const error_code& error) {
    const auto verified = static_cast<int>(SSL_get_verify_result(core->stream.native_handle()));
    if (error && verified != X509_V_OK) return done(certificate_error(verified));
    core->opened = !error;
    done(error);
  });
}

void TlsStream::read_some(asio::mutable_buffer into, Done done) {
  core_->stream.async_read_some(
      into, [core = core_, done = std::move(done)](const error_code& error, std::size_t n) {
        done(without_truncation(error), n);
      });
}

void TlsStream::write_some(const std::vector<asio::const_buffer>& from, Done done) {
  asio::const_buffer record = from.empty() ? asio::const_buffer() : from.front();
  if (from.size() > 1 && record.size() < record_bytes) {
    std::string& gathered = core_->gathered;
    gathered.clear();
    for (const asio::const_buffer& piece : from) {
      gathered.append(static_cast<const char*>(piece.data()),
                      std::min(piece.size(), record_bytes - gathered.size()));
      if (gathered.size() == record_bytes) break;
    }
    record = asio::buffer(gathered);
  }
  core_->stream.async_write_some(record, [core = core_, done = std::move(done)](
                                             const error_code& error, std::size_t n) { done(error, n); });
}

void TlsStream::close() {
  error_code ignored;
  // The last word goes out at once or not at all: nothing is waited for.
  if (std::exchange(core_->opened, false)) core_->stream.async_shutdown([core = core_](const error_code&) {});
  tcp::socket& socket = core_->stream.next_layer();
  socket.shutdown(tcp::socket::shutdown_both, ignored);
  socket.close(ignored);
}

std::string TlsStream::peer() const { return core_->peer; }

}  // namespace touchline
