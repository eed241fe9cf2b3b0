// The store's threads: what is committed is also copied out of SQLite's log, while the service runs.

#include "storage/store_thread.h"

#include "tests/storage/store_fixture.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <thread>

namespace touchline::test {
namespace {

TEST(StoreThread, CopiesTheLogIntoTheFileWhileItRuns) {
  const TempFolder folder;
  Store store(folder / "store.db");
  StoreThread threads(store.journal(), {[](const Committed&) {}});
  RandomFeed feed(1, 4);
  store.run(feed, 2'000);
  // The thread looks every half a second; a minute is for a machine that is very busy.
  const auto patience = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (std::filesystem::file_size(folder / "store.db") < 16'384) {
    ASSERT_LT(std::chrono::steady_clock::now(), patience) << "the log only grows";
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace
}  // namespace touchline::test
