// Relays as their users run them: a service, relays behind it and behind each other, readers at the end of the chain.

#include "core/messages.h"
#include "tests/integration/answered_source.h"
#include "tests/integration/guarded_fixture.h"

#include <gmock/gmock.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace touchline::integration {
namespace {

using testing::HasSubstr;

// A line on which nothing comes for three of them is given up.
constexpr const char* heartbeat_ms = is_instrumented ? "3000" : "500";

class Relays : public Guarded {
 protected:
  struct Relay {
    std::unique_ptr<Program> program;
    std::string url;
  };
  // On a port of its own, which it keeps when it is started again.
  static Relay launch_relay(const std::string& upstream, const std::vector<std::string>& options,
                            const std::string& listen) {
    std::vector<std::string> arguments{"relay", "--upstream",     upstream,    "--listen",
                                       listen,  "--heartbeat-ms", heartbeat_ms};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return {std::make_unique<Program>(std::move(arguments)), listen};
  }
  // And it lets readers in.
  static Relay start_relay(const std::string& upstream, const std::vector<std::string>& options = {},
                           const std::string& listen = "tcp://127.0.0.1:0") {
    Relay relay = launch_relay(upstream, options, listen);
    relay.url = url_in(relay.program->wait_for_line("serving readers on"));
    return relay;
  }
  // So many are there.
  static void wait_for_readers(Program& publisher, std::size_t count) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (publisher.count_of("\" joined") - publisher.count_of("\" left:") != count) {
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      ASSERT_FALSE(publisher.ends_within(std::chrono::milliseconds(10))) << publisher.wait().err;
    }
  }
  static std::string text_between(const std::string& text, const std::string& begin, const std::string& end) {
    const std::size_t from = text.find(begin) + begin.size();
    return text.substr(from, text.find(end, from) - from);
  }
  void expect_kills_lose_nothing(const std::string& encoding);
  // A reader that comes back again and again is told to end.
  void expect_digests(Program& reader) const {
    reader.send(SIGTERM);
    const Finished finished = reader.wait();
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    EXPECT_EQ(digests_in(finished.out), digests_of(store_)) << finished.err;
  }
};

TEST_F(Relays, InAChainGiveTheirReadersWhatTheServiceStored) {
  const std::string day = bytes_of(simulate_day(folder_, 3, 5));
  const auto half = day.find('\n', day.size() / 2) + 1;
  start("tcp", {"--heartbeat-ms", heartbeat_ms});
  send(day.substr(0, half));
  const Relay first = start_relay(readers_);
  const Relay second = start_relay(first.url, {}, "ws://127.0.0.1:0");
  const auto near = join(first.url);
  const auto far = join(second.url, {"--read-bytes", "1"});
  send(day.substr(half));
  const Finished served = stop();
  first.program->wait_for_line("goodbye: shutdown");
  // The relays end one after the other, and what each had goes to its readers first.
  first.program->send(SIGTERM);
  EXPECT_EQ(first.program->wait().exit_code, 0);
  second.program->wait_for_line("goodbye: shutdown, the relay stops");
  second.program->send(SIGTERM);
  EXPECT_EQ(second.program->wait().exit_code, 0);
  expect_whole(*near);
  expect_whole(*far);
  EXPECT_EQ(served.err.find("joined", served.err.find("joined") + 1), std::string::npos)
      << "the service has one reader\n"
      << served.err;
}

TEST_F(Relays, ShowTheirTokenOverTlsAndServeOverTls) {
  const std::string token = output_of({"token", "edge-1", "--token-file", folder_ / "edge-1.token"});
  write_bytes(folder_ / "relays.tokens", token);
  const std::string day = bytes_of(simulate_day(folder_, 1, 6));
  start("tls", {"--tokens", folder_ / "relays.tokens"});
  const Relay relay =
      start_relay(readers_,
                  {"--upstream-tls-ca", folder_ / "ca.pem", "--upstream-token-file", folder_ / "edge-1.token",
                   "--tls-cert", folder_ / "server.pem", "--tls-key", folder_ / "server.key"},
                  "wss://127.0.0.1:0");
  service_->wait_for_line("\"edge-1\" joined");
  const auto reader = join(relay.url);
  send(day);
  stop();
  relay.program->wait_for_line("goodbye: shutdown");
  relay.program->send(SIGTERM);
  expect_whole(*reader);
}

