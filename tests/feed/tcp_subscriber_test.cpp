// A line to a publisher that keeps talking and says nothing: bytes come, and no frame is ever whole.

#include "feed/tcp_subscriber.h"

#include "core/messages.h"
#include "core/subscriber.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace touchline {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

constexpr milliseconds drip{5};
constexpr std::uint32_t heartbeat_ms = 20'000;  // silence is not what these lines end by

class TcpSubscriberTest : public testing::Test {
 protected:
  TcpSubscriberTest() {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(::bind(listening_, reinterpret_cast<const sockaddr*>(&at), size), 0);
    EXPECT_EQ(::listen(listening_, 1), 0);
    EXPECT_EQ(::getsockname(listening_, reinterpret_cast<sockaddr*>(&at), &size), 0);
    port_ = ntohs(at.sin_port);
  }
  ~TcpSubscriberTest() override {
    connection_.reset();
    ::close(listening_);
    if (peer_ >= 0) ::close(peer_);
  }

  void connect(TcpSubscriberOptions options) {
    connection_ = std::make_unique<TcpSubscriber>(
        loop_, subscriber_, Endpoint{"tcp", "127.0.0.1", port_},
        [this](const Result<void>& result) {
          ended_ = result ? "in good order" : result.error().text;
          loop_.stop();
        },
        std::move(options));
  }
  // A byte at a time, and from the beginning again, until the line ends or that time is over.
  void send_drop_by_drop(const std::string& bytes, milliseconds time) {
    const auto end = steady_clock::now() + time;
    std::size_t at = 0;
    loop_.every(drip, [&, end] {
      if (peer_ < 0) peer_ = ::accept4(listening_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (peer_ >= 0 && at < bytes.size()) ::send(peer_, &bytes[at++], 1, MSG_NOSIGNAL);
      if (steady_clock::now() >= end) loop_.stop();
      return !ended_ && steady_clock::now() < end;
    });
    loop_.run();
  }
  static std::string welcome() {
    Welcome welcome;
    welcome.position = {Epoch(1), Offset(1)};
    welcome.heartbeat_ms = heartbeat_ms;
    std::string bytes;
    put(bytes, welcome);
    return bytes;
  }
  static std::string heartbeat() {
    std::string bytes;
    put(bytes, Heartbeat{Offset(1), 0, {}});
    return bytes;
  }

  int listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int peer_ = -1;
  std::uint16_t port_ = 0;
  Loop loop_;
  Subscriber subscriber_{Hello{}, {}};
  std::unique_ptr<TcpSubscriber> connection_;
  std::optional<std::string> ended_;
};

TEST_F(TcpSubscriberTest, GivesUpALineOnWhichAFrameDoesNotBecomeWhole) {
  connect({.frame_ms = 500});
  std::string endless;
  put_frame_header(endless, FrameKind::checkpoint, 1U << 20);
  send_drop_by_drop(welcome() + heartbeat() + endless + std::string(1U << 20, '\0'), milliseconds(20'000));
  ASSERT_TRUE(ended_);
  EXPECT_THAT(*ended_, HasSubstr("a frame was not whole within 500 ms"));
  EXPECT_TRUE(subscriber_.welcomed());
}

TEST_F(TcpSubscriberTest, StaysOnALineThatIsSlowAndWhoseFramesBecomeWhole) {
  connect({.frame_ms = 1'000});
  std::string slow = welcome();
  while (slow.size() < 1'000)
    slow += heartbeat();
  send_drop_by_drop(slow, milliseconds(2'500));
  EXPECT_FALSE(ended_) << *ended_;
  EXPECT_TRUE(subscriber_.welcomed());
}

TEST_F(TcpSubscriberTest, GivesUpAWelcomeThatDoesNotBecomeWhole) {
  connect({.answer_ms = 500});
  std::string endless;
  put_frame_header(endless, FrameKind::welcome, 60'000);
  send_drop_by_drop(endless + std::string(60'000, '\0'), milliseconds(20'000));
  ASSERT_TRUE(ended_);
  EXPECT_THAT(*ended_, HasSubstr("no welcome came for 500 ms"));
}

}  // namespace
}  // namespace touchline
