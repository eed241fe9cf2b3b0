// One delta followed from its source over the service to a relay, at a collector of traces and in the store.

#include "core/trace.h"

#include "tests/integration/collector.h"
#include "tests/integration/guarded_fixture.h"
#include "tests/integration/http_get.h"

#include <gmock/gmock.h>

#include <map>
#include <memory>
#include <set>
#include <string>

namespace touchline::integration {
namespace {

using testing::HasSubstr;

class Traces : public Guarded {
 protected:
  void start_traced(const std::string& collector) {
    start("tcp", {"--trace-to", collector, "--trace-every", "1", "--admin", "127.0.0.1:0"});
    relay_ = std::make_unique<Program>(
        std::vector<std::string>{"relay", "--upstream", readers_, "--listen", "tcp://127.0.0.1:0", "--name",
                                 "edge", "--trace-to", collector, "--trace-every", "1"});
    relay_->wait_for_line("ready:");
  }
  std::unique_ptr<Program> relay_;
};

constexpr const char* goal =
    "{\"event\":\"m-1\",\"seq\":1,\"home_score\":0}\n"
    "{\"event\":\"m-1\",\"seq\":2,\"home_score\":1}\n";

TEST_F(Traces, FollowADeltaFromTheServiceToTheRelay) {
  Collector collector;
  start_traced(collector.url());
  send(goal);
  const auto spans = collector.wait_for([](const auto& seen) {
    std::set<std::string> hops;
    for (const CollectedSpan& span : seen)
      hops.insert(span.name + span.attributes.at("service.name"));
    return hops.contains("relaytouchline-relay") && hops.contains("committouchline-serve");
  });
  std::string position;
  std::map<std::string, std::set<std::string>> hops_by_trace;
  for (const CollectedSpan& span : spans)
    hops_by_trace[span.trace].insert(span.name);
  const std::string of_store = output_of({"trace", store_, "m-1", "2", "--json"});
  const std::size_t at = of_store.find("\"trace\":\"") + 9;
  const auto found = hops_by_trace.find(of_store.substr(at, 32));
  ASSERT_NE(found, hops_by_trace.end()) << of_store;
  EXPECT_EQ(found->second, (std::set<std::string>{"delta", "wait for journal", "commit", "relay"}));
  for (const CollectedSpan& span : spans) {
    if (span.name == "delta") {
      EXPECT_EQ(span.attributes.at("touchline.event"), "m-1");
      EXPECT_EQ(span.attributes.at("touchline.source"), "feed");
    }
    EXPECT_LE(span.begin_ns, span.end_ns);
  }
  http_get_until(url_in(service_->wait_for_line("admin on")), "/metrics", [](const HttpPage& page) {
    return page.body.find("touchline_trace_spans_sent_total 6") != std::string::npos;
  });
}

// Nobody waits for who watches.
TEST_F(Traces, AreDroppedAndCountedWhileTheCollectorIsAway) {
  std::string nowhere;
  { nowhere = Collector().url(); }
  start_traced(nowhere);
  send(goal);
  service_->wait_for_line("spans are dropped until it takes them");
  http_get_until(url_in(service_->wait_for_line("admin on")), "/metrics", [](const HttpPage& page) {
    return page.body.find("touchline_trace_spans_dropped_total 6") != std::string::npos;
  });
  EXPECT_EQ(stop().exit_code, 0);
  EXPECT_EQ(digests_of(store_).size(), 1U);
}

TEST_F(Traces, OfADeltaThatIsNotThereAreRefusedByName) {
  start("tcp");
  send(goal);
  stop();
  EXPECT_THAT(output_of({"trace", store_, "m-1", "1"}), HasSubstr("handed to disk"));
  const Finished past = run({"trace", store_, "m-1", "3"});
  EXPECT_EQ(past.exit_code, 2);
  EXPECT_THAT(past.err, HasSubstr("its last is 2"));
}

}  // namespace
}  // namespace touchline::integration
