#include "cmd/touchline/bench_growth.h"

#include "cmd/touchline/bench_feed.h"
#include "cmd/touchline/bench_folder.h"
#include "cmd/touchline/bench_origin.h"
#include "cmd/touchline/svg_chart.h"
#include "core/digest.h"
#include "core/origin.h"
#include "storage/journal.h"
#include "storage/journal_reader.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <vector>

namespace touchline {
namespace {

constexpr std::uint64_t updates_measured = 200'000;
constexpr std::uint64_t outcomes_per_market = 10;
constexpr std::uint64_t cells_per_outcome = 2;  // its id and its price
constexpr std::uint64_t batch_deltas = 1'000;
constexpr std::int64_t first_time_ms = 1'786'802'400'000;
constexpr std::uint64_t journal_events = 100;
constexpr std::uint64_t states_asked = 50;

// One price of one outcome of one event; the same sequence every time.
class Prices {
 public:
  Prices(Origin& origin, std::uint64_t events, std::uint64_t cells)
      : origin_(origin),
        line_(origin.add_line(origin.add_source())),
        events_(events),
        markets_(std::max<std::uint64_t>(cells / (outcomes_per_market * cells_per_outcome), 1)) {}

  // Every cell once.
  Result<void> fill() {
    for (std::uint64_t event = 0; event < events_; ++event) {
      for (std::uint64_t market = 0; market < markets_; ++market) {
        begin(event, market);
        for (std::uint64_t outcome = 0; outcome < outcomes_per_market; ++outcome)
          put_price(outcome);
        if (auto taken = take(); !taken) return taken;
      }
    }
    return {};
  }

  Result<void> one() {
    const std::uint64_t random = mix64(++count_);
    begin(random % events_, (random >> 20) % markets_);
    put_price((random >> 50) % outcomes_per_market);
    return take();
  }

 private:
  void begin(std::uint64_t event, std::uint64_t market) {
    update_.clear();
    update_.source_time_ms = now_ms_++;
    update_.on_event("e" + std::to_string(event));
    update_.on_market("m" + std::to_string(market), {});
  }
  void put_price(std::uint64_t outcome) {
    update_.on_outcome("o" + std::to_string(outcome), 0);
    update_.set(Field::price, static_cast<std::int64_t>(101 + mix64(++count_) % 900));
  }
  Result<void> take() {
    const auto taken = origin_.take(line_, update_, now_ms_);
    return taken ? Result<void>() : Result<void>(taken.error());
  }

  Origin& origin_;
  LineRef line_;
  std::uint64_t events_;
  std::uint64_t markets_;
  std::uint64_t count_ = 0;
  std::int64_t now_ms_ = first_time_ms;
  Update update_;
};

struct Row {
  const char* what = "";
  std::uint64_t size = 0;
  double update_ns = 0;   // through origin and encoder
  double each_bytes = 0;  // of an event, or of a cell; of a delta in the file
  double open_ms = 0;     // until the service could go on
  double state_ms = 0;    // of an event in the middle of its past
};

Result<Row> measure_table(const char* what, std::uint64_t size, std::uint64_t events, std::uint64_t cells) {
  const std::uint64_t before = resident_bytes();
  Origin origin;
  Prices prices(origin, events, cells);
  if (auto filled = prices.fill(); !filled) return filled.error();
  (void)origin.take_batch();
  const std::uint64_t after = resident_bytes();
  const std::int64_t start = steady_ns();
  for (std::uint64_t i = 0; i < updates_measured; ++i) {
    if (auto taken = prices.one(); !taken) return taken.error();
    if (i % batch_deltas == 0) (void)origin.take_batch();
  }
  Row row{what, size};
  row.update_ns = static_cast<double>(steady_ns() - start) / static_cast<double>(updates_measured);
  row.each_bytes = static_cast<double>(after - std::min(before, after)) / static_cast<double>(size);
  return row;
}

double in_ms(std::int64_t start_ns) { return static_cast<double>(steady_ns() - start_ns) / 1e6; }

// The store grows from step to step; what is asked of it is asked at each.
class JournalGrowth {
 public:
  explicit JournalGrowth(std::string store) : store_(std::move(store)) {}

  Result<Row> grow_to(std::uint64_t deltas) {
    if (auto grown = write(deltas); !grown) return grown.error();
    Row row{"journal", deltas};
    row.each_bytes = static_cast<double>(std::filesystem::file_size(store_)) / static_cast<double>(deltas);
    if (auto opened = time_to_open(row); !opened) return opened.error();
    if (auto asked = time_of_state(row); !asked) return asked.error();
    return row;
  }

 private:
  Result<void> write(std::uint64_t deltas) {
    auto journal = Journal::open(store_, first_time_ms);
    if (!journal) return journal.error();
    if (!origin_) {
      origin_ = std::make_unique<Origin>();
      prices_ = std::make_unique<Prices>(*origin_, journal_events, 60);
      if (const auto source = journal->source("bench"); !source) return source.error();
      if (auto filled = prices_->fill(); !filled) return filled;
    }
    const auto begun = journal->begin({first_time_ms});
    if (!begun) return begun.error();
    while (origin_->head().value < deltas) {
      if (auto taken = prices_->one(); !taken) return taken;
      if (origin_->pending().count < batch_deltas && origin_->head().value < deltas) continue;
      if (auto committed = journal->commit(origin_->take_batch(), first_time_ms); !committed)
        return committed;
    }
    if (!origin_->pending().empty()) {
      if (auto committed = journal->commit(origin_->take_batch(), first_time_ms); !committed)
        return committed;
    }
    return journal->end();
  }

