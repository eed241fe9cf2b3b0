// A span: what one hop did with one traced delta, from when to when.
//
// Times are the wall clock's, in microseconds since 1970: those of other machines stand beside them. Knows no format.
#pragma once

#include "core/trace.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace touchline {

struct Span {
  TraceId trace;
  std::uint64_t id = 0;
  std::uint64_t parent = 0;  // 0: none
  std::string name;
  std::int64_t begin_us = 0;
  std::int64_t end_us = 0;
  std::vector<std::pair<std::string, std::string>> attributes = {};
};

}  // namespace touchline
