// Web clients as a page has them: a service, a relay, and clients over WebSocket and Server-Sent Events at its end.

#include "tests/integration/answered_source.h"
#include "tests/integration/guarded_fixture.h"
#include "tests/integration/web_client.h"

#include <gmock/gmock.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace touchline::integration {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Clients : public Guarded {
 protected:
  void start_relay(const std::vector<std::string>& options = {},
                   const std::string& clients = "http://127.0.0.1:0") {
    std::vector<std::string> arguments{
        "relay",    "--upstream",        readers_,         "--clients", clients,
        "--listen", "tcp://127.0.0.1:0", "--heartbeat-ms", "200"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    relay_ = std::make_unique<Program>(std::move(arguments));
  }
  void wait_for_clients() { url_ = url_in(relay_->wait_for_line("serving clients on")); }

  // The relay comes to hold what was stored, and the client what the relay holds.
  void expect_exact(WebClient& client) {
    const Digests stored = digests_of(store_);
    ASSERT_FALSE(stored.empty());
    std::map<std::string, test::ClientModel::Held> held;
    for (const auto& [event, seq_and_digest] : stored)
      held[event] = state_at_relay(event, seq_and_digest);
    client.wait_until("it holds what was stored",
                      [&](const test::ClientModel& model) { return model.events == held; });
  }
  test::ClientModel::Held state_at_relay(const std::string& event, const std::string& seq_and_digest) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (true) {
      const std::string answer = http_get(url_, "/v1/events/" + event);
      if (answer.starts_with("HTTP/1.1 200 ")) {
        const test::Json snapshot = test::json_of(answer.substr(answer.find("\r\n\r\n") + 4));
        const std::string here = snapshot["seq"].scalar + " " + snapshot["digest"].text();
        if (here == seq_and_digest) return {std::stoull(snapshot["seq"].scalar), snapshot["state"]};
      }
      if (std::chrono::steady_clock::now() > end) {
        ADD_FAILURE() << event << " was stored as " << seq_and_digest << ", here is\n" << answer;
        return {};
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  std::unique_ptr<Program> relay_;
  std::string url_;
};

TEST_F(Clients, HoldWhatTheServiceStored) {
  const std::string day = bytes_of(simulate_day(folder_, 3, 5));
  const auto half = day.find('\n', day.size() / 2) + 1;
  start("tcp", {"--heartbeat-ms", "200"});
  send(day.substr(0, half));
  start_relay();
  wait_for_clients();
  WebClient socket(url_, Over::websocket);
  WebClient stream(url_, Over::event_stream);
  for (WebClient* client : {&socket, &stream})
    client->wait_until("it has joined", [](const auto& model) { return !model.position.empty(); });
  send(day.substr(half));
  // Lost, the upstream is said to be stale, and the states stay.
  stop();
  for (WebClient* client : {&socket, &stream})
    client->wait_until("the upstream is stale", [](const auto& model) { return model.upstream == "stale"; });
  expect_exact(socket);
  expect_exact(stream);
  EXPECT_EQ(socket.connections(), 1);
  relay_->send(SIGTERM);
  EXPECT_EQ(relay_->wait().exit_code, 0);
  for (WebClient* client : {&socket, &stream})
    EXPECT_EQ(client->model().goodbye, "the relay stops");
}

TEST_F(Clients, FollowWhatTheyName) {
  const std::string day = bytes_of(simulate_day(folder_, 3, 5));
  start("tcp");
  send(day);
  start_relay();
  wait_for_clients();
  const Digests stored = digests_of(store_);
  const std::string event = stored.begin()->first;
  WebClient client(url_, Over::websocket, "event=" + event);
  client.wait_until("it has joined", [](const auto& model) { return !model.position.empty(); });
  EXPECT_EQ(client.model().events.size(), 1U);
  EXPECT_EQ(client.model().events.begin()->first, event);
}

TEST_F(Clients, AreRefusedByNamePastTheLimits) {
  start("tcp");
  send(bytes_of(simulate_day(folder_, 1, 5)));
  start_relay({"--clients-max", "2"});
  wait_for_clients();
  WebClient one(url_, Over::websocket);
  WebClient other(url_, Over::event_stream);
  for (WebClient* client : {&one, &other})
    client->wait_until("it has joined", [](const auto& model) { return !model.position.empty(); });
  const std::string answer = http_get(url_, "/v1/live");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("Retry-After: "));
  EXPECT_THAT(answer, HasSubstr("too many sessions"));
}

TEST_F(Clients, NeedACertificateForHttps) {
  const Finished wrong =
      run({"relay", "--upstream", "tcp://127.0.0.1:1", "--clients", "https://127.0.0.1:0"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("--tls-cert"));
  const Finished nobody = run({"relay", "--upstream", "tcp://127.0.0.1:1"});
  EXPECT_EQ(nobody.exit_code, 2);
  EXPECT_THAT(nobody.err, HasSubstr("nobody is served"));
}

// Service and relay are killed at any moment and start again; the source sends again what was not answered.
TEST_F(Clients, HoldWhatWasStoredBehindKillsOfEverybody) {
  const Lines day = lines_of(simulate_day(folder_, 4, 71));
  AnsweredSource source(day);
  std::mt19937_64 random(7);
  std::string listen = "tcp://127.0.0.1:0";
  const auto serve = [&] {
    service_ = std::make_unique<Program>(
        std::vector<std::string>{"serve", "--store", store_, "--listen", listen, "--source",
                                 "feed=tcp://127.0.0.1:0", "--stale-after-ms", "0", "--lost-after-ms", "0"});
    listen = readers_ = url_in(service_->wait_for_line("serving readers on"));
    feed_ = url_in(service_->wait_for_line("taking lines on"));
  };
  serve();
  const std::vector<std::string> state{"--state", folder_ / "edge.state", "--state-interval-s", "1"};
  start_relay(state);
  wait_for_clients();
  std::vector<std::unique_ptr<WebClient>> clients;
  for (const Over over : {Over::websocket, Over::event_stream, Over::websocket})
    clients.push_back(std::make_unique<WebClient>(url_, over));
  int kills = 0;
  while (!source.done() && kills < 14) {
    std::thread sending([&, socket = std::make_shared<Socket>(feed_)] { source.send(std::move(*socket)); });
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 60));
    const bool of_relay = random() % 2 == 0;
    if (of_relay) {
      relay_->send(SIGKILL);
      ++kills;
    }
    service_->send(SIGKILL);
    ++kills;
    sending.join();
    service_->wait();
    serve();
    if (!of_relay) continue;
    relay_->wait();
    start_relay(state, url_);
  }
  EXPECT_GE(kills, 6) << "the day was over too soon";
  source.send(Socket(feed_));
  EXPECT_TRUE(source.done());
  // Between two kills the relay may wait for longer than all this takes.
  service_->wait_for_line("\"relay\" joined");
  relay_->wait_for_line("serving clients on");
  service_->send(SIGTERM);
  EXPECT_EQ(service_->wait().exit_code, 0);
  for (const auto& client : clients)
    expect_exact(*client);
  std::map<std::string, int> resumed;
  for (const auto& client : clients) {
    for (const auto& [how, count] : client->resumed())
      resumed[how] += count;
  }
  std::printf("%d kills;", kills);
  for (const auto& [how, count] : resumed)
    std::printf(" %s %d", how.c_str(), count);
  std::printf("\n");
  expect_sound(store_);
}

}  // namespace
}  // namespace touchline::integration
