#include "storage/verify_tables.h"

#include "schemas/journal_sql.h"
#include "storage/store_file.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

namespace touchline {
namespace {

// Of one table, so that it cannot hide the others.
constexpr std::size_t rows_named_max = 10;

struct Thing {
  std::string kind;   // table, index, trigger, view
  std::string table;  // that it stands on
};

std::map<std::string, Thing> things_of(Database& db) {
  Statement rows = db.prepare("SELECT name, type, tbl_name FROM sqlite_master");
  std::map<std::string, Thing> things;
  while (rows.step())
    things[std::string(rows.text(0))] = {std::string(rows.text(1)), std::string(rows.text(2))};
  return things;
}

// "key TEXT, value INTEGER"; the comments in its definition are none of its.
std::string columns_of(Database& db, const std::string& table) {
  Statement rows = db.prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_info(?)");
  rows.bind_text(1, table);
  std::string columns;
  while (rows.step()) {
    columns += (columns.empty() ? "" : ", ") + std::string(rows.text(0)) + " " + std::string(rows.text(1));
    if (rows.integer(2) != 0) columns += " NOT NULL";
    if (rows.integer(3) != 0) columns += " key " + std::to_string(rows.integer(3));
  }
  return columns;
}

// Rows that a query finds, the first few by name.
class Complaints {
 public:
  explicit Complaints(VerifyReport& report) : report_(report) {}
  void add(std::string place, std::string what) {
    if (++count_ > rows_named_max) {
      ++report_.more_findings;
    } else {
      report_.add(std::move(place), std::move(what));
    }
  }

 private:
  VerifyReport& report_;
  std::size_t count_ = 0;
};

}  // namespace

void TableChecks::check_schema() {
  Database ours(":memory:", Database::Mode::create);
  ours.run(journal_sql);
  to_older_version(ours, db_.value("PRAGMA user_version"));
  const auto expected = things_of(ours);
  const auto found = things_of(db_);
  for (const auto& [name, thing] : expected) {
    const auto there = found.find(name);
    if (there == found.end() || there->second.kind != thing.kind) {
      // SQLite's own index goes with its table.
      if (thing.kind == "table" || found.contains(thing.table))
        report_.add(thing.kind + " " + name, "is missing");
      continue;
    }
    if (thing.kind != "table") continue;
    const std::string columns = columns_of(db_, name);
    const std::string due = columns_of(ours, name);
    if (columns == due) {
      usable_.insert(name);
    } else {
      report_.add("table " + name, "its columns are " + columns + " instead of " + due);
    }
  }
  for (const auto& [name, thing] : found) {
    const auto due = expected.find(name);
    if (due != expected.end() && due->second.kind == thing.kind) continue;
    if (name.starts_with("sqlite_")) continue;  // SQLite's own
    report_.add(thing.kind + " " + name + (thing.table == name ? "" : " on " + thing.table), "is not ours");
  }
}

bool TableChecks::usable(const std::set<std::string>& tables) const {
  return std::ranges::includes(usable_, tables);
}

MetaReading TableChecks::check_meta() {
  if (!usable({"meta"})) return {{}, {{"epoch", ""}, {"head", ""}}};
  MetaReading reading = read_meta(db_);
  for (const MetaFault& fault : reading.faults)
    report_.add("meta, " + fault.key, fault.what);
  return reading;
}

void TableChecks::check_sources() {
  if (!usable({"sources"})) return;
  Complaints of_sources(report_);
  Statement sources = db_.prepare("SELECT number, name FROM sources ORDER BY number");
  for (std::int64_t next = 1; sources.step(); next = sources.integer(0) + 1) {
    if (sources.integer(0) == next) continue;
    of_sources.add("sources, number " + std::to_string(sources.integer(0)),
                   std::string(sources.text(1)) + " should have number " + std::to_string(next));
  }
  if (!usable({"source_numbers", "events"})) return;
  Complaints of_numbers(report_);
  Statement numbers = db_.prepare(
      "SELECT source, event, source IN (SELECT number FROM sources), event IN (SELECT handle FROM events), "
      "typeof(number), number FROM source_numbers");
  while (numbers.step()) {
    const std::string place = "source_numbers, source " + std::to_string(numbers.integer(0)) + ", event " +
                              std::to_string(numbers.integer(1));
    if (numbers.integer(2) == 0 || numbers.integer(3) == 0) {
      of_numbers.add(place, numbers.integer(2) == 0 ? "there is no such source" : "there is no such event");
    } else if (numbers.text(4) != "integer") {
      of_numbers.add(place, "its number is no integer but " + std::string(numbers.text(4)));
    } else if (numbers.integer(5) < 0) {
      of_numbers.add(place, "its number is " + std::to_string(numbers.integer(5)));
    }
  }
}

void TableChecks::check_cursors() {
  if (!usable({"cursors"})) return;
  Complaints of_cursors(report_);
  Statement cursors = db_.prepare("SELECT recording, byte, line, typeof(byte), typeof(line) FROM cursors");
  while (cursors.step()) {
    const std::string place = "cursors, " + std::string(cursors.text(0));
    for (const auto& [name, column] : {std::pair("byte", 1), std::pair("line", 2)}) {
      if (cursors.text(column + 2) != "integer") {
        of_cursors.add(place,
                       std::string(name) + " is no integer but " + std::string(cursors.text(column + 2)));
      } else if (cursors.integer(column) < 0) {
        of_cursors.add(place, std::string(name) + " is " + std::to_string(cursors.integer(column)));
      }
    }
  }
}

}  // namespace touchline
