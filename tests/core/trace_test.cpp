#include "core/trace.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace touchline {
namespace {

constexpr Position at(std::uint64_t offset, std::uint64_t epoch = 1'795'000'000'000) {
  return {Epoch(epoch), Offset(offset)};
}

TEST(Trace, IsNamedByItsPositionAlone) {
  std::set<std::string> names;
  for (std::uint64_t offset = 1; offset <= 10'000; ++offset) {
    names.insert(text_of(trace_of(at(offset))));
    names.insert(text_of(trace_of(at(offset, 7))));
  }
  EXPECT_EQ(names.size(), 20'000U) << "no two deltas share a trace";
  EXPECT_EQ(text_of(trace_of(at(42))), text_of(trace_of(at(42))));
}

// Other programs compute them, too: what they were must they remain.
TEST(Trace, HasNamesThatStay) {
  EXPECT_EQ(text_of(trace_of({Epoch(1), Offset(1)})), "3ec2d42f3a45cc6e64950d26293ff4ff");
  EXPECT_EQ(hex16_of(root_span_of(trace_of({Epoch(1), Offset(1)}))), "7b6f5d348f24b4d3");
}

TEST(Trace, IsSpelledAsW3cWantsIt) {
  const std::string trace = text_of(TraceId{0xAB, 0x01});
  EXPECT_EQ(trace, "00000000000000ab0000000000000001");
}

TEST(Trace, OneInSoManyIsSampledAndAMultipleSamplesAPartOfThem) {
  int of_100 = 0;
  for (std::uint64_t offset = 1; offset <= 100'000; ++offset) {
    if (is_traced(at(offset), 100)) ++of_100;
    if (is_traced(at(offset), 1'000)) {
      EXPECT_TRUE(is_traced(at(offset), 100)) << offset;
    }
    EXPECT_TRUE(is_traced(at(offset), 1));
    EXPECT_FALSE(is_traced(at(offset), 0));
  }
  EXPECT_NEAR(of_100, 1'000, 150);
}

TEST(Trace, TellsHopsAndWhoMadeThemApart) {
  const TraceId trace = trace_of(at(5));
  const std::set<std::uint64_t> spans{root_span_of(trace), span_of(trace, "commit"),
                                      span_of(trace, "relay", "a"), span_of(trace, "relay", "b"),
                                      span_of(trace_of(at(6)), "commit")};
  EXPECT_EQ(spans.size(), 5U);
  EXPECT_FALSE(spans.contains(0));
}

}  // namespace
}  // namespace touchline
