// What a source is answered over TCP: after the commit and never before, in the order of its lines, within bounds.

#include "feed/answers.h"

#include "core/limits.h"
#include "feed/line_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
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
using testing::HasSubstr;
using testing::StartsWith;

// A source's port and one source that is connected to it; the test says when a commit is done.
class AnswersTest : public testing::Test {
 protected:
  ~AnswersTest() override { ::close(socket_); }

  enum class Disk : std::uint8_t { held, fast };  // held: until the test says that the commit is done
  struct Options {
    Durability durability = Durability::durable;
    Disk disk = Disk::held;
    int receive_buffer = 1 << 20;  // of the source
  };

  void start() { start(Options{}); }
  void start(const Options& options) {
    HubOptions hub_options;
    hub_options.durability = options.durability;
    hub_ = std::make_unique<Hub>(origin_.table(), Epoch(7), std::move(hub_options));
    publisher_ = std::make_unique<Publisher>(origin_, *hub_, [this, options](Batch batch) {
      under_way_ = std::move(batch);
      if (options.disk == Disk::fast) loop_.post([this] { commit(); });
    });
    publisher_->on_durable = [this] { server_->answer(); };
    publisher_->on_room = [this] { server_->resume(); };
    server_ = std::make_unique<LineServer>(loop_, *publisher_, origin_.add_source(), "feed");
    server_->on_news = [this](const LineNews& news) {
      if (news.kind == LineNews::Kind::ended) why_ended_ = news.text;
    };
    const auto endpoint = server_->listen({"tcp", "127.0.0.1", 0});
    ASSERT_TRUE(endpoint);
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer, sizeof options.receive_buffer);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(endpoint->port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }

  // Sends, and comes back when so many more lines were taken or refused.
  void send(std::string_view lines, std::uint64_t messages) {
    ASSERT_EQ(::send(socket_, lines.data(), lines.size(), MSG_NOSIGNAL), ssize_t(lines.size()));
    const std::uint64_t all = origin_.counts().messages + messages;
    run_until([&] { return origin_.counts().messages >= all; });
  }
  template <class Condition>
  void run_until(Condition condition) {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition() && std::chrono::steady_clock::now() < patience)
      turn();
    ASSERT_TRUE(condition());
  }
  void turn(milliseconds time = milliseconds(1)) {
    loop_.after(time, [this] { loop_.stop(); });
    loop_.run();
  }

  void commit(const Result<void>& result = {}) {
    ASSERT_TRUE(under_way_);
    Batch batch = std::move(*under_way_);
    under_way_.reset();
    publisher_->committed(std::move(batch), result, 1);
  }
  void commit_all() {
    while (under_way_)
      commit();
  }

  // What lies ready for the source by now.
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
  std::string wait_for_answers(int count = 1) {
    std::string all;
    run_until([&] {
      all += received();
      return std::ranges::count(all, '\n') >= count;
    });
    return all;
  }

  Loop loop_;
  Origin origin_;
  std::unique_ptr<Hub> hub_;
  std::optional<Batch> under_way_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<LineServer> server_;
  int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool ended_ = false;
  std::string why_ended_;
};

TEST_F(AnswersTest, ComeWhenTheCommitIsOnDiskAndNotBefore) {
  start();
  send("{\"event\":\"e\",\"name\":\"A\",\"ack\":true}\n", 1);
  // This one waits for the second commit: the first is under way already.
  send("{\"event\":\"e\",\"name\":\"B\",\"ack\":\"m-2\"}\n", 1);
  EXPECT_EQ(received(), "");
  commit();
  EXPECT_EQ(wait_for_answers(),
            "{\"ack\":true,\"line\":1,\"outcome\":\"applied\",\"position\":{\"epoch\":7,\"offset\":1}}\n");
  EXPECT_EQ(received(), "");
  commit();
  EXPECT_EQ(wait_for_answers(),
            "{\"ack\":\"m-2\",\"line\":2,\"outcome\":\"applied\",\"position\":{\"epoch\":7,\"offset\":2}}\n");
}

TEST_F(AnswersTest, NeverComeWhenTheCommitFails) {
  start();
  send("{\"event\":\"e\",\"name\":\"A\",\"ack\":1}\n", 1);
  commit(Error{ErrorKind::environment, "the disk is full", 0});
  server_->answer();
  server_->resume();
  turn(milliseconds(20));
  EXPECT_EQ(received(), "");
}

TEST_F(AnswersTest, SayWhatBecameOfEachLineInTheOrderOfTheLines) {
  start();
  send(
      "{\"event\":\"e\",\"seq\":1,\"name\":\"A\",\"ack\":1}\n"
      "{\"event\":\"e\",\"seq\":1,\"name\":\"A\",\"ack\":2}\n"
      "{\"event\":\"e\",\"seq\":2,\"name\":\"A\",\"ack\":3}\n"
      "{\"event\":\"e\",\"seq\":9,\"name\":\"B\",\"ack\":4}\n"
      "{\"event\":\"e\",\"seq\":3,\"nmae\":\"C\",\"ack\":5}\n"
      "{\"event\":\"e\",\"seq\":3,\"name\":\"C\"}\n"
      "no JSON\n",
      7);
  EXPECT_EQ(received(), "");
  commit_all();
  const std::string at = "\"position\":{\"epoch\":7,\"offset\":";
  EXPECT_EQ(wait_for_answers(6),
            "{\"ack\":1,\"line\":1,\"outcome\":\"applied\"," + at + "1}}\n" +
                "{\"ack\":2,\"line\":2,\"outcome\":\"repeat\"," + at + "1}}\n" +
                "{\"ack\":3,\"line\":3,\"outcome\":\"no-op\"," + at + "1}}\n" +
                "{\"ack\":4,\"line\":4,\"outcome\":\"held\"," + at + "1}}\n" +
                "{\"ack\":5,\"line\":5,\"outcome\":\"refused\",\"reason\":\"nmae is an unknown key\"," + at +
                "1}}\n" +
                // What cannot be read may have asked.
                "{\"line\":7,\"outcome\":\"refused\",\"reason\":\"malformed JSON: a value is expected\"," +
                at + "2}}\n");
}

