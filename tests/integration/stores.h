// What stands in a store, in forms that can be compared: digests, states, the journal itself.
//
// Asks the program where a user would, and the journal's reader where the bytes matter. Writes no store.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace touchline::integration {

// Event -> "SEQ DIGEST", as the program exports them.
using Digests = std::map<std::string, std::string>;
Digests digests_of(const std::string& store);
// The lines that `tail --digests` prints, or the same of a store.
Digests digests_in(std::string_view lines);

// Event -> its state without what depends on how it came about (seq, offset, digest, times), markets and outcomes
// in order of their text. An event that shows nothing, such as the one that a market without a definition left
// behind, is not there.
using States = std::map<std::string, std::string>;
States states_of(const std::string& store);
// The same with seq and source time.
States states_and_seqs_of(const std::string& store);
// Where the two differ first, in an excerpt of each; empty where they do not.
std::string states_difference(const States& a, const States& b);

struct JournalDelta {
  std::uint64_t offset = 0;
  std::string event;
  std::uint64_t seq = 0;
  std::int64_t ingest_time_ms = 0;
  std::string block;
  bool operator==(const JournalDelta&) const = default;
};
struct JournalContents {
  std::vector<JournalDelta> deltas;
  std::vector<std::uint64_t> batches;  // first offset of each
  std::uint64_t head = 0;
};
JournalContents journal_of(const std::string& store);
// Where the two differ first, in words; empty where they do not.
std::string journal_difference(const std::vector<JournalDelta>& a, const std::vector<JournalDelta>& b);

std::uint64_t epoch_of(const std::string& store);

// Every file that belongs to the store.
std::map<std::string, std::string> bytes_of_store(const std::string& store);

// Replays into a store, expects exit code 0, and returns the summary's JSON.
std::string replay(const std::vector<std::string>& recordings, const std::string& store,
                   const std::vector<std::string>& options = {});

// `touchline verify` finds nothing.
void expect_sound(const std::string& store);

}  // namespace touchline::integration
