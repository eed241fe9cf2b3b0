// The binary arithmetic coder under the codec `coded`, and the slots that learn how likely a bit is.
//
// 32 bits, carry propagation as LZMA does it; PROTOCOL.md, "The range coder". A slot is a probability and how
// often it was told. Both ends do the same arithmetic on 32-bit unsigned integers, so nothing depends on the machine.
// Knows no symbol and no context.
#pragma once

#include <array>
#include <bit>
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

// By how much of the way a slot moves, of 65,536, by how often it was told.
inline constexpr std::size_t rate_count = 512;
constexpr std::array<std::uint16_t, rate_count> make_rates() {
  std::array<std::uint16_t, rate_count> rates{};
  for (std::uint32_t told = 0; told < rate_count; ++told)
    rates[told] = static_cast<std::uint16_t>(655'360U / (10U * told + 16U));
  return rates;
}
inline constexpr auto rates = make_rates();

// The bits mirror each other, so one way serves both without a branch that nobody can foretell.
inline void learn(Slot& slot, unsigned bit) {
  const std::uint32_t mirror = (bit - 1U) & 0xFFFFU;  // all ones for a 0
  const std::uint32_t told = slot.told;
  std::uint32_t likely = slot.one ^ mirror;
  likely += ((65'535U - likely) * rates[told]) >> 16;
  const std::uint32_t most = bit != 0 ? likeliest : 65'535U - unlikeliest;
  likely = likely < most ? likely : most;
  slot.one = static_cast<std::uint16_t>(likely ^ mirror);
  slot.told = static_cast<std::uint16_t>(told + (told < told_max ? 1U : 0U));
}

inline constexpr std::uint32_t range_min = 1U << 24;  // below it a byte is shifted out
// Zero bytes at the end are left out, but no more than these; a reader that needs more was cut short.
inline constexpr std::size_t zeros_left_out_max = 4;

class RangeEncoder {
 public:
  explicit RangeEncoder(std::string& out) : out_(out), begin_(out.size()) {}

  void bit(Slot& slot, unsigned value) {
    const std::uint32_t bound = (range_ >> 16) * slot.one;
    low_ += value != 0 ? 0U : bound;
    range_ = value != 0 ? bound : range_ - bound;
    learn(slot, value);
    if (range_ < range_min) normalise();
  }

  // Up to eight bits as they are.
  void plain(unsigned bits, std::uint32_t value) {
    range_ >>= bits;
    low_ += std::uint64_t{range_} * value;
    if (range_ < range_min) normalise();
  }

  // The number in [low, low + range) that ends in the most zeros, and then not those; one byte at least.
  void finish() {
    const std::uint64_t last = low_ + range_ - 1;
    unsigned zeros = 0;
    while (zeros < 32 && (last >> (zeros + 1) << (zeros + 1)) >= low_)
      ++zeros;
    low_ = last >> zeros << zeros;
    write();
    low_ <<= 32;
    waiting_ = 32;
    write();
    std::size_t left_out = 0;
    while (left_out < zeros_left_out_max && out_.size() > begin_ + 1 && out_.back() == 0) {
      out_.pop_back();
      ++left_out;
    }
  }

 private:
  void normalise() {
    const auto shift = static_cast<unsigned>(std::countl_zero(range_)) & ~7U;
    range_ <<= shift;
    low_ <<= shift;
    waiting_ += shift;
    if (waiting_ >= waiting_max) write();
  }

  // The bytes above the low 32 bits, and the carry into those written before. Nothing is carried past the first one.
  void write() {
    const auto bytes = static_cast<std::uint64_t>(low_ >> 32);
    low_ &= 0xFFFFFFFFU;
    if (bytes >> waiting_ != 0) {
      std::size_t at = out_.size();
      while (++out_[--at] == 0) {
      }
    }
    std::array<char, sizeof bytes> written{};
    std::size_t count = 0;
    while (waiting_ != 0) {
      waiting_ -= 8;
      written[count++] = static_cast<char>(bytes >> waiting_ & 0xFF);
    }
    out_.append(written.data(), count);
  }

  static constexpr unsigned waiting_max = 16;  // two more bytes and the carry have room

  std::string& out_;
  std::size_t begin_;
  std::uint64_t low_ = 0;  // 32 bits that the range is in, above them what waits to be written, above that a carry
  std::uint32_t range_ = 0xFFFFFFFFU;
  unsigned waiting_ = 0;  // bits
};

class RangeDecoder {
 public:
  explicit RangeDecoder(std::string_view bytes) : bytes_(bytes) {
    for (int i = 0; i < 4; ++i)
      code_ = code_ << 8 | next();
  }

  unsigned bit(Slot& slot) {
    const std::uint32_t bound = (range_ >> 16) * slot.one;
    if (code_ < bound) {
      range_ = bound;
      learn(slot, 1);
      normalise();
      return 1;
    }
    code_ -= bound;
    range_ -= bound;
    learn(slot, 0);
    normalise();
    return 0;
  }

  std::uint32_t plain(unsigned bits) {
    range_ >>= bits;
    std::uint32_t value = code_ / range_;
    if (value >> bits != 0) value = (1U << bits) - 1;
    code_ -= range_ * value;
    normalise();
    return value;
  }

  // More was read than can have been left out.
  bool cut_short() const { return at_ > bytes_.size() + zeros_left_out_max; }
  // Bytes stand behind the last that was needed.
  bool left_over() const { return at_ < bytes_.size(); }
  std::size_t at() const { return at_ < bytes_.size() ? at_ : bytes_.size(); }

 private:
  void normalise() {
    while (range_ < range_min) {
      range_ <<= 8;
      code_ = code_ << 8 | next();
    }
  }
  std::uint32_t next() {
    const std::size_t at = at_++;
    return at < bytes_.size() ? static_cast<unsigned char>(bytes_[at]) : 0;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  std::uint32_t range_ = 0xFFFFFFFFU;
  std::uint32_t code_ = 0;
};

}  // namespace touchline::coded
