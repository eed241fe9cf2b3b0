#include "core/coded/model.h"

#include <algorithm>
#include <utility>

namespace touchline::coded {

std::size_t LastSteps::place_of(std::uint64_t at) const {
  std::size_t place = static_cast<std::size_t>(at * 0x9E3779B97F4A7C15U >> 32) & (entries_.size() - 1);
  while (entries_[place].at != 0 && entries_[place].at != at)
    place = (place + 1) & (entries_.size() - 1);
  return place;
}

std::int64_t& LastSteps::operator[](Address at) {
  std::size_t place = place_of(at.packed);
  if (entries_[place].at != 0) return entries_[place].step;
  if (4 * ++count_ > 3 * entries_.size()) {
    for (const Entry& entry : std::exchange(entries_, std::vector<Entry>(2 * entries_.size()))) {
      if (entry.at != 0) entries_[place_of(entry.at)] = entry;
    }
    place = place_of(at.packed);
  }
  entries_[place].at = at.packed;
  return entries_[place].step;
}

void LastSteps::clear() {
  if (count_ != 0) std::fill(entries_.begin(), entries_.end(), Entry());
  count_ = 0;
}

}  // namespace touchline::coded
