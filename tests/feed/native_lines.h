// What the native format's tests have in common: lines in, ops in words or refusals out.
//
// Knows the parser's door and how an op reads as a short phrase. Asserts for itself only what holds for every
// line: what is taken parses, and what is refused leaves nothing behind. Helpers of tests only.
#pragma once

#include "feed/ingest/native_parser.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace touchline::native_tests {

// The line at the very end of its allocation, but for the padding: an address sanitizer sees a byte too many.
inline Result<void> parse(NativeParser& parser, std::string_view line, Update& update) {
  std::vector<char> padded(line.size() + simdjson::SIMDJSON_PADDING, ' ');
  std::copy(line.begin(), line.end(), padded.begin());
  return parser.parse({padded.data(), line.size()}, update);
}

// An op in words, for comparison at a glance.
inline std::string words(const Update& update, const Op& op) {
  const std::string text(update.look(op.text));
  const std::string extra(update.look(op.extra));
  const std::string level = op.level == 0 ? "" : "[" + std::to_string(op.level) + "]";
  const std::string cell = std::string(name_of(op.field)) + level;
  const std::string number = std::to_string(op.number);
  switch (op.kind) {
    case OpKind::event:
      return "event " + text;
    case OpKind::market:
      return "market " + text + extra;
    case OpKind::image:
      return "image";
    case OpKind::definition:
      return "definition";
    case OpKind::outcome:
      return "outcome " + text + (op.number == 0 ? "" : " " + number);
    case OpKind::set_number:
      return cell + " = " + number;
    case OpKind::set_text:
      return cell + " = '" + text + "'";
    case OpKind::erase:
      return "no " + cell;
    case OpKind::clear:
      return "no " + cell + " at all";
    case OpKind::set_exact_level:
      return cell + "[" + extra + "] = " + number;
    case OpKind::erase_exact_level:
      return "no " + cell + "[" + extra + "]";
    case OpKind::its_event:
      return "its event's " + cell + " = '" + text + "'";
    case OpKind::attribute_number:
      return text + ": " + number;
    case OpKind::attribute_text:
      return text + ": json " + extra;
    case OpKind::attribute_erase:
      return "no " + text;
    case OpKind::attribute_section:
      return "nothing below " + text;
  }
  return "unknown";
}

inline Update update_of(std::string_view line) {
  NativeParser parser;
  Update update;
  const auto parsed = parse(parser, line, update);
  if (!parsed)
    ADD_FAILURE() << line << "\n  " << parsed.error().text << " at byte " << parsed.error().at_byte;
  return update;
}

inline std::vector<std::string> ops_of(std::string_view line) {
  const Update update = update_of(line);
  std::vector<std::string> ops;
  for (const Op& op : update.ops)
    ops.push_back(words(update, op));
  return ops;
}

// Of the event "e", its market "m", and that market's outcome "o": what these keys do behind its name.
inline std::vector<std::string> event_ops(const std::string& keys) {
  auto ops = ops_of(R"({"event":"e",)" + keys + "}");
  ops.erase(ops.begin());
  return ops;
}
inline std::vector<std::string> market_ops(const std::string& keys) {
  auto ops = event_ops(R"("markets":[{"id":"m",)" + keys + "}]");
  ops.erase(ops.begin());
  return ops;
}
inline std::vector<std::string> outcome_ops(const std::string& keys) {
  auto ops = market_ops(R"("outcomes":[{"id":"o",)" + keys + "}]");
  ops.erase(ops.begin());
  return ops;
}

inline Error refusal_of(std::string_view line) {
  NativeParser parser;
  Update update =
      update_of(R"({"event":"before","seq":4,"id":"x","time":1786802400000,"ack":true,"name":"left over"})");
  const auto parsed = parse(parser, line, update);
  EXPECT_FALSE(parsed) << line;
  const bool is_clear = update.ops.empty() && update.arena.empty() && !update.number && !update.wants_ack &&
                        update.source_time_ms == 0 && update.event.size == 0 && update.message_id.size == 0 &&
                        update.kind == UpdateKind::change;
  EXPECT_TRUE(is_clear) << "something of a refused line is left: " << line;
  return parsed ? Error{} : parsed.error();
}
inline std::string event_refusal(const std::string& keys) {
  return refusal_of(R"({"event":"e",)" + keys + "}").text;
}
inline std::string market_refusal(const std::string& keys) {
  return event_refusal(R"("markets":[{"id":"l"},{"id":"m",)" + keys + "}]");
}
inline std::string outcome_refusal(const std::string& keys) {
  return market_refusal(R"("outcomes":[{"id":"n"},{"id":"p"},{"id":"o",)" + keys + "}]");
}

inline std::string file_text(const std::string& path) {
  std::ifstream file(std::string(TOUCHLINE_SOURCE_DIR) + "/" + path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace touchline::native_tests
