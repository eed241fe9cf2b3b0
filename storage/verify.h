// Rebuilds everything from the journal and compares it with what stands beside it.
//
// Knows every table and how they hang together; repairs nothing and never writes. What cannot be believed (a
// batch that is damaged or missing) is named once, and the events that it held are taken up again at their
// next snapshot; a table that is missing is named, and the others are looked at. Holds the states of the events
// that still go on at the offset it has come to, and one row at a time. Works beside a running writer: one read
// transaction sees one moment of the store. Where it was cleared, the rest is rebuilt from the snapshots left for that.
#pragma once

#include "core/ids.h"
#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace touchline {

inline constexpr std::size_t findings_max = 100;
// Of one event, so that it cannot hide the others.
inline constexpr std::size_t findings_of_event_max = 5;

struct Finding {
  std::string place;  // table and row: "snapshots, event 31573045, seq 1000"
  std::string what;
};

struct VerifyReport {
  std::uint64_t batches = 0;
  std::uint64_t cleared = 0;    // deltas before the first one that is there
  std::uint64_t deltas = 0;     // rebuilt
  std::uint64_t unchecked = 0;  // deltas in what cannot be believed, or behind it
  std::uint64_t events = 0;
  std::uint64_t snapshots = 0;
  std::uint64_t bytes = 0;  // of the batches' items
  std::vector<Finding> findings;
  std::uint64_t more_findings = 0;  // past the limits above

  bool sound() const { return findings.empty() && more_findings == 0; }
  void add(std::string place, std::string what) {
    if (findings.size() == findings_max) {
      ++more_findings;
    } else {
      findings.push_back({std::move(place), std::move(what)});
    }
  }
};

// Called once a batch.
using VerifyProgress = std::function<void(Offset done, Offset head)>;

// An error only where the store cannot be read at all.
Result<VerifyReport> verify(const std::string& path, const VerifyProgress& progress = {});

}  // namespace touchline
