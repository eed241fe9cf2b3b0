// Bits, small numbers and whole numbers, each guessed in a context: the alphabet of the codec `coded`.
//
// Written once for both ends: with an encoder every function writes the value that it is given and returns it, with a
// decoder it returns what it reads and ignores what it is given. Knows no state of an event.
#pragma once

#include "core/coded/contexts.h"
#include "core/coded/range_coder.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <type_traits>

namespace touchline::coded {

template <class Coder, unsigned slot_bits = cell_slot_bits>
class Symbols {
 public:
  static constexpr bool encoding = !std::is_same_v<Coder, RangeDecoder>;
  Symbols(Coder& coder, Slot* slots) : coder_(coder), slots_(slots) {}

  bool bit(std::uint32_t context, bool value) {
    At at = coder_.at();
    const unsigned one = coder_.bit(at, slot(context), value ? 1U : 0U);
    coder_.go_on(at);
    return one != 0;
  }

  // A number of so many bits, the top one first.
  std::uint32_t tree(std::uint32_t context, unsigned bits, std::uint32_t value) {
    At at = coder_.at();
    std::uint32_t node = 1;
    for (unsigned i = bits; i-- != 0;)
      node = node << 1 | coder_.bit(at, slot(mixed(context, node)), value >> i & 1U);
    coder_.go_on(at);
    return node - (1U << bits);
  }

  // Any unsigned number: its length in the context `lengths`, its bits in `mantissas`.
  std::uint64_t number(std::uint32_t lengths, std::uint32_t mantissas, unsigned guessed_bits,
                       std::uint64_t value) {
    const unsigned bits = length(lengths, mantissas, static_cast<unsigned>(std::bit_width(value)));
    if (bits <= 1) return bits;
    return mantissa(mixed(mantissas, 2), bits, guessed_bits, value);
  }
  std::uint64_t number(std::uint32_t context, unsigned guessed_bits, std::uint64_t value) {
    return number(context, context, guessed_bits, value);
  }

  // Any signed one. Wraps at the ends of its range, like all differences.
  std::int64_t step(std::uint32_t lengths, std::uint32_t mantissas, unsigned guessed_bits,
                    std::int64_t value) {
    const auto plain = static_cast<std::uint64_t>(value);
    std::uint64_t magnitude = value < 0 ? 0 - plain : plain;
    const unsigned bits = length(lengths, mantissas, static_cast<unsigned>(std::bit_width(magnitude)));
    if (bits == 0) return 0;
    const bool negative = bit(mixed(lengths, 100 + bits), value < 0);
    magnitude = bits == 1 ? 1 : mantissa(mixed(mantissas, 3), bits, guessed_bits, magnitude);
    return static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
  }
  std::int64_t step(std::uint32_t context, unsigned guessed_bits, std::int64_t value) {
    return step(context, context, guessed_bits, value);
  }

 private:
  using At = typename Coder::At;

  Slot& slot(std::uint32_t context) const { return slots_[slot_of(context, slot_bits)]; }

  unsigned length(std::uint32_t context, std::uint32_t far, unsigned bits) {
    constexpr unsigned far_from = 31;
    const unsigned near = tree(mixed(context, 1), 5, std::min(bits, far_from));
    if (near < far_from) return near;
    // No writer tells a length past 64; a reader takes it for 64.
    return std::min(64U, far_from + tree(mixed(far, 999), 6, bits < far_from ? 0 : bits - far_from));
  }

  std::uint64_t mantissa(std::uint32_t context, unsigned bits, unsigned guessed_bits, std::uint64_t value) {
    const unsigned guessed = std::min(bits - 1, guessed_bits);
    At at = coder_.at();
    std::uint64_t number = 1;
    for (unsigned i = 0; i < guessed; ++i) {
      const auto one = static_cast<unsigned>(value >> (bits - 2 - i) & 1);
      const auto node = static_cast<std::uint32_t>(number * 64 + bits);
      number = number << 1 | coder_.bit(at, slot(mixed(context, node)), one);
    }
    unsigned left = bits - 1 - guessed;
    while (left != 0) {
      const unsigned part = left % 8 == 0 ? 8 : left % 8;
      left -= part;
      const auto bits_of_it = static_cast<std::uint32_t>(value >> left & ((1U << part) - 1));
      number = number << part | coder_.plain(at, part, bits_of_it);
    }
    coder_.go_on(at);
    return number;
  }

  Coder& coder_;
  Slot* slots_;
};

}  // namespace touchline::coded
