// Sources of a running service that answer, dial, or come twice: whatever dies, nothing is lost, doubled or promised
// falsely.

#include "tests/feed/betfair_gateway.h"
#include "tests/integration/betfair_fixture.h"
#include "tests/integration/files.h"
#include "tests/integration/program.h"
#include "tests/integration/socket.h"
#include "tests/integration/stores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <regex>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace touchline::integration {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

// That nobody listens on for now.
std::string free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  EXPECT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&at), size), 0);
  EXPECT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&at), &size), 0);
  ::close(socket);
  return std::to_string(ntohs(at.sin_port));
}

Lines made_up_changes(const BetfairOptions& options) {
  Lines lines = make_betfair_day(options).lines;
  std::erase_if(lines, [](const std::string& line) { return line.find("\"mcm\"") == std::string::npos; });
  return lines;
}

class LiveSources : public testing::Test {
 protected:
  std::unique_ptr<Program> serve(const std::vector<std::string>& sources,
                                 const std::vector<std::string>& options = {}) const {
    // What a source's silence does to its events is not looked at here.
    std::vector<std::string> arguments{"serve", "--store",         store_, "--stale-after-ms",
                                       "0",     "--lost-after-ms", "0"};
    for (const std::string& source : sources)
      arguments.insert(arguments.end(), {"--source", source});
    arguments.insert(arguments.end(), options.begin(), options.end());
    return std::make_unique<Program>(std::move(arguments));
  }
  static Finished stop(Program& service) {
    service.send(SIGTERM);
    Finished finished = service.wait();
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    return finished;
  }
  std::string replayed(const Lines& lines) const {
    const std::string store = folder_ / "replayed.db";
    replay({write_lines(folder_ / "day", lines)}, store);
    return store;
  }
  // Once the store holds it; asked beside the service.
  void expect_states(const States& states) const {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (states_of(store_) != states && std::chrono::steady_clock::now() < end) {
    }
    EXPECT_EQ(states_difference(states_of(store_), states), "");
  }

  TempFolder folder_;
  std::string store_ = folder_ / "served.db";
};

// --- Answers.

