// What a service manager hears of serve and relay: when they are of use, that they live, and that they stop.

#include "tests/integration/files.h"
#include "tests/integration/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace touchline::integration {
namespace {

using testing::HasSubstr;

// The socket of a manager, in the environment of whatever is started while it is there.
class Manager {
 public:
  explicit Manager(const std::string& address) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, address.data(), address.size());
    const bool is_abstract = address.starts_with('@');
    if (is_abstract) at.sun_path[0] = '\0';
    const auto size =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size() + (is_abstract ? 0 : 1));
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&at), size), 0);
    ::setenv("NOTIFY_SOCKET", address.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
    ::setenv("WATCHDOG_USEC", "200000", 1);         // NOLINT(concurrency-mt-unsafe)
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  ~Manager() {
    ::unsetenv("NOTIFY_SOCKET");  // NOLINT(concurrency-mt-unsafe)
    ::unsetenv("WATCHDOG_USEC");  // NOLINT(concurrency-mt-unsafe)
    ::close(socket_);
  }

  // The next word, within so long; empty: there is none.
  std::string next(std::chrono::milliseconds within = patience) const {
    const timeval limit{within.count() / 1'000, within.count() % 1'000 * 1'000};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    char text[512];
    const ssize_t n = ::recv(socket_, text, sizeof text, 0);
    return n <= 0 ? std::string() : std::string(text, static_cast<std::size_t>(n));
  }
  // Words of any number in front of it are those of the watchdog.
  std::string next_but_alive() const {
    std::string word = next();
    while (word == "WATCHDOG=1\n")
      word = next();
    return word;
  }

 private:
  int socket_;
};

TEST(ServiceManagerTest, HearsThatTheServiceIsReadyAliveAndStops) {
  const TempFolder folder;
  for (const std::string& address : {folder / "notify", "@touchline-test-" + std::to_string(::getpid())}) {
    const Manager manager(address);
    Program service({"serve", "--store", folder / "a.db", "--listen", "tcp://127.0.0.1:0"});
    EXPECT_EQ(manager.next(), "READY=1\nSTATUS=serving " + (folder / "a.db") + "\n");
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(manager.next(), "WATCHDOG=1\n");
    // A loop that stands still says nothing: that is what the manager waits for.
    service.send(SIGSTOP);
    while (!manager.next(std::chrono::milliseconds(500)).empty()) {
    }
    service.send(SIGCONT);
    EXPECT_EQ(manager.next(), "WATCHDOG=1\n");
    service.send(SIGTERM);
    EXPECT_EQ(manager.next_but_alive(), "STOPPING=1\n");
    EXPECT_EQ(service.wait().exit_code, 0);
  }
}

TEST(ServiceManagerTest, HearsOfARelayWhenItLetsReadersIn) {
  const TempFolder folder;
  std::string readers;
  {
    Program before({"serve", "--store", folder / "a.db", "--listen", "tcp://127.0.0.1:0"});
    readers = url_in(before.wait_for_line("serving readers on"));
    before.send(SIGTERM);
    before.wait();
  }
  const Manager manager(folder / "notify");
  Program relay({"relay", "--upstream", readers, "--listen", "tcp://127.0.0.1:0"});
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(manager.next(), "WATCHDOG=1\n") << "nobody publishes, and it lives";
  ::unsetenv("NOTIFY_SOCKET");  // NOLINT(concurrency-mt-unsafe): the publisher tells nobody
  Program service({"serve", "--store", folder / "a.db", "--listen", readers});
  EXPECT_EQ(manager.next_but_alive(), "READY=1\nSTATUS=following " + readers + "\n");
  relay.send(SIGTERM);
  EXPECT_EQ(manager.next_but_alive(), "STOPPING=1\n");
}

TEST(ServiceManagerTest, IsNotNeeded) {
  const TempFolder folder;
  ::setenv("NOTIFY_SOCKET", (folder / "nobody").c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  Program service({"serve", "--store", folder / "a.db"});
  ::unsetenv("NOTIFY_SOCKET");  // NOLINT(concurrency-mt-unsafe)
  service.wait_for_line("ready:");
  service.send(SIGTERM);
  EXPECT_EQ(service.wait().exit_code, 0);
}

}  // namespace
}  // namespace touchline::integration
