// How large a store's files are, and how much room their disk has left.
//
// Looked up where it is asked for, which may take as long as the disk likes; the store's own thread does it. What cannot
// be found out is 0. Knows no SQLite.
#pragma once

#include <cstdint>
#include <string>

namespace touchline {

struct StoreRoom {
  std::uint64_t file_bytes = 0;
  std::uint64_t log_bytes = 0;   // of the -wal beside it
  std::uint64_t free_bytes = 0;  // for who is not root
  std::uint64_t disk_bytes = 0;  // 0: nothing is known
};

StoreRoom room_of(const std::string& store);

}  // namespace touchline
