#include "feed/ingest/unique_keys.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <set>

namespace touchline::json {
namespace {

constexpr std::size_t few = 8;

}  // namespace

std::optional<std::string_view> UniqueKeys::repeated_in(simdjson::dom::object object) {
  keys_.clear();
  for (const auto [key, value] : object)
    keys_.push_back(key);
  if (keys_.size() <= few) {
    for (auto key = keys_.begin(); key != keys_.end(); ++key) {
      if (std::find(keys_.begin(), key, *key) != key) return *key;
    }
    return std::nullopt;
  }
  hashes_.clear();
  for (const std::string_view key : keys_)
    hashes_.push_back(std::hash<std::string_view>()(key));
  std::ranges::sort(hashes_);
  if (std::ranges::adjacent_find(hashes_) == hashes_.end()) return std::nullopt;
  std::set<std::string_view> seen;
  for (const std::string_view key : keys_) {
    if (!seen.insert(key).second) return key;
  }
  return std::nullopt;
}

}  // namespace touchline::json
