// TLS to a vendor: bytes go both ways where the certificate is right, and none where it is not.

#include "feed/tls_client.h"

#include "feed/loop.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include <unistd.h>

namespace touchline {
namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;
using testing::HasSubstr;

// A vendor that says "hello" to whoever agrees on TLS, with a certificate for the address 127.0.0.1.
class TlsClient : public testing::Test {
 protected:
  void SetUp() override {
    const std::string make = "cd '" + folder_.string() +
                             "' && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
                             "-keyout key.pem -out cert.pem -days 2 -subj /CN=vendor "
                             "-addext subjectAltName=IP:127.0.0.1 >/dev/null 2>&1";
    if (std::system(make.c_str()) != 0) GTEST_SKIP() << "no openssl";  // NOLINT(concurrency-mt-unsafe)
    server_context_.use_certificate_chain_file((folder_ / "cert.pem").string());
    server_context_.use_private_key_file((folder_ / "key.pem").string(), ssl::context::pem);
    acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
      if (error) return;
      server_ = std::make_unique<ssl::stream<tcp::socket>>(std::move(socket), server_context_);
      server_->async_handshake(ssl::stream_base::server, [this](const error_code& failed) {
        if (failed) return;
        asio::async_write(*server_, asio::buffer("hello", 5), [](const error_code&, std::size_t) {});
      });
    });
  }
  ~TlsClient() override { std::filesystem::remove_all(folder_); }

  // What it said, or why nothing came.
  std::string heard(const std::string& authorities, const std::string& host) {
    const auto context = tls_client_context(authorities);
    if (!context) return context.error().text;
    tcp::socket socket(loop_.context());
    socket.connect(acceptor_.local_endpoint());
    const auto stream = tls_client_stream(std::move(socket), *context, host);
    std::string text(5, '\0');
    std::string heard;
    stream->open([&](const error_code& error) {
      if (error) {
        heard = error.message();
        return loop_.stop();
      }
      stream->read_some(asio::buffer(text), [&](const error_code& failed, std::size_t size) {
        heard = failed ? failed.message() : text.substr(0, size);
        loop_.stop();
      });
    });
    loop_.run();
    stream->close();
    return heard;
  }
  std::string ours() const { return (folder_ / "cert.pem").string(); }

  std::filesystem::path folder_ = [] {
    std::string name = (std::filesystem::temp_directory_path() / "touchline-tls-XXXXXX").string();
    return std::filesystem::path(::mkdtemp(name.data()));
  }();
  Loop loop_;
  ssl::context server_context_{ssl::context::tls_server};
  tcp::acceptor acceptor_{loop_.context(), {asio::ip::address_v4::loopback(), 0}};
  std::unique_ptr<ssl::stream<tcp::socket>> server_;
};

TEST_F(TlsClient, HearsWhoHasTheRightCertificate) { EXPECT_EQ(heard(ours(), "127.0.0.1"), "hello"); }

TEST_F(TlsClient, HearsNobodyWhoseAuthorityIsNotTrusted) {
  EXPECT_THAT(heard("", "127.0.0.1"), HasSubstr("certificate verify failed"));
}

TEST_F(TlsClient, HearsNobodyWhoseCertificateIsForAnotherHost) {
  EXPECT_THAT(heard(ours(), "127.0.0.2"), HasSubstr("certificate verify failed"));
}

TEST_F(TlsClient, HearsNobodyWhoseCertificateIsForAnotherName) {
  EXPECT_THAT(heard(ours(), "stream-api.example"), HasSubstr("certificate verify failed"));
}

TEST_F(TlsClient, NamesAFileThatHoldsNoAuthority) {
  EXPECT_THAT(heard((folder_ / "key.pem").string(), "127.0.0.1"), HasSubstr("key.pem: hold no certificate"));
}

}  // namespace
}  // namespace touchline