TEST_F(LiveSources, WhatWasAnsweredIsInTheStoreThoughTheServiceIsKilled) {
  auto service = serve({"feed=tcp://127.0.0.1:0"});
  Socket socket(url_in(service->wait_for_line("taking lines on")));
  std::string lines;
  for (int i = 0; i < 20'000; ++i)
    lines += "{\"event\":\"e\",\"ack\":" + std::to_string(i) + ",\"home_score\":" + std::to_string(i) + "}\n";
  std::thread sender([&] { socket.send(lines); });
  std::string answers;
  while (std::ranges::count(answers, '\n') < 1'000)
    answers += socket.receive(65'536);
  service->send(SIGKILL);
  service->wait();
  answers += socket.receive_all();
  sender.join();
  answers.resize(answers.rfind('\n') + 1);
  const std::string last = answers.substr(answers.rfind('\n', answers.size() - 2) + 1);
  std::smatch offset;
  ASSERT_TRUE(std::regex_search(last, offset, std::regex("\"applied\".*\"offset\":([0-9]+)"))) << last;
  EXPECT_GE(journal_of(store_).head, std::stoull(offset[1]));
  EXPECT_THAT(last, HasSubstr("\"epoch\":" + std::to_string(epoch_of(store_)) + ","));
  expect_sound(store_);
}

TEST_F(LiveSources, AStopAnswersWhatWasTaken) {
  auto service = serve({"feed=tcp://127.0.0.1:0"});
  Socket socket(url_in(service->wait_for_line("taking lines on")));
  service->wait_for_line("ready:");
  EXPECT_TRUE(socket.send("{\"event\":\"e\",\"name\":\"A\",\"ack\":\"first\"}\n"));
  std::string answers = socket.receive(1);
  EXPECT_TRUE(socket.send("{\"event\":\"e\",\"name\":\"B\",\"ack\":\"second\"}\n"));
  while (answers.find('\n') == std::string::npos)
    answers += socket.receive(1);
  stop(*service);
  answers += socket.receive_all();
  EXPECT_THAT(answers, HasSubstr("\"ack\":\"first\",\"line\":1,\"outcome\":\"applied\""));
}

// --- Betfair.

class LiveBetfair : public LiveSources {
 protected:
  void SetUp() override {
    write_bytes(folder_ / "filter.json", R"({"marketFilter":{"eventTypeIds":["1"]}})");
    write_bytes(folder_ / "login.json", R"({"appKey":"key","session":"token"})");
  }
  ~LiveBetfair() override {
    for (const auto& vendor : vendors_) {
      vendor->loop.post([&vendor] {
        vendor->gateway.close();
        vendor->loop.stop();
      });
      vendor->thread.join();
    }
  }

  // Runs on a thread of its own until the end of the test. Returns the source's address.
  std::string start_vendor(BetfairGatewayOptions options) {
    vendors_.push_back(std::make_unique<Vendor>(std::move(options)));
    return "betfair://127.0.0.1:" + std::to_string(vendors_.back()->port);
  }
  std::vector<std::string> options() const {
    return {"--betfair-filter", folder_ / "filter.json", "--betfair-login", folder_ / "login.json"};
  }

  struct Vendor {
    explicit Vendor(BetfairGatewayOptions options)
        : gateway(loop, std::move(options)), port(gateway.port()), thread([this] { loop.run(); }) {}
    Loop loop;
    BetfairGateway gateway;
    std::uint16_t port;
    std::thread thread;
  };
  std::vector<std::unique_ptr<Vendor>> vendors_;
};

TEST_F(LiveBetfair, AServiceThatIsKilledGoesOnWhereItsJournalEnds) {
  const Lines lines = made_up_changes({.seed = 8, .messages = 3'000});
  const std::string reference = replayed(lines);
  std::mt19937 random(2);
  const std::string vendor = start_vendor({.lines = lines,
                                           .piece_bytes_max = 2'000,
                                           .breaks_after = [&](int) { return 200'000 + random() % 100'000; },
                                           .in_segments = true});
  for (int kills = 0; kills < 6; ++kills) {
    auto service = serve({"exchange=" + vendor}, options());
    service->wait_for_line("changes come");
    service->ends_within(std::chrono::milliseconds(kills * 7));
    service->send(SIGKILL);
    service->wait();
  }
  auto service = serve({"exchange=" + vendor}, options());
  expect_states(states_of(reference));
  EXPECT_THAT(stop(*service).err, HasSubstr("taken up behind message"));
  EXPECT_EQ(digests_of(store_), digests_of(reference)) << "something was lost or doubled";
  expect_sound(store_);
}

TEST_F(LiveBetfair, TwoLinesOfOneSourceGiveEachChangeOnceThoughOneDies) {
  const Lines lines = made_up_changes({.seed = 9, .messages = 2'000});
  const std::string reference = replayed(lines);
  const std::string a = start_vendor({.lines = lines, .piece_bytes_max = 300});
  const std::string b = start_vendor({.lines = lines, .piece_bytes_max = 400});
  auto service = serve({"exchange=" + a, "exchange=" + b}, options());
  service->wait_for_line(a + ": changes come");
  vendors_.front()->loop.post([this] { vendors_.front()->gateway.close(); });
  expect_states(states_of(reference));
  stop(*service);
  EXPECT_EQ(journal_of(store_).head, journal_of(reference).head);
  expect_sound(store_);
}

TEST_F(LiveBetfair, LacksNothingBeforeItDials) {
  const auto refused = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"serve", "--store", store_, "--source", "exchange=betfair://127.0.0.1:1"});
    const Finished finished = run(more);
    EXPECT_EQ(finished.exit_code, 2);
    return finished.err;
  };
  EXPECT_THAT(refused({}), HasSubstr("--betfair-filter"));
  EXPECT_THAT(refused({"--betfair-filter", folder_ / "none.json"}), HasSubstr("none.json: cannot be read"));
  EXPECT_THAT(refused({"--betfair-filter", "exchange=" + (folder_ / "filter.json")}),
              HasSubstr("--betfair-login"));
  EXPECT_THAT(refused({"--betfair-filter", folder_ / "login.json"}), HasSubstr("is an unknown key"));
}

// --- Two lines over TCP.

TEST_F(LiveSources, TwoPortsOfOneSourceAreItsLinesAAndB) {
  const Lines lines = made_up_changes({.seed = 10, .messages = 2'000});
  const std::string reference = replayed(lines);
  const std::string a = "tcp://127.0.0.1:" + free_port();
  const std::string b = "tcp://127.0.0.1:" + free_port();
  auto service = serve({"exchange=" + a, "exchange=" + b});
  service->wait_for_line("ready:");
  {
    Socket line_a(a);
    Socket line_b(b);
    const std::size_t third = lines.size() / 3;
    // A is ahead, then dies; B comes behind it and goes on.
    EXPECT_TRUE(
        line_a.send(text_of({lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(2 * third)})));
    EXPECT_TRUE(line_b.send(text_of({lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(third)})));
    line_a.end_sending();
    line_a.receive_all();
    EXPECT_TRUE(line_b.send(text_of({lines.begin() + static_cast<std::ptrdiff_t>(third), lines.end()})));
    line_b.end_sending();
    line_b.receive_all();
  }
  stop(*service);
  EXPECT_EQ(digests_of(store_), digests_of(reference)) << "something was lost or doubled";
  expect_sound(store_);
}

// --- HTTP.

TEST_F(LiveSources, TheManualsCurlExamplesRun) {
  if (std::system("curl --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no curl";  // NOLINT(*-mt-unsafe)
  auto service = serve({"trading=http://127.0.0.1:0"});
  const std::string url = url_in(service->wait_for_line("taking updates on"));
  service->wait_for_line("ready:");
  std::istringstream manual(bytes_of(std::string(TOUCHLINE_SOURCE_DIR) + "/OPERATIONS.md"));
  int examples = 0;
  std::string script;
  for (std::string line; std::getline(manual, line);) {
    if (line.starts_with("curl ") || !script.empty()) script += line + "\n";
    if (script.empty() || line.ends_with('\\')) continue;
    if (script.find("/v1/updates") == std::string::npos) {  // it asks another port
      script.clear();
      continue;
    }
    script = std::regex_replace(script, std::regex("http://127\\.0\\.0\\.1:[0-9]+/v1/updates"), url);
    write_bytes(folder_ / "updates.ndjson",
                "{\"event\":\"m-7\",\"id\":\"1\",\"name\":\"Ashford v Bexhill\"}\n");
    const std::string out = folder_ / "out";
    const int status = std::system(("cd '" + folder_.path().string() + "' && " +
                                    script.substr(0, script.size() - 1) + " >" + out + " 2>&1")
                                       .c_str());  // NOLINT(*-mt-unsafe)
    EXPECT_EQ(WEXITSTATUS(status), 0) << script << bytes_of(out);
    EXPECT_THAT(bytes_of(out), AllOf(HasSubstr("\"position\":{\"epoch\":"), HasSubstr("\"taken\":1,")))
        << script;
    ++examples;
    script.clear();
  }
  EXPECT_GE(examples, 2);
  stop(*service);
  expect_sound(store_);
}

}  // namespace
}  // namespace touchline::integration
