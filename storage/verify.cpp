#include "storage/verify.h"

#include "storage/batch_row.h"
#include "storage/journal_reader.h"
#include "storage/store_file.h"
#include "storage/verify_chains.h"
#include "storage/verify_rows.h"
#include "storage/verify_tables.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

namespace touchline {
namespace {

constexpr std::size_t rows_named_max = 3;
constexpr Offset last_of_all{std::numeric_limits<std::uint64_t>::max()};
constexpr std::uint64_t offset_max = std::numeric_limits<std::int64_t>::max();

std::string text_of(std::uint64_t number) { return std::to_string(number); }

// The walk over the batches: their numbering, their sums, and event_batches beside them.
class Walk {
 public:
  Walk(JournalReader& reader, VerifyReport& report, Offset head, Offset cleared)
      : reader_(reader),
        report_(report),
        chains_(reader, report),
        touches_(reader.database()),
        head_(head),
        cleared_(cleared),
        expected_(cleared.next()) {}

  Result<void> run(const VerifyProgress& progress);

 private:
  using Touches = std::vector<TouchRow>;

  void visit(const BatchRow& row);
  void report_unreadable();
  void miss(Offset last);
  Touches touches_of(Offset batch);
  void report_stray(const TouchRow& touch);
  void lose(const Touches& touches);
  void open_hole(Offset first, const Touches& touches);
  void close_hole(Offset next);
  void skip(Offset first, Offset last);
  void check(const BatchRow& row, const Touches& touches);
  void give_up(const BatchRow& row, const Touches& touches, std::uint64_t count, const Error& error);
  void meet(Chain& chain, const TouchRow& touch);
  void check_touch(Offset batch, const TouchRow& touch);
  std::string place_of(const TouchRow& touch) const;
  void finish();

