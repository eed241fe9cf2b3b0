// The hot path without threads, disk and clock, for counting its instructions: the same every time.
//
//   hot_path simulate|parse|origin|times|subscriber UPDATES
//
// A made-up match day is made; goes through the parser; and through the origin, which orders, compares and encodes; its
// times are noted, as those of live updates are; and it goes through a subscriber, which decodes. count_instructions
// runs it under valgrind.

#include "core/frame.h"
#include "core/keyframe.h"
#include "core/origin.h"
#include "core/subscriber.h"
#include "feed/delivery_times.h"
#include "feed/ingest/parser.h"
#include "feed/simulate/match_day.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace touchline {
namespace {

constexpr std::size_t updates_per_batch = 50;
constexpr std::size_t padding_bytes = 64;  // that the parser may read past a line

enum class Part : std::uint8_t { simulate, parse, origin, times, subscriber };

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "hot_path: %s\n", what);
  std::exit(1);  // NOLINT(concurrency-mt-unsafe)
}

void give(Subscriber& subscriber, const std::string& bytes) {
  expect(static_cast<bool>(subscriber.receive(bytes)), "the subscriber refused a frame");
}

void run(Part part, std::size_t updates) {
  simulate::MatchDayOptions options;
  options.events = 4;
  simulate::MatchDay day(options);
  Origin origin;
  const LineRef line = origin.add_line(origin.add_source());
  Subscriber subscriber(Hello{}, {});
  std::string frame;
  put(frame, Welcome{});
  give(subscriber, frame);
  DeliveryTimes times;
  Parser parser;
  Update update;
  std::string text;
  std::int64_t at_ms = 0;
  for (std::size_t i = 0; i < updates && day.next(text, at_ms); ++i) {
    const std::size_t size = text.size();
    if (part == Part::simulate) continue;
    text.append(padding_bytes, '\0');
    expect(static_cast<bool>(parser.parse(std::string_view(text).substr(0, size), update)), "a line");
    if (part == Part::parse) continue;
    const auto outcome = origin.take(line, update, at_ms);
    expect(static_cast<bool>(outcome), "an update");
    const bool timed = part != Part::origin;
    if (timed && *outcome == Origin::Outcome::changed)
      times.took(line.source, update.source_time_ms, at_ms * 1'000 + 40'000);
    if (i % updates_per_batch != 0) continue;
    const Batch batch = origin.take_batch();
    times.handed_over();
    times.committed(at_ms * 1'000 + 45'000);
    if (part != Part::subscriber || batch.count == 0) continue;
    frame.clear();
    put_frame(frame, FrameKind::deltas, batch.items);
    give(subscriber, frame);
  }
  expect(part != Part::subscriber || subscriber.counts().deltas != 0, "nothing came through");
}

}  // namespace
}  // namespace touchline

int main(int count, char** arguments) {
  const std::vector<std::string> given(arguments + 1, arguments + count);
  if (given.size() != 2) {
    std::fprintf(stderr, "usage: hot_path simulate|parse|origin|times|subscriber UPDATES\n");
    return 2;
  }
  using touchline::Part;
  const Part part = given[0] == "simulate" ? Part::simulate
                    : given[0] == "parse"  ? Part::parse
                    : given[0] == "origin" ? Part::origin
                    : given[0] == "times"  ? Part::times
                                           : Part::subscriber;
  touchline::run(part, static_cast<std::size_t>(std::atoi(given[1].c_str())));
  return 0;
}
