// The admin port's HTTP: what is answered, what is refused, and that nobody can hold it up.

#include "feed/admin/admin_server.h"

#include "feed/admin/page_bounds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace touchline {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class AdminServerTest : public testing::Test {
 protected:
  ~AdminServerTest() override {
    for (const int socket : sockets_)
      ::close(socket);
    loop_.stop();
    if (runner_.joinable()) runner_.join();
  }

  void start(AdminServerOptions options = {}) {
    server_ = std::make_unique<AdminServer>(loop_, options);
    server_->route("/hello", [](const AdminRequest& request) {
      const auto number = request.number("n", 7);
      if (!number) return admin_error(400, number.error().text);
      return AdminAnswer{200, "text/plain", "hello " + std::to_string(*number) + "\n"};
    });
    server_->route("/", [](const AdminRequest&) { return AdminAnswer{200, "text/html", "<p>"}; });
    const auto endpoint = server_->listen({"http", "127.0.0.1", 0});
    ASSERT_TRUE(endpoint);
    port_ = endpoint->port;
    runner_ = std::thread([this] { loop_.run(); });
  }

  int connect() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{60, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    sockets_.push_back(socket);
    return socket;
  }
  static void send(int socket, std::string_view text) {
    EXPECT_EQ(::send(socket, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  // Until it holds the text, or the end.
  static std::string receive(int socket, std::string_view until = {}) {
    std::string text;
    char part[4096];
    while (until.empty() || text.find(until) == std::string::npos) {
      const ssize_t n = ::recv(socket, part, sizeof part, 0);
      if (n <= 0) break;
      text.append(part, static_cast<std::size_t>(n));
    }
    return text;
  }
  // Of a connection of its own, which the server closes.
  std::string answer(std::string_view request) {
    const int socket = connect();
    send(socket, request);
    return receive(socket);
  }
  std::string get(const std::string& target) {
    return answer("GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  }

  Loop loop_;
  std::unique_ptr<AdminServer> server_;
  std::thread runner_;
  std::uint16_t port_ = 0;
  std::vector<int> sockets_;
};

TEST_F(AdminServerTest, AnswersWhatARouteSays) {
  start();
  EXPECT_THAT(get("/hello"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Type: text/plain\r\n"),
                    HasSubstr("Content-Length: 8\r\n"), EndsWith("\r\n\r\nhello 7\n")));
  EXPECT_THAT(get("/hello?m=1&n=12"), EndsWith("hello 12\n"));
  EXPECT_THAT(get("/"), HasSubstr("Content-Security-Policy: default-src 'none'"));
}

TEST_F(AdminServerTest, GivesHeadTheLengthAndNoBody) {
  start();
  EXPECT_THAT(answer("HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
              AllOf(HasSubstr("Content-Length: 8\r\n"), EndsWith("\r\n\r\n")));
}

TEST_F(AdminServerTest, KeepsAConnectionForTheNextRequest) {
  start();
  const int socket = connect();
  for (int i = 0; i < 3; ++i) {
    send(socket, "GET /hello?n=" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(receive(socket, "hello"), EndsWith("hello " + std::to_string(i) + "\n"));
  }
  // Two at once, answered in their order.
  send(socket,
       "GET /hello?n=3 HTTP/1.1\r\nHost: x\r\n\r\nGET /hello?n=4 HTTP/1.1\r\nHost: x\r\nConnection: "
       "close\r\n\r\n");
  EXPECT_THAT(receive(socket), AllOf(HasSubstr("hello 3\n"), EndsWith("hello 4\n")));
}

TEST_F(AdminServerTest, RefusesByNameWhatItDoesNotKnow) {
  start();
  EXPECT_THAT(get("/nothing"),
              AllOf(StartsWith("HTTP/1.1 404"), EndsWith("{\"error\":\"there is / /hello\"}\n")));
  EXPECT_THAT(get("/hello?n=x"), AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("n is no number")));
  EXPECT_THAT(get("/hello?n="), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(get("/hello?n=99999999999999999999"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer("DELETE /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("Allow: GET, HEAD\r\n")));
  EXPECT_THAT(answer("POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(answer("this is no HTTP\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer("GET /hello HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431"));
}

TEST_F(AdminServerTest, LetsNobodyHoldItUp) {
  start({2, milliseconds(150), milliseconds(150)});
  const int silent = connect();
  const int slow = connect();
  send(slow, "GET /hel");
  // Both places are taken: the next one is told so, and not kept.
  EXPECT_THAT(get("/hello"), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("too many connections")));
  EXPECT_EQ(receive(silent), "");
  EXPECT_EQ(receive(slow), "");
  EXPECT_THAT(get("/hello"), StartsWith("HTTP/1.1 200"));
}

TEST_F(AdminServerTest, EndsWithRequestsUnderWay) {
  start();
  const int half = connect();
  send(half, "GET /hel");
  EXPECT_THAT(get("/hello"), StartsWith("HTTP/1.1 200"));
  loop_.post([this] {
    server_.reset();
    loop_.stop();
  });
  EXPECT_EQ(receive(half), "");
}

TEST(PageBoundsTest, AreWhatIsAskedForUpToABound) {
  const auto bounds = [](std::string_view query) { return page_bounds({"/", query}); };
  EXPECT_EQ(bounds("")->limit, 100U);
  EXPECT_EQ(bounds("from=5&limit=7")->from, 5U);
  EXPECT_EQ(bounds("from=5&limit=7")->limit, 7U);
  EXPECT_EQ(bounds("limit=1000000")->limit, 1'000U);
  EXPECT_FALSE(bounds("limit=0"));
  EXPECT_FALSE(bounds("from=-1"));
}

}  // namespace
}  // namespace touchline
