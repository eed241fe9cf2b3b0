#include "storage/store_room.h"

#include <filesystem>
#include <system_error>

namespace touchline {
namespace {

std::uint64_t size_of(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

}  // namespace

StoreRoom room_of(const std::string& store) {
  StoreRoom room{size_of(store), size_of(store + "-wal"), 0, 0};
  std::error_code error;
  const auto space = std::filesystem::space(store, error);
  if (error) return room;
  room.free_bytes = space.available;
  room.disk_bytes = space.capacity;
  return room;
}

}  // namespace touchline
