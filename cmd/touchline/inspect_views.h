// What `touchline inspect` can show, one function a view: as columns for people or as JSON for scripts.
//
// Reads through the journal's reader at one moment. Each returns the command's exit code and has complained
// about what went wrong. Knows no arguments' syntax.
#pragma once

#include "cmd/touchline/arguments.h"
#include "storage/journal_reader.h"

#include <cstdint>
#include <string>

namespace touchline {

struct InspectOptions {
  std::string store;
  std::string event;
  std::uint64_t from = 0;  // 0: the first that is kept
  std::uint64_t to = 0;    // 0: the last
  bool json = false;
};

int show_summary(JournalReader& reader, const InspectOptions& options);
int show_events(JournalReader& reader, const InspectOptions& options);
int show_event(JournalReader& reader, const InspectOptions& options);
int show_deltas(JournalReader& reader, const InspectOptions& options);
int show_sources(JournalReader& reader, const InspectOptions& options);
int show_rejected(JournalReader& reader, const InspectOptions& options);

}  // namespace touchline
