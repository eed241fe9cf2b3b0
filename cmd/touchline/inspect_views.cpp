#include "cmd/touchline/inspect_views.h"

#include "cmd/touchline/change_json.h"
#include "cmd/touchline/commands.h"
#include "core/json_object.h"
#include "core/state_json.h"
#include "core/state_names.h"
#include "core/state_words.h"
#include "core/time_text.h"
#include "storage/store_summary.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <string_view>
#include <vector>

namespace touchline {
namespace {

using enum Table::Align;

constexpr std::size_t content_shown_bytes = 60;
constexpr std::uint64_t rejected_shown_max = 10'000;  // as many as are sure to be kept

std::string text_of(std::uint64_t number) { return std::to_string(number); }
std::string time_or_dash(std::int64_t time_ms) { return time_ms == 0 ? "-" : time_text(time_ms); }

// Two decimals, rounded.
std::string ratio(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "0";
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", static_cast<double>(part) / static_cast<double>(whole));
  return text;
}

std::string_view text_cell(const EventState& state, Field field) {
  return text_at(state, Address(0, 0, field));
}

std::string json_array_of(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out.push_back(',');
    append_json_text(out, text);
  }
  return out + "]";
}

std::string summary_json(const std::string& path, const StoreSummary& store,
                         const std::vector<std::string>& sources) {
  JsonObject object;
  object.add("path", printable(path)).add("epoch", store.epoch.value).add("head", store.head.value);
  const std::uint64_t deltas = store.head.value - store.complete_after.value;
  object.add("cleared_through", store.complete_after.value);
  object.add("events", store.events).add("batches", store.batches).add("deltas", deltas);
  object.add("delta_bytes", store.item_bytes).add_json("bytes_per_delta", ratio(store.item_bytes, deltas));
  object.add("snapshots", store.snapshots).add("snapshot_bytes", store.snapshot_bytes);
  object.add("file_bytes", store.file_bytes).add("log_bytes", store.log_bytes);
  object.add_time("first_published_at", store.first_published_ms)
      .add_time("last_published_at", store.last_published_ms);
  object.add_json("sources", json_array_of(sources));
  object.add("rejected", store.rejected).add("rejected_kept", store.rejected_kept);
  return object.line();
}

}  // namespace

int show_summary(JournalReader& reader, const InspectOptions& options) {
  const auto store = summarise(reader);
  if (!store) return complain(store.error());
  auto sources = reader.sources();
  if (!sources) return complain(sources.error());
  for (std::string& source : *sources)
    source = printable(source);
  if (options.json) return print(summary_json(reader.path(), *store, *sources));
  Table table({left, left});
  table.add({"store", printable(reader.path())});
  table.add({"epoch", text_of(store->epoch.value)});
  table.add({"head", "offset " + text_of(store->head.value)});
  const std::uint64_t deltas = store->head.value - store->complete_after.value;
  if (store->complete_after != Offset(0))
    table.add({"cleared", "up to offset " + text_of(store->complete_after.value)});
  table.add({"events", text_of(store->events)});
  table.add({"batches", text_of(store->batches) + ", " + ratio(deltas, store->batches) + " deltas a batch"});
  table.add(
      {"deltas", text_of(store->item_bytes) + " bytes, " + ratio(store->item_bytes, deltas) + " a delta"});
  table.add({"snapshots", text_of(store->snapshots) + ", " + text_of(store->snapshot_bytes) + " bytes"});
  table.add({"file", text_of(store->file_bytes) + " bytes, and a log of " + text_of(store->log_bytes)});
  table.add({"published",
             time_or_dash(store->first_published_ms) + " to " + time_or_dash(store->last_published_ms)});
  std::string names;
  for (const std::string& source : *sources)
    names += (names.empty() ? ": " : ", ") + source;
  table.add({"sources", text_of(sources->size()) + names});
  const bool trimmed = store->rejected != store->rejected_kept;
  table.add({"rejected", text_of(store->rejected) +
                             (trimmed ? ", the last " + text_of(store->rejected_kept) + " are kept" : "")});
  return print(table.text());
}

int show_events(JournalReader& reader, const InspectOptions& options) {
  const auto events = reader.events();
  if (!events) return complain(events.error());
  Table table({right, right, right, left});
  table.add({"HANDLE", "DELTAS", "SNAPSHOTS", "EVENT"});
  std::string json;
  int code = exit_done;
  for (const EventEntry& event : *events) {
    const auto at = reader.state(event.handle, {});
    if (!at) {  // the others may be whole
      code = complain(at.error());
      continue;
    }
    const EventState& state = at->state;
    if (options.json) {
      JsonObject object;
      object.add("handle", event.handle.value).add("event", printable(event.id));
      object.add("name", text_cell(state, Field::name)).add("status", name_of(shown_status(state)));
      object.add("feed", name_of(feed_health(state)))
          .add("deltas", event.last.value)
          .add("snapshots", event.snapshots);
      object.add("offset", at->offset.value)
          .add("cells", state.cell_count())
          .add("digest", hex_of(state.digest()));
      object.add_time("published_at", at->published_ms).add_time("source_at", state.source_time_ms);
      json += object.line();
    } else {
      table.add({text_of(event.handle.value), text_of(event.last.value), text_of(event.snapshots),
                 summary_line(state)});
    }
  }
  const int printed = print(options.json ? json : table.text());
  return printed != exit_done ? printed : code;
}

