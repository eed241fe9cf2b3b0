// The binary arithmetic coder under the codec `coded`, and the slots that learn how likely a bit is.
//
// 32 bits, carry propagation as LZMA does it; PROTOCOL.md, "The range coder". A slot is a probability and how
// often it was told. Both ends do the same arithmetic on 32-bit unsigned integers, so nothing depends on the machine.
// Knows no symbol and no context.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace touchline::coded {

// How likely the bit is 1, of 65,536, and how often it was told so.
struct Slot {
  std::uint16_t one = 1U << 15;
  std::uint16_t told = 0;
};

inline constexpr std::uint32_t likeliest = 65472;
inline constexpr std::uint32_t unlikeliest = 64;
inline constexpr std::uint16_t told_max = 30;  // a slot of the prior may have been told more; it stays there

// By how much of the way a slot moves, of 65,536, by how often it was told; and how often that is then.
struct Pace {
  std::uint16_t rate = 0;
  std::uint16_t told_then = 0;
};
inline constexpr std::size_t pace_count = 512;
constexpr std::array<Pace, pace_count> make_paces() {
  std::array<Pace, pace_count> paces{};
  for (std::uint32_t told = 0; told < pace_count; ++told) {
    paces[told] = {static_cast<std::uint16_t>(655'360U / (10U * told + 16U)),
                   static_cast<std::uint16_t>(told < told_max ? told + 1 : told)};
  }
  return paces;
}
inline constexpr auto paces = make_paces();

// A writer cannot foretell its bits, so it learns without a branch: they mirror each other.
inline void learn(Slot& slot, unsigned bit) {
  const Pace pace = paces[slot.told];
  const std::uint32_t mirror = (bit - 1U) & 0xFFFFU;  // all ones for a 0
  std::uint32_t likely = slot.one ^ mirror;
  likely += ((65'535U - likely) * pace.rate) >> 16;
  const std::uint32_t most = 65'535U - unlikeliest + bit;
  static_assert(65'535U - unlikeliest + 1 == likeliest);
  likely = likely < most ? likely : most;
  slot.one = static_cast<std::uint16_t>(likely ^ mirror);
  slot.told = pace.told_then;
}
// A reader has branched already.
inline void learn_one(Slot& slot) {
  const Pace pace = paces[slot.told];
  const std::uint32_t one = slot.one + (((65'535U - slot.one) * pace.rate) >> 16);
  slot.one = static_cast<std::uint16_t>(one < likeliest ? one : likeliest);
  slot.told = pace.told_then;
}
inline void learn_zero(Slot& slot) {
  const Pace pace = paces[slot.told];
  const std::uint32_t one = slot.one - ((std::uint32_t{slot.one} * pace.rate) >> 16);
  slot.one = static_cast<std::uint16_t>(one > unlikeliest ? one : unlikeliest);
  slot.told = pace.told_then;
}

inline constexpr std::uint32_t range_min = 1U << 24;  // below it a byte is shifted out
// Zero bytes at the end are left out, but no more than these; a reader that needs more was cut short.
inline constexpr std::size_t zeros_left_out_max = 4;

// Where a coder stands is a value, which a loop over bits keeps in registers; at() gives it and go_on() takes it back.
class RangeEncoder {
 public:
  struct At {
    // 32 bits that the range is in, above them what waits to be written, above that a carry.
    std::uint64_t low = 0;
    std::uint32_t range = 0xFFFFFFFFU;
    std::uint32_t waiting = 0;  // bits
  };

  explicit RangeEncoder(std::string& out) : out_(out), begin_(out.size()) {}

  At at() const { return at_; }
  void go_on(At at) { at_ = at; }

  unsigned bit(At& at, Slot& slot, unsigned value) {
    const std::uint32_t bound = (at.range >> 16) * slot.one;
    const std::uint32_t if_zero = value - 1U;  // all ones for a 0
    at.low += bound & if_zero;
    at.range = bound ^ ((bound ^ (at.range - bound)) & if_zero);
    learn(slot, value);
    if (at.range < range_min) at = normalised(at);
    return value;
  }

  // Up to eight bits as they are.
  std::uint32_t plain(At& at, unsigned bits, std::uint32_t value) {
    at.range >>= bits;
    at.low += std::uint64_t{at.range} * value;
    if (at.range < range_min) at = normalised(at);
    return value;
  }

  // The number in [low, low + range) that ends in the most zeros, and then not those; one byte at least.
  void finish() {
    const std::uint64_t last = at_.low + at_.range - 1;
    unsigned zeros = 0;
    while (zeros < 32 && (last >> (zeros + 1) << (zeros + 1)) >= at_.low)
      ++zeros;
    at_.low = last >> zeros << zeros;
    at_ = written(at_);
    at_.low <<= 32;
    at_.waiting = 32;
    at_ = written(at_);
    std::size_t left_out = 0;
    while (left_out < zeros_left_out_max && out_.size() > begin_ + 1 && out_.back() == 0) {
      out_.pop_back();
      ++left_out;
    }
  }

 private:
  At normalised(At at) {
    // Nothing is so unlikely that it takes more than two bytes at once.
    const std::uint32_t shift = at.range < range_min >> 8 ? 16 : 8;
    at.range <<= shift;
    at.low <<= shift;
    at.waiting += shift;
    return at.waiting < waiting_max ? at : written(at);
  }

  // The bytes above the low 32 bits, and the carry into those written before. Nothing is carried past the first one.
  [[gnu::noinline]] At written(At at) {
    const std::uint64_t bytes = at.low >> 32;
    at.low &= 0xFFFFFFFFU;
    if (bytes >> at.waiting != 0) {
      std::size_t place = out_.size();
      while (++out_[--place] == 0) {
      }
    }
    std::array<char, sizeof bytes> written{};
    std::size_t count = 0;
    while (at.waiting != 0) {
      at.waiting -= 8;
      written[count++] = static_cast<char>(bytes >> at.waiting & 0xFF);
    }
    out_.append(written.data(), count);
    return at;
  }

  static constexpr std::uint32_t waiting_max = 16;  // two more bytes and the carry have room

  std::string& out_;
  std::size_t begin_;
  At at_;
};

class RangeDecoder {
 public:
  struct At {
    std::uint32_t range = 0xFFFFFFFFU;
    std::uint32_t code = 0;
  };

  explicit RangeDecoder(std::string_view bytes) : bytes_(bytes) {
    for (int i = 0; i < 4; ++i)
      at_.code = at_.code << 8 | next();
  }

  At at() const { return at_; }
  void go_on(At at) { at_ = at; }

  unsigned bit(At& at, Slot& slot, unsigned /*value*/) {
    const std::uint32_t bound = (at.range >> 16) * slot.one;
    if (at.code < bound) {
      at.range = bound;
      learn_one(slot);
      normalise(at);
      return 1;
    }
    at.code -= bound;
    at.range -= bound;
    learn_zero(slot);
    normalise(at);
    return 0;
  }

  std::uint32_t plain(At& at, unsigned bits, std::uint32_t /*value*/) {
    at.range >>= bits;
    std::uint32_t value = at.code / at.range;
    if (value >> bits != 0) value = (1U << bits) - 1;
    at.code -= at.range * value;
    normalise(at);
    return value;
  }

  // More was read than can have been left out.
  bool cut_short() const { return place_ > bytes_.size() + zeros_left_out_max; }
  // Bytes stand behind the last that was needed.
  bool left_over() const { return place_ < bytes_.size(); }
  std::size_t place() const { return place_ < bytes_.size() ? place_ : bytes_.size(); }

 private:
  void normalise(At& at) {
    while (at.range < range_min) {
      at.range <<= 8;
      at.code = at.code << 8 | next();
    }
  }
  std::uint32_t next() {
    const std::size_t place = place_++;
    return place < bytes_.size() ? static_cast<unsigned char>(bytes_[place]) : 0;
  }

  std::string_view bytes_;
  std::size_t place_ = 0;
  At at_;
};

}  // namespace touchline::coded
