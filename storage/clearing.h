// Clearing a store of what was published before a time: copied into an archive first, if there is one, then taken away.
//
// Goes through the journal from its oldest batch, and never takes the last one. For every event that had deltas there,
// its state at the end of what goes is kept as a snapshot, so that all that stays can be rebuilt. In this order, each
// safe to be broken off and done again: copy and sync; snapshots; the switch, from which on it counts as gone; the rows.
// Reads through a connection of its own and writes nothing into the store itself: each step is the writer's to do, a
// little at a time. Knows no clock. Used by one thread.
#pragma once

#include "core/result.h"
#include "storage/archive.h"
#include "storage/clear_step.h"
#include "storage/journal_reader.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace touchline {

struct ClearReport {
  Offset from;  // cleared before
  Offset through;
  std::uint64_t batches = 0;
  std::uint64_t bytes = 0;               // of their items
  std::uint64_t events = 0;              // that had deltas in it
  std::int64_t published_ms = 0;         // the last of it
  std::optional<Offset> archive_begins;  // a new archive, and what is up to there is not in it
  bool more = false;                     // it was more than one run takes

  std::uint64_t deltas() const { return through.value - from.value; }
};

struct ClearOptions {
  std::string archive = {};              // empty: none
  std::uint64_t deltas_max = 2'000'000;  // of one run; at least a batch
};

class Clearing {
 public:
  // Has the writer do a step, and says how many rows that took away. An error ends the run.
  using Writer = std::function<Result<std::uint64_t>(const ClearStep&)>;

  Clearing(std::string store, ClearOptions options)
      : store_(std::move(store)), options_(std::move(options)) {}

  // Whether anything was published before that time and can go; cheap.
  Result<bool> has_work(std::int64_t before_ms);
  // All that was published before that time, as far as one run goes, and whatever an earlier run left behind.
  Result<ClearReport> run(std::int64_t before_ms, const Writer& writer);

 private:
  struct Run;

  std::string store_;
  ClearOptions options_;
};

}  // namespace touchline
