// How the codec `coded` guesses texts: by what followed the same beginning before.
//
// What was said in this group stands in one run of bytes behind the prior's vocabulary. The next byte is guessed
// from the place behind the last occurrence of what was just said, or from the last text of the same kind; a guess
// that holds costs a small part of a bit. Where there is none, a byte is told by the two in front of it.
// Knows no cells. A value that grows with a group; start() makes it what the prior says.
#pragma once

#include "core/coded/symbols.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace touchline::coded {

class TextModel {
 public:
  TextModel() : tails_(place_count), starts_(place_count) {}

  // Says a text of a kind, at most `bytes_max` of it. With a decoder the text is appended to `read`; false: it is
  // longer than it may be.
  template <class Coder>
  bool say(Coder& coder, Slot* slots, std::uint32_t kind, std::string_view text, std::string& read,
           std::size_t bytes_max) {
    TextSymbols<Coder> symbols(coder, slots);
    begin(kind);
    for (std::size_t i = 0;; ++i) {
      const bool ends = i == text.size();
      const int symbol =
          code(symbols, Symbols<Coder>::encoding && !ends ? static_cast<unsigned char>(text[i]) : end);
      note(symbol);
      if (symbol == end) break;
      if constexpr (!Symbols<Coder>::encoding) {
        if (read.size() >= bytes_max) return false;
        read.push_back(static_cast<char>(symbol));
      }
    }
    finish(kind);
    return true;
  }

 private:
  template <class Coder>
  using TextSymbols = Symbols<Coder, text_slot_bits>;

  static constexpr int end = 256;
  static constexpr unsigned place_bits = 12;
  static constexpr std::size_t place_count = std::size_t{1} << place_bits;
  static constexpr std::size_t tail_bytes = 3;
  static constexpr unsigned trust_max = 15;

  // Where a guess comes from.
  enum class From : std::uint8_t { tail, kind, kind_and_last, mended };

  static std::uint32_t place_of(std::uint32_t a, std::uint32_t b) {
    return mixed(a * 0x9E3779B1U + 0x7F4A7C15U, b) >> (32 - place_bits) & (place_count - 1);
  }

  void begin(std::uint32_t kind) {
    kind_ = kind;
    text_at_ = said_.size();
    guess_ = starts_[place_of(kind, last_text_)];
    from_ = From::kind_and_last;
    if (guess_ == 0) {
      guess_ = starts_[place_of(kind, 0)];
      from_ = From::kind;
    }
    trust_ = 0;
  }

  void finish(std::uint32_t kind) {
    const auto at = static_cast<std::uint32_t>(text_at_ + 1);  // one more, so that 0 is none
    starts_[place_of(kind, last_text_)] = at;
    starts_[place_of(kind, 0)] = at;
    std::uint32_t hash = 1;
    for (std::size_t i = text_at_; i < said_.size(); ++i)
      hash = (hash ^ static_cast<unsigned char>(said_[i])) * 0x01000193U;
    last_text_ = hash;
  }

  int guessed() const {
    const auto byte = static_cast<unsigned char>(said_[guess_ - 1]);
    return byte == 0 ? end : byte;
  }

  static std::uint32_t class_of(int symbol) {
    if (symbol == end) return 0;
    if (symbol >= '0' && symbol <= '9') return 1;
    return symbol >= 'a' && symbol <= 'z' ? 2 : 3;
  }

  // The byte so far back in this text; in front of it, none.
  int before(std::size_t back) const {
    return said_.size() - text_at_ >= back ? static_cast<unsigned char>(said_[said_.size() - back]) : end;
  }

  template <class Coder>
  int code(TextSymbols<Coder>& symbols, int symbol) {
    if (guess_ != 0) {
      const int guess = guessed();
      const std::uint32_t how =
          context(Ask::text_as_guessed, trust_ | static_cast<std::uint32_t>(from_) << 4, class_of(guess));
      if (symbols.bit(how, symbol == guess)) return guess;
    }
    const auto last = static_cast<std::uint32_t>(before(1));
    if (symbols.bit(context(Ask::text_ends, last, guess_ != 0 ? 1 : 0), symbol == end)) return end;
    const std::uint32_t near = class_of(before(1)) << 12 | (class_of(before(1)) == 2 ? last : 0U);
    return static_cast<int>(
        symbols.tree(context(Ask::text_byte, near), 8, static_cast<std::uint32_t>(symbol & 0xFF)));
  }

  // Takes in what was said, and looks for what to guess next.
  void note(int symbol) {
    const bool held = guess_ != 0 && guessed() == symbol;
    if (held) {
      ++guess_;
      if (trust_ < trust_max) ++trust_;
    } else if (guess_ != 0 && from_ != From::mended && trust_ != 0) {
      ++guess_;  // another byte in its place, perhaps
      from_ = From::mended;
      trust_ = 0;
    } else {
      guess_ = 0;
    }
    said_.push_back(static_cast<char>(symbol == end ? 0 : symbol));
    if (guess_ > said_.size()) guess_ = 0;
    if (said_.size() < tail_bytes) return;
    std::uint32_t tail = 0;
    for (std::size_t i = said_.size() - tail_bytes; i < said_.size(); ++i)
      tail = tail << 8 | static_cast<unsigned char>(said_[i]);
    std::uint32_t& place = tails_[place_of(tail, 1)];
    if (guess_ == 0 || (from_ == From::mended && !held)) look(place);
    place = static_cast<std::uint32_t>(said_.size() + 1);
  }

  void look(std::uint32_t place) {
    if (place == 0) return;
    unsigned same = 0;
    while (same < trust_max && same + 1 < place && said_[place - 2 - same] == said_[said_.size() - 1 - same])
      ++same;
    if (same < tail_bytes) return;
    guess_ = place;
    from_ = From::tail;
    trust_ = same;
  }

  std::string said_;
  std::vector<std::uint32_t> tails_;   // by the last bytes: one more than the place behind them
  std::vector<std::uint32_t> starts_;  // by kind and last text: one more than where the text began
  std::uint32_t last_text_ = 0;
  std::uint32_t kind_ = 0;
  std::size_t text_at_ = 0;
  std::uint32_t guess_ = 0;  // one more than the place in said_; 0: none
  unsigned trust_ = 0;
  From from_ = From::tail;
};

}  // namespace touchline::coded
