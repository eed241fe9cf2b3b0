#include "feed/state_keeper.h"

#include "core/messages.h"

#include <utility>

namespace touchline {

void StateKeeper::start() {
  if (reader_) return;
  bytes_.clear();
  reader_.emplace();
  hub_.join(*reader_, Hello{});
}

void StateKeeper::give_up() {
  if (!reader_) return;
  hub_.leave(*reader_);
  reader_.reset();
  bytes_.clear();
}

std::optional<std::string> StateKeeper::take() {
  if (!reader_) return std::nullopt;
  for (auto pieces = hub_.gather(*reader_); !pieces.empty(); pieces = hub_.gather(*reader_)) {
    for (const Hub::Piece& piece : pieces)
      bytes_.append(piece.bytes);
  }
  if (!reader_->following || reader_->resetting || reader_->course || !reader_->own.empty())
    return std::nullopt;
  put(bytes_, Heartbeat{reader_->position, 0, {}});  // the end: nothing was cut off
  std::string whole = std::exchange(bytes_, {});
  give_up();
  return whole;
}

}  // namespace touchline
