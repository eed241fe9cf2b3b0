// A scrape by its letter: Prometheus must be able to read whatever is counted and however relays call themselves.

#include "feed/admin/metrics_page.h"

#include "tests/prometheus/text_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace touchline {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(MetricsPageTest, GathersASeriesOfEachLabelInOneFamily) {
  MetricsPage page;
  page.add(metric::source_gaps, 3, {{"source", "a"}});
  page.add(metric::readers, 2);
  page.add(metric::source_gaps, 4, {{"source", "b"}});
  const PrometheusScrape scrape = read_prometheus_text(page.text());
  EXPECT_THAT(scrape.faults, IsEmpty());
  EXPECT_EQ(scrape.value("touchline_source_gaps_total", {{"source", "a"}}), 3);
  EXPECT_EQ(scrape.value("touchline_source_gaps_total", {{"source", "b"}}), 4);
  EXPECT_EQ(scrape.value("touchline_readers"), 2);
  EXPECT_EQ(scrape.families.at("touchline_source_gaps_total").type, "counter");
}

TEST(MetricsPageTest, WritesAHistogramInTheMetricsUnit) {
  BucketHistogram times(short_bounds_us);
  for (const std::int64_t us : {100, 250, 251, 2'500, 99'000'000})
    times.add(us);
  MetricsPage page;
  page.add(metric::commit_time, times, seconds_per_us);
  const std::string text = page.text();
  const PrometheusScrape scrape = read_prometheus_text(text);
  EXPECT_THAT(scrape.faults, IsEmpty()) << text;
  const std::string name = "touchline_journal_commit_seconds";
  EXPECT_EQ(scrape.value(name + "_bucket", {{"le", "0.00025"}}), 2);
  EXPECT_EQ(scrape.value(name + "_bucket", {{"le", "0.0005"}}), 3);
  EXPECT_EQ(scrape.value(name + "_bucket", {{"le", "0.0025"}}), 4);
  EXPECT_EQ(scrape.value(name + "_bucket", {{"le", "10"}}), 4);
  EXPECT_EQ(scrape.value(name + "_bucket", {{"le", "+Inf"}}), 5);
  EXPECT_EQ(scrape.value(name + "_count"), 5);
  EXPECT_NEAR(scrape.value(name + "_sum"), 99.003101, 1e-9);
}

TEST(MetricsPageTest, MakesNamesThatPeersChooseHarmless) {
  MetricsPage page;
  page.add(metric::queue_bytes, 1, {{"relay", "a\"} 7\n\\\xff\x1b[2J"}});
  const PrometheusScrape scrape = read_prometheus_text(page.text());
  EXPECT_THAT(scrape.faults, IsEmpty());
  EXPECT_EQ(scrape.value("touchline_session_queue_bytes", {{"relay", "a\"} 7?\\??[2J"}}), 1);
}

TEST(MetricsPageTest, ListsEveryMetricOnceWithANameOfItsKind) {
  MetricsPage page;
  BucketHistogram some(batch_bounds);
  std::set<std::string> names;
  for (const Metric* known : metric::all) {
    EXPECT_TRUE(names.insert(known->name).second) << known->name;
    if (known->kind == MetricKind::histogram) {
      page.add(*known, some, 1);
    } else {
      page.add(*known, 1);
    }
  }
  EXPECT_THAT(read_prometheus_text(page.text()).faults, IsEmpty());
}

// What the strict reader is worth.
TEST(PrometheusText, NamesWhatTheFormatForbids) {
  const auto faults = [](const std::string& text) { return read_prometheus_text(text).faults; };
  const std::string head = "# HELP a_total h\n# TYPE a_total counter\n";
  EXPECT_THAT(faults(head + "a_total 1\n"), IsEmpty());
  EXPECT_THAT(faults(head + "a_total 1"), Contains(HasSubstr("no end")));
  EXPECT_THAT(faults(head + "a_total 1\na_total 2\n"), Contains(HasSubstr("twice")));
  EXPECT_THAT(faults(head + "a_total x\n"), Contains(HasSubstr("no number")));
  EXPECT_THAT(faults(head + "a_total -1\n"), Contains(HasSubstr("below 0")));
  EXPECT_THAT(faults(head + "a_total{b=\"c} 1\n"), Contains(HasSubstr("labels")));
  EXPECT_THAT(faults("a_total 1\n"), Contains(HasSubstr("no type")));
  EXPECT_THAT(faults("# HELP a h\n# TYPE a counter\na 1\n"), Contains(HasSubstr("without _total")));
  EXPECT_THAT(faults(head + "a_total 1\n# HELP b h\n# TYPE b gauge\nb 1\na_total{c=\"d\"} 1\n"),
              Contains(HasSubstr("does not stand in its family")));
  const std::string histogram = "# HELP h h\n# TYPE h histogram\n";
  EXPECT_THAT(faults(histogram + "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n"),
              IsEmpty());
  EXPECT_THAT(faults(histogram + "h_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n"),
              Contains(HasSubstr("fewer")));
  EXPECT_THAT(faults(histogram + "h_bucket{le=\"1\"} 2\nh_sum 1\nh_count 2\n"),
              Contains(HasSubstr("for all")));
  EXPECT_THAT(faults(histogram + "h_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 3\n"),
              Contains(HasSubstr("another")));
}

}  // namespace
}  // namespace touchline