TEST_F(Relays, NameWrongOptionsBeforeAnythingIsOpened) {
  const Finished wrong = run({"relay", "--upstream", "tcp://127.0.0.1:1", "--listen", "http://127.0.0.1:0"});
  EXPECT_EQ(wrong.exit_code, 2);
  const Finished files = run({"relay", "--upstream", "tcp://127.0.0.1:1", "--upstream-tls-ca", "none",
                              "--listen", "tcp://127.0.0.1:0"});
  EXPECT_EQ(files.exit_code, 2);
  EXPECT_THAT(files.err, HasSubstr("--upstream-tls-ca"));
}

TEST_F(Relays, GoOnFromTheirStateAndServeItWhileTheUpstreamIsGone) {
  const std::string day = bytes_of(simulate_day(folder_, 2, 9));
  start("tcp");
  send(day);
  const std::string state = folder_ / "edge.state";
  Relay relay = start_relay(readers_, {"--state", state});
  relay.program->send(SIGTERM);
  EXPECT_EQ(relay.program->wait().exit_code, 0);
  // Found again by the tail, of which there is nothing: no keyframe is fetched.
  Relay again = start_relay(readers_, {"--state", state});
  again.program->wait_for_line(": tail (");
  again.program->send(SIGTERM);
  EXPECT_THAT(again.program->wait().err, HasSubstr("0 deltas, 0 keyframes"));
  stop();
  Relay alone = start_relay(readers_, {"--state", state});
  alone.program->wait_for_line("not there; readers are told so");
  const auto reader = join(alone.url);
  alone.program->send(SIGTERM);
  EXPECT_EQ(alone.program->wait().exit_code, 0);
  expect_whole(*reader);
  // A file that is none is named, and nothing is opened.
  write_bytes(state, bytes_of(state).substr(1));
  const Finished damaged =
      run({"relay", "--upstream", readers_, "--listen", "tcp://127.0.0.1:0", "--state", state});
  EXPECT_EQ(damaged.exit_code, 2);
  EXPECT_THAT(damaged.err, HasSubstr(state + ": byte "));
}

TEST_F(Relays, BeginAnewWithTheirUpstream) {
  const std::string day = bytes_of(simulate_day(folder_, 1, 10));
  start("tcp");
  send(day);
  Relay relay = start_relay(readers_);
  const auto reader = join(relay.url, {"--reconnect"});
  stop();
  service_ = std::make_unique<Program>(
      std::vector<std::string>{"serve", "--store", store_, "--listen", readers_, "--new-epoch"});
  relay.program->wait_for_line("all readers are sent away");
  const auto epoch = std::to_string(epoch_of(store_));
  reader->wait_for_line("goodbye: shutdown, the publisher that this relay follows has begun anew");
  reader->wait_for_line("epoch " + epoch + " ");
  expect_digests(*reader);
}

// One that takes nothing holds up nobody: the other is given everything, and the relay does not wait for the one.
TEST_F(Relays, DoNotLetAReaderThatIsStuckDisturbTheOthers) {
  const std::string day = bytes_of(simulate_day(folder_, 40, 12));
  start("tcp");
  const Relay relay = start_relay(readers_, {"--drain-ms", "1000"});
  Socket stuck(relay.url);
  std::string hello;
  put(hello, Hello{});
  EXPECT_TRUE(stuck.send(hello));
  const auto reader = join(relay.url);
  wait_for_readers(*relay.program, 2);
  send(day);
  stop();
  relay.program->wait_for_line("goodbye: shutdown");
  relay.program->send(SIGTERM);
  expect_whole(*reader);
  const Finished finished = relay.program->wait();
  EXPECT_EQ(finished.exit_code, 0);
  // Where the day takes longer than ten seconds it is sent away before the end.
  EXPECT_THAT(finished.err, testing::AnyOf(HasSubstr("readers were still behind after 1000 ms"),
                                           HasSubstr("took nothing for 10000 ms")))
      << "it was not stuck";
}

