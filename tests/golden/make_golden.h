// What the parts of the generator of golden vectors share: vectors, and how they are written as JSON.
//
// Every part returns one file's text. 64-bit numbers are decimal texts and digests hexadecimal ones, because not
// every language's JSON keeps 64 bits; bytes are hexadecimal, in one text or in a list of texts to be joined.
// Knows no file system.
#pragma once

#include "core/event_state.h"
#include "core/varint.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace touchline::golden {

std::string make_numbers();        // zigzag, ticks, digests of single cells
std::string make_blocks();         // state before, block, state after
std::string make_broken_blocks();  // state before, block that must be refused
std::string make_coded();          // state before, a group of coded updates, state after
std::string make_frames();         // frames and what they say
std::string make_broken_frames();
std::string make_keyframes();             // an event's state in one or more frames
std::string make_broken_conversations();  // the last frame of each must be refused
std::string make_conversations();         // both directions, and how the subscriber stands at the end

// One JSON object, key by key; nested values are given as JSON.
class Json {
 public:
  explicit Json(int indent) : indent_(indent) {}
  Json& raw(std::string_view key, std::string_view json);
  Json& text(std::string_view key, std::string_view value);
  Json& number(std::string_view key, std::uint64_t value) { return text(key, std::to_string(value)); }
  Json& signed_number(std::string_view key, std::int64_t value) { return text(key, std::to_string(value)); }
  Json& digest(std::string_view key, std::uint64_t value);
  Json& bytes(std::string_view key, std::string_view value);
  Json& state(std::string_view key, const EventState& state);
  int inner() const { return indent_ + 2; }
  std::string done() const;

 private:
  int indent_;
  std::string members_;
};

std::string json_list(const std::vector<std::string>& items, int indent);
std::string quoted(std::string_view text);

constexpr Address at(std::uint32_t market, std::uint32_t outcome, Field field, std::uint32_t level = 0) {
  return Address(market, outcome, field, level);
}

// Bytes by hand, for what our writers do not write.
struct Bytes {
  std::string out;
  Bytes& v(std::uint64_t value) { return put_varint(out, value), *this; }
  Bytes& z(std::int64_t value) { return put_zigzag(out, value), *this; }
  Bytes& text(std::string_view bytes) { return out.append(bytes), *this; }
};

// An event with two markets: the state that most vectors start from.
EventState match();

}  // namespace touchline::golden
