#include "feed/published_log.h"

#include "core/frame.h"

#include <gtest/gtest.h>

#include <string>

namespace touchline {
namespace {

using Bytes = PublishedLog::Bytes;

// So many items of one event, each with a block of its own size.
PublishedLog::Entry entry(std::uint64_t before, std::uint64_t count, std::size_t block = 3) {
  std::string items;
  for (std::uint64_t i = 0; i < count; ++i)
    put_item(items, EventHandle(1), std::string(block, 'x'));
  return *PublishedLog::entry_of(std::make_shared<const std::string>(items), Offset(before), count);
}

std::uint64_t items_in(std::string_view bytes) {
  DeltaItems items(bytes);
  DeltaItem item;
  std::uint64_t count = 0;
  while (items.next(item).value())
    ++count;
  return count;
}

TEST(PublishedLog, FindsThePlaceBehindEveryPositionItHolds) {
  PublishedLog log(1U << 20);
  log.append(entry(10, 3));
  log.append({std::make_shared<const std::string>("control"), Offset(13), 0});
  log.append(entry(13, 4));
  EXPECT_FALSE(log.find(Offset(9)));
  EXPECT_FALSE(log.find(Offset(18)));
  for (std::uint64_t position = 10; position <= 17; ++position) {
    auto place = log.find(Offset(position));
    ASSERT_TRUE(place) << position;
    std::uint64_t left = 0;
    while (const auto* next = log.at(*place)) {
      if (next->count == 0) {
        *place = PublishedLog::behind(*place);
        continue;
      }
      const auto cut = log.cut(*place, 1U << 20);
      EXPECT_EQ(items_in(cut.bytes), cut.count);
      left += cut.count;
      *place = cut.end;
    }
    EXPECT_EQ(left, 17 - position);
  }
}

TEST(PublishedLog, CutsBetweenItemsAndNeverWithinOne) {
  PublishedLog log(1U << 20);
  log.append(entry(0, 10, 100));
  auto place = *log.find(Offset(0));
  std::uint64_t taken = 0;
  std::string joined;
  while (log.at(place) != nullptr) {
    const auto cut = log.cut(place, 250);
    EXPECT_LE(cut.bytes.size(), 250U);
    EXPECT_EQ(items_in(cut.bytes), cut.count);
    EXPECT_EQ(items_in(cut.bytes.substr(cut.last_item)), 1U);
    taken += cut.count;
    joined += cut.bytes;
    place = cut.end;
  }
  EXPECT_EQ(taken, 10U);
  EXPECT_EQ(joined, *entry(0, 10, 100).bytes);
  // One item always goes, however large.
  EXPECT_EQ(log.cut(*log.find(Offset(0)), 1).count, 1U);
}

TEST(PublishedLog, ForgetsTheOldestPastItsBytesAndTakesThemBackInFront) {
  const std::size_t size = entry(0, 4).bytes->size();
  PublishedLog log(2 * size);
  for (std::uint64_t before = 0; before < 20; before += 4)
    log.append(entry(before, 4));
  EXPECT_EQ(log.oldest(), Offset(12));
  EXPECT_EQ(log.bytes(), 2 * size);
  const auto held = *log.find(Offset(14));
  log.prepend({entry(4, 4), entry(8, 4)});
  EXPECT_EQ(log.oldest(), Offset(4));
  EXPECT_TRUE(log.holds(held));
  EXPECT_EQ(log.find(Offset(14))->entry, held.entry);
  EXPECT_EQ(log.bytes_from(*log.find(Offset(4))), 4 * size);
  EXPECT_EQ(log.bytes_from(log.end()), 0U);
}

TEST(PublishedLog, TakesNoEntryThatIsNotWhatItSays) {
  const Bytes good = entry(0, 3).bytes;
  EXPECT_TRUE(PublishedLog::entry_of(good, Offset(0), 3));
  EXPECT_FALSE(PublishedLog::entry_of(good, Offset(0), 2));
  EXPECT_FALSE(PublishedLog::entry_of(std::make_shared<const std::string>(good->substr(1)), Offset(0), 3));
  EXPECT_FALSE(PublishedLog::entry_of(std::make_shared<const std::string>(), Offset(0), 0));
}

}  // namespace
}  // namespace touchline
