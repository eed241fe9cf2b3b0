// What one end remembers of one event while a group of coded updates lasts.
//
// Both ends start it from the same prior and change it by the same updates, so it is the same at both. It holds how
// likely symbols are and what changed lately, no state: that is the event's own. Its size is fixed but for the
// changes that it remembers, which are those of one group. A value.
#pragma once

#include "core/cell.h"
#include "core/coded/contexts.h"
#include "core/coded/range_coder.h"
#include "core/coded/text_model.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace touchline::coded {

// What both ends know of feeds in general.
struct Prior {
  std::uint32_t version = 0;
  std::vector<Slot> slots = std::vector<Slot>(slot_count);
  TextModel texts;
};

// The sizes that changed lately, the last one first.
class RecentSizes {
 public:
  static constexpr std::uint32_t count_max = 32;

  // Its place; count_max: it is not there.
  std::uint32_t find(std::uint64_t size) const {
    for (std::uint32_t i = 0; i < marks_.size(); ++i) {
      // Where a mark is the same; and perhaps in a byte above such a one.
      const std::uint64_t differ = marks_[i] ^ mark_of(size) * every_byte;
      std::uint64_t same = (differ - every_byte) & ~differ & every_byte << 7;
      for (; same != 0; same &= same - 1) {
        const std::uint32_t place = 8 * i + static_cast<std::uint32_t>(std::countr_zero(same)) / 8;
        if (place >= count_) return count_max;
        if (sizes_[place] == size) return place;
      }
    }
    return count_max;
  }
  // 0 where there is none.
  std::uint64_t at(std::uint32_t place) const { return place < count_ ? sizes_[place] : 0; }
  void push(std::uint64_t size) {
    std::uint32_t place = find(size);
    if (place == count_max) place = count_ < count_max ? count_++ : count_max - 1;
    std::copy_backward(sizes_.begin(), sizes_.begin() + place, sizes_.begin() + place + 1);
    sizes_[0] = size;
    std::uint64_t mark = mark_of(size);
    for (std::uint32_t i = 0; i < place / 8; ++i)
      mark = std::exchange(marks_[i], marks_[i] << 8 | mark) >> 56;
    const std::uint64_t up_to_it = ~std::uint64_t{0} >> (56 - place % 8 * 8);
    std::uint64_t& last = marks_[place / 8];
    last = (last & ~up_to_it) | ((last << 8 | mark) & up_to_it);
  }
  void clear() { count_ = 0; }

 private:
  static constexpr std::uint64_t every_byte = 0x0101010101010101U;
  static std::uint64_t mark_of(std::uint64_t size) { return size * 0x9E3779B97F4A7C15U >> 56; }

  std::array<std::uint64_t, count_max> sizes_{};
  std::array<std::uint64_t, count_max / 8> marks_{};  // a byte of each one's hash, by which it is found
  std::uint32_t count_ = 0;
};

// The last step of each ladder cell; 0 where it has not changed in this group.
class LastSteps {
 public:
  std::int64_t& operator[](Address at);
  void clear();

 private:
  struct Entry {
    std::uint64_t at = 0;  // 0: free
    std::int64_t step = 0;
  };
  std::size_t place_of(std::uint64_t at) const;

  std::vector<Entry> entries_ = std::vector<Entry>(64);
  std::size_t count_ = 0;
};

// A size at a price. Makers of a market often offer the same payout, size times price, at every price.
struct Payout {
  static constexpr std::uint64_t size_max = std::uint64_t{1} << 36;

  std::uint64_t size = 0;
  std::uint64_t price = 0;
  std::uint32_t held = 0;  // bit by bit, whether the last guesses held; the last one lowest

  // What it makes at another price; 0: nothing is known.
  std::uint64_t size_at(std::uint64_t other) const {
    return size == 0 || other == 0 ? 0 : (size * price + other / 2) / other;
  }
  void note(std::uint64_t new_size, std::uint64_t new_price, bool same) {
    held = (held << 1 | (same ? 1U : 0U)) & 7;
    // Of the same payout the lower price says more of it.
    if ((same && new_price >= price) || new_size > size_max) return;
    size = new_size;
    price = new_price;
  }
};

// What the event's attributes are called, as numbers that are the same in every event.
class AttributeNames {
 public:
  static constexpr std::uint32_t count_max = 1024;  // those with higher numbers are not told apart

  static std::uint32_t hash(std::string_view name) {
    std::uint32_t hash = 0x811C9DC5U;
    for (const char c : name)
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193U;
    return hash | 1U;
  }
  // `name_of` gives the attribute's name; it is asked once in a group.
  template <class NameOf>
  std::uint32_t operator()(std::uint32_t attribute, NameOf&& name_of) {
    if (attribute >= count_max) return 1;
    if (attribute >= hashes_.size()) hashes_.resize(attribute + 1);
    if (hashes_[attribute] == 0) hashes_[attribute] = hash(name_of(attribute));
    return hashes_[attribute];
  }
  void clear() { hashes_.clear(); }

 private:
  std::vector<std::uint32_t> hashes_;
};

class Model {
 public:
  // A group begins.
  void start(const Prior& prior) {
    prior_ = &prior;
    slots_ = prior.slots;
    texts_.reset();
    attribute_names.clear();
    recent.clear();
    last_steps.clear();
    market = 0;
    outcome = 0;
    best_ranks = 0;
    after_erased = false;
    in_turn = false;
    payout = {};
    updates = 0;
  }
  bool started() const { return prior_ != nullptr; }

  Slot* slots() { return slots_.data(); }
  // Made when the first text of the group comes: most groups have none.
  TextModel& texts() {
    if (!texts_) texts_ = std::make_unique<TextModel>(prior_->texts);
    return *texts_;
  }

  AttributeNames attribute_names;
  RecentSizes recent;
  LastSteps last_steps;
  std::uint32_t market = 0;  // the last one, and in it the first outcome
  std::uint32_t outcome = 0;
  std::uint32_t best_ranks = 0;  // of the ladders of best prices
  bool after_erased = false;     // the last size was erased
  bool in_turn = false;          // the last row followed the one before without a gap
  Payout payout;                 // of the last new size
  std::uint32_t updates = 0;     // in this group

 private:
  const Prior* prior_ = nullptr;
  std::vector<Slot> slots_;
  std::unique_ptr<TextModel> texts_;
};

}  // namespace touchline::coded
