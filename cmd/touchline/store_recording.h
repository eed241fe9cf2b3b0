// A store of ours, played again: its deltas as updates.
//
// Every delta of the journal, in order, becomes one update that says what it changed by the source's own ids.
// Played into an empty store it gives the same states. Here because it knows both rooms: storage to read, feed to
// be played. What the publisher adds by itself (feed health, owners) is not played.
#pragma once

#include "core/event_state.h"
#include "feed/playable.h"
#include "storage/journal_reader.h"

#include <deque>
#include <map>
#include <string>

namespace touchline {

class StoreRecording : public Playable {
 public:
  // Whether the file is an SQLite file, so that a store is told from lines.
  static bool is_store(const std::string& path);
  static Result<std::unique_ptr<StoreRecording>> open(const std::string& path);

  const std::string& name() const override { return name_; }
  const std::string& path() const override { return reader_.path(); }
  std::string cursor_key(std::uint32_t line) const override;
  Result<void> take_up(const Cursor& cursor) override;
  Result<Advance> advance(const std::function<void(Rejected)>& reject) override;
  Update& update() override { return update_; }
  std::int64_t time_ms() const override { return time_ms_; }
  PlayablePlace place() const override { return {next_.value - 1, 0}; }
  void taken() override;
  const Cursor& cursor() const override { return cursor_; }
  std::optional<std::string> unfinished() const override { return std::nullopt; }
  std::uint64_t bytes() const override { return bytes_; }

 private:
  StoreRecording(JournalReader reader, std::string name, std::uint64_t fingerprint)
      : reader_(std::move(reader)), name_(std::move(name)) {
    cursor_.fingerprint = fingerprint;
  }

  struct Item {
    EventHandle event;
    std::string block;
  };
  Result<bool> fill();
  Result<Delta> step();

  JournalReader reader_;
  std::string name_;
  std::map<EventHandle, EventState> states_;
  std::deque<Item> items_;  // of one batch
  Offset next_{1};          // of items_.front()
  Update update_;
  std::int64_t time_ms_ = 0;
  Cursor cursor_;
  std::uint64_t bytes_ = 0;
};

}  // namespace touchline
