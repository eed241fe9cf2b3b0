// Whether a key stands twice in one object, and which.
//
// Asked of every object whose keys its sender makes up, so the usual answer, that none does, is to be quick: a few keys
// are compared each with each, more by their sorted hashes. Knows JSON alone. One of these a parser: it keeps its room.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace touchline::json {

class UniqueKeys {
 public:
  // The first one that repeats another, as the document gives it; of this object alone.
  std::optional<std::string_view> repeated_in(simdjson::dom::object object);

 private:
  std::vector<std::string_view> keys_;
  std::vector<std::uint64_t> hashes_;
};

}  // namespace touchline::json
