// What one update costs, step by step, on a simulated match day. Times are for this machine, in one run.

#include "core/block.h"
#include "core/frame.h"
#include "core/origin.h"
#include "storage/journal.h"
#include "tests/bench/match_day_lines.h"

#include <benchmark/benchmark.h>

#include <filesystem>

#include <unistd.h>

namespace touchline {
namespace {

void parse(benchmark::State& state) {
  const MatchDayLines& lines = MatchDayLines::get();
  NativeParser parser;
  Update update;
  std::size_t i = 0;
  std::int64_t bytes = 0;
  for (auto _ : state) {
    const auto parsed = parser.parse(lines[i], update);
    benchmark::DoNotOptimize(parsed);
    bytes += static_cast<std::int64_t>(lines[i].size());
    if (++i == lines.size()) i = 0;
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(bytes);
}
BENCHMARK(parse);

// Sequencer, event table (diff and apply) and block encoder together, as the origin runs them.
void sequence_diff_encode(benchmark::State& state) {
  const std::vector<Update> updates = MatchDayLines::get().updates();
  std::int64_t deltas = 0;
  for (auto _ : state) {
    Origin origin;
    const LineRef line = origin.add_line(origin.add_source());
    for (const Update& update : updates) {
      Update copy = update;
      benchmark::DoNotOptimize(origin.take(line, copy, update.source_time_ms));
    }
    deltas += static_cast<std::int64_t>(origin.counts().deltas);
  }
  state.SetItemsProcessed(deltas);
}
BENCHMARK(sequence_diff_encode)->Unit(benchmark::kMillisecond);

void encode_state_block(benchmark::State& state) {
  const std::vector<Update> updates = MatchDayLines::get().updates();
  Origin origin;
  const LineRef line = origin.add_line(origin.add_source());
  for (const Update& update : updates) {
    Update copy = update;
    (void)origin.take(line, copy, update.source_time_ms);
  }
  const EventState& event = origin.table().event(EventHandle(1)).state;
  std::string block;
  for (auto _ : state) {
    block.clear();
    encode_state(block, event);
    benchmark::DoNotOptimize(block);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(event.cell_count()));
  state.counters["bytes"] = static_cast<double>(block.size());
}
BENCHMARK(encode_state_block);

// A subscriber's work: every block of the day, decoded and applied.
void decode_apply(benchmark::State& state) {
  std::vector<Update> updates = MatchDayLines::get().updates();
  Origin origin;
  const LineRef line = origin.add_line(origin.add_source());
  for (Update& update : updates)
    (void)origin.take(line, update, update.source_time_ms);
  const Batch batch = origin.take_batch();
  std::int64_t decoded = 0;
  for (auto _ : state) {
    std::vector<EventState> states(origin.table().events().size() + 1);
    DeltaItems items(batch.items);
    DeltaItem item;
    while (*items.next(item)) {
      EventState& event = states[item.event.value];
      const auto delta = decode_block(event, item.block);
      apply(event, *delta);
      ++decoded;
    }
  }
  state.SetItemsProcessed(decoded);
  state.counters["bytes"] = static_cast<double>(batch.items.size()) / static_cast<double>(batch.count);
}
BENCHMARK(decode_apply)->Unit(benchmark::kMillisecond);

// Commits of so many deltas each, to a real file with the default durability.
void journal_append(benchmark::State& state) {
  const auto deltas_each = static_cast<std::uint64_t>(state.range(0));
  std::vector<Update> updates = MatchDayLines::get().updates();
  const auto folder =
      std::filesystem::temp_directory_path() / ("touchline-bench-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::int64_t written = 0;
  int round = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto journal = Journal::open((folder / std::to_string(round++)).string());
    Origin origin;
    const LineRef line = origin.add_line(origin.add_source());
    state.ResumeTiming();
    std::size_t commits = 0;
    for (std::size_t i = 0; i < updates.size() && commits < 50; ++i) {
      Update copy = updates[i];
      (void)origin.take(line, copy, copy.source_time_ms);
      if (origin.pending().count < deltas_each) continue;
      const Batch batch = origin.take_batch();
      if (!journal->commit(batch, 0)) state.SkipWithError("a commit failed");
      written += static_cast<std::int64_t>(batch.count);
      ++commits;
    }
  }
  state.SetItemsProcessed(written);
  std::filesystem::remove_all(folder);
}
BENCHMARK(journal_append)->Arg(1)->Arg(100)->Arg(300)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace touchline

BENCHMARK_MAIN();
