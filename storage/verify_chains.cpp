#include "storage/verify_chains.h"

#include "core/block.h"
#include "core/compress.h"
#include "core/state_names.h"
#include "core/state_words.h"

#include <limits>
#include <map>
#include <utility>

namespace touchline {
namespace {

constexpr std::size_t state_bytes_max = 1U << 30;
constexpr Offset last_of_all{std::numeric_limits<std::uint64_t>::max()};

std::string hex(std::uint64_t number) {
  std::string text(16, '0');
  for (std::size_t i = 16; i-- > 0; number >>= 4)
    text[i] = "0123456789abcdef"[number & 15];
  return text;
}

}  // namespace

Chains::Chains(JournalReader& reader, VerifyReport& report)
    : reader_(reader),
      report_(report),
      snapshots_(reader.database()),
      state_of_(reader.database().prepare("SELECT state FROM snapshots WHERE rowid = ?")) {}

Result<void> Chains::read_events() {
  auto entries = reader_.events();
  if (!entries) return entries.error();
  report_.events = entries->size();
  for (EventEntry& entry : *entries) {
    const std::uint64_t handle = entry.handle.value;
    if (handle > handle_max_ + 1) {
      report_.add("events", handle == handle_max_ + 2 ? "handle " + std::to_string(handle - 1) + " is missing"
                                                      : "handles " + std::to_string(handle_max_ + 1) + "-" +
                                                            std::to_string(handle - 1) + " are missing");
    }
    handle_max_ = handle;
    events_.emplace(handle, Known{std::move(entry.id), entry.last.value});
  }
  return {};
}

void Chains::begin_after(Offset cleared) {
  std::map<std::uint64_t, SnapshotRow> newest;
  while (snapshots_.up_to(cleared) != nullptr) {
    const SnapshotRow row = snapshots_.take();
    newest.insert_or_assign(row.event, row);
  }
  for (const auto& [event, row] : newest) {
    ++report_.snapshots;
    Chain& chain = of(event);
    chain.next_seq = row.seq.value + 1;
    auto stored = stored_state(row);
    if (!stored) {
      lose(chain, chain.next_seq);
      continue;
    }
    take_up(chain, std::move(*stored), row.last_offset);
    let_go_if_over(chain);
  }
}

void Chains::let_go_if_over(Chain& chain) {
  if (!chain.sound || chain.state.seq.value != chain.last_seq) return;
  check_end(chain);
  lose(chain, chain.next_seq);
}

Chain& Chains::of(std::uint64_t event) {
  const auto [found, fresh] = chains_.try_emplace(event);
  if (!fresh) return found->second;
  found->second.event = event;
  if (const auto known = events_.find(event); known != events_.end()) {
    found->second.last_seq = known->second.last_seq;
  } else if (event > handle_max_) {
    // Lower ones are missed where their numbering is looked at.
    report_.add("events", "handle " + std::to_string(event) + ", which has deltas, is missing");
  }
  return found->second;
}

std::string Chains::name(std::uint64_t event) const {
  const auto known = events_.find(event);
  return known == events_.end() ? "event with handle " + std::to_string(event) : "event " + known->second.id;
}

std::string Chains::place_of(const SnapshotRow& row) const {
  return "snapshots, " + name(row.event) + ", seq " + std::to_string(row.seq.value);
}

void Chains::add_finding(Chain& chain, std::string place, std::string what) {
  if (++chain.findings <= findings_of_event_max) {
    report_.add(std::move(place), std::move(what));
  } else {
    ++report_.more_findings;
  }
}

void Chains::lose(Chain& chain, std::uint64_t next_seq) {
  chain.sound = false;
  chain.state = EventState{};
  chain.next_seq = next_seq;
}

std::uint64_t Chains::take(Chain& chain, const BatchItem& item) {
  if (chain.sound) roll(chain, item);
  if (chain.sound) {
    ++report_.deltas;
  } else {
    ++report_.unchecked;
  }
  ++chain.next_seq;
  chain.last_offset = item.offset;

  std::uint64_t snapshots = 0;
  while (snapshots_.up_to(item.offset) != nullptr) {
    const SnapshotRow row = snapshots_.take();
    if (row.last_offset < item.offset) {
      report_stray(
          row, "names offset " + std::to_string(row.last_offset.value) + ", which is none of the journal's");
      continue;
    }
    snapshots += row.late ? 0 : 1;
    ++report_.snapshots;
    if (row.event != chain.event) {
      report_stray(row,
                   "names offset " + std::to_string(item.offset.value) + ", a delta of " + name(chain.event));
      continue;
    }
    auto stored = stored_state(row);
    if (!stored) continue;
    if (chain.sound) {
      compare(chain, row, *stored, item.ingest_time_ms);
    } else {
      take_up(chain, std::move(*stored), item.offset);
    }
  }
  let_go_if_over(chain);
  return snapshots;
}

void Chains::roll(Chain& chain, const BatchItem& item) {
  const auto delta = decode_block(chain.state, item.block);
  const auto place = [&] {
    return "batches, offset " + std::to_string(item.offset.value) + ", " + name(chain.event) + ", seq " +
           std::to_string(chain.next_seq);
  };
  if (!delta) {
    add_finding(chain, place(), delta.error().text);
    return lose(chain, chain.next_seq);
  }
  if (delta->merged != 1) {
    add_finding(chain, place(), "stands for " + std::to_string(delta->merged) + " deltas");
    return lose(chain, chain.next_seq + delta->merged - 1);
  }
  apply(chain.state, *delta);
  if (chain.state.seq == Seq(1)) check_id(chain);
}

void Chains::pass_snapshots(Offset last) {
  while (snapshots_.up_to(last) != nullptr) {
    const SnapshotRow row = snapshots_.take();
    ++report_.snapshots;
    auto stored = stored_state(row);
    if (!stored) continue;
    Chain& chain = of(row.event);
    // Of use only where no delta behind it was lost as well.
    if (!chain.sound && chain.next_seq == row.seq.value + 1)
      take_up(chain, std::move(*stored), row.last_offset);
  }
}

void Chains::take_up(Chain& chain, EventState state, Offset at) {
  chain.next_seq = state.seq.value + 1;
  chain.state = std::move(state);
  chain.sound = true;
  chain.last_offset = at;
  check_id(chain);
}

std::optional<EventState> Chains::stored_state(const SnapshotRow& row) {
  const auto complain = [&](std::string what) {
    add_finding(of(row.event), place_of(row), std::move(what));
    return std::nullopt;
  };
  try {
    state_of_.bind(1, row.rowid);
    const bool there = state_of_.step();
    const auto block = decompress(there ? state_of_.blob(0) : std::string_view(), state_bytes_max);
    state_of_.reset();
    if (!block) return complain(block.error().text);
    auto delta = decode_block(EventState{}, *block);
    if (!delta) return complain(delta.error().text);
    delta->seq = row.seq;
    EventState state;
    apply(state, *delta);
    if (state.digest() != row.digest) {
      return complain("its digest is " + hex(state.digest()) + ", the row says " + hex(row.digest));
    }
    if (state.source_time_ms != row.source_time_ms)
      return complain("its state and the row differ in the source time");
    return state;
  } catch (const SqliteFailure& failure) {
    state_of_.reset();
    if (!failure.is_corrupt()) throw;
    return complain(failure.what());
  }
}

void Chains::compare(Chain& chain, const SnapshotRow& row, const EventState& stored,
                     std::int64_t ingest_time_ms) {
  const EventState& rebuilt = chain.state;
  if (row.seq != rebuilt.seq) {
    return add_finding(chain, place_of(row),
                       "the delta at offset " + std::to_string(row.last_offset.value) + " has seq " +
                           std::to_string(rebuilt.seq.value));
  }
  const Delta delta = diff(rebuilt, stored);
  if (!delta.empty() || stored.digest() != rebuilt.digest()) {
    const auto lines = describe(rebuilt, delta);
    std::string what = "differs from the state rebuilt in " + std::to_string(delta.changes.size()) + " cells";
    if (!lines.empty()) what += ", rebuilt -> stored: " + lines.front();
    return add_finding(chain, place_of(row), std::move(what));
  }
  if (stored.source_time_ms != rebuilt.source_time_ms || row.ingest_time_ms != ingest_time_ms) {
    const bool source = stored.source_time_ms != rebuilt.source_time_ms;
    add_finding(chain, place_of(row),
                std::string("its ") + (source ? "source" : "ingest") + " time is not its delta's");
  }
}

void Chains::check_id(Chain& chain) {
  const auto known = events_.find(chain.event);
  if (chain.id_checked || known == events_.end()) return;
  const std::string_view own = text_at(chain.state, Address(0, 0, Field::id));
  if (own == known->second.id) return;
  chain.id_checked = true;
  add_finding(chain, "events, handle " + std::to_string(chain.event),
              "its id is " + known->second.id + ", its deltas say " + std::string(own));
}

void Chains::check_end(Chain& chain) {
  check_id(chain);
  chain.id_checked = true;
  const std::uint64_t scratch = chain.state.digest_from_scratch();
  if (scratch == chain.state.digest()) return;
  add_finding(
      chain, name(chain.event) + ", seq " + std::to_string(chain.state.seq.value),
      "the digest kept along is " + hex(chain.state.digest()) + ", from scratch it is " + hex(scratch));
}

void Chains::report_stray(const SnapshotRow& row, const std::string& what) {
  add_finding(of(row.event), place_of(row), what);
}

void Chains::finish() {
  while (snapshots_.up_to(last_of_all) != nullptr) {
    const SnapshotRow row = snapshots_.take();
    report_stray(
        row, "names offset " + std::to_string(row.last_offset.value) + ", which is none of the journal's");
  }
  if (!snapshots_readable()) report_.add("snapshots", "cannot be read to the end: " + snapshots_.failure());
  for (auto& [event, chain] : chains_) {
    if (chain.sound) check_end(chain);
  }
  for (const auto& [event, known] : events_) {
    if (!chains_.contains(event))
      report_.add("events, handle " + std::to_string(event), known.id + " has no deltas");
  }
}

}  // namespace touchline
