// What stands in `meta`: the numbers that a store is taken up by.
//
// The only code that reads this table, so that the writer, the readers and verify cannot disagree on what is
// garbled. Judges each key by itself; whether head is where the batches end is for others to say.
#pragma once

#include "core/ids.h"
#include "core/result.h"
#include "storage/sqlite.h"

#include <string>
#include <vector>

namespace touchline {

struct StoreMeta {
  Epoch epoch;
  Offset head;            // last offset committed
  bool relaxed = false;   // who writes it publishes before the commit; left behind: it did not end cleanly
  Offset complete_after;  // all that is up to there was cleared; 0: nothing was
  std::uint64_t cleared_checksum = 0;  // of the last batch that was
};

struct MetaFault {
  std::string key;
  std::string what;
};

struct MetaReading {
  StoreMeta meta;  // 0 where a key is missing or garbled
  std::vector<MetaFault> faults;

  bool has_fault(const std::string& key) const;
};

MetaReading read_meta(Database& db);

// "meta: head is missing"
std::string describe(const MetaFault& fault);

// The same for whoever cannot do with a part of it: malformed, with the store and the first key that is wrong.
Result<StoreMeta> sound_meta(Database& db, const std::string& path);

}  // namespace touchline
