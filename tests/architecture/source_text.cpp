#include "tests/architecture/source_text.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace touchline::architecture {
namespace {

enum class Literals { keep, blank };

class Blanker {
 public:
  Blanker(std::string_view text, Literals literals) : text_(text), out_(text), literals_(literals) {}

  std::string run() {
    while (at_ < text_.size()) {
      if (text_.substr(at_, 2) == "//") {
        blank(end_of_line_comment());
      } else if (text_.substr(at_, 2) == "/*") {
        blank(past("*/", at_ + 2));
      } else if (text_[at_] == '"') {
        literal(is_raw() ? end_of_raw_string() : end_of_quoted('"'));
      } else if (text_[at_] == '\'' && !is_digit_separator()) {
        literal(end_of_quoted('\''));
      } else {
        ++at_;
      }
    }
    return std::move(out_);
  }

 private:
  // The word that ends just before the cursor: a literal's prefix, or the digits before a separator.
  std::string_view word_before() const {
    std::size_t begin = at_;
    while (begin > 0 && (is_word_character(text_[begin - 1]) || text_[begin - 1] == '\''))
      --begin;
    return text_.substr(begin, at_ - begin);
  }

  bool is_digit_separator() const {
    const std::string_view word = word_before();
    return !word.empty() && std::isdigit(static_cast<unsigned char>(word.front())) != 0;
  }

  bool is_raw() const {
    const std::string_view word = word_before();
    return word == "R" || word == "u8R" || word == "uR" || word == "UR" || word == "LR";
  }

  std::size_t past(std::string_view mark, std::size_t from) const {
    const std::size_t found = text_.find(mark, from);
    return found == std::string_view::npos ? text_.size() : found + mark.size();
  }

  // A backslash before the line's end carries the comment on.
  std::size_t end_of_line_comment() const {
    std::size_t end = text_.find('\n', at_);
    while (end != std::string_view::npos && text_[end - 1] == '\\')
      end = text_.find('\n', end + 1);
    return end == std::string_view::npos ? text_.size() : end;
  }

  // A literal that is not closed on its line ends there, so that a slip of this lexer costs one line.
  std::size_t end_of_quoted(char quote) const {
    for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
      if (text_[i] == quote) return i + 1;
      if (text_[i] == '\n') return i;
      if (text_[i] == '\\') ++i;
    }
    return text_.size();
  }

  std::size_t end_of_raw_string() const {
    const std::size_t open = text_.find('(', at_);
    if (open == std::string_view::npos) return text_.size();
    std::string mark = ")";
    mark.append(text_.substr(at_ + 1, open - at_ - 1)).push_back('"');
    return past(mark, open);
  }

  void literal(std::size_t end) {
    if (literals_ == Literals::blank) blank(end);
    at_ = end;
  }

  void blank(std::size_t end) {
    for (; at_ < end; ++at_) {
      if (text_[at_] != '\n') out_[at_] = ' ';
    }
  }

  std::string_view text_;
  std::string out_;
  Literals literals_;
  std::size_t at_ = 0;
};

}  // namespace

bool is_word_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::string without_comments(std::string_view text) { return Blanker(text, Literals::keep).run(); }

std::string code_only(std::string_view text) { return Blanker(text, Literals::blank).run(); }

std::vector<Include> includes_of(std::string_view text) {
  constexpr std::string_view word = "include";
  const std::string code = without_comments(text);
  std::vector<Include> includes;
  std::size_t number = 0;
  for (std::string_view line : lines_of(code)) {
    ++number;
    line = trimmed(line);
    if (!line.starts_with('#')) continue;
    line = trimmed(line.substr(1));
    if (!line.starts_with(word)) continue;
    line = trimmed(line.substr(word.size()));
    if (line.empty() || (line.front() != '"' && line.front() != '<')) continue;
    const bool quoted = line.front() == '"';
    const std::size_t end = line.find(quoted ? '"' : '>', 1);
    if (end == std::string_view::npos) continue;
    includes.push_back(
        {number, std::string(line.substr(1, end - 1)), quoted ? Brackets::quotes : Brackets::angles});
  }
  return includes;
}

}  // namespace touchline::architecture
