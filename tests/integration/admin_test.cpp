// The admin port of a running service and a running relay: what an operator and a scrape see there is what happened.

#include "core/messages.h"
#include "feed/admin/metric_list.h"
#include "tests/integration/files.h"
#include "tests/integration/http_get.h"
#include "tests/integration/program.h"
#include "tests/integration/socket.h"
#include "tests/integration/stores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace touchline::integration {
namespace {

using testing::AllOf;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::Not;

bool says(const HttpPage& page, int status, std::string_view text) {
  return page.status == status && page.body.find(text) != std::string::npos;
}

class Admin : public testing::Test {
 protected:
  void start(const std::vector<std::string>& options = {}) {
    std::vector<std::string> arguments{"serve",
                                       "--store",
                                       store_,
                                       "--listen",
                                       readers_,
                                       "--source",
                                       "feed=tcp://127.0.0.1:0",
                                       "--admin",
                                       "127.0.0.1:0",
                                       "--lost-after-ms",
                                       "0"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    service_ = std::make_unique<Program>(std::move(arguments));
    readers_ = url_in(service_->wait_for_line("serving readers on"));
    feed_ = url_in(service_->wait_for_line("taking lines on"));
    admin_ = url_in(service_->wait_for_line("admin on"));
    service_->wait_for_line("ready:");
  }
  void start_relay() {
    relay_ = std::make_unique<Program>(std::vector<std::string>{"relay", "--upstream", readers_, "--listen",
                                                                "tcp://127.0.0.1:0", "--name", "edge",
                                                                "--admin", "0", "--heartbeat-ms", "100"});
    relay_admin_ = url_in(relay_->wait_for_line("admin on"));
  }
  // All of it is taken when this returns.
  void send(std::string_view text) const {
    Socket socket(feed_);
    EXPECT_TRUE(socket.send(text));
    socket.end_sending();
    EXPECT_EQ(socket.receive_all(), "");
  }
  PrometheusScrape scrape_until(const std::string& url, const std::string& name,
                                const PrometheusLabels& labels, double value) const {
    http_get_until(url, "/metrics", [&](const HttpPage& page) {
      return read_prometheus_text(page.body).value(name, labels) == value;
    });
    return scrape(url);
  }

  TempFolder folder_;
  std::string store_ = folder_ / "served.db";
  std::string readers_ = "tcp://127.0.0.1:0";
  std::string feed_;
  std::string admin_;
  std::string relay_admin_;
  std::unique_ptr<Program> service_;
  std::unique_ptr<Program> relay_;
};

TEST_F(Admin, CountsWhatASourceBroughtByWhatBecameOfIt) {
  start();
  send(
      "{\"event\":\"m\",\"seq\":1,\"home_score\":0}\n"
      "{\"event\":\"m\",\"seq\":1,\"home_score\":0}\n"
      "{\"event\":\"m\",\"seq\":2,\"home_score\":0}\n"
      "{\"event\":\"m\",\"seq\":5,\"home_score\":2}\n"
      "{\"alive\":true}\n"
      "no JSON\n");
  // The missing numbers are given up on after two seconds.
  scrape_until(admin_, "touchline_source_gaps_total", {{"source", "feed"}}, 1);
  const PrometheusScrape page = scrape_until(admin_, "touchline_published_offset", {}, 3);
  const auto messages = [&](const char* outcome) {
    return page.value("touchline_source_messages_total", {{"source", "feed"}, {"outcome", outcome}});
  };
  EXPECT_EQ(messages("changed"), 1);
  EXPECT_EQ(messages("repeat"), 1);
  EXPECT_EQ(messages("no_op"), 1);
  EXPECT_EQ(messages("held"), 1);
  EXPECT_EQ(messages("control"), 1);
  EXPECT_EQ(messages("rejected"), 1);
  EXPECT_EQ(page.value("touchline_source_missing_updates_total", {{"source", "feed"}}), 2);
  EXPECT_EQ(page.value("touchline_source_stale", {{"source", "feed"}}), 0);
  EXPECT_GE(page.value("touchline_source_silence_seconds", {{"source", "feed"}}), 1);
  // Two of the source's, and one that says that something is missing.
  EXPECT_EQ(page.value("touchline_deltas_total"), 3);
  EXPECT_EQ(page.value("touchline_published_offset"), 3);
  EXPECT_EQ(page.value("touchline_events"), 1);
  EXPECT_GE(page.value("touchline_journal_commit_seconds_count"), 2);
  EXPECT_EQ(page.value("touchline_journal_batch_deltas_sum"), 3);
  EXPECT_EQ(page.value("touchline_receive_to_durable_seconds_count"), 1);
  EXPECT_GT(page.value("touchline_receive_to_durable_seconds_sum"), 0);
  EXPECT_GT(page.value("touchline_journal_disk_free_bytes"), 0);
  EXPECT_GE(page.value("touchline_journal_disk_bytes"), page.value("touchline_journal_disk_free_bytes"));
  EXPECT_GT(page.value("touchline_journal_file_bytes") + page.value("touchline_journal_log_bytes"), 4'000);
  EXPECT_GT(page.value("touchline_loop_lag_seconds_count"), 5);
  EXPECT_GT(page.value("process_resident_memory_bytes"), 1'000'000);
  EXPECT_GT(page.value("process_open_fds"), 5);
  const double now = static_cast<double>(std::time(nullptr));
  EXPECT_NEAR(page.value("process_start_time_seconds"), now, 600);
}

TEST_F(Admin, MeasuresFromTheSourcesClockToItsPublishing) {
  start();
  const std::int64_t now_ms = 1'000 * static_cast<std::int64_t>(std::time(nullptr));
  send("{\"event\":\"m\",\"home_score\":1,\"time\":" + std::to_string(now_ms - 20'000) + "}\n" +
       "{\"event\":\"m\",\"home_score\":2,\"time\":" + std::to_string(now_ms + 40'000) + "}\n");
  const PrometheusLabels feed{{"source", "feed"}};
  const PrometheusScrape page = scrape_until(admin_, "touchline_source_to_publish_seconds_count", feed, 2);
  const double sum = page.value("touchline_source_to_publish_seconds_sum", feed);
  EXPECT_GE(sum, 20) << "the clock that is ahead counts as no time";
  EXPECT_LT(sum, 60);
  // Who asks does not take it away from others.
  for (int i = 0; i < 3; ++i) {
    http_get_until(admin_, "/metrics", [&](const HttpPage& asked) {
      const double ahead =
          read_prometheus_text(asked.body).value("touchline_source_clock_ahead_seconds", feed);
      return ahead > 35 && ahead <= 41;
    });
  }
}

TEST_F(Admin, IsNotReadyWhenNoSourceSaysAnything) {
  start({"--stale-after-ms", "300"});
  EXPECT_EQ(http_get(admin_, "/healthz").status, 200);
  http_get_until(admin_, "/readyz", [](const HttpPage& page) {
    return says(page, 503, "\"reasons\":[\"all sources are stale\"]");
  });
  EXPECT_EQ(scrape(admin_).value("touchline_ready"), 0);
  EXPECT_EQ(scrape(admin_).value("touchline_source_stale", {{"source", "feed"}}), 1);
  EXPECT_EQ(http_get(admin_, "/healthz").status, 200) << "a restart would mend nothing";
  Socket source(feed_);
  http_get_until(admin_, "/readyz", [&](const HttpPage& page) {
    source.send("{\"alive\":true}\n");
    return says(page, 200, "{\"ready\":true,\"reasons\":[]}");
  });
}

TEST_F(Admin, IsNotReadyWhileItDrains) {
  start({"--drain-ms", "60000"});
  // It takes nothing, so that the service waits for it.
  Socket stuck(readers_);
  std::string hello;
  put(hello, Hello{});
  EXPECT_TRUE(stuck.send(hello));
  scrape_until(admin_, "touchline_readers", {}, 1);
  send(bytes_of(simulate_day(folder_, 40, 12)));
  service_->send(SIGTERM);
  http_get_until(admin_, "/readyz",
                 [](const HttpPage& page) { return says(page, 503, "the service stops"); });
}

TEST_F(Admin, OfARelaySaysWhatItLacks) {
  start();
  const std::string upstream = readers_;
  service_->send(SIGTERM);
  EXPECT_EQ(service_->wait().exit_code, 0);
  start_relay();
  EXPECT_THAT(http_get(relay_admin_, "/readyz").body, AllOf(HasSubstr("states of the publisher are missing"),
                                                            HasSubstr("the upstream is not connected")));
  EXPECT_EQ(scrape(relay_admin_).value("touchline_relay_upstream_connected"), 0);
  start();
  ASSERT_EQ(readers_, upstream);
  send("{\"event\":\"m\",\"home_score\":1}\n{\"event\":\"m\",\"home_score\":2}\n");
  http_get_until(relay_admin_, "/readyz", [](const HttpPage& page) { return page.status == 200; });
  const PrometheusScrape page = scrape_until(relay_admin_, "touchline_published_offset", {}, 2);
  EXPECT_EQ(page.value("touchline_relay_upstream_connected"), 1);
  EXPECT_EQ(page.value("touchline_relay_whole"), 1);
  EXPECT_GE(page.value("touchline_relay_connects_total"), 2);
  EXPECT_EQ(page.value("touchline_relay_missing_deltas"), 0);
  EXPECT_GT(page.value("touchline_relay_received_bytes_total"), 100);
  EXPECT_EQ(page.value("touchline_epoch"), scrape(admin_).value("touchline_epoch"));
  EXPECT_EQ(page.value("touchline_build_info", {{"version", TOUCHLINE_VERSION}, {"role", "relay"}}), 1);
  // Heartbeats bring the publisher's time.
  http_get_until(relay_admin_, "/metrics", [](const HttpPage& asked) {
    return std::abs(read_prometheus_text(asked.body).value("touchline_relay_lag_seconds")) < 5;
  });
  EXPECT_THAT(http_get(relay_admin_, "/sources").body, HasSubstr("{\"name\":\"feed\",\"feed\":\"live\""));
  // At the publisher it is a reader by its name.
  const PrometheusLabels edge{{"relay", "edge"}};
  EXPECT_EQ(scrape(admin_).value("touchline_session_queue_bytes", edge), 0);
  service_->send(SIGKILL);
  service_->wait();
  http_get_until(relay_admin_, "/readyz", [](const HttpPage& asked) {
    return says(asked, 503, "\"reasons\":[\"the upstream is not connected\"]");
  });
  EXPECT_EQ(scrape(relay_admin_).value("touchline_relay_upstream_connected"), 0);
}

TEST_F(Admin, ShowsOneEventInFullAndWhatWasRefused) {
  start();
  send(
      "{\"event\":\"m\",\"seq\":1,\"name\":\"A v B\",\"home_score\":2}\n"
      "{\"event\":true}\n");
  http_get_until(admin_, "/event?handle=1",
                 [](const HttpPage& page) { return says(page, 200, "\"home_score\":2"); });
  EXPECT_EQ(http_get(admin_, "/event?handle=2").status, 404);
  EXPECT_EQ(http_get(admin_, "/event").status, 404);
  EXPECT_EQ(http_get(admin_, "/event?handle=x").status, 400);
  const HttpPage refused =
      http_get_until(admin_, "/rejected", [](const HttpPage& page) { return says(page, 200, "\"line\":2"); });
  EXPECT_THAT(refused.body, AllOf(HasSubstr("\"source\":\"feed"), HasSubstr("{\\\"event\\\":true}")));
}

TEST_F(Admin, ShowsEventsAndSessionsPageByPage) {
  start();
  std::string lines;
  for (int i = 1; i <= 5; ++i)
    lines += "{\"event\":\"m" + std::to_string(i) + "\",\"name\":\"A v \\\"B\\\"\",\"status\":\"live\"}\n";
  send(lines);
  scrape_until(admin_, "touchline_events", {}, 5);
  simdjson::dom::parser parser;
  std::vector<std::string> ids;
  std::uint64_t from = 0;
  for (int page = 0; page < 3; ++page) {
    const auto json = parse_json(parser, http_get(admin_, "/events?limit=2&from=" + std::to_string(from)));
    EXPECT_EQ(std::uint64_t(json["total"]), 5U);
    for (const auto event : json["events"].get_array()) {
      ids.emplace_back(std::string_view(event["id"]));
      EXPECT_EQ(std::string_view(event["name"]), "A v \"B\"");
      EXPECT_EQ(std::string_view(event["status"]), "live");
      EXPECT_EQ(std::string_view(event["feed"]), "live");
    }
    const auto next = json["next"];
    ASSERT_EQ(next.error() != simdjson::SUCCESS, page == 2);
    if (page != 2) from = std::uint64_t(next);
  }
  EXPECT_THAT(ids, ElementsAreArray({"m1", "m2", "m3", "m4", "m5"}));
  EXPECT_EQ(http_get(admin_, "/events?limit=0").status, 400);
  EXPECT_EQ(http_get(admin_, "/events?from=x").status, 400);
  Socket desk(readers_);
  Hello named;
  named.relay = "desk \x01\"7\"";
  std::string hello;
  put(hello, named);
  EXPECT_TRUE(desk.send(hello));
  scrape_until(admin_, "touchline_readers", {}, 1);
  const Socket silent(readers_);
  scrape_until(admin_, "touchline_handshakes", {}, 1);
  const auto json = parse_json(parser, http_get_until(admin_, "/sessions", [](const HttpPage& page) {
                                 return says(page, 200, "following");
                               }));
  EXPECT_EQ(std::uint64_t(json["total"]), 2U);
  std::set<std::string> seen;
  for (const auto session : json["sessions"].get_array()) {
    seen.insert(std::string(std::string_view(session["relay"])) + ": " +
                std::string(std::string_view(session["state"])));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"desk ?\"7\": following", ": handshake"}));
  EXPECT_THAT(http_get(admin_, "/version").body, HasSubstr("\"role\":\"serve\""));
  // The console is there, and fetches nothing from elsewhere.
  const HttpPage console = http_get(admin_, "/");
  EXPECT_THAT(console.head, AllOf(HasSubstr("text/html; charset=utf-8"), HasSubstr("default-src 'none'")));
  EXPECT_EQ(console.body, bytes_of(std::string(TOUCHLINE_SOURCE_DIR) + "/feed/admin/console.html"));
  EXPECT_THAT(console.body, Not(HasSubstr("https://")));
}

// One list: what is served, what the code names, and what OPERATIONS.md explains.
TEST_F(Admin, ServesTheMetricsThatAreDocumentedAndNoOthers) {
  start();
  send("{\"event\":\"m\",\"home_score\":1,\"time\":1786802400000}\n");
  start_relay();
  relay_->wait_for_line("ready:");
  scrape_until(admin_, "touchline_source_to_publish_seconds_count", {{"source", "feed"}}, 1);
  http_get_until(admin_, "/metrics", [](const HttpPage& page) {
    return page.body.find("touchline_journal_disk_bytes ") != std::string::npos;
  });
  std::set<std::string> served;
  for (const std::string& url : {admin_, relay_admin_}) {
    for (const auto& [name, family] : scrape(url).families)
      served.insert(name);
  }
  std::set<std::string> named;
  for (const Metric* known : metric::all)
    named.insert(known->name);
  EXPECT_EQ(served, named);
  const std::string text = bytes_of(std::string(TOUCHLINE_SOURCE_DIR) + "/OPERATIONS.md");
  std::set<std::string> documented;
  const std::regex row("\n\\| `((?:touchline|process)_[a-z_]+)");
  for (std::sregex_iterator at(text.begin(), text.end(), row); at != std::sregex_iterator(); ++at)
    documented.insert((*at)[1]);
  EXPECT_EQ(documented, named);
}

TEST_F(Admin, IsOpenedOnThisMachineUnlessAnotherAddressIsNamed) {
  start();
  EXPECT_THAT(admin_, HasSubstr("http://127.0.0.1:"));
  EXPECT_EQ(service_->count_of("may see metrics"), 0U);
  service_->send(SIGTERM);
  service_->wait();
  Program open({"serve", "--store", folder_ / "open.db", "--admin", "http://0.0.0.0:0"});
  open.wait_for_line("whoever reaches http://0.0.0.0:");
  EXPECT_THAT(run({"serve", "--store", folder_ / "x.db", "--admin", "tcp://127.0.0.1:1"}).err,
              HasSubstr("expected http://HOST:PORT"));
  EXPECT_EQ(run({"serve", "--store", folder_ / "x.db", "--admin", admin_.substr(7) + "x"}).exit_code, 2);
}

}  // namespace
}  // namespace touchline::integration
