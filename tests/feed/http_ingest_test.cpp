// Updates over HTTP: the answer comes when everything is on disk, and says what became of each line.

#include "feed/http_ingest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace touchline {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class HttpIngestTest : public testing::Test {
 protected:
  enum class Disk : std::uint8_t { fast, held };

  ~HttpIngestTest() override {
    if (socket_ >= 0) ::close(socket_);
  }

  void start(Disk disk = Disk::fast, HttpIngestOptions options = {},
             PublisherOptions publisher_options = {}) {
    publisher_ = std::make_unique<Publisher>(
        origin_, hub_,
        [this, disk](Batch batch) {
          under_way_ = std::move(batch);
          if (disk == Disk::fast) loop_.post([this] { commit(); });
        },
        publisher_options);
    server_ = std::make_unique<HttpIngest>(loop_, *publisher_, origin_.add_source(), "feed", options);
    publisher_->on_durable = [this] { server_->answer(); };
    publisher_->on_room = [this] { server_->resume(); };
    const auto endpoint = server_->listen({"http", "127.0.0.1", 0});
    ASSERT_TRUE(endpoint);
    port_ = endpoint->port;
    socket_ = connect();
  }
  int connect() const {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    return socket;
  }
  void commit(const Result<void>& result = {}) {
    ASSERT_TRUE(under_way_);
    Batch batch = std::move(*under_way_);
    under_way_.reset();
    publisher_->committed(std::move(batch), result, 1);
  }

  void send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t size = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (size <= 0) return;  // it answered already and reads no more
      text.remove_prefix(static_cast<std::size_t>(size));
    }
  }
  static std::string post(std::string_view body, const std::string& more = "",
                          const std::string& first = "POST /v1/updates HTTP/1.1",
                          const std::string& type = "application/x-ndjson") {
    return first + "\r\nHost: feed\r\nContent-Type: " + type + "\r\n" + more +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  }

  void turn(milliseconds time = milliseconds(1)) {
    loop_.after(time, [this] { loop_.stop(); });
    loop_.run();
  }
  // Until something is on its way to the disk.
  void wait_for_commit() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!under_way_ && std::chrono::steady_clock::now() < end)
      turn();
  }
  std::string received() {
    turn();
    std::string all;
    std::string part(1U << 16, '\0');
    for (ssize_t size = 1; size > 0;) {
      size = ::recv(socket_, part.data(), part.size(), MSG_DONTWAIT);
      if (size > 0) all.append(part, 0, static_cast<std::size_t>(size));
      ended_ = size == 0;
    }
    return all;
  }
  // To the end of a body of JSON, or of the connection.
  std::string answer() {
    std::string all;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!all.ends_with("}\n") && !ended_ && std::chrono::steady_clock::now() < end)
      all += received();
    return all;
  }
  std::string answer_to(const std::string& request) {
    send(request);
    return answer();
  }

  Loop loop_;
  Origin origin_;
  Hub hub_{origin_.table(), Epoch(7), {}};
  std::optional<Batch> under_way_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<HttpIngest> server_;
  std::uint16_t port_ = 0;
  int socket_ = -1;
  bool ended_ = false;
};

