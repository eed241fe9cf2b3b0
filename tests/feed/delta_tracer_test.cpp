#include "feed/trace/delta_tracer.h"

#include "feed/trace/otlp_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace touchline {
namespace {

using testing::HasSubstr;

class DeltaTracerTest : public testing::Test {
 protected:
  DeltaTracer every_delta(std::uint32_t every = 1) {
    return DeltaTracer(Epoch(3), every, [this](Span span) { spans_.push_back(std::move(span)); });
  }
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> times() const {
    std::map<std::string, std::pair<std::int64_t, std::int64_t>> times;
    for (const Span& span : spans_)
      times[span.name] = {span.begin_us, span.end_us};
    return times;
  }
  std::vector<Span> spans_;
};

TEST_F(DeltaTracerTest, GivesEveryHopWhenTheCommitIsDone) {
  DeltaTracer tracer = every_delta();
  tracer.took({Offset(7), "m-1", SourceId(1), 1'000, 1'040'000});
  tracer.handed_over(1'041'000);
  EXPECT_TRUE(spans_.empty()) << "nobody has seen it";
  tracer.committed(1'045'000);
  using Times = std::pair<std::int64_t, std::int64_t>;
  EXPECT_EQ(times(), (std::map<std::string, Times>{{"delta", {1'000'000, 1'045'000}},
                                                   {"from source", {1'000'000, 1'040'000}},
                                                   {"wait for journal", {1'040'000, 1'041'000}},
                                                   {"commit", {1'041'000, 1'045'000}}}));
  for (const Span& span : spans_) {
    EXPECT_EQ(span.trace, trace_of({Epoch(3), Offset(7)}));
    EXPECT_EQ(span.parent, span.name == "delta" ? 0 : root_span_of(span.trace));
  }
}

TEST_F(DeltaTracerTest, CountsADeltaToTheCommitThatItIsIn) {
  DeltaTracer tracer = every_delta();
  tracer.took({Offset(1), "m-1", SourceId(1), 0, 10});
  tracer.handed_over(20);
  tracer.took({Offset(2), "m-1", SourceId(1), 0, 25});
  tracer.committed(30);
  EXPECT_EQ(spans_.size(), 3U) << "without a source time there is no hop from the source";
  EXPECT_EQ(times()["delta"], std::pair(std::int64_t{10}, std::int64_t{30}));
  tracer.handed_over(31);
  tracer.committed(40);
  EXPECT_EQ(spans_.size(), 6U);
}

TEST_F(DeltaTracerTest, BelievesNoClockThatIsAhead) {
  DeltaTracer tracer = every_delta();
  tracer.took({Offset(1), "m-1", SourceId(1), 5'000, 1'000'000});
  tracer.handed_over(1'000'100);
  tracer.committed(1'000'200);
  EXPECT_EQ(times()["from source"], std::pair(std::int64_t{1'000'000}, std::int64_t{1'000'000}));
}

TEST_F(DeltaTracerTest, LeavesOutWhatIsMoreThanItsBound) {
  DeltaTracer tracer = every_delta();
  for (std::uint64_t i = 1; i <= 2'000; ++i)
    tracer.took({Offset(i), "m-1", SourceId(1), 0, 1});
  tracer.handed_over(2);
  tracer.committed(3);
  EXPECT_EQ(spans_.size(), 3 * 1'024U);
}

TEST_F(DeltaTracerTest, LooksAtPositionsAlone) {
  const DeltaTracer tracer = every_delta(10);
  for (std::uint64_t i = 1; i <= 100; ++i)
    EXPECT_EQ(tracer.wants(Offset(i)), is_traced({Epoch(3), Offset(i)}, 10));
}

// As the OTLP specification has it: ids are hex, 64-bit numbers are texts.
TEST(OtlpJson, IsWhatACollectorTakes) {
  const TracedService service{"touchline-serve", "1.2.3", "live.db"};
  const std::vector<Span> spans{
      {{1, 2}, 3, 0, "delta", 10, 20, {{"touchline.event", "a \"b\""}, {"touchline.offset", "7"}}},
      {{1, 2}, 4, 3, "commit", 15, 20}};
  EXPECT_EQ(
      otlp_json(service, spans),
      R"({"resourceSpans":[{"resource":{"attributes":[)"
      R"({"key":"service.name","value":{"stringValue":"touchline-serve"}},)"
      R"({"key":"service.version","value":{"stringValue":"1.2.3"}},)"
      R"({"key":"service.instance.id","value":{"stringValue":"live.db"}}]},)"
      R"("scopeSpans":[{"scope":{"name":"touchline"},"spans":[)"
      R"({"traceId":"00000000000000010000000000000002","spanId":"0000000000000003","name":"delta","kind":1,)"
      R"("startTimeUnixNano":"10000","endTimeUnixNano":"20000","attributes":[)"
      R"({"key":"touchline.event","value":{"stringValue":"a \"b\""}},)"
      R"({"key":"touchline.offset","value":{"stringValue":"7"}}]},)"
      R"({"traceId":"00000000000000010000000000000002","spanId":"0000000000000004","parentSpanId":"0000000000000003",)"
      R"("name":"commit","kind":1,"startTimeUnixNano":"15000","endTimeUnixNano":"20000","attributes":[]}]}]}]})");
}

}  // namespace
}  // namespace touchline
