// The part of a list that one page of JSON shows, and texts of others made plain.
//
// A page is bounded whatever is asked for, because it is made on the loop.
#pragma once

#include "core/result.h"
#include "feed/admin/admin_server.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace touchline {

inline constexpr std::uint64_t page_items = 100;
inline constexpr std::uint64_t page_items_max = 1'000;

struct PageBounds {
  std::uint64_t from = 0;
  std::uint64_t limit = page_items;
};

// Of `?from=N&limit=N`.
inline Result<PageBounds> page_bounds(const AdminRequest& request) {
  const auto from = request.number("from", 0);
  if (!from) return from.error();
  const auto limit = request.number("limit", page_items);
  if (!limit) return limit.error();
  if (*limit == 0) return Error{ErrorKind::usage, "limit is 0", 0};
  return PageBounds{*from, std::min(*limit, page_items_max)};
}

// What a peer says of itself, which may be any bytes: printable ASCII, and a question mark for whatever else.
inline std::string plain_text(std::string_view text) {
  std::string out;
  for (const char letter : text)
    out.push_back(letter >= ' ' && letter <= '~' ? letter : '?');
  return out;
}

}  // namespace touchline
