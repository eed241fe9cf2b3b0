#include "storage/store_meta.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

namespace touchline {
namespace {

// Far from where adding to it could run over.
constexpr std::int64_t number_max = std::int64_t{1} << 62;

struct Key {
  std::string_view name;
  std::int64_t least;
  std::int64_t most;
  bool optional = false;
};

constexpr std::array keys{Key{"epoch", 1, number_max}, Key{"head", 0, number_max}, Key{"relaxed", 0, 1, true},
                          Key{"complete_after", 0, number_max, true},
                          Key{"cleared_checksum", std::numeric_limits<std::int64_t>::min(),
                              std::numeric_limits<std::int64_t>::max(), true}};

void put(StoreMeta& meta, std::string_view key, std::int64_t value) {
  if (key == "epoch") meta.epoch = Epoch(static_cast<std::uint64_t>(value));
  if (key == "head") meta.head = Offset(static_cast<std::uint64_t>(value));
  if (key == "relaxed") meta.relaxed = value == 1;
  if (key == "complete_after") meta.complete_after = Offset(static_cast<std::uint64_t>(value));
  if (key == "cleared_checksum") meta.cleared_checksum = static_cast<std::uint64_t>(value);
}

}  // namespace

bool MetaReading::has_fault(const std::string& key) const {
  return std::ranges::find(faults, key, &MetaFault::key) != faults.end();
}

MetaReading read_meta(Database& db) {
  MetaReading reading;
  Statement rows = db.prepare("SELECT key, value, typeof(value) FROM meta ORDER BY key");
  std::array<bool, keys.size()> seen{};
  while (rows.step()) {
    const std::string name(rows.text(0));
    const auto* key = std::ranges::find(keys, name, &Key::name);
    if (key == keys.end()) {
      reading.faults.push_back({name, "is no key of ours"});
      continue;
    }
    seen[static_cast<std::size_t>(key - keys.begin())] = true;
    const std::int64_t value = rows.integer(1);
    if (rows.text(2) != "integer") {
      reading.faults.push_back({name, "is no integer but " + std::string(rows.text(2))});
    } else if (value < key->least || value > key->most) {
      reading.faults.push_back({name, "is " + std::to_string(value)});
    } else {
      put(reading.meta, name, value);
    }
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!seen[i] && !keys[i].optional) reading.faults.push_back({std::string(keys[i].name), "is missing"});
  }
  // Its last batch is never cleared, so that there is something to go on from. An archive may have begun there.
  const StoreMeta& meta = reading.meta;
  if (meta.complete_after > meta.head && !reading.has_fault("head")) {
    reading.faults.push_back({"complete_after", "is " + std::to_string(meta.complete_after.value) +
                                                    ", head is " + std::to_string(meta.head.value)});
  }
  return reading;
}

std::string describe(const MetaFault& fault) { return "meta: " + fault.key + " " + fault.what; }

Result<StoreMeta> sound_meta(Database& db, const std::string& path) {
  const MetaReading reading = read_meta(db);
  if (reading.faults.empty()) return reading.meta;
  return malformed(path + ": " + describe(reading.faults.front()) + ": run touchline verify");
}

}  // namespace touchline
