// The events of a store on their way through its journal, as verify rebuilds them.
//
// Knows the tables `events` and `snapshots`, blocks and states; does not know batches, offsets' numbering or
// event_batches: the walk over these (verify.cpp) says what comes next and what is lost. A chain whose state
// is lost is taken up again at its next snapshot.
#pragma once

#include "core/event_state.h"
#include "storage/batch_row.h"
#include "storage/journal_reader.h"
#include "storage/verify.h"
#include "storage/verify_rows.h"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

namespace touchline {

struct Chain {
  std::uint64_t event = 0;  // its handle
  EventState state;
  bool sound = true;  // the state is what the deltas so far make of nothing
  bool id_checked = false;
  std::uint64_t next_seq = 1;  // of its next delta; a guess where it is not sound
  std::uint64_t last_seq = 0;  // of all, as event_batches has it; 0 where that is not known
  Offset last_offset;
  std::size_t findings = 0;

  // Its share of the batch at hand: the walk's own notes.
  Offset batch;
  std::uint64_t first_seq = 0;
  std::uint64_t count = 0;
  bool row_seen = false;
  std::uint64_t row_shift = 0;  // by how much event_batches was found to number it differently
};

class Chains {
 public:
  Chains(JournalReader& reader, VerifyReport& report);

  Result<void> read_events();
  // What was cleared, up to this offset: every event goes on from its last snapshot in it.
  void begin_after(Offset cleared);

  Chain& of(std::uint64_t event);
  // "event 31573045"
  std::string name(std::uint64_t event) const;
  void add_finding(Chain& chain, std::string place, std::string what);

  // The next delta of a chain, and the snapshots that were taken behind it; how many there are.
  std::uint64_t take(Chain& chain, const BatchItem& item);
  // Deltas of the chain cannot be read; it goes on behind them.
  void lose(Chain& chain, std::uint64_t next_seq);
  // Everything up to and including this offset was lost, but for its snapshots.
  void pass_snapshots(Offset last);
  // Nothing more comes.
  void finish();

  bool snapshots_readable() const { return snapshots_.failure().empty(); }

 private:
  struct Known {
    std::string id;
    std::uint64_t last_seq = 0;
  };

  void roll(Chain& chain, const BatchItem& item);
  // At its last delta its state is checked once more and is no longer needed.
  void let_go_if_over(Chain& chain);
  void compare(Chain& chain, const SnapshotRow& row, const EventState& stored, std::int64_t ingest_time_ms);
  std::optional<EventState> stored_state(const SnapshotRow& row);
  void take_up(Chain& chain, EventState state, Offset at);
  void check_id(Chain& chain);
  void check_end(Chain& chain);
  void report_stray(const SnapshotRow& row, const std::string& what);
  std::string place_of(const SnapshotRow& row) const;

  JournalReader& reader_;
  VerifyReport& report_;
  RowStream<SnapshotRow> snapshots_;
  Statement state_of_;
  std::unordered_map<std::uint64_t, Known> events_;
  std::uint64_t handle_max_ = 0;
  std::unordered_map<std::uint64_t, Chain> chains_;
};

}  // namespace touchline
