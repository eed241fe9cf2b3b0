// Whether the files of an open store are still there under their names.
//
// A file that is deleted or replaced goes on to take what is written into it, and all of that is lost when the last
// who has it open ends: so whoever publishes must look. Knows names, inodes and sizes, and nothing of what stands in
// the files. A copy is one more watch over the same files; each is used by one thread.
#pragma once

#include "core/result.h"

#include <string>
#include <vector>

#include <sys/types.h>

namespace touchline {

class StoreWatch {
 public:
  // Over the store that this file descriptor and SQLite have open, and what SQLite keeps beside it.
  StoreWatch(const std::string& path, int file);

  // An error of the environment, with the name of the file. A store that shrinks was truncated: nothing in here
  // makes it smaller.
  Result<void> look();

 private:
  struct File {
    std::string path;
    dev_t device = 0;
    ino_t inode = 0;
  };
  std::vector<File> files_;  // the store first
  off_t size_ = 0;           // the largest that was seen
};

// The file that the path leads to, through links: beside that one SQLite keeps its own.
std::string real_path(const std::string& path);

}  // namespace touchline