// Everybody is killed at any moment, and starts again; the source sends again what was not answered.
void Relays::expect_kills_lose_nothing(const std::string& encoding) {
  const Lines day = lines_of(simulate_day(folder_, 4, 71));
  AnsweredSource source(day);
  std::mt19937_64 random(5);
  const std::vector<std::string> asks{"--upstream-encoding", encoding};
  std::vector<std::string> state{"--state", folder_ / "first.state", "--state-interval-s", "1"};
  state.insert(state.end(), asks.begin(), asks.end());
  std::string listen = "tcp://127.0.0.1:0";
  const auto serve = [&] {
    service_ = std::make_unique<Program>(
        std::vector<std::string>{"serve", "--store", store_, "--listen", listen, "--source",
                                 "feed=tcp://127.0.0.1:0", "--stale-after-ms", "0", "--lost-after-ms", "0"});
    listen = url_in(service_->wait_for_line("serving readers on"));
    feed_ = url_in(service_->wait_for_line("taking lines on"));
  };
  serve();
  Relay first = start_relay(listen, state);
  Relay second = start_relay(first.url, asks);
  std::vector<std::unique_ptr<Program>> readers;
  for (const std::string& url : {listen, first.url, second.url, second.url})
    readers.push_back(join(url, {"--reconnect"}));
  int kills = 0;
  while (!source.done() && kills < 16) {
    std::thread sending([&, socket = std::make_shared<Socket>(feed_)] { source.send(std::move(*socket)); });
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 60));
    Relay* const victim = std::array<Relay*, 3>{nullptr, &first, &second}[random() % 3];
    if (victim != nullptr) {
      victim->program->send(SIGKILL);
      ++kills;
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 10));
    }
    service_->send(SIGKILL);
    ++kills;
    sending.join();
    service_->wait();
    serve();
    if (victim == nullptr) continue;
    victim->program->wait();
    *victim =
        victim == &first ? launch_relay(listen, state, first.url) : launch_relay(first.url, asks, second.url);
  }
  EXPECT_GE(kills, 6) << "the day was over too soon";
  source.send(Socket(feed_));
  EXPECT_TRUE(source.done());
  EXPECT_EQ(source.wrong(), std::vector<std::string>());
  // Each gives those behind it everything before it ends, so the last word comes behind all deltas.
  for (Program* const publisher : {service_.get(), first.program.get(), second.program.get()}) {
    wait_for_readers(*publisher, 2);
    publisher->send(SIGTERM);
    EXPECT_EQ(publisher->wait().exit_code, 0);
  }
  for (const auto& reader : readers)
    expect_digests(*reader);
  expect_sound(store_);
  std::printf("%d kills; %zu lines sent %zu times\n", kills, source.size(), source.sent());
}

TEST_F(Relays, KillsAnywhereInTheChainLoseNothing) { expect_kills_lose_nothing("blocks"); }

TEST_F(Relays, KillsAnywhereInAChainOfCodedUpdatesLoseNothing) { expect_kills_lose_nothing("coded"); }

// A chain is given coded updates and gives them, and whoever wants blocks is given blocks, unless somebody is told not to.
TEST_F(Relays, GiveOnCodedUpdatesToThoseWhoAskForThem) {
  const std::string day = bytes_of(simulate_day(folder_, 2, 14));
  start("tcp");
  const Relay first = start_relay(readers_);
  const Relay second = start_relay(first.url);
  const Relay plain = start_relay(first.url, {"--upstream-encoding", "blocks", "--encoding", "blocks"});
  std::vector<std::unique_ptr<Program>> readers;
  for (const Relay* relay : {&first, &second, &plain}) {
    for (const char* encoding : {"coded", "blocks"})
      readers.push_back(join(relay->url, {"--encoding", encoding}));
  }
  send(day);
  stop();
  std::vector<std::string> said;
  for (const Relay* relay : {&first, &second, &plain}) {
    relay->program->wait_for_line("goodbye: shutdown");
    relay->program->send(SIGTERM);
    said.push_back(relay->program->wait().err);
  }
  for (const auto& reader : readers)
    expect_whole(*reader);
  for (const std::size_t coded : {std::size_t{0}, std::size_t{1}}) {
    const std::string deltas = text_between(said[coded], "stopped at offset ", ":");
    EXPECT_THAT(said[coded], HasSubstr("(" + deltas + " coded updates)")) << "from the first one on";
  }
  EXPECT_THAT(said[2], HasSubstr("(0 coded updates)"));
}

}  // namespace
}  // namespace touchline::integration
