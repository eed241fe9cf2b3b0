// A folder for the stores of one measurement.
//
// Made where it is asked for, under a name of this process, and removed with everything in it by its owner's
// end. Knows no store.
#pragma once

#include <filesystem>
#include <string>

#include <unistd.h>

namespace touchline {

class BenchFolder {
 public:
  explicit BenchFolder(const std::string& in)
      : path_(std::filesystem::path(in) / ("touchline-bench-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~BenchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  BenchFolder(const BenchFolder&) = delete;
  BenchFolder& operator=(const BenchFolder&) = delete;

  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace touchline
