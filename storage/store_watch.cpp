#include "storage/store_watch.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <sys/stat.h>

namespace touchline {
namespace {

Error lost(const std::string& path, const std::string& how) {
  return {ErrorKind::environment, path + ": " + how + " while the store was in use", 0};
}

}  // namespace

std::string real_path(const std::string& path) {
  std::error_code error;
  const std::string real = std::filesystem::canonical(path, error).string();
  return error ? path : real;
}

StoreWatch::StoreWatch(const std::string& path, int file) {
  struct stat info {};
  if (::fstat(file, &info) == 0) {
    files_.push_back({path, info.st_dev, info.st_ino});
    size_ = info.st_size;
  }
  for (const char* end : {"-wal", "-shm"}) {
    const std::string beside = real_path(path) + end;
    if (::stat(beside.c_str(), &info) == 0) files_.push_back({beside, info.st_dev, info.st_ino});
  }
}

Result<void> StoreWatch::look() {
  struct stat info {};
  for (const File& file : files_) {
    // The name gone, or another file under it: as long as ours is open, no other has its inode.
    if (::stat(file.path.c_str(), &info) != 0) {
      return errno == ENOENT
                 ? lost(file.path, "was deleted")
                 : lost(file.path, std::string("could not be found (") + std::strerror(errno) + ")");
    }
    if (info.st_dev != file.device || info.st_ino != file.inode) return lost(file.path, "was replaced");
    if (&file != &files_.front()) continue;
    if (info.st_size < size_) return lost(file.path, "was truncated");
    size_ = info.st_size;
  }
  return {};
}

}  // namespace touchline
