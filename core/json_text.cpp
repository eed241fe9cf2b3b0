#include "core/json_text.h"

#include "core/state_names.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace touchline {
namespace {

constexpr int depth_max = 64;

// How many bytes from here on belong together, and whether they are a character.
struct Part {
  std::size_t bytes;
  bool valid;
};

Part part_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> unsigned { return static_cast<std::uint8_t>(text[i]); };
  const unsigned first = byte(at);
  if (first < 0x80) return {1, true};
  if (first < 0xC2 || first > 0xF4) return {1, false};
  const std::size_t size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  // The second byte's bounds are narrower behind some of the first ones.
  unsigned low = 0x80;
  unsigned high = 0xBF;
  if (first == 0xE0) low = 0xA0;
  if (first == 0xED) high = 0x9F;
  if (first == 0xF0) low = 0x90;
  if (first == 0xF4) high = 0x8F;
  for (std::size_t i = 1; i < size; ++i) {
    if (at + i >= text.size() || byte(at + i) < low || byte(at + i) > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {size, true};
}

// Copies a value as it checks it. Whatever is wrong makes it stop, and `at` stays where that is.
class Compacter {
 public:
  Compacter(std::string& out, std::string_view json) : out_(out), json_(json) {}

  bool run() {
    skip_space();
    if (!value(0)) return false;
    skip_space();
    return at_ == json_.size();
  }

 private:
  char peek() const { return at_ < json_.size() ? json_[at_] : '\0'; }
  void skip_space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')
      ++at_;
  }
  bool take(char c) {
    if (peek() != c) return false;
    out_.push_back(c);
    ++at_;
    return true;
  }

  bool value(int depth) {
    if (depth > depth_max) return false;
    switch (peek()) {
      case '{':
        return list('{', '}', depth);
      case '[':
        return list('[', ']', depth);
      case '"':
        return text();
      default:
        return word();
    }
  }

  bool list(char opening, char closing, int depth) {
    take(opening);
    skip_space();
    if (take(closing)) return true;
    while (true) {
      if (opening == '{') {
        if (peek() != '"' || !text()) return false;
        skip_space();
        if (!take(':')) return false;
        skip_space();
      }
      if (!value(depth + 1)) return false;
      skip_space();
      if (take(closing)) return true;
      if (!take(',')) return false;
      skip_space();
    }
  }

  bool text() {
    const std::size_t begin = at_++;
    while (at_ < json_.size() && json_[at_] != '"') {
      if (static_cast<std::uint8_t>(json_[at_]) < 0x20) return false;
      at_ += json_[at_] == '\\' ? escape() : 1;
    }
    if (at_ >= json_.size()) return false;
    ++at_;
    out_.append(json_.substr(begin, at_ - begin));
    return true;
  }
  // The bytes of the escape here; one that is none is as long as the text, which then has no end.
  std::size_t escape() const {
    const char kind = at_ + 1 < json_.size() ? json_[at_ + 1] : '\0';
    if (kind != '\0' && std::string_view("\"\\/bfnrt").find(kind) != std::string_view::npos) return 2;
    const std::string_view digits = kind == 'u' ? json_.substr(at_ + 2).substr(0, 4) : "";
    const bool is_hex = digits.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
    return digits.size() == 4 && is_hex ? 6 : json_.size();
  }

  // A number, true, false or null.
  bool word() {
    const std::size_t end = std::min(json_.find_first_of(" \t\r\n,]}:", at_), json_.size());
    const std::string_view word = json_.substr(at_, end - at_);
    if (word != "true" && word != "false" && word != "null" && !is_json_number(word)) return false;
    out_.append(word);
    at_ = end;
    return true;
  }

  std::string& out_;
  std::string_view json_;
  std::size_t at_ = 0;
};

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Part part = part_at(text, at);
    if (!part.valid) return false;
    at += part.bytes;
  }
  return true;
}

void append_any_json_text(std::string& out, std::string_view text) {
  if (is_utf8(text)) return append_json_text(out, text);
  std::string mended;
  for (std::size_t at = 0; at < text.size();) {
    const Part part = part_at(text, at);
    mended.append(part.valid ? text.substr(at, part.bytes) : "\xEF\xBF\xBD");
    at += part.bytes;
  }
  append_json_text(out, mended);
}

bool append_compact_json(std::string& out, std::string_view json) {
  const std::size_t before = out.size();
  if (is_utf8(json) && Compacter(out, json).run()) return true;
  out.resize(before);
  return false;
}

}  // namespace touchline
