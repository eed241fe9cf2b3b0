// No position stands for two contents: when a store goes on with its epoch, and when it must have a new one.

#include "storage/journal.h"
#include "storage/journal_reader.h"
#include "storage/verify.h"
#include "tests/storage/store_fixture.h"

#include <gtest/gtest.h>

#include <string>

namespace touchline::test {
namespace {

constexpr std::int64_t made_ms = 1'795'000'000'000;
constexpr PublishingStart durable{made_ms + 1'000, Durability::durable, EpochWish::keep};
constexpr PublishingStart relaxed{made_ms + 1'000, Durability::relaxed, EpochWish::keep};

class Epochs : public testing::Test {
 protected:
  Journal open(std::int64_t now_ms = made_ms) const { return Journal::open(path_, now_ms).value(); }
  // What is on disk, whatever the writer thinks.
  std::uint64_t epoch_on_disk() const { return JournalReader::open(path_)->epoch().value; }
  std::int64_t relaxed_on_disk() const {
    return JournalReader::open(path_)->database().value("SELECT value FROM meta WHERE key = 'relaxed'");
  }

  TempFolder folder_;
  std::string path_ = folder_ / "store.db";
};

TEST_F(Epochs, ANewStoreHasTheTimeOfItsMaking) {
  Journal journal = open();
  EXPECT_EQ(journal.begin(durable).value(), EpochStart::kept);
  EXPECT_EQ(journal.epoch(), Epoch(made_ms));
  EXPECT_EQ(epoch_on_disk(), made_ms);
}

TEST_F(Epochs, AStoreThatWasClosedOrKilledGoesOnWithItsOwn) {
  open().begin(durable).value();
  Journal again = open(made_ms + 5'000);
  EXPECT_EQ(again.begin(durable).value(), EpochStart::kept);
  EXPECT_EQ(again.epoch(), Epoch(made_ms));
}

TEST_F(Epochs, ANewOneIsBegunOnRequest) {
  open().begin(durable).value();
  Journal again = open();
  EXPECT_EQ(again.begin({made_ms + 7, Durability::durable, EpochWish::renew}).value(), EpochStart::asked_for);
  EXPECT_EQ(again.epoch(), Epoch(made_ms + 7));
  EXPECT_EQ(epoch_on_disk(), made_ms + 7);
}

TEST_F(Epochs, ANewStoreNeedsNoOtherOne) {
  Journal journal = open();
  EXPECT_EQ(journal.begin({made_ms + 7, Durability::durable, EpochWish::renew}).value(), EpochStart::kept);
  EXPECT_EQ(journal.epoch(), Epoch(made_ms));
}

TEST_F(Epochs, AClockThatWasPutBackBringsNoOldOneAgain) {
  open().begin(durable).value();
  for (std::uint64_t before = made_ms; before < made_ms + 3; ++before) {
    const std::uint64_t last = epoch_on_disk();
    Journal again = open(5);
    again.begin({5, Durability::durable, EpochWish::renew}).value();
    EXPECT_GT(epoch_on_disk(), last);
  }
}

// One backup that is put back twice.
TEST_F(Epochs, TwoCopiesOfAStoreThatIsAheadOfTheClockHaveEachTheirOwn) {
  open().begin(durable).value();
  const std::string copy = folder_ / "copy.db";
  test::copy_store(path_, copy);
  Journal one = open(5);
  Journal other = Journal::open(copy, 5).value();
  one.begin({5, Durability::durable, EpochWish::renew}).value();
  other.begin({5, Durability::durable, EpochWish::renew}).value();
  EXPECT_NE(one.epoch(), other.epoch());
}

TEST_F(Epochs, ARelaxedStartIsOnDiskBeforeAnythingIsPublished) {
  Journal journal = open();
  EXPECT_EQ(relaxed_on_disk(), 0);
  EXPECT_EQ(journal.begin(relaxed).value(), EpochStart::kept);
  EXPECT_EQ(relaxed_on_disk(), 1);
  journal.end().value();
  EXPECT_EQ(relaxed_on_disk(), 0);
}

TEST_F(Epochs, ARelaxedEndThatWasCleanKeepsTheEpoch) {
  {
    Journal journal = open();
    journal.begin(relaxed).value();
    journal.end().value();
  }
  Journal again = open();
  EXPECT_EQ(again.begin(relaxed).value(), EpochStart::kept);
  EXPECT_EQ(again.epoch(), Epoch(made_ms));
  EXPECT_TRUE(verify(path_)->sound());
}

TEST_F(Epochs, ARelaxedEndThatWasNotBeginsANewOneWhateverComesNext) {
  for (const PublishingStart& next : {relaxed, durable}) {
    open().begin(relaxed).value();  // and no end
    const std::uint64_t before = epoch_on_disk();
    {
      Journal again = open();
      EXPECT_EQ(again.begin(next).value(), EpochStart::after_unclean);
      EXPECT_GT(epoch_on_disk(), before);
      EXPECT_EQ(epoch_on_disk(), again.epoch().value);
      EXPECT_EQ(relaxed_on_disk(), next.durability == Durability::relaxed ? 1 : 0);
      again.end().value();
    }
    EXPECT_EQ(open().begin(next).value(), EpochStart::kept);
    EXPECT_TRUE(verify(path_)->sound());
  }
}

TEST_F(Epochs, AFailedCommitIsNoCleanEnd) {
  Journal journal = open();
  journal.begin(relaxed).value();
  Batch batch;
  batch.first = Offset(1);
  batch.count = 1;
  batch.touches = {{EventHandle(1), Seq(1), 1}, {EventHandle(1), Seq(1), 1}};  // refused by its key
  ASSERT_FALSE(journal.commit(batch, 1));
  journal.end().value();
  EXPECT_EQ(relaxed_on_disk(), 1);
}

TEST_F(Epochs, OffsetsGoOnDenselyThroughANewOne) {
  {
    RandomFeed feed(7, 2);
    Store store(path_);
    store.journal().begin(relaxed).value();
    store.run(feed, 60);
  }
  RandomFeed feed(8, 2);
  Store store(path_);
  const Offset head = store.journal().head();
  ASSERT_GT(head, Offset(0));
  EXPECT_EQ(store.journal().begin(durable).value(), EpochStart::after_unclean);
  EXPECT_EQ(store.journal().head(), head);
  store.run(feed, 60);
  EXPECT_GT(store.journal().head(), head);
  EXPECT_TRUE(verify(path_)->sound());
}

// Every store had epoch 1, and none said whether it was relaxed.
TEST_F(Epochs, AStoreFromBeforeGoesOn) {
  write_store(path_, 9, 2, 60);
  tamper(path_, "UPDATE meta SET value = 1 WHERE key = 'epoch'; DELETE FROM meta WHERE key = 'relaxed'");
  EXPECT_TRUE(verify(path_)->sound());
  Journal journal = open();
  EXPECT_EQ(journal.begin(durable).value(), EpochStart::kept);
  EXPECT_EQ(journal.epoch(), Epoch(1));
}

}  // namespace
}  // namespace touchline::test
