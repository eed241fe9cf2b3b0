// Lines for the benchmarks: a simulated match day, with the padding that the parsers want behind each.
//
// Made once a process. Knows the generator and nothing of what is measured.
// Not for tests: nothing here checks anything.
#pragma once

#include "core/update.h"
#include "feed/ingest/native_parser.h"
#include "feed/simulate/match_day.h"

#include <string>
#include <string_view>
#include <vector>

namespace touchline {

struct MatchDayLines {
  std::vector<std::string> padded;  // 64 readable bytes behind each line

  static const MatchDayLines& get() {
    static const MatchDayLines lines;
    return lines;
  }
  std::size_t size() const { return padded.size(); }
  std::string_view operator[](std::size_t i) const {
    return std::string_view(padded[i]).substr(0, padded[i].size() - padding);
  }

  std::vector<Update> updates() const {
    NativeParser parser;
    std::vector<Update> parsed(size());
    for (std::size_t i = 0; i < size(); ++i)
      (void)parser.parse((*this)[i], parsed[i]);
    return parsed;
  }

 private:
  static constexpr std::size_t padding = 64;
  MatchDayLines() {
    simulate::MatchDayOptions options;
    options.events = 4;
    simulate::MatchDay day(options);
    std::string line;
    std::int64_t at_ms = 0;
    while (day.next(line, at_ms))
      padded.push_back(line + std::string(padding, '\0'));
  }
};

}  // namespace touchline
