#include "feed/player.h"

#include "core/digest.h"

#include <algorithm>
#include <utility>

namespace touchline {
namespace {

constexpr int updates_per_step = 256;
constexpr std::int64_t silent_ms = 1;  // before a recording that had nothing to say is asked again

}  // namespace

void Player::add(std::unique_ptr<Playable> recording, LineRef line, std::string cursor_key) {
  auto part = std::make_unique<Part>(std::move(recording), line, std::move(cursor_key));
  parts_.push_back(std::move(part));
}

bool Player::fetch(Part& part) {
  const auto more = part.recording->advance([&](Rejected rejected) {
    if (on_rejected) on_rejected(rejected);
    publisher_.reject(std::move(rejected), part.line.source);
  });
  if (!more) {
    error_ = more.error();
    return false;
  }
  part.at_hand = *more == Advance::update;
  part.ended = *more == Advance::end;
  waits_for_more_ = *more == Advance::later;
  if (part.at_hand) {
    if (options_.lag_ms_max != 0) draw_lag(part);
    part.key_ms = std::max(part.key_ms, part.recording->time_ms() + part.lag_ms);
  }
  return !waits_for_more_;
}

void Player::draw_lag(Part& part) {
  if (part.lag_updates-- != 0) return;
  random_ = mix64(random_ + options_.seed + 0x9E3779B97F4A7C15U);
  part.lag_ms = static_cast<std::int64_t>(random_ % static_cast<std::uint64_t>(options_.lag_ms_max + 1));
  part.lag_updates = (random_ >> 32) % 200 + 1;
}

Player::Part* Player::oldest() {
  Part* oldest = nullptr;
  for (const auto& part : parts_) {
    if (!part->at_hand && !part->ended && !fetch(*part)) return nullptr;
    if (part->at_hand && (oldest == nullptr || part->key_ms < oldest->key_ms)) oldest = part.get();
  }
  return oldest;
}

Player::Step Player::step(std::int64_t now_ms) {
  for (int i = 0; i < updates_per_step; ++i) {
    if (error_) return Step::failed;
    if (publisher_.full()) return Step::full;
    Part* part = oldest();
    if (error_) return Step::failed;
    if (part == nullptr && std::exchange(waits_for_more_, false)) {
      due_ms_ = now_ms + silent_ms;
      return Step::wait;
    }
    if (part == nullptr) return Step::done;
    const std::int64_t time = part->key_ms;
    if (options_.until_ms && part->recording->time_ms() > *options_.until_ms) return Step::done;
    // What comes before the first time, such as the lines of a connection, is not waited for.
    const bool unpaced = options_.speed == 0 || time == 0 || (options_.from_ms && time < *options_.from_ms);
    if (!unpaced) {
      if (!std::exchange(paced_, true)) {
        pace_wall_ms_ = now_ms;
        pace_time_ms_ = time;
      }
      due_ms_ = pace_wall_ms_ +
                static_cast<std::int64_t>(static_cast<double>(time - pace_time_ms_) / options_.speed);
      if (due_ms_ > now_ms) return Step::wait;
    }
    take(*part);
  }
  return Step::more;
}

void Player::take(Part& part) {
  Playable& recording = *part.recording;
  time_ms_ = std::max(time_ms_, part.key_ms);
  const std::uint64_t unplaced = publisher_.origin().table().counts().unplaced_markets;
  const auto taken = publisher_.take(part.line, recording.update(), time_ms_);
  if (on_note && publisher_.origin().table().counts().unplaced_markets != unplaced) note_unplaced(recording);
  if (!taken) {
    Rejected rejected{recording.path(), recording.place().line, recording.place().byte,
                      time_ms_,         taken.error().text,     {}};
    if (on_rejected) on_rejected(rejected);
    publisher_.reject(std::move(rejected), part.line.source);
  }
  publisher_.origin().expire(time_ms_);
  recording.taken();
  part.moved = true;
  part.at_hand = false;
}

void Player::note_unplaced(const Playable& recording) {
  const Rejected place{recording.path(),
                       recording.place().line,
                       recording.place().byte,
                       0,
                       "a market came without a definition; kept under event market:ID until it comes",
                       {}};
  on_note(describe(place));
}

void Player::note_cursors(Origin& origin) {
  for (const auto& part : parts_) {
    if (!std::exchange(part->moved, false)) continue;
    // A line read ahead but not yet taken is not behind the cursor: taken() alone moves it.
    Cursor cursor = part->recording->cursor();
    cursor.recording = part->cursor_key;
    origin.advance(std::move(cursor));
  }
}

std::uint64_t Player::bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& part : parts_)
    bytes += part->recording->bytes();
  return bytes;
}

std::vector<std::string> Player::unfinished() const {
  std::vector<std::string> lines;
  for (const auto& part : parts_) {
    if (auto text = part->recording->unfinished()) lines.push_back(std::move(*text));
  }
  return lines;
}

}  // namespace touchline
