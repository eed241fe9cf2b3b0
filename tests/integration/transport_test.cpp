// Readers over TLS and WebSocket: what they end with, and who is refused before a word of the protocol is said.

#include "tests/integration/byte_proxy.h"
#include "tests/integration/guarded_fixture.h"

#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace touchline::integration {
namespace {

using testing::HasSubstr;

class Transport : public Guarded, public testing::WithParamInterface<const char*> {};

TEST_P(Transport, CarriesEverythingToTheSameDigests) {
  const std::string day = bytes_of(simulate_day(folder_, 2, 3));
  start(GetParam());
  const auto reader = join(readers_);
  const auto careful = join(readers_, {"--read-bytes", "1"});
  send(day);
  stop();
  expect_whole(*reader);
  expect_whole(*careful);
}

TEST_P(Transport, CarriesEverythingAByteAtATime) {
  const std::string day = bytes_of(simulate_day(folder_, 1, 4));
  start(GetParam());
  send(day.substr(0, day.find('\n', day.size() / 2) + 1));  // in keyframes, and
  const ByteProxy proxy(readers_);
  const auto reader = join(proxy.url());
  send(day.substr(day.find('\n', day.size() / 2) + 1));  // in deltas
  stop();
  expect_whole(*reader);
}

TEST_P(Transport, CutsAHandshakeThatTakesTooLong) {
  start(GetParam());
  Socket silent(readers_);
  if (std::string(GetParam()) == "ws") {
    EXPECT_TRUE(silent.send("GET / HTTP/1.1\r\nHost: here\r\n"));
  } else {
    EXPECT_TRUE(silent.send("\x16\x03\x01"));
  }
  EXPECT_EQ(silent.receive_all(), "");
  service_->wait_for_line("refused: no hello in time");
  const auto reader = join(readers_);
  stop();
}

INSTANTIATE_TEST_SUITE_P(Schemes, Transport, testing::Values("tls", "ws", "wss"),
                         [](const auto& tested) { return std::string(tested.param); });

class Tls : public Guarded {};

// How far a client of OpenSSL comes with at most that version.
bool shakes_hands(const std::string& url, int version_max) {
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX_set_max_proto_version(context.get(), version_max);
  const std::unique_ptr<BIO, void (*)(BIO*)> bio(BIO_new_ssl_connect(context.get()), BIO_free_all);
  BIO_set_conn_hostname(bio.get(), url.substr(url.find("//") + 2).c_str());
  return BIO_do_connect(bio.get()) == 1 && BIO_do_handshake(bio.get()) == 1;
}

TEST_F(Tls, RefusesWhatIsOlderThan13) {
  start("tls");
  EXPECT_FALSE(shakes_hands(readers_, TLS1_2_VERSION));
  service_->wait_for_line("no handshake: unsupported protocol");
  EXPECT_TRUE(shakes_hands(readers_, TLS1_3_VERSION));
  stop();
}

TEST_F(Tls, IsGivenUpByAReaderThatDoesNotTrustThePublisher) {
  start("tls");
  const Finished reader = run(tail_of(readers_, {"--tls-ca", folder_ / "other-ca.pem"}));
  EXPECT_EQ(reader.exit_code, 3);
  EXPECT_THAT(reader.err, HasSubstr("the peer's certificate: "));
  const Finished trusting_the_system = run({"tail", readers_});
  EXPECT_THAT(trusting_the_system.err, HasSubstr("the peer's certificate: "));
  stop();
}

TEST_F(Tls, AsksReadersForACertificateIfItIsToldTo) {
  start("tls", {"--tls-client-ca", folder_ / "ca.pem"});
  const auto with = [&](const std::string& name) {
    return tail_of(readers_,
                   {"--tls-cert", folder_ / (name + ".pem"), "--tls-key", folder_ / (name + ".key")});
  };
  const Finished without = run(tail_of(readers_));
  EXPECT_EQ(without.exit_code, 3);
  EXPECT_THAT(without.err, HasSubstr("certificate required"));
  EXPECT_EQ(run(with("stranger")).exit_code, 3);
  service_->wait_for_line("no handshake: peer did not return a certificate");
  service_->wait_for_line("no handshake: the peer's certificate: ");
  Program reader(with("reader"));
  reader.wait_for_line(", epoch ");
  stop();
  expect_whole(reader);
}

TEST_F(Tls, NamesWrongFilesBeforeAnythingIsOpened) {
  const auto complaint = [&](const std::string& listen, const std::vector<std::string>& options) {
    std::vector<std::string> arguments{"serve", "--store", store_, "--listen", listen};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Finished finished = run(arguments);
    EXPECT_EQ(finished.exit_code, 2) << finished.err;
    EXPECT_FALSE(std::filesystem::exists(store_));
    return finished.err;
  };
  const std::string listen = "tls://127.0.0.1:0";
  EXPECT_THAT(complaint(listen, {}), HasSubstr("TLS needs a certificate and its key"));
  EXPECT_THAT(complaint(listen, {"--tls-cert", folder_ / "none", "--tls-key", folder_ / "server.key"}),
              HasSubstr("none: cannot be read: No such file or directory"));
  EXPECT_THAT(complaint(listen, {"--tls-cert", folder_ / "server.pem", "--tls-key", folder_ / "reader.key"}),
              HasSubstr("reader.key: holds no key that fits"));
  EXPECT_THAT(complaint("tcp://127.0.0.1:0",
                        {"--tls-cert", folder_ / "server.pem", "--tls-key", folder_ / "server.key"}),
              HasSubstr("--tls-cert needs a --listen with tls://"));
  EXPECT_THAT(complaint("tcp://127.0.0.1:0", {"--tokens", folder_ / "none"}),
              HasSubstr("none: cannot be read"));
}

class WebSocket : public Guarded {
 protected:
  // Behind the answer to its request.
  Socket upgraded() const {
    Socket socket(readers_);
    EXPECT_TRUE(
        socket.send("GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"));
    std::string answer;
    while (answer.find("\r\n\r\n") == std::string::npos)
      answer += socket.receive(1);
    EXPECT_THAT(answer, HasSubstr("101 Switching Protocols"));
    EXPECT_EQ(answer.find("deflate"), std::string::npos);
    return socket;
  }
  // A whole message, under a mask of zeros.
  static std::string message(char kind, const std::string& text) {
    return std::string{static_cast<char>(0x80 | kind), static_cast<char>(0x80 | text.size())} +
           std::string(4, '\0') + text;
  }
};

TEST_F(WebSocket, AnswersPingsAndRefusesTextMessages) {
  start("ws");
  Socket socket = upgraded();
  EXPECT_TRUE(socket.send(message(9, "still there?")));
  EXPECT_EQ(socket.receive(14), "\x8a\x0cstill there?");
  EXPECT_TRUE(socket.send(message(1, "{}")));
  EXPECT_EQ(socket.receive_all(), std::string("\x88\x02\x03\xeb", 4));  // close, 1003
  stop();
}

TEST_F(WebSocket, RefusesMessagesWithoutEnd) {
  start("ws");
  Socket socket = upgraded();
  EXPECT_TRUE(socket.send(std::string("\x82\xff\0\0\0\1\0\0\0\0\0\0\0\0", 14)));     // 4 GiB are to come
  EXPECT_EQ(socket.receive_all().substr(0, 4), std::string("\x88\x02\x03\xf1", 4));  // close, 1009
  stop();
}

TEST_F(WebSocket, AnswersWhoSpeaksSomethingElse) {
  start("ws");
  Socket socket(readers_);
  EXPECT_TRUE(socket.send("GET / HTTP/1.1\r\nHost: here\r\n\r\n"));
  EXPECT_THAT(socket.receive_all(), HasSubstr("HTTP/1.1 4"));
  service_->wait_for_line("no handshake: ");
  stop();
}

}  // namespace
}  // namespace touchline::integration
