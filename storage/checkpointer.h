// Copies SQLite's log into the store's file, so that it does not grow without end.
//
// From a connection of its own: no commit waits for it. A copy that fails loses nothing, because the log keeps what
// was committed, but it must be known before the disk is full: it is said at once, again once a minute, and when it
// works again. Knows no thread and no clock. Used by one thread.
#pragma once

#include "storage/sqlite.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace touchline {

struct CheckpointNews {
  enum class Kind : std::uint8_t { failing, works_again } kind{};
  std::string text;
};

class Checkpointer {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Checkpointer(std::string path) : path_(std::move(path)) {}

  // One attempt, unless the last one failed just now; and what there is to say about it.
  std::optional<CheckpointNews> step(Time now);

 private:
  std::optional<CheckpointNews> failed(Time now, const std::string& why);

  std::string path_;
  std::optional<Database> db_;
  std::uint64_t failures_ = 0;  // since it last worked
  Time retry_at_;
  Time speak_at_;
};

}  // namespace touchline
