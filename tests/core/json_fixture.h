// JSON as a tree, for tests that judge what ours writes: parsed strictly, compared member for member, merged as RFC 7396
// says. Its own parser, so that a fault of the writer is not met by the same fault here.
//
// Scalars stay as they are spelled, numbers too: "1.50" is another than "1.5". Helpers of tests only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace touchline::test {

struct Json {
  enum class Kind : std::uint8_t { scalar, object, array } kind = Kind::scalar;
  std::string scalar = "null";  // as it is spelled, with quotes
  std::map<std::string, Json> members;
  std::vector<Json> elements;

  bool operator==(const Json&) const = default;
  bool is_null() const { return kind == Kind::scalar && scalar == "null"; }
  const Json& operator[](const std::string& name) const {
    static const Json none;
    const auto found = members.find(name);
    return found == members.end() ? none : found->second;
  }
  bool has(const std::string& name) const { return members.contains(name); }
  // A text without its quotes; escapes stay.
  std::string text() const {
    return scalar.size() >= 2 && scalar.front() == '"' ? scalar.substr(1, scalar.size() - 2) : scalar;
  }
  // With members in the order of their names.
  std::string spelled() const {
    if (kind == Kind::scalar) return scalar;
    std::string out(1, kind == Kind::object ? '{' : '[');
    for (const auto& [name, member] : members)
      out.append(out.size() == 1 ? "\"" : ",\"").append(name).append("\":").append(member.spelled());
    for (const Json& element : elements)
      out.append(out.size() == 1 ? "" : ",").append(element.spelled());
    return out + (kind == Kind::object ? '}' : ']');
  }
};

class JsonParser {
 public:
  explicit JsonParser(std::string_view text) : text_(text) {}
  Json parse() {
    Json json = value();
    skip();
    if (at_ != text_.size()) fail("something comes behind it");
    return json;
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw std::runtime_error("byte " + std::to_string(at_) + ": " + why + ": " + std::string(text_));
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip() {
    while (peek() == ' ' || peek() == '\n' || peek() == '\t' || peek() == '\r')
      ++at_;
  }
  void expect(char c) {
    skip();
    if (peek() != c) fail(std::string("no ") + c);
    ++at_;
  }
  std::string quoted() {
    skip();
    const std::size_t begin = at_;
    if (peek() != '"') fail("no text");
    for (++at_; peek() != '"'; ++at_) {
      if (at_ >= text_.size() || static_cast<unsigned char>(text_[at_]) < 0x20) fail("a text without an end");
      if (text_[at_] == '\\') ++at_;
    }
    ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }
  Json value() {
    skip();
    Json json;
    if (peek() == '{') {
      json.kind = Json::Kind::object;
      ++at_;
      for (skip(); peek() != '}';) {
        if (!json.members.empty()) expect(',');
        const std::string name = quoted();
        expect(':');
        if (!json.members.emplace(name.substr(1, name.size() - 2), value()).second) fail("twice: " + name);
        skip();
      }
      ++at_;
    } else if (peek() == '[') {
      json.kind = Json::Kind::array;
      ++at_;
      for (skip(); peek() != ']';) {
        if (!json.elements.empty()) expect(',');
        json.elements.push_back(value());
        skip();
      }
      ++at_;
    } else if (peek() == '"') {
      json.scalar = quoted();
    } else {
      const std::size_t begin = at_;
      while (std::string_view("+-.0123456789abcdefghijklmnopqrstuvwxyzE").find(peek()) !=
             std::string_view::npos)
        ++at_;
      json.scalar = std::string(text_.substr(begin, at_ - begin));
      const bool word = json.scalar == "true" || json.scalar == "false" || json.scalar == "null";
      if (!word && (json.scalar.empty() || json.scalar.front() > '9')) fail("no value");
    }
    return json;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

inline Json json_of(std::string_view text) { return JsonParser(text).parse(); }

// RFC 7396, section 2.
inline Json merged(Json target, const Json& patch) {
  if (patch.kind != Json::Kind::object) return patch;
  if (target.kind != Json::Kind::object) {
    target = Json();
    target.kind = Json::Kind::object;
  }
  for (const auto& [name, value] : patch.members) {
    if (value.is_null()) {
      target.members.erase(name);
    } else {
      target.members[name] = merged(target[name], value);
    }
  }
  return target;
}

}  // namespace touchline::test
