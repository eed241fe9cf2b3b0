#include "feed/ingest/json_fault.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <system_error>

namespace touchline::json {
namespace {

class FaultFinder {
 public:
  explicit FaultFinder(std::string_view text) : text_(text) {}

  // Nothing where this finds no fault.
  std::optional<JsonFault> find() {
    skip_space();
    if (value(0)) {
      skip_space();
      if (at_ < text_.size()) fail("something follows the end of the object");
    }
    return fault_;
  }

 private:
  static constexpr int depth_max = 1024;

  bool fail(const char* why) {
    const std::string_view reason = at_ < text_.size() ? why : "it ends too early";
    if (!fault_) fault_ = JsonFault{"malformed JSON: " + std::string(reason), at_};
    return false;
  }
  char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool is_digit() const { return here() >= '0' && here() <= '9'; }
  bool take(char wanted) {
    if (here() != wanted || at_ == text_.size()) return false;
    ++at_;
    return true;
  }
  void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

  bool value(int depth) {
    if (depth > depth_max) return fail("it is nested too deep");
    switch (here()) {
      case '{':
        return members(depth, '}');
      case '[':
        return members(depth, ']');
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  bool members(int depth, char end) {
    ++at_;
    skip_space();
    if (take(end)) return true;
    do {
      skip_space();
      if (end == '}') {
        if (here() != '"') return fail("a key in quotes is expected");
        if (!string()) return false;
        skip_space();
        if (!take(':')) return fail("':' is expected");
        skip_space();
      }
      if (!value(depth + 1)) return false;
      skip_space();
    } while (take(','));
    return take(end) || fail(end == '}' ? "',' or '}' is expected" : "',' or ']' is expected");
  }

  bool string() {
    ++at_;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (static_cast<unsigned char>(text_[at_]) < 0x20) return fail("a control character stands in a text");
      if (text_[at_] == '\\') {
        if (++at_ == text_.size()) break;
        if (std::string_view("\"\\/bfnrtu").find(text_[at_]) == std::string_view::npos) {
          return fail("an escape is unknown");
        }
        if (text_[at_] == 'u' && !unicode_escape()) return fail("a \\u escape is wrong");
      }
      ++at_;
    }
    return take('"') || fail("");
  }

  // Behind the backslash of \uXXXX; a character outside the basic plane is two of them, never one half.
  bool unicode_escape() {
    const auto unit = hex(at_ + 1);
    if (!unit || (*unit & 0xFC00U) == 0xDC00U) return false;
    at_ += 4;
    if ((*unit & 0xFC00U) != 0xD800U) return true;
    if (text_.substr(std::min(at_ + 1, text_.size()), 2) != "\\u") return false;
    const auto second = hex(at_ + 3);
    if (!second || (*second & 0xFC00U) != 0xDC00U) return false;
    at_ += 6;
    return true;
  }

  std::optional<std::uint32_t> hex(std::size_t at) const {
    const std::string_view digits = text_.substr(std::min(at, text_.size()), 4);
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
    if (error != std::errc() || digits.size() != 4 || end != digits.data() + 4) return std::nullopt;
    return number;
  }

  bool word(std::string_view wanted) {
    if (text_.substr(at_, wanted.size()) != wanted) return fail("a value is expected");
    at_ += wanted.size();
    return true;
  }

  bool number() {
    const std::size_t begin = at_;
    take('-');
    if (!is_digit()) {
      at_ = begin;
      return fail("a value is expected");
    }
    bool whole = true;
    if (!take('0')) digits();
    if (take('.')) {
      whole = false;
      if (!is_digit()) return fail("a digit is expected");
      digits();
    }
    if (take('e') || take('E')) {
      whole = false;
      if (!take('-')) take('+');
      if (!is_digit()) return fail("a digit is expected");
      digits();
    }
    if (is_digit()) return fail("a number begins with 0");
    if (is_too_large(text_.substr(begin, at_ - begin), whole)) {
      at_ = begin;
      return fail("a number is too large");
    }
    return true;
  }

  void digits() {
    while (is_digit())
      ++at_;
  }

  static bool is_too_large(std::string_view number, bool whole) {
    const char* const end = number.data() + number.size();
    const auto overflows = [&](auto parsed) {
      return std::from_chars(number.data(), end, parsed).ec == std::errc::result_out_of_range;
    };
    if (!whole) return overflows(double{});
    return number.front() == '-' ? overflows(std::int64_t{}) : overflows(std::uint64_t{});
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::optional<JsonFault> fault_;
};

// Counts keys and texts up to that one; whether it came to it.
bool count_up_to(simdjson::dom::element at, const char* key, std::size_t& count) {
  switch (at.type()) {
    case simdjson::dom::element_type::ARRAY:
      return std::ranges::any_of(simdjson::dom::array(at),
                                 [&](simdjson::dom::element item) { return count_up_to(item, key, count); });
    case simdjson::dom::element_type::OBJECT:
      for (const auto [name, member] : simdjson::dom::object(at)) {
        if (name.data() == key) return true;
        ++count;
        if (count_up_to(member, key, count)) return true;
      }
      return false;
    case simdjson::dom::element_type::STRING:
      ++count;
      return false;
    case simdjson::dom::element_type::INT64:
    case simdjson::dom::element_type::UINT64:
    case simdjson::dom::element_type::DOUBLE:
    case simdjson::dom::element_type::BOOL:
    case simdjson::dom::element_type::NULL_VALUE:
      return false;
  }
  return false;
}

// The first byte that is no part of valid UTF-8.
std::size_t invalid_utf8_at(std::string_view text) {
  std::size_t valid = 0;
  for (std::size_t end = 0; end < text.size();) {
    const auto lead = static_cast<unsigned char>(text[end]);
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    end = std::min(end + size, text.size());
    if (!simdjson::validate_utf8(text.data() + valid, end - valid)) return valid;
    valid = end;
  }
  return valid;
}

}  // namespace

JsonFault fault_of(std::string_view line, simdjson::error_code code) {
  if (code == simdjson::EMPTY) return {"the line is empty", 0};
  if (code == simdjson::CAPACITY) return {"the line is too long", 0};
  if (code == simdjson::UTF8_ERROR) return {"the line is not valid UTF-8", invalid_utf8_at(line)};
  if (const auto fault = FaultFinder(line).find()) return *fault;
  return {std::string("malformed JSON: ") + simdjson::error_message(code), 0};
}

std::size_t byte_of(std::string_view line, simdjson::dom::element document, std::string_view key) {
  std::size_t before = 0;
  count_up_to(document, key.data(), before);
  std::size_t at = 0;
  for (bool within = false; at < line.size(); ++at) {
    if (within && line[at] == '\\') {
      ++at;
    } else if (line[at] == '"') {
      if (!within && before-- == 0) return at;
      within = !within;
    }
  }
  return 0;
}

}  // namespace touchline::json
