// Plays recordings into the publisher, merged by time, at a pace or as fast as they are taken.
//
// Each recording is a line of a source. The one whose next update is the oldest goes first; among equals, the
// one named first. Waits while the publisher is full. Time is passed in; while replaying, an update's ingest
// time is its source time, so that the same input gives the same journal. Loop thread.
#pragma once

#include "core/result.h"
#include "feed/playable.h"
#include "feed/publisher.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace touchline {

struct PlayerOptions {
  double speed = 0;                      // times real time; 0: as fast as it is taken
  std::optional<std::int64_t> from_ms;   // the pace begins there; what comes before is taken at once
  std::optional<std::int64_t> until_ms;  // what comes later is not taken
  std::int64_t lag_ms_max = 0;  // lines of one source: each behind the first by up to so much, at random,
  std::uint64_t seed = 1;       // changing every so often
};

class Player {
 public:
  enum class Step : std::uint8_t { more, full, wait, done, failed };

  Player(Publisher& publisher, PlayerOptions options) : publisher_(publisher), options_(options) {}

  void add(std::unique_ptr<Playable> recording, LineRef line, std::string cursor_key);

  // Takes some updates. `wait`: until due_ms() of the caller's clock. `failed`: what came before the error was taken.
  Step step(std::int64_t now_ms);
  std::int64_t due_ms() const { return due_ms_; }
  const std::optional<Error>& error() const { return error_; }

  // Says how far each recording was taken, for the next commit.
  void note_cursors(Origin& origin);

  std::function<void(const Rejected&)> on_rejected;
  std::function<void(const std::string&)> on_note;  // taken, but somebody should know

  std::uint64_t bytes() const;
  std::vector<std::string> unfinished() const;       // last lines that were left, by place
  std::int64_t time_ms() const { return time_ms_; }  // of the last update taken

 private:
  struct Part {
    Part(std::unique_ptr<Playable> played, LineRef as, std::string key)
        : recording(std::move(played)), line(as), cursor_key(std::move(key)) {}
    std::unique_ptr<Playable> recording;
    LineRef line;
    std::string cursor_key;
    bool at_hand = false;
    bool ended = false;
    bool moved = false;  // since its cursor was noted
    std::int64_t lag_ms = 0;
    std::uint64_t lag_updates = 0;  // until the lag changes
    std::int64_t key_ms = 0;        // merged by this; never backwards
  };

  bool fetch(Part& part);
  Part* oldest();  // none: all have ended, one failed, or one has nothing to say yet
  void take(Part& part);
  void note_unplaced(const Playable& recording);
  void draw_lag(Part& part);

  Publisher& publisher_;
  PlayerOptions options_;
  std::vector<std::unique_ptr<Part>> parts_;
  std::optional<Error> error_;
  bool waits_for_more_ = false;  // of a recording that comes out of a pipe
  std::int64_t time_ms_ = 0;
  std::int64_t due_ms_ = 0;
  std::int64_t pace_wall_ms_ = 0;  // the wall clock's and the recordings' common moment
  std::int64_t pace_time_ms_ = 0;
  bool paced_ = false;
  std::uint64_t random_ = 0;
};

}  // namespace touchline