namespace {

std::string event_text(const EventEntry& event, const StateAsOf& at) {
  const EventState& state = at.state;
  Table facts({left, left});
  facts.add({"event", printable(event.id) + ", handle " + text_of(event.handle.value)});
  facts.add({"name", printable(text_cell(state, Field::name))});
  facts.add({"status", std::string(name_of(shown_status(state))) + ", feed " +
                           std::string(name_of(feed_health(state)))});
  facts.add({"deltas", text_of(event.last.value) + ", the last at offset " + text_of(at.offset.value)});
  facts.add({"published", time_or_dash(at.published_ms)});
  facts.add({"ingested", time_or_dash(at.ingest_time_ms)});
  facts.add({"source time", time_or_dash(state.source_time_ms)});
  const std::string since = text_of(event.last.value - at.snapshot_seq.value) + " deltas since the last";
  facts.add({"snapshots", text_of(event.snapshots) + ", " + since});
  facts.add(
      {"cells", text_of(state.cell_count()) + ", " + text_of(state.memory_bytes()) + " bytes of memory"});
  facts.add({"digest", hex_of(state.digest())});
  facts.add({"summary", summary_line(state)});

  Table markets({left, left, left, right, right});
  markets.add({"MARKET", "TYPE", "STATUS", "OUTCOMES", "CELLS"});
  for (std::uint32_t m = 1; m < state.market_count(); ++m) {
    if (!market_visible(state, m)) continue;
    std::uint64_t outcomes = 0;
    std::uint64_t cells = 0;
    for (std::uint32_t o = 0; o < state.outcome_count(m); ++o) {
      if (o != 0 && outcome_visible(state, m, o)) ++outcomes;
      cells += state.cells(m, o).keys.size() + state.texts(m, o).size();
    }
    std::string status;
    const Address status_at(m, 0, Field::status);
    append_plain_value(status, status_at, state.get(status_at));
    if (state.integer(Address(m, 0, Field::in_play)).value_or(0) != 0) status += ", in play";
    markets.add({printable(text_at(state, Address(m, 0, Field::id))),
                 printable(text_at(state, Address(m, 0, Field::type))), status, text_of(outcomes),
                 text_of(cells)});
  }
  return facts.text() + "\n" + markets.text();
}

std::string event_json(const EventEntry& event, const StateAsOf& at, Epoch epoch) {
  JsonObject object;
  object.add("handle", event.handle.value).add("event", printable(event.id)).add("deltas", event.last.value);
  object.add("snapshots", event.snapshots).add("snapshot_seq", at.snapshot_seq.value);
  object.add_time("ingested_at", at.ingest_time_ms);
  object.add("cells", at.state.cell_count()).add("memory_bytes", at.state.memory_bytes());
  std::string state;
  append_state_json(state, {at.state, epoch, at.offset, at.published_ms});
  return object.add_json("state", state).line();
}

std::string_view name_of_class(DeltaClass kind) {
  return kind == DeltaClass::critical ? "critical" : "price";
}

std::string delta_json(const PastDelta& past) {
  JsonObject object;
  object.add("seq", past.delta.seq.value).add("offset", past.offset.value);
  object.add_time("source_at", past.delta.source_time_ms).add_time("ingested_at", past.delta.ingest_time_ms);
  object.add_time("published_at", past.published_ms);
  object.add("class", name_of_class(past.delta.kind)).add("cause", name_of(past.delta.cause));
  object.add("block_bytes", past.block_bytes);
  std::string changes;
  append_changes_json(changes, *past.after, past.delta);
  return object.add_json("changes", changes).line();
}

std::string padded(std::string text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

// Deltas by the thousand are printed as they are read: the widths of their columns are known before.
class DeltaLines {
 public:
  DeltaLines(std::uint64_t last_seq, Offset head)
      : seq_(std::max<std::size_t>(3, text_of(last_seq).size())),
        offset_(std::max<std::size_t>(6, text_of(head.value).size())) {}

  std::string heading() const {
    return padded("SEQ", seq_) + "  " + padded("OFFSET", offset_) +
           "  SOURCE TIME               CLASS     CAUSE        BYTES  CHANGES\n";
  }

  std::string lines(const PastDelta& past) const {
    std::string line = padded(text_of(past.delta.seq.value), seq_) + "  " +
                       padded(text_of(past.offset.value), offset_) + "  " +
                       time_or_dash(past.delta.source_time_ms);
    fill(line, seq_ + offset_ + 30);
    line += name_of_class(past.delta.kind);
    fill(line, seq_ + offset_ + 40);
    line += name_of(past.delta.cause);
    fill(line, seq_ + offset_ + 52);
    line += padded(text_of(past.block_bytes), 6) + "  ";
    const std::string indent(line.size(), ' ');
    bool first = true;
    std::string out;
    for (const std::string& change : describe(*past.after, past.delta)) {
      out += (first ? line : indent) + change + "\n";
      first = false;
    }
    return first ? line + "nothing\n" : out;
  }

 private:
  static void fill(std::string& line, std::size_t width) {
    line.resize(std::max(line.size() + 1, width), ' ');
  }

  std::size_t seq_;
  std::size_t offset_;
};

}  // namespace

int show_event(JournalReader& reader, const InspectOptions& options) {
  const auto event = event_of(reader, options.event);
  if (!event) return complain(event.error());
  const auto at = reader.state(event->handle, {});
  if (!at) return complain(at.error());
  return print(options.json ? event_json(*event, *at, reader.epoch()) : event_text(*event, *at));
}

int show_deltas(JournalReader& reader, const InspectOptions& options) {
  const auto event = event_of(reader, options.event);
  if (!event) return complain(event.error());
  for (const std::uint64_t seq : {options.from, options.to}) {
    if (seq > event->last.value) return complain(past_the_end(*event, seq));
  }
  const auto cleared = reader.cleared_through(event->handle);
  if (!cleared) return complain(cleared.error());
  // All that there is, unless it was asked for more.
  const Seq from = options.from == 0 ? cleared->next() : Seq(options.from);
  if (options.from == 0 && *cleared != Seq(0)) {
    std::fprintf(stderr, "touchline: its deltas up to seq %llu are older than retention and were cleared\n",
                 static_cast<unsigned long long>(cleared->value));
  }
  const DeltaLines lines(event->last.value, reader.head());
  auto output = Output::open("");
  Result<void> written = options.json ? Result<void>() : output->write(lines.heading());
  const auto visited = reader.deltas(event->handle, from, [&](const PastDelta& past) {
    if (options.to != 0 && past.delta.seq.value > options.to) return false;
    written = output->write(options.json ? delta_json(past) : lines.lines(past));
    return written.has_value();
  });
  if (written) written = output->finish();
  if (!written) return complain(written.error());
  return visited ? exit_done : complain(visited.error());
}

int show_sources(JournalReader& reader, const InspectOptions& options) {
  const auto sources = reader.sources();
  if (!sources) return complain(sources.error());
  const auto cursors = reader.cursors();
  if (!cursors) return complain(cursors.error());
  std::string json;
  Table table({right, left});
  table.add({"NUMBER", "SOURCE"});
  for (std::size_t i = 0; i < sources->size(); ++i) {
    const std::string name = printable((*sources)[i]);
    json += JsonObject().add("source", i + 1).add("name", name).line();
    table.add({text_of(i + 1), name});
  }
  Table read({right, right, left, left});
  read.add({"LINE", "BYTE", "SOURCE TIME", "RECORDING"});
  for (const Cursor& cursor : *cursors) {
    JsonObject object;
    object.add("recording", printable(cursor.recording)).add("line", cursor.line).add("byte", cursor.byte);
    object.add_time("source_at", cursor.time_ms).add("fingerprint", hex_of(cursor.fingerprint));
    json += object.line();
    read.add({text_of(cursor.line), text_of(cursor.byte), time_or_dash(cursor.time_ms),
              printable(cursor.recording)});
  }
  return print(options.json ? json : table.text() + "\n" + read.text());
}

int show_rejected(JournalReader& reader, const InspectOptions& options) {
  auto rejected = reader.rejected(rejected_shown_max);
  if (!rejected) return complain(rejected.error());
  std::reverse(rejected->begin(), rejected->end());
  std::string json;
  Table table({left, right, right, left, left});
  table.add({"SOURCE", "LINE", "BYTE", "REASON", "CONTENT"});
  for (const Rejected& message : *rejected) {
    if (options.json) {
      JsonObject object;
      object.add("source", printable(message.source)).add("line", message.line).add("byte", message.byte);
      object.add_time("at", message.time_ms).add("reason", printable(message.reason));
      json += object.add("content", printable(message.content)).line();
      continue;
    }
    const bool cut = message.content.size() > content_shown_bytes;
    table.add(
        {printable(message.source), text_of(message.line), text_of(message.byte), printable(message.reason),
         printable(std::string_view(message.content).substr(0, content_shown_bytes)) + (cut ? "..." : "")});
  }
  return print(options.json ? json : table.text());
}

}  // namespace touchline
