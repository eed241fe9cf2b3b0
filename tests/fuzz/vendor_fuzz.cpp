// Whatever a vendor sends over its stream, cut anywhere: changes for the origin, refused lines, or an end that says why.

#include "core/origin.h"
#include "feed/ingest/betfair_session.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace touchline;
  if (size == 0) return 0;
  const std::size_t piece = std::size_t{data[0]} + 1;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  Origin origin;
  const LineRef line = origin.add_line(origin.add_source());
  BetfairSession session({{}, {"key", "token"}, {}, 1}, 0);
  Update update;
  std::int64_t now_ms = 0;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    session.receive(text.substr(at, piece), ++now_ms);
    auto step = session.next(update);
    for (; step == BetfairSession::Step::update; step = session.next(update))
      (void)origin.take(line, update, now_ms);
    (void)session.take_output();
    if (step == BetfairSession::Step::ended) {
      if (!session.end() || session.end()->text.empty()) std::abort();
      return 0;
    }
  }
  session.check(session.due_ms());
  if (!session.end()) std::abort();
  return 0;
}
