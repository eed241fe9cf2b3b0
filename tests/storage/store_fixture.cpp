#include "tests/storage/store_fixture.h"

#include "core/delta.h"
#include "storage/sqlite.h"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace touchline::test {

TempFolder::TempFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "touchline-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_bytes(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

Update RandomFeed::next() {
  // Sometimes many in one millisecond, sometimes a pause.
  if (below(3) != 0) now_ms_ += static_cast<std::int64_t>(below(500));
  Update update;
  // The source's clock lags by up to a second, and jitters.
  update.source_time_ms = now_ms_ - static_cast<std::int64_t>(below(1'000));
  update.message_id = update.hold("m" + std::to_string(++messages_));
  update.on_event("event-" + std::to_string(below(static_cast<std::uint64_t>(events_))));
  switch (below(6)) {
    case 0:
      update.set(Field::home_score, static_cast<std::int64_t>(below(9)));
      update.set(Field::clock_ms, static_cast<std::int64_t>(messages_ * 1'000));
      break;
    case 1:
      update.set(Field::name, "A name that is number " + std::to_string(messages_));
      update.attribute_json("stats/" + std::to_string(below(5)), "\"" + std::to_string(below(100)) + "\"");
      break;
    default:
      add_market(update);
      break;
  }
  return update;
}

void RandomFeed::add_market(Update& update) {
  update.on_market("market-" + std::to_string(below(4)), "");
  if (below(4) == 0)
    update.set(Field::status,
               static_cast<std::int64_t>(MarketStatus::open) + static_cast<std::int64_t>(below(2)));
  update.on_outcome("outcome-" + std::to_string(below(3)), 0);
  const std::array ladders{Field::back, Field::lay, Field::traded};
  for (std::uint64_t left = 1 + below(6); left != 0; --left) {
    const Field ladder = ladders[below(ladders.size())];
    const auto level = static_cast<std::uint32_t>(101 + below(60));
    if (below(4) == 0) {
      update.erase(ladder, level);
    } else {
      update.set(ladder, static_cast<std::int64_t>(1 + below(100'000)), level);
    }
  }
  update.set(Field::last_price, static_cast<std::int64_t>(101 + below(60)));
}

Store::Store(const std::string& path, OriginOptions options)
    : journal_(Journal::open(path).value()), origin_(options) {
  const SourceId source = journal_.source("feed").value();
  if (origin_.add_source() != source) throw std::runtime_error("the store has other sources");
  line_ = origin_.add_line(source);
  journal_.restore(origin_).value();
}

void Store::take(Update update, std::int64_t now_ms) {
  const std::string id(update.look(update.ops.at(0).text));
  const auto outcome = origin_.take(line_, update, now_ms);
  if (outcome.value() != Origin::Outcome::changed) return;
  const LiveEvent& event = *origin_.table().find(id);
  auto& moments = past_[id];
  moments.push_back({event.handle, origin_.head(), 0, now_ms, event.state});
}

void Store::commit(std::int64_t committed_ms) {
  const Batch batch = origin_.take_batch();
  journal_.commit(batch, committed_ms).value();
  for (auto& [id, moments] : past_) {
    for (auto moment = moments.rbegin(); moment != moments.rend() && moment->published_ms == 0; ++moment) {
      moment->published_ms = committed_ms;
    }
  }
}

void Store::run(RandomFeed& feed, int updates) {
  std::uint64_t left_in_batch = 0;
  for (int i = 0; i < updates; ++i) {
    Update update = feed.next();
    take(std::move(update), feed.now_ms());
    if (left_in_batch-- != 0) continue;
    commit(feed.now_ms() + 2);
    left_in_batch = feed.below(12);
  }
  if (!origin_.pending().empty()) commit(feed.now_ms() + 2);
}

std::map<std::string, std::vector<Moment>> write_store(const std::string& path, std::uint64_t seed,
                                                       int events, int updates, OriginOptions options) {
  RandomFeed feed(seed, events);
  Store store(path, options);
  store.run(feed, updates);
  return store.past();
}

void copy_store(const std::string& from, const std::string& to) {
  for (const char* end : {"", "-wal", "-shm"})
    std::filesystem::remove(to + end);
  std::filesystem::copy_file(from, to);
}

void tamper(const std::string& path, const char* sql) {
  Database db(path, Database::Mode::read_write);
  db.run("PRAGMA synchronous = OFF");
  db.run(sql);
}

testing::AssertionResult same_state(const EventState& a, const EventState& b) {
  if (a.seq != b.seq) return testing::AssertionFailure() << "seq " << a.seq.value << " and " << b.seq.value;
  if (a.source_time_ms != b.source_time_ms) return testing::AssertionFailure() << "other source times";
  if (const Delta delta = diff(a, b); !delta.empty()) {
    return testing::AssertionFailure() << delta.changes.size() << " cells differ at seq " << a.seq.value;
  }
  if (a.digest() != b.digest()) return testing::AssertionFailure() << "other digests at seq " << a.seq.value;
  return testing::AssertionSuccess();
}

}  // namespace touchline::test
