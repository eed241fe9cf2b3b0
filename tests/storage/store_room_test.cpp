// What is known of a store's files and of the room that is left for them.

#include "storage/store_room.h"

#include "tests/storage/store_fixture.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace touchline::test {
namespace {

TEST(StoreRoomTest, KnowsTheFilesAndTheDisk) {
  const TempFolder folder;
  const std::string path = folder / "store.db";
  write_store(path, 1, 2, 300);
  const StoreRoom room = room_of(path);
  EXPECT_EQ(room.file_bytes, std::filesystem::file_size(path));
  EXPECT_GT(room.free_bytes, 0U);
  EXPECT_GE(room.disk_bytes, room.free_bytes);
  const StoreRoom none = room_of(path + ".none");
  EXPECT_EQ(none.file_bytes, 0U);
  EXPECT_EQ(none.disk_bytes, 0U);
}

}  // namespace
}  // namespace touchline::test
