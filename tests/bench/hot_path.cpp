// The hot path without threads, disk and clock, for counting its instructions: the same every time.
//
//   hot_path simulate|parse|origin|times|subscriber|coder|decoder UPDATES
//
// A made-up match day is made; goes through the parser; and through the origin, which orders, compares and encodes; its
// times are noted, as those of live updates are; and it goes through a subscriber, which decodes. In place of the last
// step: the origin codes as well, and a subscriber of coded updates decodes those. count_instructions runs it under
// valgrind.

#include "core/coded/prior.h"
#include "core/coded_frame.h"
#include "core/frame.h"
#include "core/keyframe.h"
#include "core/origin.h"
#include "core/subscriber.h"
#include "feed/delivery_times.h"
#include "feed/ingest/parser.h"
#include "feed/simulate/match_day.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace touchline {
namespace {

constexpr std::size_t updates_per_batch = 50;
constexpr std::uint8_t coded_events_log2 = 11;
constexpr std::size_t padding_bytes = 64;  // that the parser may read past a line

enum class Part : std::uint8_t { simulate, parse, origin, times, subscriber, coder, decoder };

constexpr std::array<const char*, 7> part_names{"simulate",   "parse", "origin", "times",
                                                "subscriber", "coder", "decoder"};

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "hot_path: %s\n", what);
  std::exit(1);  // NOLINT(concurrency-mt-unsafe)
}

void give(Subscriber& subscriber, const std::string& bytes) {
  expect(static_cast<bool>(subscriber.receive(bytes)), "the subscriber refused a frame");
}

// As readers of coded updates are given them: the block where an update is of no group.
std::string coded_items(const Batch& batch) {
  std::string body;
  DeltaItems items(batch.items);
  DeltaItem item;
  for (std::size_t i = 0; i < batch.coded.updates.size(); ++i) {
    const CodedUpdates::Update& update = batch.coded.updates[i];
    expect(static_cast<bool>(items.next(item)), "an item");
    const ItemForm form = update.first ? ItemForm::first_of_group : ItemForm::later;
    if (update.group == Offset()) {
      put_coded_item(body, item.event, ItemForm::block, item.block);
    } else {
      put_coded_item(body, update.event, form, batch.coded.update(i));
    }
  }
  return body;
}

void run(Part part, std::size_t updates) {
  simulate::MatchDayOptions options;
  options.events = 4;
  simulate::MatchDay day(options);
  Origin origin;
  const LineRef line = origin.add_line(origin.add_source());
  const bool coded = part == Part::coder || part == Part::decoder;
  if (coded) origin.keep_coded(std::size_t{1} << coded_events_log2);
  Hello hello;
  Welcome welcome;
  if (coded) hello.coded_prior = welcome.coded_prior = coded::prior_version;
  welcome.coded_events_log2 = coded_events_log2;
  Subscriber subscriber(std::move(hello), {});
  std::string frame;
  put(frame, welcome);
  give(subscriber, frame);
  DeliveryTimes times;
  Parser parser;
  Update update;
  std::string text;
  std::int64_t at_ms = 0;
  std::uint64_t given = 0;
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
    if (batch.count == 0 || (part != Part::subscriber && part != Part::decoder)) continue;
    given += batch.count;
    frame.clear();
    if (coded) {
      put_deltas_frame(frame, true, coded_items(batch));
    } else {
      put_frame(frame, FrameKind::deltas, batch.items);
    }
    give(subscriber, frame);
  }
  if (part == Part::subscriber || part == Part::decoder) {
    expect(subscriber.counts().deltas == given, "not all came through");
  }
  expect(part != Part::decoder || subscriber.counts().coded != 0, "nothing came through coded");
  expect(subscriber.counts().resyncs == 0, "a state was not what it should be");
}

}  // namespace
}  // namespace touchline

int main(int count, char** arguments) {
  const std::vector<std::string> given(arguments + 1, arguments + count);
  if (given.size() != 2) {
    std::fprintf(stderr, "usage: hot_path simulate|parse|origin|times|subscriber|coder|decoder UPDATES\n");
    return 2;
  }
  const auto name = std::ranges::find(touchline::part_names, given[0]);
  touchline::expect(name != touchline::part_names.end(), "no such part");
  const auto part = static_cast<touchline::Part>(name - touchline::part_names.begin());
  touchline::run(part, static_cast<std::size_t>(std::atoi(given[1].c_str())));
  return 0;
}