  JournalReader& reader_;
  VerifyReport& report_;
  Chains chains_;
  RowStream<TouchRow> touches_;
  Offset head_;
  Offset cleared_;              // all up to there
  Offset expected_;             // where the next batch begins
  std::optional<Offset> hole_;  // open behind a batch that cannot be believed
  Offset hole_end_;             // the last offset that could not be read
  std::string unreadable_;      // why the last rows could not be read, until that is reported
  Offset unreadable_from_;
  std::vector<Chain*> touched_;  // by the batch at hand
};

Result<void> Walk::run(const VerifyProgress& progress) {
  if (const auto read = chains_.read_events(); !read) return read;
  if (cleared_ != Offset(0)) {
    chains_.begin_after(cleared_);
    while (touches_.up_to(cleared_) != nullptr)
      touches_.take();
  }
  while (true) {
    const Offset from = expected_;
    const auto walked = reader_.batches(from, [&](const BatchRow& row) {
      if (row.first < from) return true;  // seen before the rows between could not be read
      report_unreadable();
      visit(row);
      if (progress) progress(Offset(expected_.value - 1), head_);
      return true;
    });
    if (walked) break;
    if (walked.error().kind != ErrorKind::malformed) return walked;
    if (unreadable_.empty()) unreadable_from_ = expected_;
    unreadable_ = walked.error().text;
    open_hole(expected_, touches_of(expected_));
    // Where a row begins that may be readable says event_batches.
    const TouchRow* next = touches_.up_to(last_of_all);
    if (next == nullptr) break;
    expected_ = next->batch;
  }
  report_unreadable();
  finish();
  return {};
}

void Walk::report_unreadable() {
  if (unreadable_.empty()) return;
  report_.add("batches, from offset " + text_of(unreadable_from_.value), "cannot be read: " + unreadable_);
  unreadable_.clear();
}

void Walk::visit(const BatchRow& row) {
  ++report_.batches;
  report_.bytes += row.items.size();
  const std::string place = "batches, offset " + text_of(row.first.value);
  if (row.first.value == 0 || row.first.value > offset_max) return report_.add(place, "is no offset");
  const bool believed = checksum_of(row) == row.checksum;
  if (!believed) report_.add(place, "its checksum is wrong");
  if (hole_) {
    close_hole(row.first);
  } else if (row.first > expected_) {
    miss(Offset(row.first.value - 1));
  }
  const Touches touches = touches_of(row.first);
  if (row.first < expected_) {
    if (believed) report_.add(place, "begins before the one before it ends");
    lose(touches);
  } else if (believed) {
    expected_ = Offset(row.first.value + row.count);
    check(row, touches);
  } else {
    open_hole(row.first, touches);
  }
}

// No batch holds the offsets from expected_ up to this one.
void Walk::miss(Offset last) {
  std::string rows;
  std::size_t count = 0;
  Offset before;
  while (touches_.up_to(last) != nullptr) {
    const TouchRow touch = touches_.take();
    if (touch.batch < expected_) {
      report_stray(touch);
      continue;
    }
    if (touch.batch != before && ++count <= rows_named_max) {
      rows += (count == 1 ? "" : ", ") + text_of(touch.batch.value);
    }
    before = touch.batch;
    chains_.lose(chains_.of(touch.event), touch.first_seq + touch.count);
  }
  if (count > rows_named_max) rows += " and " + text_of(count - rows_named_max) + " more";
  std::string what = expected_ == last
                         ? "offset " + text_of(last.value) + " is missing"
                         : "offsets " + text_of(expected_.value) + "-" + text_of(last.value) + " are missing";
  if (count != 0) what += (count == 1 ? " (the row at " : " (the rows at ") + rows + ")";
  report_.add("batches", std::move(what));
  skip(expected_, last);
  expected_ = last.next();
}

Walk::Touches Walk::touches_of(Offset batch) {
  Touches touches;
  while (touches_.up_to(batch) != nullptr) {
    touches.push_back(touches_.take());
    if (touches.back().batch == batch) continue;
    report_stray(touches.back());
    touches.pop_back();
  }
  return touches;
}

std::string Walk::place_of(const TouchRow& touch) const {
  return "event_batches, " + chains_.name(touch.event) + ", seq " + text_of(touch.first_seq);
}

void Walk::report_stray(const TouchRow& touch) {
  chains_.add_finding(chains_.of(touch.event), place_of(touch),
                      "names a batch at offset " + text_of(touch.batch.value) + ", where none begins");
}

void Walk::lose(const Touches& touches) {
  for (const TouchRow& touch : touches)
    chains_.lose(chains_.of(touch.event), touch.first_seq + touch.count);
}

// A damaged batch does not say where it ends: the next one will.
void Walk::open_hole(Offset first, const Touches& touches) {
  lose(touches);
  if (!hole_) hole_ = first;
  expected_ = first.next();
}

void Walk::close_hole(Offset next) {
  const Offset first = *std::exchange(hole_, std::nullopt);
  expected_ = next;
  const Offset last(next.value - 1);
  if (const TouchRow* touch = touches_.up_to(last)) {
    // Behind the damaged batch there was another one.
    expected_ = touch->batch;
    skip(first, Offset(expected_.value - 1));
    miss(last);
  } else {
    skip(first, last);
  }
}

void Walk::skip(Offset first, Offset last) {
  chains_.pass_snapshots(last);
  hole_end_ = last;
  if (first <= head_) report_.unchecked += std::min(last, head_).value - first.value + 1;
}

void Walk::check(const BatchRow& row, const Touches& touches) {
  touched_.clear();
  for (const TouchRow& touch : touches)
    meet(chains_.of(touch.event), touch);
  BatchItems items(row);
  BatchItem item;
  std::uint64_t count = 0;
  std::uint64_t snapshots = 0;
  const std::string place = "batches, offset " + text_of(row.first.value);
  while (true) {
    const auto more = items.next(item);
    if (!more) return give_up(row, touches, count, more.error());
    if (!*more) break;
    ++count;
    Chain& chain = chains_.of(item.event.value);
    if (chain.batch != row.first) {
      chain.batch = row.first;
      chain.first_seq = chain.next_seq;
      chain.count = 0;
      chain.row_seen = false;
      touched_.push_back(&chain);
    }
    ++chain.count;
    snapshots += chains_.take(chain, item);
  }
  if (count != row.count) {
    report_.add(place, "holds " + text_of(count) + " deltas, the row says " + text_of(row.count));
    expected_ = Offset(row.first.value + count);
  }
  if (chains_.snapshots_readable() && snapshots != static_cast<std::uint64_t>(row.snapshots)) {
    report_.add("snapshots", "of the batch at offset " + text_of(row.first.value) + " there are " +
                                 text_of(snapshots) + ", with it were written " +
                                 text_of(static_cast<std::uint64_t>(row.snapshots)));
  }
  for (const TouchRow& touch : touches)
    check_touch(row.first, touch);
  for (Chain* chain : touched_) {
    if (chain->row_seen || !touches_.failure().empty()) continue;
    chains_.add_finding(*chain,
                        "event_batches, " + chains_.name(chain->event) + ", seq " + text_of(chain->first_seq),
                        "the row is missing: the batch at offset " + text_of(row.first.value) + " holds " +
                            text_of(chain->count) + " of its deltas");
  }
}

// The rest of a batch cannot be told apart, though its checksum is right.
void Walk::give_up(const BatchRow& row, const Touches& touches, std::uint64_t count, const Error& error) {
  report_.add("batches, offset " + text_of(row.first.value), error.text);
  lose(touches);
  if (expected_.value > row.first.value + count)
    skip(Offset(row.first.value + count), Offset(expected_.value - 1));
}

// Before the batch is read: a chain that is not sound is numbered as event_batches says, and one that jumps
// over what could not be read is not sound.
void Walk::meet(Chain& chain, const TouchRow& touch) {
  if (chain.sound && touch.first_seq > chain.next_seq && chain.last_offset <= hole_end_ &&
      hole_end_.value != 0) {
    chains_.lose(chain, touch.first_seq);
  }
  if (!chain.sound) chain.next_seq = touch.first_seq;
}

void Walk::check_touch(Offset batch, const TouchRow& touch) {
  Chain& chain = chains_.of(touch.event);
  if (chain.batch != batch || chain.row_seen) {
    return chains_.add_finding(
        chain, place_of(touch),
        chain.batch != batch ? "the batch at offset " + text_of(batch.value) + " holds nothing of this event"
                             : "is the second row of the batch at offset " + text_of(batch.value));
  }
  chain.row_seen = true;
  const std::uint64_t shift = touch.first_seq - chain.first_seq;
  if (touch.count != chain.count || (shift != 0 && shift != chain.row_shift)) {
    chains_.add_finding(chain, place_of(touch),
                        "says " + text_of(touch.count) + " deltas from seq " + text_of(touch.first_seq) +
                            ", the batch at offset " + text_of(batch.value) + " holds " +
                            text_of(chain.count) + " from seq " + text_of(chain.first_seq));
  }
  chain.row_shift = shift;
}

void Walk::finish() {
  if (hole_) close_hole(std::max(head_, *hole_).next());
  if (head_ >= expected_) {
    miss(head_);
  } else if (head_.value + 1 != expected_.value) {
    report_.add("meta", "head is " + text_of(head_.value) + ", the last batch ends at offset " +
                            text_of(expected_.value - 1));
  }
  while (touches_.up_to(last_of_all) != nullptr)
    report_stray(touches_.take());
  if (!touches_.failure().empty())
    report_.add("event_batches", "cannot be read to the end: " + touches_.failure());
  chains_.finish();
}

// Where the last batch ends, for want of a head.
Offset end_of_batches(Database& db) {
  return Offset(static_cast<std::uint64_t>(
      db.value("SELECT first_offset + count - 1 FROM batches ORDER BY first_offset DESC LIMIT 1")));
}

// SQLite says several things in one text, under a heading.
void add_lines(std::string_view text, VerifyReport& report) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (!line.empty() && !line.starts_with("***")) report.add("file", std::string(line));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// Rows that no event's chain would meet.
void check_touches(Database& db, VerifyReport& report) {
  Statement rows = db.prepare(
      "SELECT event, quote(first_seq), quote(count), quote(batch) FROM event_batches WHERE typeof(first_seq) "
      "<> "
      "'integer' OR typeof(count) <> 'integer' OR typeof(batch) <> 'integer' OR first_seq < 1 OR count < 1 "
      "OR "
      "batch < 1");
  while (rows.step()) {
    report.add("event_batches, event with handle " + std::to_string(rows.integer(0)),
               "first_seq " + std::string(rows.text(1)) + ", count " + std::string(rows.text(2)) +
                   ", batch " + std::string(rows.text(3)) + " are no numbers from 1");
  }
}

}  // namespace

Result<VerifyReport> verify(const std::string& path, const VerifyProgress& progress) {
  auto reader = JournalReader::open(path);
  if (!reader) return reader.error();
  VerifyReport report;
  try {
    reader->database().run("BEGIN");
    if (const auto lines = reader->check_file()) {
      for (const std::string& text : *lines)
        add_lines(text, report);
    } else if (lines.error().kind == ErrorKind::malformed) {
      add_lines(lines.error().text, report);
    } else {
      return lines.error();
    }
    TableChecks tables(reader->database(), report);
    tables.check_schema();
    const MetaReading meta = tables.check_meta();
    if (tables.usable({"batches", "event_batches", "events", "snapshots"})) {
      const Offset head = meta.has_fault("head") ? end_of_batches(reader->database()) : meta.meta.head;
      report.cleared = meta.meta.complete_after.value;
      if (const auto walked = Walk(*reader, report, head, meta.meta.complete_after).run(progress); !walked) {
        if (walked.error().kind != ErrorKind::malformed) return walked.error();
        report.add("file", walked.error().text);
      }
      check_touches(reader->database(), report);
      // Whatever the reason: what was not looked at is not sound.
      if (report.sound() && (report.unchecked != 0 || report.cleared + report.deltas != head.value)) {
        report.add("event_batches", "of " + std::to_string(head.value - report.cleared) + " deltas " +
                                        std::to_string(report.deltas) + " could be looked at");
      }
    } else {
      report.unchecked = meta.meta.head.value;
    }
    tables.check_sources();
    tables.check_cursors();
  } catch (const SqliteFailure& failure) {
    if (!failure.is_corrupt()) return store_error(path, "cannot be verified", failure);
    report.add("file", failure.what());
  }
  return report;
}

}  // namespace touchline
