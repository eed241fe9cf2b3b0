// The service with certificates, tokens and a port of the test's choice; readers as their users run them.
//
// Everything lies in a folder of the test's own. Knows options and log lines of `serve` and `tail`.
#pragma once

#include "tests/integration/files.h"
#include "tests/integration/program.h"
#include "tests/integration/socket.h"
#include "tests/integration/stores.h"
#include "tests/tls/certificates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

namespace touchline::integration {

class Guarded : public testing::Test {
 protected:
  Guarded() {
    write_bytes(folder_ / "ca.pem", authority_.certificate());
    write_credentials("server", authority_.issue("DNS:localhost,IP:127.0.0.1"));
    write_credentials("reader", authority_.issue("DNS:reader"));
    write_credentials("stranger", stranger_.issue("DNS:reader,IP:127.0.0.1"));
    write_bytes(folder_ / "other-ca.pem", stranger_.certificate());
  }

  void write_credentials(const std::string& name, const testing_tls::Credentials& credentials) const {
    write_bytes(folder_ / (name + ".pem"), credentials.certificate);
    write_bytes(folder_ / (name + ".key"), credentials.key);
  }

  static bool is_encrypted(const std::string& scheme) { return scheme == "tls" || scheme == "wss"; }

  // With a source "feed" over TCP and a port for readers.
  void start(const std::string& scheme, const std::vector<std::string>& options = {}) {
    std::vector<std::string> arguments{"serve",
                                       "--store",
                                       store_,
                                       "--listen",
                                       scheme + "://127.0.0.1:0",
                                       "--source",
                                       "feed=tcp://127.0.0.1:0"};
    if (is_encrypted(scheme))
      arguments.insert(arguments.end(),
                       {"--tls-cert", folder_ / "server.pem", "--tls-key", folder_ / "server.key"});
    arguments.insert(arguments.end(), options.begin(), options.end());
    service_ = std::make_unique<Program>(std::move(arguments));
    readers_ = url_in(service_->wait_for_line("serving readers on"));
    feed_ = url_in(service_->wait_for_line("taking lines on"));
    service_->wait_for_line("ready:");
  }

  void send(std::string_view text) const {
    Socket socket(feed_);
    EXPECT_TRUE(socket.send(text));
    socket.end_sending();
    EXPECT_EQ(socket.receive_all(), "");
  }

  std::vector<std::string> tail_of(const std::string& url,
                                   const std::vector<std::string>& options = {}) const {
    std::vector<std::string> arguments{"tail", url, "--format", "none", "--digests"};
    const bool named = std::find(options.begin(), options.end(), "--tls-ca") != options.end();
    if (!named && is_encrypted(url.substr(0, url.find(':'))))
      arguments.insert(arguments.end(), {"--tls-ca", folder_ / "ca.pem"});
    arguments.insert(arguments.end(), options.begin(), options.end());
    return arguments;
  }

  // A reader that has joined.
  std::unique_ptr<Program> join(const std::string& url, const std::vector<std::string>& options = {}) const {
    auto reader = std::make_unique<Program>(tail_of(url, options));
    reader->wait_for_line(", epoch ");
    return reader;
  }

  Finished stop() {
    service_->send(SIGTERM);
    Finished finished = service_->wait();
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    return finished;
  }

  // The reader ended with the service, in good order, and holds what the service stored.
  void expect_whole(Program& reader) const {
    const Finished read = reader.wait();
    EXPECT_EQ(read.exit_code, 0) << read.err;
    EXPECT_NE(read.err.find("goodbye: shutdown"), std::string::npos) << read.err;
    EXPECT_EQ(digests_in(read.out), digests_of(store_));
  }

  TempFolder folder_;
  testing_tls::Authority authority_{"the authority"};
  testing_tls::Authority stranger_{"another authority"};
  std::string store_ = folder_ / "served.db";
  std::string readers_;
  std::string feed_;
  std::unique_ptr<Program> service_;
};

}  // namespace touchline::integration
