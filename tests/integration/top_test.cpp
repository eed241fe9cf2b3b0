// `touchline top` without a terminal: a line each time, with what the service has done since the line before.

#include "tests/integration/files.h"
#include "tests/integration/http_get.h"
#include "tests/integration/program.h"
#include "tests/integration/socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>

namespace touchline::integration {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

TEST(Top, SaysALineEachTime) {
  const TempFolder folder;
  Program service({"serve", "--store", folder / "a.db", "--listen", "tcp://127.0.0.1:0", "--source",
                   "feed=tcp://127.0.0.1:0", "--admin", "0", "--stale-after-ms", "300"});
  const std::string admin = url_in(service.wait_for_line("admin on"));
  Socket feed(url_in(service.wait_for_line("taking lines on")));
  EXPECT_TRUE(feed.send("{\"event\":\"m\",\"home_score\":1}\n"));
  http_get_until(admin, "/metrics", [](const HttpPage& page) {
    return page.body.find("\ntouchline_published_offset 1\n") != std::string::npos;
  });
  http_get_until(admin, "/readyz", [](const HttpPage& page) { return page.status == 503; });
  const Lines lines = [&] {
    write_bytes(folder / "out", output_of({"top", admin, "--count", "2", "--interval-s", "0.2"}));
    return lines_of(folder / "out");
  }();
  ASSERT_EQ(lines.size(), 2U);
  // The event's score, and that its source is stale.
  EXPECT_THAT(lines[1],
              AllOf(HasSubstr("  NOT READY: all sources are stale  offset 2  0 deltas/s"),
                    HasSubstr("  0 readers  commit "), HasSubstr(" free"), HasSubstr("  source feed stale")));
  service.send(SIGTERM);
  service.wait();
  const Finished gone = run({"top", admin, "--count", "1"});
  EXPECT_EQ(gone.exit_code, 3);
  EXPECT_THAT(gone.err, HasSubstr(admin + ": Connection refused"));
  EXPECT_EQ(run({"top", "tcp://127.0.0.1:1"}).exit_code, 2);
}

TEST(Top, EndsCleanlyWhenItIsStoppedAndNamesWhatIsNoAdminPort) {
  const TempFolder folder;
  Program service({"serve", "--store", folder / "a.db", "--listen", "tcp://127.0.0.1:0", "--admin", "0"});
  const std::string readers = url_in(service.wait_for_line("serving readers on"));
  const std::string admin = url_in(service.wait_for_line("admin on"));
  Program top({"top", admin, "--interval-s", "60"});
  http_get_until(admin, "/metrics", [](const HttpPage& page) { return page.status == 200; });
  EXPECT_FALSE(top.ends_within(std::chrono::milliseconds(300)));
  top.send(SIGTERM);
  const Finished finished = top.wait();
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_THAT(finished.out, HasSubstr("  ready  offset 0  0 deltas/s"));
  const Finished wrong = run({"top", readers.substr(6), "--count", "1"});
  EXPECT_EQ(wrong.exit_code, 3);
  EXPECT_THAT(wrong.err, HasSubstr("its answer is no HTTP"));
}

}  // namespace
}  // namespace touchline::integration
