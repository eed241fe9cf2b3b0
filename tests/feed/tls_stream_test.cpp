#include "feed/tls_stream.h"

#include "feed/tls_context.h"
#include "tests/tls/certificates.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

namespace touchline {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using testing::HasSubstr;

// Both ends of a connection in one thread, with certificates in files of their own.
class TlsStreams : public testing::Test {
 protected:
  TlsStreams() : folder_(testing::TempDir() + "touchline-tls-" + std::to_string(::getpid())) {
    std::filesystem::create_directory(folder_);
    write("ca.pem", authority_.certificate());
    const auto own = authority_.issue("DNS:localhost,IP:127.0.0.1");
    write("server.pem", own.certificate);
    write("server.key", own.key);
  }
  ~TlsStreams() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  TlsFiles server_files() const { return {path("server.pem"), path("server.key"), ""}; }

  // Opens both ends; what the client's end says.
  std::string open(const std::string& host, const TlsContext& server, const TlsContext& client) {
    tcp::acceptor acceptor(context_, {boost::asio::ip::address_v4::loopback(), 0});
    tcp::socket near(context_);
    near.connect(acceptor.local_endpoint());
    server_ = std::make_unique<TlsStream>(acceptor.accept(), server.current());
    client_ = std::make_unique<TlsStream>(std::move(near), client.current(), host);
    std::string said = "nothing";
    server_->open([](const error_code&) {});
    client_->open([&](const error_code& error) { said = error ? error.message() : ""; });
    run();
    return said;
  }

  void run() {
    context_.restart();
    context_.run();
  }

  std::filesystem::path folder_;
  testing_tls::Authority authority_{"an authority"};
  boost::asio::io_context context_;
  std::unique_ptr<TlsStream> server_;
  std::unique_ptr<TlsStream> client_;
};

TEST_F(TlsStreams, PutSmallPiecesIntoOneRecord) {
  const auto server = TlsContext::open(TlsContext::Side::server, server_files()).value();
  const auto client = TlsContext::open(TlsContext::Side::client, {"", "", path("ca.pem")}).value();
  static int records = 0;
  SSL_CTX_set_msg_callback(server->current()->native_handle(),
                           [](int write, int, int type, const void*, std::size_t, SSL*, void*) {
                             if (write == 1 && type == SSL3_RT_HEADER) ++records;
                           });
  ASSERT_EQ(open("localhost", *server, *client), "");
  records = 0;
  const std::string text(20'000, 'x');
  std::vector<boost::asio::const_buffer> pieces;
  for (std::size_t at = 0; at < 1'000; at += 10)
    pieces.push_back(boost::asio::buffer(text.data() + at, 10));
  std::size_t written = 0;
  server_->write_some(pieces, [&](const error_code&, std::size_t n) { written = n; });
  run();
  EXPECT_EQ(written, 1'000U);
  EXPECT_EQ(records, 1);
  // What is more than a record goes on with the next write.
  pieces.push_back(boost::asio::buffer(text));
  server_->write_some(pieces, [&](const error_code&, std::size_t n) { written = n; });
  std::string received(30'000, '\0');
  std::size_t got = 0;
  std::function<void()> read = [&] {
    client_->read_some(boost::asio::buffer(received), [&](const error_code& error, std::size_t n) {
      got += n;
      if (!error && got < 1'000 + (16U << 10)) read();
    });
  };
  read();
  run();
  EXPECT_EQ(written, 16U << 10);
  EXPECT_EQ(records, 2);
}

TEST_F(TlsStreams, OfAnotherHostOrAnotherAuthorityAreRefusedByName) {
  const auto server = TlsContext::open(TlsContext::Side::server, server_files()).value();
  const auto client = TlsContext::open(TlsContext::Side::client, {"", "", path("ca.pem")}).value();
  EXPECT_EQ(open("127.0.0.1", *server, *client), "");
  EXPECT_THAT(open("127.0.0.2", *server, *client), HasSubstr("IP address mismatch"));
  EXPECT_THAT(open("example.org", *server, *client), HasSubstr("hostname mismatch"));
  write("ca.pem", testing_tls::Authority("another").certificate());
  const auto stranger = TlsContext::open(TlsContext::Side::client, {"", "", path("ca.pem")}).value();
  EXPECT_THAT(open("localhost", *server, *stranger), HasSubstr("the peer's certificate: "));
}

TEST_F(TlsStreams, AgreeOnAnOlderVersionOnlyWhereThatIsAllowed) {
  using Oldest = TlsContext::Oldest;
  const auto old = TlsContext::open(TlsContext::Side::server, server_files(), Oldest::tls_1_2).value();
  SSL_CTX_set_max_proto_version(old->current()->native_handle(), TLS1_2_VERSION);
  const TlsFiles trusted{"", "", path("ca.pem")};
  const auto strict = TlsContext::open(TlsContext::Side::client, trusted).value();
  const auto lenient = TlsContext::open(TlsContext::Side::client, trusted, Oldest::tls_1_2).value();
  EXPECT_THAT(open("localhost", *old, *strict), HasSubstr("protocol version"));
  EXPECT_EQ(open("localhost", *old, *lenient), "");
}

TEST_F(TlsStreams, TakeTheNewestFilesAndKeepTheFormerOnesWhereTheseAreWrong) {
  const auto server = TlsContext::open(TlsContext::Side::server, server_files()).value();
  const auto former = server->current();
  write("server.key", authority_.issue("DNS:localhost").key);  // of another certificate
  const auto reloaded = server->reload();
  ASSERT_FALSE(reloaded);
  EXPECT_THAT(reloaded.error().text, HasSubstr("server.key: holds no key that fits"));
  EXPECT_EQ(server->current(), former);
  const auto own = authority_.issue("DNS:localhost");
  write("server.pem", own.certificate);
  write("server.key", own.key);
  EXPECT_TRUE(server->reload());
  EXPECT_NE(server->current(), former);
}

TEST_F(TlsStreams, NameTheFileThatIsWrong) {
  const auto complaint = [&](const TlsFiles& files) {
    const auto context = TlsContext::open(TlsContext::Side::server, files);
    return context ? "" : context.error().text;
  };
  write("empty", "");
  EXPECT_THAT(complaint({path("none"), path("server.key"), ""}),
              HasSubstr("none: cannot be read: No such file"));
  EXPECT_THAT(complaint({path("empty"), path("server.key"), ""}), HasSubstr("empty: holds no certificate"));
  EXPECT_THAT(complaint({path("server.pem"), path("server.pem"), ""}), HasSubstr("server.pem: holds no key"));
  EXPECT_THAT(complaint({path("server.pem"), path("server.key"), path("empty")}),
              HasSubstr("empty: holds no certificate of an authority"));
  EXPECT_THAT(complaint({path("server.pem"), "", ""}), HasSubstr("belong together"));
  EXPECT_THAT(complaint({}), HasSubstr("TLS needs a certificate"));
}

}  // namespace
}  // namespace touchline