  Result<void> time_to_open(Row& row) {
    const std::int64_t start = steady_ns();
    auto journal = Journal::open(store_, first_time_ms);
    if (!journal) return journal.error();
    Origin origin;
    origin.add_source();
    if (auto restored = journal->restore(origin); !restored) return restored;
    row.open_ms = in_ms(start);
    return {};
  }

  Result<void> time_of_state(Row& row) {
    auto reader = JournalReader::open(store_);
    if (!reader) return reader.error();
    const auto events = reader->events();
    if (!events) return events.error();
    const std::int64_t start = steady_ns();
    for (std::uint64_t i = 0; i < states_asked; ++i) {
      const EventEntry& event = (*events)[mix64(i) % events->size()];
      AsOf as_of;
      as_of.seq = Seq(1 + mix64(i + states_asked) % event.last.value);
      if (const auto state = reader->state(event.handle, as_of); !state) return state.error();
    }
    row.state_ms = in_ms(start) / static_cast<double>(states_asked);
    return {};
  }

  std::string store_;
  std::unique_ptr<Origin> origin_;
  std::unique_ptr<Prices> prices_;
};

void print(const std::vector<Row>& rows, bool json) {
  if (!json) {
    std::printf("%-8s %12s %14s %14s %12s %12s\n", "", "how many", "ns an update", "bytes each", "ms to open",
                "ms a state");
  }
  const char* comma = "[";
  for (const Row& row : rows) {
    if (json) {
      std::printf(
          "%s{\"what\":\"%s\",\"size\":%llu,\"update_ns\":%.0f,\"each_bytes\":%.1f,\"open_ms\":%.2f,"
          "\"state_ms\":%.3f}",
          comma, row.what, static_cast<unsigned long long>(row.size), row.update_ns, row.each_bytes,
          row.open_ms, row.state_ms);
      comma = ",\n";
      continue;
    }
    const auto cell = [](double value, int digits) {
      if (value == 0) return std::string("-");
      std::string text(32, '\0');
      text.resize(static_cast<std::size_t>(std::snprintf(text.data(), text.size(), "%.*f", digits, value)));
      return text;
    };
    std::printf("%-8s %12llu %14s %14s %12s %12s\n", row.what, static_cast<unsigned long long>(row.size),
                cell(row.update_ns, 0).c_str(), cell(row.each_bytes, 1).c_str(), cell(row.open_ms, 1).c_str(),
                cell(row.state_ms, 2).c_str());
  }
  if (json) std::printf("]\n");
}

ChartLine line_of(const std::vector<Row>& rows, std::string_view what, const char* name,
                  double Row::*figure) {
  ChartLine line{name, {}, {}};
  for (const Row& row : rows) {
    if (row.what != what || row.*figure <= 0) continue;
    line.x.push_back(static_cast<double>(row.size));
    line.y.push_back(row.*figure);
  }
  return line;
}

std::string charts_of(const std::vector<Row>& rows) {
  return svg_of({{"An update through origin and encoder",
                  "events, or cells of one event",
                  "ns",
                  {line_of(rows, "events", "by events", &Row::update_ns),
                   line_of(rows, "cells", "by cells", &Row::update_ns)}},
                 {"Memory",
                  "events, or cells of one event",
                  "bytes of each",
                  {line_of(rows, "events", "an event", &Row::each_bytes),
                   line_of(rows, "cells", "a cell", &Row::each_bytes)}},
                 {"A store",
                  "deltas in its journal",
                  "ms",
                  {line_of(rows, "journal", "to open", &Row::open_ms),
                   line_of(rows, "journal", "a past state", &Row::state_ms)}}});
}

}  // namespace

Result<void> bench_growth(const BenchGrowthOptions& options) {
  std::error_code error;
  if (!std::filesystem::is_directory(options.folder, error))
    return Error{ErrorKind::environment, options.folder + ": is no folder", 0};
  std::vector<Row> rows;
  for (std::uint64_t events = 10; events <= options.events_max; events *= 10) {
    const auto row = measure_table("events", events, events, 100);
    if (!row) return row.error();
    rows.push_back(*row);
  }
  for (std::uint64_t cells = 100; cells <= options.cells_max; cells *= 10) {
    const auto row = measure_table("cells", cells, 1, cells);
    if (!row) return row.error();
    rows.push_back(*row);
  }
  const BenchFolder folder(options.folder);
  JournalGrowth journal(folder.file("store"));
  for (std::uint64_t deltas = 100'000; deltas <= options.deltas_max; deltas *= 10) {
    const auto row = journal.grow_to(deltas);
    if (!row) return row.error();
    rows.push_back(*row);
  }
  print(rows, options.json);
  if (options.svg.empty()) return {};
  std::ofstream out(options.svg);
  out << charts_of(rows);
  if (!out.flush()) return Error{ErrorKind::environment, options.svg + ": cannot be written", 0};
  return {};
}

}  // namespace touchline
