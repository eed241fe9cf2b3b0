// The grammar of the Betfair Exchange Stream: one line of `op: mcm` or `op: ccm` becomes one Update.
//
// Pure: bytes in, update out; the same parser serves a live connection, a recording and a fuzzer. Knows the
// vendor's words and nothing of events' states, of order, or of where the line came from. What a market or a
// score message means was settled on recordings where the vendor's documents are silent.
#pragma once

#include "core/result.h"
#include "core/update.h"

#include <memory>
#include <string_view>

namespace touchline {

class BetfairParser {
 public:
  BetfairParser();
  ~BetfairParser();
  BetfairParser(const BetfairParser&) = delete;
  BetfairParser& operator=(const BetfairParser&) = delete;

  // `line` is without its line feed, and 64 readable bytes follow it. On an error the update is empty and the
  // error names what was wrong, with the byte within the line where that can be told.
  Result<void> parse(std::string_view line, Update& update);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace touchline
