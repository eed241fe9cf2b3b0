#include "tests/golden/golden_vectors.h"

#include <array>
#include <charconv>
#include <stdexcept>

namespace touchline::golden {
namespace {

template <class T>
T parsed(std::string_view text, int base) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw std::runtime_error("no number: " + std::string(text));
  }
  return number;
}

}  // namespace

VectorFile::VectorFile(const std::string& name)
    : root_(parser_.load(std::string(TOUCHLINE_SOURCE_DIR) + "/tests/golden/" + name + ".json")) {}

std::string text_of(Json object, std::string_view key) {
  return std::string(std::string_view(object[key].get_string()));
}
bool truth_of(Json object, std::string_view key) { return object[key].get_bool(); }
std::uint64_t number_of(Json object, std::string_view key) {
  return parsed<std::uint64_t>(text_of(object, key), 10);
}
std::int64_t signed_of(Json object, std::string_view key) {
  return parsed<std::int64_t>(text_of(object, key), 10);
}
std::uint64_t digest_of(Json object, std::string_view key) {
  return parsed<std::uint64_t>(text_of(object, key), 16);
}

std::string unhex(std::string_view digits) {
  std::string bytes;
  for (std::size_t at = 0; at < digits.size(); at += 2) {
    bytes += static_cast<char>(parsed<unsigned char>(digits.substr(at, 2), 16));
  }
  return bytes;
}

std::vector<std::string> texts_of(Json object, std::string_view key) {
  std::vector<std::string> texts;
  for (const Json text : object[key].get_array())
    texts.emplace_back(std::string_view(text.get_string()));
  return texts;
}

std::string bytes_of(Json object, std::string_view key) {
  const Json value = object[key];
  if (value.is_string()) return unhex(std::string_view(value.get_string()));
  std::string bytes;
  for (const std::string& part : texts_of(object, key))
    bytes += unhex(part);
  return bytes;
}

EventState state_of(Json object, std::string_view key) {
  const Json json = object[key];
  EventState state;
  for (const Json cell : json["cells"].get_array()) {
    std::array<std::uint32_t, 4> at{};
    std::size_t parts = 0;
    for (const Json part : cell["at"].get_array())
      at.at(parts++) = static_cast<std::uint32_t>(std::uint64_t(part));
    const Address address(at[0], at[1], static_cast<Field>(at[2]), at[3]);
    if (cell["text"].error() == simdjson::SUCCESS) {
      state.set(address, std::string_view(text_of(cell, "text")));
    } else {
      state.set(address, signed_of(cell, "int"));
    }
  }
  state.seq = Seq(number_of(json, "seq"));
  state.source_time_ms = signed_of(json, "source_time_ms");
  return state;
}

void for_each_damage(const std::string& bytes, const std::function<void(const std::string&)>& visit) {
  std::string damaged = bytes;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const unsigned flipped : {1U, 2U, 4U, 8U, 16U, 32U, 64U, 128U, 255U}) {
      damaged[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ flipped);
      visit(damaged);
    }
    damaged[at] = bytes[at];
  }
}

}  // namespace touchline::golden
