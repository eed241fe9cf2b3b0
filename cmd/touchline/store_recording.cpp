#include "cmd/touchline/store_recording.h"

#include "cmd/touchline/arguments.h"
#include "cmd/touchline/delta_update.h"
#include "core/block.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace touchline {
namespace {

std::optional<Error> fault_of(const std::string& path, const BatchRow& row, Offset wanted) {
  const std::string name = path + ": the batch at offset " + std::to_string(wanted.value);
  if (row.first != wanted) return malformed(name + " is missing");
  if (checksum_of(row) != row.checksum) return malformed(name + ": its checksum is wrong");
  return std::nullopt;
}

}  // namespace

bool StoreRecording::is_store(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;  // what is read of a pipe is gone
  std::ifstream file(path, std::ios::binary);
  std::string magic(15, '\0');
  return file.read(magic.data(), 15) && magic == "SQLite format 3";
}

Result<std::unique_ptr<StoreRecording>> StoreRecording::open(const std::string& path) {
  auto reader = JournalReader::open(path);
  if (!reader) return reader.error();
  const auto cleared = reader->complete_after();
  if (!cleared) return cleared.error();
  if (*cleared != Offset(0)) {
    return Error{ErrorKind::not_found,
                 path + ": cannot be replayed: what was up to offset " + std::to_string(cleared->value) +
                     " was cleared; its archive can",
                 0};
  }
  std::string name = path.substr(path.rfind('/') + 1);
  // Its first batch, with the time of its commit, is in no other store. Nothing is taken of one that is damaged
  // further on.
  std::uint64_t fingerprint = 0;
  Offset next(1);
  std::optional<Error> broken;
  const auto read = reader->batches(Offset(1), [&](const BatchRow& row) {
    if (row.first == Offset(1)) fingerprint = row.checksum;
    broken = fault_of(path, row, next);
    next = Offset(row.first.value + row.count);
    return !broken.has_value();
  });
  if (!read) return read.error();
  if (broken) return *broken;
  return std::unique_ptr<StoreRecording>(
      new StoreRecording(std::move(*reader), std::move(name), fingerprint));
}

std::string StoreRecording::cursor_key(std::uint32_t line) const {
  return name_ + "@store-" + hex_of(cursor_.fingerprint) + (line == 0 ? "" : "/" + std::to_string(line));
}

// A batch at a time, so that memory does not grow with the store.
Result<bool> StoreRecording::fill() {
  std::optional<Error> broken;
  const auto read = reader_.batches(next_, [&](const BatchRow& row) {
    if (row.first.value + row.count <= next_.value) return false;  // the end: this one was taken before
    broken = fault_of(reader_.path(), row, next_);
    if (broken) return false;
    bytes_ += row.items.size();
    BatchItems items(row);
    BatchItem item;
    while (true) {
      const auto more = items.next(item);
      if (!more) {
        broken = more.error();
        return false;
      }
      if (!*more) return false;
      items_.push_back({item.event, std::string(item.block)});
    }
  });
  if (!read) return read.error();
  if (broken) return *broken;
  return !items_.empty();
}

Result<Delta> StoreRecording::step() {
  const Item item = std::move(items_.front());
  items_.pop_front();
  EventState& state = states_[item.event];
  auto delta = decode_block(state, item.block);
  if (!delta) {
    return malformed(reader_.path() + ": offset " + std::to_string(next_.value) + ": " + delta.error().text);
  }
  apply(state, *delta);
  update_.clear();
  if (delta->cause == Cause::operator_) {
    // Forgotten: what the source had said is taken back. The mark is the publisher's own.
    update_.source_time_ms = delta->source_time_ms;
    update_.on_event(state.get(Address(0, 0, Field::id)).text);
    update_.image();
  } else {
    fill_update(update_, state, *delta);
  }
  time_ms_ = std::max(time_ms_, delta->source_time_ms);
  next_ = next_.next();
  return delta;
}

Result<void> StoreRecording::take_up(const Cursor& cursor) {
  while (next_.value <= cursor.line) {
    if (items_.empty()) {
      const auto more = fill();
      if (!more) return more.error();
      if (!*more) {
        return Error{ErrorKind::mismatch,
                     reader_.path() + ": is shorter than what the store has taken from it", 0};
      }
    }
    if (const auto done = step(); !done) return done.error();
  }
  const std::uint64_t fingerprint = cursor_.fingerprint;
  cursor_ = cursor;
  cursor_.fingerprint = fingerprint;
  return {};
}

Result<Advance> StoreRecording::advance(const std::function<void(Rejected)>&) {
  if (items_.empty()) {
    const auto more = fill();
    if (!more) return more.error();
    if (!*more) return Advance::end;
  }
  if (const auto done = step(); !done) return done.error();
  return Advance::update;
}

void StoreRecording::taken() {
  cursor_.line = cursor_.byte = next_.value - 1;
  cursor_.time_ms = time_ms_;
}

}  // namespace touchline
