// Who may read: tokens, limits, and what a SIGHUP changes while sessions go on.

#include "core/frame.h"
#include "core/messages.h"
#include "feed/relay_tokens.h"
#include "tests/integration/guarded_fixture.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

namespace touchline::integration {
namespace {

using testing::HasSubstr;

class Access : public Guarded {
 protected:
  // A token in a file of its own; its line for the service.
  std::string new_relay(const std::string& name) const {
    std::string line = output_of({"token", name, "--token-file", token_file(name)});
    line.pop_back();
    return line;
  }
  std::string token_file(const std::string& name) const { return folder_ / (name + ".token"); }
  std::vector<std::string> as(const std::string& name) const { return {"--token-file", token_file(name)}; }
};

std::string error_in(const std::string& bytes) {
  FrameReader frames;
  frames.append(bytes);
  Frame frame;
  if (!frames.next(frame).value() || frame.kind != FrameKind::error) return "no error";
  const auto error = read_error(frame.body);
  return std::string(name_of(error->code)) + ": " + error->text;
}

TEST_F(Access, IsForWhoHasAToken) {
  write_bytes(folder_ / "tokens", "# relays\n" + new_relay("edge-1") + "\n");
  new_relay("nobody");
  start("tcp", {"--tokens", folder_ / "tokens"});
  for (const auto& options : {std::vector<std::string>{}, as("nobody")}) {
    const Finished refused = run(tail_of(readers_, options));
    EXPECT_EQ(refused.exit_code, 3);
    EXPECT_THAT(refused.err, HasSubstr("refused: unauthorized: \n"));
  }
  const auto reader = join(readers_, as("edge-1"));
  ::setenv("TOUCHLINE_TOKEN", bytes_of(token_file("edge-1")).c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  const auto other = join(readers_);
  ::unsetenv("TOUCHLINE_TOKEN");  // NOLINT(concurrency-mt-unsafe)
  const Finished finished = stop();
  expect_whole(*reader);
  expect_whole(*other);
  EXPECT_THAT(finished.err, HasSubstr("refused: unauthorized: it has no token"));
  EXPECT_THAT(finished.err, HasSubstr("refused: unauthorized: its token is unknown"));
  EXPECT_THAT(finished.err, HasSubstr("\"edge-1\" joined"));
  std::string token = bytes_of(token_file("edge-1"));
  token.pop_back();
  EXPECT_EQ(finished.err.find(token), std::string::npos);
}

TEST_F(Access, IsAsOftenAsTheTokenSays) {
  write_bytes(folder_ / "tokens", new_relay("edge-1") + " sessions=1\n");
  start("tcp", {"--tokens", folder_ / "tokens"});
  const auto reader = join(readers_, as("edge-1"));
  const Finished refused = run(tail_of(readers_, as("edge-1")));
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.err, HasSubstr("refused: limit: edge-1 has all the sessions"));
  stop();
}

TEST_F(Access, ByNewTokensAndCertificatesBeginsWithASignalAndEndsNobodysSession) {
  const std::string day = bytes_of(simulate_day(folder_, 1, 5));
  const std::string edge_1 = new_relay("edge-1");
  const std::string edge_2 = new_relay("edge-2");
  write_bytes(folder_ / "tokens", edge_1 + "\n");
  write_bytes(folder_ / "feed.toml", "[serve]\nlog-level = \"info\"\n");
  start("tls", {"--tokens", folder_ / "tokens", "--config", folder_ / "feed.toml"});
  const auto former = join(readers_, as("edge-1"));
  const auto half = day.find('\n', day.size() / 2) + 1;
  send(std::string_view(day).substr(0, half));
  EXPECT_EQ(run(tail_of(readers_, as("edge-2"))).exit_code, 3);

  // What cannot be read changes nothing.
  write_bytes(folder_ / "tokens", edge_2 + "\nedge-3 secret\n");
  write_bytes(folder_ / "server.key", "no key");
  write_bytes(folder_ / "feed.toml", "[serve]\nlog-level = \"loud\"\n");
  service_->send(SIGHUP);
  EXPECT_THAT(service_->wait_for_line("the former tokens stay"), HasSubstr("tokens:2: behind the name"));
  EXPECT_THAT(service_->wait_for_line("the former certificate"), HasSubstr("server.key: "));
  EXPECT_THAT(service_->wait_for_line("the log's level stays"), HasSubstr("loud"));
  join(readers_, as("edge-1"))->send(SIGTERM);

  write_bytes(folder_ / "tokens", edge_2 + "\n");
  write_credentials("server", stranger_.issue("IP:127.0.0.1"));
  write_bytes(folder_ / "feed.toml", "[serve]\nlog-level = \"debug\"\n");
  service_->send(SIGHUP);
  service_->wait_for_line("1 token of");
  service_->wait_for_line("given the certificate of");
  service_->wait_for_line("the log's level is debug");
  const Finished refused = run(tail_of(readers_, as("edge-2")));  // who trusts the former authority alone
  EXPECT_THAT(refused.err, HasSubstr("the peer's certificate: "));
  const auto later = join(readers_, {"--tls-ca", folder_ / "other-ca.pem", as("edge-2")[0], as("edge-2")[1]});
  send(std::string_view(day).substr(half));
  stop();
  expect_whole(*former);
  expect_whole(*later);
}

TEST_F(Access, WithoutProtectionIsWarnedOf) {
  write_bytes(folder_ / "tokens", new_relay("edge-1") + "\n");
  std::filesystem::permissions(folder_ / "tokens", std::filesystem::perms::others_write,
                               std::filesystem::perm_options::add);
  {
    Program open({"serve", "--store", folder_ / "open.db", "--listen", "tcp://0.0.0.0:0"});
    open.wait_for_line("whoever reaches this port may read");
  }
  Program readable({"serve", "--store", folder_ / "readable.db", "--listen", "tcp://0.0.0.0:0", "--tokens",
                    folder_ / "tokens"});
  readable.wait_for_line("tokens are sent there as they are");
  readable.wait_for_line("others than its owner can write it");
  start("tcp");
  EXPECT_THAT(stop().err, testing::Not(HasSubstr("warning")));
}

TEST_F(Access, IsLimitedForEachAddressAtTheCostOfOneAnswer) {
  start("tcp", {"--address-connections-max", "2"});
  const auto first = join(readers_);
  const auto second = join(readers_);
  Socket third(readers_);
  EXPECT_EQ(error_in(third.receive_all()), "limit: too many connections from one address");
  const Finished fourth = run(tail_of(readers_));
  EXPECT_EQ(fourth.exit_code, 3);
  EXPECT_THAT(fourth.err, HasSubstr("limit: too many connections from one address"));
  first->send(SIGTERM);
  first->wait();
  service_->wait_for_line("left: ");
  const auto fifth = join(readers_);
  stop();
}

TEST_F(Access, IsLimitedInHowFastAnAddressConnects) {
  start("tcp", {"--address-connects-per-s", "3"});
  std::vector<Socket> sockets;
  for (int i = 0; i < 20; ++i)
    sockets.emplace_back(readers_);
  service_->wait_for_line("refused: too many new connections a second from one address");
  stop();
}

TEST_F(Access, IsLimitedInHandshakesOfAllTogether) {
  start("tcp", {"--handshakes-max", "2"});
  const Socket first(readers_);
  const Socket second(readers_);
  Socket third(readers_);
  EXPECT_EQ(error_in(third.receive_all()), "limit: too many handshakes at a time");
  stop();
}

TEST(Token, IsPrintedWithItsLineAndWrittenOverNoOther) {
  const TempFolder folder;
  std::istringstream lines(output_of({"token", "edge-1"}));
  std::string token;
  std::string line;
  std::getline(lines, token);
  std::getline(lines, line);
  EXPECT_EQ(line, line_of_token("edge-1", token));
  output_of({"token", "edge-1", "--token-file", folder / "token"});
  const auto mode = std::filesystem::status(folder / "token").permissions();
  EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const std::string before = bytes_of(folder / "token");
  EXPECT_EQ(run({"token", "edge-1", "--token-file", folder / "token"}).exit_code, 3);
  EXPECT_EQ(bytes_of(folder / "token"), before);
  EXPECT_EQ(run({"token", "edge 1"}).exit_code, 2);
}

}  // namespace
}  // namespace touchline::integration
