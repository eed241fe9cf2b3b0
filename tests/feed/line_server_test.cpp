// A full source port: who brings nothing gives way to who comes next, and nobody else does.

#include "feed/line_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace touchline {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

class LineServerTest : public testing::Test {
 protected:
  ~LineServerTest() override {
    for (const int socket : sockets_)
      ::close(socket);
  }

  void listen(LineServerOptions options) {
    server_ = std::make_unique<LineServer>(loop_, publisher_, origin_.add_source(), "feed", options);
    server_->on_news = [this](const LineNews& news) {
      if (news.kind == LineNews::Kind::connected) ++connected_;
      if (news.kind == LineNews::Kind::ended) ended_.push_back(news.text);
      loop_.stop();
    };
    const auto endpoint = server_->listen({"tcp", "127.0.0.1", 0});
    ASSERT_TRUE(endpoint);
    port_ = endpoint->port;
  }

  int connect() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    sockets_.push_back(socket);
    loop_.run();  // to the news of it
    return socket;
  }

  Loop loop_;
  Origin origin_;
  Hub hub_{origin_.table(), Epoch(1), {}};
  Publisher publisher_{origin_, hub_, [](Batch) {}};
  std::unique_ptr<LineServer> server_;
  std::uint16_t port_ = 0;
  std::vector<int> sockets_;
  int connected_ = 0;
  std::vector<std::string> ended_;
};

TEST_F(LineServerTest, GivesThePlaceOfTheIdlestToWhoComesNext) {
  listen({.connections_max = 2, .idle_min = milliseconds(0)});
  connect();
  const int second = connect();
  connect();
  EXPECT_EQ(connected_, 3);
  ASSERT_THAT(ended_, ElementsAre(HasSubstr("brought no line for long")));
  // The first one was the idlest: the second is still there.
  ASSERT_EQ(::send(second, "bad\n", 4, MSG_NOSIGNAL), 4);
  loop_.run();
  EXPECT_EQ(origin_.counts().rejected, 1U);
}

TEST_F(LineServerTest, SendsAwayWhoComesNextWhereAllBringLines) {
  listen({.connections_max = 2, .idle_min = std::chrono::hours(1)});
  connect();
  connect();
  const int third = connect();
  EXPECT_EQ(connected_, 2);
  EXPECT_THAT(ended_, ElementsAre("there are 2 connections already"));
  std::string said(200, '\0');
  loop_.after(milliseconds(0), [this] { loop_.stop(); });
  loop_.run();
  const ssize_t size = ::recv(third, said.data(), said.size(), 0);
  ASSERT_GT(size, 0);
  EXPECT_THAT(said, testing::StartsWith("busy: 2 connections bring lines of this source already\n"));
}

}  // namespace
}  // namespace touchline