TEST_F(HttpIngestTest, TakesTheLinesInTheirOrderAndSaysWhatBecameOfThem) {
  start();
  const std::string answer =
      answer_to(post("{\"event\":\"e\",\"seq\":1,\"name\":\"A\"}\n"
                     "{\"event\":\"e\",\"seq\":1,\"name\":\"A\"}\r\n"
                     "\n"
                     "{\"event\":\"e\",\"seq\":2,\"nmae\":\"B\"}\n"
                     "{\"event\":\"e\",\"seq\":2,\"name\":\"A\"}\n"
                     "{\"event\":\"e\",\"seq\":9,\"name\":\"C\"}\n"
                     "{\"event\":\"e\",\"seq\":3,\"name\":\"C\"}"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n{\"position\":{\"epoch\":7,\"offset\":2},\"taken\":5,\"no_ops\":1,"
                               "\"repeats\":1,\"held\":1,\"outdated\":0,\"refused\":[{\"line\":4,\"byte\":68,"
                               "\"reason\":\"nmae is an unknown key\"}]}\n"));
  EXPECT_EQ(origin_.counts().rejected, 1U);
}

TEST_F(HttpIngestTest, AnswersWhenTheCommitIsOnDiskAndNotBefore) {
  start(Disk::held);
  send(post("{\"event\":\"e\",\"name\":\"A\"}"));
  wait_for_commit();
  EXPECT_EQ(received(), "");
  commit();
  EXPECT_THAT(answer(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpIngestTest, AnswersNothingWhenTheCommitFails) {
  start(Disk::held);
  send(post("{\"event\":\"e\",\"name\":\"A\"}"));
  wait_for_commit();
  commit(Error{ErrorKind::environment, "the disk is full", 0});
  turn(milliseconds(20));
  EXPECT_EQ(received(), "");
}

TEST_F(HttpIngestTest, KeepsAConnectionForTheNextRequest) {
  start();
  for (int i = 1; i < 4; ++i) {
    const std::string answer =
        answer_to(post("{\"event\":\"e\",\"home_score\":" + std::to_string(i) + "}\n"));
    EXPECT_THAT(answer,
                AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\"offset\":" + std::to_string(i))));
  }
  EXPECT_FALSE(ended_);
  EXPECT_THAT(answer_to(post("{\"event\":\"e\",\"home_score\":4}", "Connection: close\r\n")),
              HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(received(), "");
  EXPECT_TRUE(ended_);
}

// What is said again is said: only a number or an id makes it a repeat.
TEST_F(HttpIngestTest, TakesThePriceThatFlipsBack) {
  start();
  for (const char* price : {"2", "3", "2", "3"}) {
    const std::string line =
        std::string("{\"event\":\"e\",\"markets\":[{\"id\":\"m\",\"outcomes\":[{\"id\":\"o\",") +
        "\"price\":" + price + "}]}]}";
    EXPECT_THAT(answer_to(post(line)), HasSubstr("\"no_ops\":0,\"repeats\":0,"));
    ::close(socket_);
    socket_ = connect();
  }
  EXPECT_EQ(origin_.counts().deltas, 4U);
}

TEST_F(HttpIngestTest, SendsContinueToWhoWaitsForIt) {
  start();
  const std::string body = "{\"event\":\"e\",\"name\":\"A\"}";
  const std::string whole = post(body, "Expect: 100-continue\r\n");
  send(whole.substr(0, whole.size() - body.size()));
  std::string said;
  while (said.empty())
    said = received();
  EXPECT_EQ(said, "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(answer_to(body), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpIngestTest, IsTheSameHoweverTheBytesAreCut) {
  start();
  for (const char byte : post("{\"event\":\"e\",\"name\":\"A\"}\n{\"event\":\"e\",\"name\":\"B\"}\n")) {
    send({&byte, 1});
    turn();
  }
  EXPECT_THAT(answer(), HasSubstr("\"taken\":2,"));
}

TEST_F(HttpIngestTest, TakesABodyInChunks) {
  start();
  EXPECT_THAT(
      answer_to("POST /v1/updates?from=test HTTP/1.1\r\nHost: feed\r\nContent-Type: application/x-ndjson; "
                "charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
                "c\r\n{\"event\":\"e\"\r\n1\r\n}\r\n0\r\n\r\n"),
      AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\"taken\":1,")));
}

TEST_F(HttpIngestTest, WaitsForRoomWithinABody) {
  start(Disk::held, {},
        {.pending_bytes_max = 1U << 20, .pending_deltas_max = 10, .checkpoint_interval_ms = 1'000});
  std::string body;
  for (int i = 0; i < 100; ++i)
    body += "{\"event\":\"e\",\"home_score\":" + std::to_string(i) + "}\n";
  send(post(body));
  wait_for_commit();
  EXPECT_LT(origin_.counts().messages, 30U);
  std::string said;
  while (said.empty()) {
    if (under_way_) commit();
    said = received();
  }
  EXPECT_THAT(said, HasSubstr("{\"epoch\":7,\"offset\":100},\"taken\":100,"));
}

TEST_F(HttpIngestTest, RefusesWhatItDoesNotTakeByName) {
  const std::string line = "{\"event\":\"e\"}";
  const struct {
    std::string request;
    const char* status;
    const char* text;
  } cases[] = {
      {post(line, "", "POST /updates HTTP/1.1"), "404 Not Found", "/v1/updates"},
      {post(line, "", "PUT /v1/updates HTTP/1.1"), "405 Method Not Allowed", "Allow: POST"},
      {post(line, "", "POST /v1/updates HTTP/1.1", "application/json"), "415 Unsupported Media Type",
       "x-ndjson"},
      {post(line, "Content-Encoding: gzip\r\n"), "415 Unsupported Media Type", "compressed"},
      {post(line, "Expect: miracles\r\n"), "417 Expectation Failed", "100-continue"},
      {post(std::string(2'000, ' ')), "413 Payload Too Large", "1000 bytes"},
      {"POST /v1/updates HTTP/1.1\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
       "7d0\r\n" +
           std::string(2'000, ' ') + "\r\n0\r\n\r\n",
       "413 Payload Too Large", "1000 bytes"},
      {post(line, "X: " + std::string(20'000, 'x') + "\r\n"), "431 Request Header Fields Too Large",
       "header"},
      {"what is this?\r\n\r\n", "400 Bad Request", "no HTTP request"},
      {post("bad\nworse\n"), "400 Bad Request", "\"taken\":0,"},
      {post(""), "400 Bad Request", "\"taken\":0,"},
  };
  start(Disk::fast, {.body_bytes_max = 1'000});
  for (const auto& one : cases) {
    ::close(socket_);
    socket_ = connect();
    ended_ = false;
    EXPECT_THAT(answer_to(one.request),
                AllOf(StartsWith(std::string("HTTP/1.1 ") + one.status), HasSubstr(one.text)));
  }
  EXPECT_EQ(origin_.counts().messages, 2U) << "nothing but the two bad lines came so far";
}

TEST_F(HttpIngestTest, SaysThatItIsFull) {
  start(Disk::held, {.bodies_bytes_max = 100});
  send(post("{\"event\":\"e\",\"name\":\"A\"}" + std::string(60, ' '), "Expect: 100-continue\r\n")
           .substr(0, 150));
  while (received().empty()) {
  }
  const int first = std::exchange(socket_, connect());
  EXPECT_THAT(answer_to(post("{\"event\":\"e\",\"name\":\"A\"}" + std::string(60, ' '))),
              AllOf(StartsWith("HTTP/1.1 503 Service Unavailable"), HasSubstr("Retry-After: 1")));
  ::close(first);
  // Its place is free again.
  while (!server_->idle())
    turn();
  ::close(socket_);
  socket_ = connect();
  ended_ = false;
  send(post("{\"event\":\"e\",\"name\":\"A\"}"));
  wait_for_commit();
  commit();
  EXPECT_THAT(answer(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpIngestTest, AnswersWhatIsWholeAndSendsTheOthersAwayWhenItStops) {
  start(Disk::held);
  send(post("{\"event\":\"e\",\"name\":\"A\"}"));
  wait_for_commit();
  const int whole = std::exchange(socket_, connect());
  const std::string half = post("{\"event\":\"e\",\"name\":\"B\"}");
  send(half.substr(0, half.size() - 3));
  turn(milliseconds(20));
  server_->stop();
  EXPECT_THAT(answer(),
              AllOf(StartsWith("HTTP/1.1 503 Service Unavailable"), HasSubstr("the service stops")));
  EXPECT_FALSE(server_->idle());
  ::close(std::exchange(socket_, whole));
  commit();
  ended_ = false;
  EXPECT_THAT(answer(), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Connection: close")));
  turn();
  EXPECT_TRUE(server_->idle());
}

TEST_F(HttpIngestTest, AnswersABodyThatDoesNotComeInTimeAndCloses) {
  start(Disk::fast, {.request_max = milliseconds(200)});
  const std::string half = post("{\"event\":\"e\",\"name\":\"B\"}");
  send(half.substr(0, half.size() - 3));
  EXPECT_THAT(answer(), AllOf(StartsWith("HTTP/1.1 408 Request Timeout\r\n"), HasSubstr("Connection: close"),
                              HasSubstr("the rest of the body did not come in time")));
  while (!server_->idle())
    turn();
  EXPECT_EQ(origin_.counts().messages, 0U);
}

}  // namespace
}  // namespace touchline
