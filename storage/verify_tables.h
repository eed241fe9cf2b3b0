// What verify looks at beside the deltas: which tables there are, meta, sources, and how far each was read.
//
// Knows the schema as this program creates it, and no block and no state. A table that is missing or has other
// columns is one finding, and is not looked into.
#pragma once

#include "storage/sqlite.h"
#include "storage/store_meta.h"
#include "storage/verify.h"

#include <set>
#include <string>

namespace touchline {

class TableChecks {
 public:
  TableChecks(Database& db, VerifyReport& report) : db_(db), report_(report) {}

  // First: whatever is in the file that this program would not have created, and whatever is not.
  void check_schema();
  // Whether all these can be looked into.
  bool usable(const std::set<std::string>& tables) const;

  // What meta says, as far as it can be believed.
  MetaReading check_meta();
  void check_sources();
  void check_cursors();

 private:
  Database& db_;
  VerifyReport& report_;
  std::set<std::string> usable_;
};

}  // namespace touchline
