// A running store that is cleared by a thread of its own while it is written.

#include "storage/retention_thread.h"

#include "storage/verify.h"
#include "tests/storage/store_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace touchline {
namespace {

using test::TempFolder;
using testing::HasSubstr;

// A publisher that commits one batch after another, as its journal takes them.
class Running {
 public:
  explicit Running(const std::string& path)
      : journal_(Journal::open(path).value()), threads_(journal_, {[this](Committed committed) {
                                                          const std::lock_guard lock(mutex_);
                                                          committed_ = std::move(committed);
                                                          wake_.notify_all();
                                                        }}) {
    journal_.source("feed").value();
    line_ = origin_.add_line(origin_.add_source());
  }
  StoreThread& threads() { return threads_; }

  // Publishes until `news` has said something.
  void publish_until_news() {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (news_count() == 0) {
      ASSERT_LT(std::chrono::steady_clock::now(), patience) << "no news";
      publish(20);
    }
  }
  void publish(int updates) {
    for (int i = 0; i < updates; ++i) {
      Update update = feed_.next();
      ASSERT_TRUE(origin_.take(line_, update, feed_.now_ms()));
    }
    std::unique_lock lock(mutex_);
    committed_.reset();
    threads_.submit(origin_.take_batch());
    wake_.wait(lock, [this] { return committed_.has_value(); });
    ASSERT_TRUE(committed_->result);
  }

  void hear(const RetentionNews& news) {
    const std::lock_guard lock(mutex_);
    news_.push_back(news);
  }
  std::size_t news_count() {
    const std::lock_guard lock(mutex_);
    return news_.size();
  }
  RetentionNews first_news() {
    const std::lock_guard lock(mutex_);
    return news_.at(0);
  }

 private:
  Journal journal_;
  Origin origin_;
  LineRef line_;
  test::RandomFeed feed_{3, 6};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<Committed> committed_;
  std::vector<RetentionNews> news_;
  StoreThread threads_;
};

void expect_sound(const std::string& path) {
  const auto report = verify(path);
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_TRUE(report->sound()) << (report->findings.empty() ? "" : report->findings.front().what);
}

TEST(RetentionThread, ClearsAStoreThatIsWrittenMeanwhile) {
  const TempFolder folder;
  const std::string path = folder / "store.db";
  const std::string archive = folder / "archive.db";
  {
    Running running(path);
    running.publish(50);
    {
      RetentionThread retention(path, {.keep_ms = 1, .archive = archive}, running.threads(),
                                [&](const RetentionNews& news) { running.hear(news); });
      running.publish_until_news();
      running.publish(50);
    }
    const RetentionNews news = running.first_news();
    EXPECT_EQ(news.kind, RetentionNews::Kind::cleared) << news.text;
    EXPECT_THAT(news.text, HasSubstr("kept in " + archive));
    running.publish(50);  // as before, when nobody clears any more
  }
  expect_sound(path);
  expect_sound(archive);
  EXPECT_GT(JournalReader::open(path)->complete_after().value(), Offset(0));
}

TEST(RetentionThread, SaysWhyItCannotAndStopsNobody) {
  const TempFolder folder;
  const std::string path = folder / "store.db";
  const std::string archive = folder / "archive.db";
  test::write_bytes(archive, "something else, which must stay as it is");
  {
    Running running(path);
    running.publish(50);
    RetentionThread retention(path, {.keep_ms = 1, .archive = archive}, running.threads(),
                              [&](const RetentionNews& news) { running.hear(news); });
    running.publish_until_news();
    const RetentionNews news = running.first_news();
    EXPECT_EQ(news.kind, RetentionNews::Kind::failing);
    EXPECT_THAT(news.text,
                HasSubstr("is not a Touchline store: nothing more is cleared until that is mended"));
    running.publish(50);
  }
  expect_sound(path);
  EXPECT_EQ(test::bytes_of(archive), "something else, which must stay as it is");
  EXPECT_EQ(JournalReader::open(path)->complete_after().value(), Offset(0));
}

// Whoever waits for a step must not wait for a store that has ended.
TEST(RetentionThread, EndsWhenItsStoreFails) {
  const TempFolder folder;
  const std::string path = folder / "store.db";
  Journal journal = Journal::open(path).value();
  std::optional<Error> lost;
  {
    StoreThread threads(
        journal, {.committed = [](const Committed&) {}, .lost = [&](const Error& error) { lost = error; }});
    test::tamper(path, "DROP TABLE event_batches");
    ClearStep step;
    step.pasts = {{EventHandle(1), Seq(1)}};
    EXPECT_FALSE(threads.clear(step));
    EXPECT_FALSE(threads.clear(step)) << "nothing is written any more";
  }
  ASSERT_TRUE(lost);
  EXPECT_THAT(lost->text, HasSubstr("it cannot be cleared"));
}

}  // namespace
}  // namespace touchline
