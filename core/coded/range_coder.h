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

// By how much of the way a slot moves, of 65,536, by how often it was told.
inline constexpr std::size_t rate_count = 512;
constexpr std::array<std::uint16_t, rate_count> make_rates() {
  std::array<std::uint16_t, rate_count> rates{};
  for (std::uint32_t told = 0; told < rate_count; ++told)
    rates[told] = static_cast<std::uint16_t>(655'360U / (10U * told + 16U));
  return rates;
}
inline constexpr auto rates = make_rates();

inline void learn(Slot& slot, unsigned bit) {
  const std::uint32_t rate = rates[slot.told];
  std::uint32_t one = slot.one;
  if (bit != 0) {
    one += ((65'535U - one) * rate) >> 16;
    if (one > likeliest) one = likeliest;
  } else {
    one -= (one * rate) >> 16;
    if (one < unlikeliest) one = unlikeliest;
  }
  slot.one = static_cast<std::uint16_t>(one);
  if (slot.told < told_max) ++slot.told;
}

inline constexpr std::uint32_t range_min = 1U << 24;  // below it a byte is shifted out
// Zero bytes at the end are left out, but no more than these; a reader that needs more was cut short.
inline constexpr std::size_t zeros_left_out_max = 4;

class RangeEncoder {
 public:
  explicit RangeEncoder(std::string& out) : out_(out), begin_(out.size()) {}

  void bit(Slot& slot, unsigned value) {
    const std::uint32_t bound = (range_ >> 16) * slot.one;
    if (value != 0) {
      range_ = bound;
    } else {
      low_ += bound;
      range_ -= bound;
    }
    learn(slot, value);
    while (range_ < range_min) {
      range_ <<= 8;
      shift();
    }
  }

  // Up to eight bits as they are.
  void plain(unsigned bits, std::uint32_t value) {
    range_ >>= bits;
    low_ += std::uint64_t{range_} * value;
    while (range_ < range_min) {
      range_ <<= 8;
      shift();
    }
  }

  // The number in [low, low + range) that ends in the most zeros, and then not those; one byte at least.
  void finish() {
    const std::uint64_t last = low_ + range_ - 1;
    unsigned zeros = 0;
    while (zeros < 32 && (last >> (zeros + 1) << (zeros + 1)) >= low_)
      ++zeros;
    low_ = last >> zeros << zeros;
    for (int i = 0; i < 5; ++i)
      shift();
    std::size_t left_out = 0;
    while (left_out < zeros_left_out_max && out_.size() > begin_ + 1 && out_.back() == 0) {
      out_.pop_back();
      ++left_out;
    }
  }

 private:
  void shift() {
    if (low_ < 0xFF000000U || low_ > 0xFFFFFFFFU) {
      const auto carry = static_cast<std::uint8_t>(low_ >> 32);
      // The first byte is always 0 and is not written.
      if (started_) out_.push_back(static_cast<char>(held_ + carry));
      started_ = true;
      for (; full_ != 0; --full_)
        out_.push_back(static_cast<char>(0xFF + carry));
      held_ = static_cast<std::uint8_t>(low_ >> 24);
    } else {
      ++full_;
    }
    low_ = (low_ & 0x00FFFFFFU) << 8;
  }

  std::string& out_;
  std::size_t begin_;
  std::uint64_t low_ = 0;
  std::uint32_t range_ = 0xFFFFFFFFU;
  std::size_t full_ = 0;  // bytes 0xff that wait for a carry
  std::uint8_t held_ = 0;
  bool started_ = false;
};

class RangeDecoder {
 public:
  explicit RangeDecoder(std::string_view bytes) : bytes_(bytes) {
    for (int i = 0; i < 4; ++i)
      code_ = code_ << 8 | next();
  }

  unsigned bit(Slot& slot) {
    const std::uint32_t bound = (range_ >> 16) * slot.one;
    unsigned value = 1;
    if (code_ < bound) {
      range_ = bound;
    } else {
      code_ -= bound;
      range_ -= bound;
      value = 0;
    }
    learn(slot, value);
    while (range_ < range_min) {
      range_ <<= 8;
      code_ = code_ << 8 | next();
    }
    return value;
  }

  std::uint32_t plain(unsigned bits) {
    range_ >>= bits;
    std::uint32_t value = code_ / range_;
    if (value >> bits != 0) value = (1U << bits) - 1;
    code_ -= range_ * value;
    while (range_ < range_min) {
      range_ <<= 8;
      code_ = code_ << 8 | next();
    }
    return value;
  }

  // More was read than can have been left out.
  bool cut_short() const { return at_ > bytes_.size() + zeros_left_out_max; }
  // Bytes stand behind the last that was needed.
  bool left_over() const { return at_ < bytes_.size(); }
  std::size_t at() const { return at_ < bytes_.size() ? at_ : bytes_.size(); }

 private:
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
