#include "tests/integration/stores.h"

#include "storage/batch_row.h"
#include "storage/journal_reader.h"
#include "tests/integration/files.h"
#include "tests/integration/program.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>
#include <stdexcept>

namespace touchline::integration {
namespace {

namespace dom = simdjson::dom;

const std::set<std::string_view> of_its_making{"seq",          "offset",    "digest",
                                               "published_at", "source_at", "epoch"};
const std::set<std::string_view> of_its_place{"offset", "digest", "published_at", "epoch"};

// An object's members as they stand, but for those left out; markets and outcomes sorted by their text.
std::string canonical(dom::object object, const std::set<std::string_view>& left_out) {
  std::string out = "{";
  for (const auto [key, value] : object) {
    if (left_out.contains(key)) continue;
    out += std::string(key) + ":";
    if (key == "markets" || key == "outcomes") {
      std::vector<std::string> parts;
      for (const dom::element part : dom::array(value))
        parts.push_back(canonical(part, {}));
      std::ranges::sort(parts);
      for (const std::string& part : parts)
        out += "\n" + part;
    } else {
      out += simdjson::to_string(value);
    }
    out += ",";
  }
  return out + "}";
}

template <class Take>
void for_each_exported(const std::string& store, Take take) {
  std::istringstream lines(output_of({"export", store, "--all", "--format", "ndjson"}));
  dom::parser parser;
  for (std::string line; std::getline(lines, line);) {
    const dom::object state = parser.parse(line);
    take(std::string(std::string_view(state["event"])), state);
  }
}

States states(const std::string& store, const std::set<std::string_view>& left_out) {
  States states;
  for_each_exported(store, [&](const std::string& event, dom::object state) {
    const bool shows_nothing =
        dom::array(state["markets"]).size() == 0 && dom::object(state["attributes"]).size() == 0;
    if (!shows_nothing) states[event] = canonical(state, left_out);
  });
  return states;
}

std::string excerpt(std::string_view text, std::size_t at) {
  constexpr std::size_t shown = 120;
  const std::size_t begin = at - std::min(at, shown);
  return std::string(text.substr(begin, 2 * shown));
}

template <class T>
T value_of(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text);
  return std::move(*result);
}

}  // namespace

Digests digests_of(const std::string& store) {
  Digests digests;
  for_each_exported(store, [&](const std::string& event, dom::object state) {
    digests[event] =
        std::to_string(std::uint64_t(state["seq"])) + " " + std::string(std::string_view(state["digest"]));
  });
  return digests;
}

Digests digests_in(std::string_view lines) {
  Digests digests;
  std::istringstream in{std::string(lines)};
  for (std::string line; std::getline(in, line);) {
    const auto space = line.find(' ');
    EXPECT_NE(space, std::string::npos) << line;
    digests[line.substr(0, space)] = line.substr(std::min(line.size(), space + 1));
  }
  return digests;
}

States states_of(const std::string& store) { return states(store, of_its_making); }
States states_and_seqs_of(const std::string& store) { return states(store, of_its_place); }

std::string states_difference(const States& a, const States& b) {
  const auto [in_a, in_b] = std::ranges::mismatch(a, b);
  if (in_a == a.end() && in_b == b.end()) return {};
  if (in_a == a.end()) return "event " + in_b->first + " is not there";
  if (in_b == b.end() || in_a->first != in_b->first) return "event " + in_a->first + " is on one side alone";
  const auto at =
      static_cast<std::size_t>(std::ranges::mismatch(in_a->second, in_b->second).in1 - in_a->second.begin());
  return "event " + in_a->first + ": " + excerpt(in_a->second, at) + "\n  and " + excerpt(in_b->second, at);
}

std::uint64_t epoch_of(const std::string& store) {
  return value_of(JournalReader::open(store)).epoch().value;
}

JournalContents journal_of(const std::string& store) {
  JournalReader reader = value_of(JournalReader::open(store));
  if (const auto held = reader.hold_view(); !held) throw std::runtime_error(held.error().text);
  std::map<EventHandle, std::string> events;
  std::map<EventHandle, std::uint64_t> seqs;
  for (const EventEntry& event : value_of(reader.events())) {
    events[event.handle] = event.id;
    seqs[event.handle] = value_of(reader.cleared_through(event.handle)).value;
  }
  JournalContents contents;
  contents.head = reader.head().value;
  const auto visited = reader.batches(Offset(1), [&](const BatchRow& row) {
    contents.batches.push_back(row.first.value);
    BatchItems items(row);
    for (BatchItem item; value_of(items.next(item));) {
      contents.deltas.push_back({item.offset.value, events.at(item.event), ++seqs[item.event],
                                 item.ingest_time_ms, std::string(item.block)});
    }
    return true;
  });
  if (!visited) throw std::runtime_error(visited.error().text);
  return contents;
}

std::string journal_difference(const std::vector<JournalDelta>& a, const std::vector<JournalDelta>& b) {
  const auto [at, there] = std::ranges::mismatch(a, b);
  if (at == a.end() && there == b.end()) return {};
  const auto words = [](const auto& list, auto place) {
    if (place == list.end()) return "nothing behind offset " + std::to_string(list.size());
    return "offset " + std::to_string(place->offset) + ", event " + place->event + " seq " +
           std::to_string(place->seq) + " ingested at " + std::to_string(place->ingest_time_ms) +
           ", a block of " + std::to_string(place->block.size()) + " bytes";
  };
  return words(a, at) + "\n  and " + words(b, there);
}

std::map<std::string, std::string> bytes_of_store(const std::string& store) {
  std::map<std::string, std::string> bytes;
  const std::filesystem::path path(store);
  for (const auto& entry : std::filesystem::directory_iterator(path.parent_path())) {
    const std::string name = entry.path().filename().string();
    // The index of the write-ahead log is made anew by whoever opens the store; what is stored does not stand in it.
    if (!name.starts_with(path.filename().string()) || name.ends_with("-shm")) continue;
    std::string content = bytes_of(entry.path().string());
    if (!name.ends_with("-wal") || !content.empty()) bytes[name] = std::move(content);
  }
  return bytes;
}

std::string replay(const std::vector<std::string>& recordings, const std::string& store,
                   const std::vector<std::string>& options) {
  std::vector<std::string> arguments{"replay", "--store", store, "--json"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.insert(arguments.end(), recordings.begin(), recordings.end());
  return output_of(std::move(arguments));
}

void expect_sound(const std::string& store) {
  const Finished verified = run({"verify", store});
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
}

}  // namespace touchline::integration
