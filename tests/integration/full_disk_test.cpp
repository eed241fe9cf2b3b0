// A disk that is full, and one that cannot sync any more: the service ends clearly, what was answered is there, and a
// start with the disk mended goes on.

#include "storage/journal_reader.h"
#include "tests/integration/answered_source.h"
#include "tests/integration/files.h"
#include "tests/integration/program.h"
#include "tests/integration/socket.h"
#include "tests/integration/stores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <sys/mount.h>

namespace touchline::integration {
namespace {

using testing::HasSubstr;

std::uint64_t head_of(const std::string& store) {
  auto reader = JournalReader::open(store);
  return reader ? reader->head().value : 0;
}

// A folder on a file system of its own, with so much room.
class SmallDisk {
 public:
  SmallDisk() {
    if (::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, "size=1m") == 0) return;
    reason_ = std::string("no file system of its own can be made here: ") + std::strerror(errno);
  }
  ~SmallDisk() {
    if (reason_.empty()) ::umount2(folder_.path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  const std::string& reason() const { return reason_; }
  void give_room() const {
    EXPECT_EQ(::mount("tmpfs", folder_.path().c_str(), "tmpfs", MS_REMOUNT, "size=256m"), 0);
  }
  std::string operator/(std::string_view name) const { return folder_ / name; }

 private:
  TempFolder folder_;
  std::string reason_;
};

class FailingDisk : public testing::Test {
 protected:
  static std::vector<std::string> serve(const std::string& store) {
    return {"serve", "--store",         store, "--source", "feed=tcp://127.0.0.1:0", "--stale-after-ms",
            "0",     "--lost-after-ms", "0"};
  }
  void send_to(Program& service) { source_.send(Socket(url_in(service.wait_for_line("taking lines on")))); }
  // The service has ended by itself and says why; what was answered is there.
  void expect_clear_end(Program& service, const std::string& store, const std::string& reason) {
    const Finished finished = service.wait();
    EXPECT_EQ(finished.exit_code, 3) << finished.err;
    EXPECT_THAT(finished.err, HasSubstr("failed"));
    EXPECT_THAT(finished.err, HasSubstr(reason));
    EXPECT_FALSE(source_.done());
    EXPECT_GT(source_.answered(), 0U);
    EXPECT_GE(head_of(store), source_.promised());
  }
  // With the disk mended, the rest.
  void expect_the_rest(const std::string& store) {
    Program service(serve(store));
    send_to(service);
    EXPECT_TRUE(source_.done());
    EXPECT_EQ(source_.wrong(), std::vector<std::string>());
    service.send(SIGTERM);
    EXPECT_EQ(service.wait().exit_code, 0) << service.wait().err;
    expect_sound(store);
    const std::string whole = folder_ / "whole.db";
    replay({write_lines(folder_ / "day.ndjson", day_)}, whole);
    EXPECT_EQ(digests_of(store), digests_of(whole));
  }

  TempFolder folder_;
  Lines day_ = lines_of(simulate_day(folder_, 4, 81));
  AnsweredSource source_{day_};
};

TEST_F(FailingDisk, ThatIsFullEndsTheServiceAndLosesNothing) {
  const SmallDisk disk;
  if (!disk.reason().empty()) GTEST_SKIP() << disk.reason();
  const std::string store = disk / "full.db";
  Program service(serve(store));
  send_to(service);
  expect_clear_end(service, store, "full");
  disk.give_room();
  expect_the_rest(store);
}

TEST_F(FailingDisk, ThatCannotSyncEndsTheServiceAndLosesNothing) {
#ifdef TOUCHLINE_FAILING_SYNC
  const std::string store = folder_ / "dying.db";
  ::setenv("LD_PRELOAD", TOUCHLINE_FAILING_SYNC, 1);  // NOLINT(concurrency-mt-unsafe)
  ::setenv("FAILING_SYNC_AFTER", "40", 1);            // NOLINT(concurrency-mt-unsafe)
  Program service(serve(store));
  ::unsetenv("LD_PRELOAD");          // NOLINT(concurrency-mt-unsafe)
  ::unsetenv("FAILING_SYNC_AFTER");  // NOLINT(concurrency-mt-unsafe)
  send_to(service);
  expect_clear_end(service, store, "disk I/O error");
  expect_the_rest(store);
#else
  GTEST_SKIP() << "a sanitizer's own library has to come first";
#endif
}

}  // namespace
}  // namespace touchline::integration