TEST_F(AnswersTest, ToWhatChangedNothingWaitForWhatItWasComparedWith) {
  start();
  send("{\"event\":\"e\",\"name\":\"A\"}\n", 1);
  send("{\"event\":\"e\",\"name\":\"A\",\"time\":1786802400000,\"ack\":1}\n", 1);
  EXPECT_EQ(received(), "");
  commit();
  EXPECT_THAT(wait_for_answers(), HasSubstr("\"outcome\":\"no-op\""));
  // Nothing is under way: what is compared with is on disk.
  send("{\"event\":\"e\",\"name\":\"A\",\"time\":1786802400001,\"ack\":2}\n", 1);
  EXPECT_FALSE(under_way_);
  EXPECT_THAT(wait_for_answers(), StartsWith("{\"ack\":2,"));
}

// Else a restart would take the next number for one behind a gap.
TEST_F(AnswersTest, ToNumbersWaitUntilTheNumberIsOnDisk) {
  start();
  send("{\"event\":\"e\",\"seq\":1,\"name\":\"A\"}\n", 1);
  commit();
  send("{\"event\":\"e\",\"seq\":2,\"name\":\"A\",\"ack\":2}\n", 1);
  EXPECT_EQ(received(), "");
  ASSERT_TRUE(under_way_);
  EXPECT_EQ(under_way_->source_numbers.at(0).number, 2U);
  commit();
  EXPECT_THAT(wait_for_answers(), HasSubstr("\"outcome\":\"no-op\""));
}

TEST_F(AnswersTest, WaitForTheDiskWhereReadersDoNot) {
  start({.durability = Durability::relaxed});
  send("{\"event\":\"e\",\"name\":\"A\",\"ack\":1}\n", 1);
  EXPECT_EQ(hub_->published(), Offset(1));
  EXPECT_EQ(received(), "");
  commit();
  EXPECT_THAT(wait_for_answers(), StartsWith("{\"ack\":1,"));
}

TEST_F(AnswersTest, NobodyAskedForAreNotGiven) {
  start();
  send("{\"event\":\"e\",\"name\":\"A\"}\n{\"event\":\"e\",\"ack\":false}\nbad\n", 3);
  commit_all();
  turn(milliseconds(20));
  EXPECT_EQ(received(), "");
}

TEST_F(AnswersTest, AreGivenToWhoHasSentAllAndWaits) {
  start();
  send("{\"event\":\"e\",\"name\":\"A\",\"ack\":1}\n{\"event\":\"e\"", 1);
  ::shutdown(socket_, SHUT_WR);
  run_until([&] { return origin_.counts().rejected == 1; });
  EXPECT_FALSE(server_->idle());
  commit_all();
  const std::string answers = wait_for_answers(2);
  EXPECT_THAT(answers, HasSubstr("\"ack\":1,"));
  EXPECT_THAT(answers, HasSubstr("the connection ended within a line"));
  run_until([&] { return received().empty() && ended_; });
  EXPECT_TRUE(server_->idle());
  EXPECT_EQ(why_ended_, "it closed the connection");
}

TEST_F(AnswersTest, AreGivenBeforeAStop) {
  start();
  send("{\"event\":\"e\",\"name\":\"A\",\"ack\":1}\n", 1);
  server_->stop();
  EXPECT_FALSE(server_->idle());
  commit();
  EXPECT_THAT(wait_for_answers(), StartsWith("{\"ack\":1,"));
  EXPECT_TRUE(server_->idle());
}

TEST_F(AnswersTest, ThatNobodyReadsHoldUpTheLinesAndFillNoMemory) {
  start({.disk = Disk::fast, .receive_buffer = 4096});
  const std::string name(200, 'n');
  std::uint64_t sent = 0;
  std::string text;
  std::uint64_t before = 0;
  for (int silent = 0; silent < 100;) {
    if (text.empty()) {
      text = "{\"event\":\"e\",\"ack\":\"" + name + "\",\"home_score\":" + std::to_string(++sent) + "}\n";
    }
    const ssize_t size = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size > 0) {
      text.erase(0, static_cast<std::size_t>(size));
      continue;
    }
    turn();
    silent = origin_.counts().messages == before ? silent + 1 : 0;
    before = origin_.counts().messages;
  }
  // What the kernel holds comes on top of our own bound.
  const std::uint64_t unread = before;
  EXPECT_GT(unread, limits::answer_bytes / 300);
  EXPECT_LT(unread, 8 * (1U << 20) / name.size()) << "it reads on though nobody reads its answers";
  EXPECT_LT(unread, sent);

  std::string answers;
  run_until([&] {
    answers += received();
    if (!text.empty()) {
      const ssize_t size = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (size > 0) text.erase(0, static_cast<std::size_t>(size));
    }
    return text.empty() && origin_.counts().messages == sent &&
           answers.ends_with("\"offset\":" + std::to_string(sent) + "}}\n");
  });
  std::uint64_t line = 0;
  for (std::size_t at = 0; at < answers.size(); at = answers.find('\n', at) + 1) {
    const std::string expected = "{\"ack\":\"" + name + "\",\"line\":" + std::to_string(++line) + ",";
    ASSERT_EQ(answers.substr(at, expected.size()), expected);
  }
  EXPECT_EQ(line, sent);
}

}  // namespace
}  // namespace touchline
