// What a file for settings may be besides a file: nothing of it may stop a service that reads it again.

#include "feed/small_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

namespace touchline {
namespace {

using testing::HasSubstr;

class SmallFile : public testing::Test {
 protected:
  SmallFile() { std::filesystem::create_directory(folder_); }
  ~SmallFile() override { std::filesystem::remove_all(folder_); }
  std::string error_of(const std::string& path, std::size_t bytes_max = 100) const {
    const auto text = read_small_file(path, bytes_max);
    return text ? "none" : text.error().text;
  }

  std::string folder_ = testing::TempDir() + "touchline-small-file-" + std::to_string(::getpid());
  std::string path_ = folder_ + "/file";
};

TEST_F(SmallFile, IsReadWholeUpToItsBound) {
  std::ofstream(path_) << std::string(100, 'x');
  EXPECT_EQ(*read_small_file(path_, 100).value(), std::string(100, 'x'));
  EXPECT_THAT(error_of(path_, 99), HasSubstr(path_ + ": cannot be read: it is larger than 99 bytes"));
}

TEST_F(SmallFile, MayBeAbsent) {
  EXPECT_FALSE(read_small_file(path_, 100).value());
  EXPECT_THAT(error_of(path_ + "/in/a/file/that/is/none"), "none");
}

TEST_F(SmallFile, ThatIsNoFileIsNamedAtOnce) {
  EXPECT_THAT(error_of(folder_), HasSubstr("it is no regular file"));
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_THAT(error_of(path_), HasSubstr("it is no regular file"));  // without waiting for a writer
  EXPECT_THAT(error_of("/dev/zero"), HasSubstr("it is no regular file"));
}

}  // namespace
}  // namespace touchline
