// The native format's documents, its schema, the exports and the simulator speak the parser's language.

#include "core/event_table.h"
#include "core/state_json.h"
#include "feed/ingest/native_keys.h"
#include "feed/ingest/native_parser.h"
#include "feed/simulate/match_day.h"
#include "tests/feed/native_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace touchline::native_tests {
namespace {

using testing::HasSubstr;

struct Block {
  std::string language;
  std::vector<std::string> lines;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::vector<Block> blocks_of(const std::string& markdown) {
  std::vector<Block> blocks;
  bool inside = false;
  for (const std::string& line : lines_of(markdown)) {
    if (line.starts_with("```")) {
      if (!inside) blocks.push_back({line.substr(3), {}});
      inside = !inside;
    } else if (inside) {
      blocks.back().lines.push_back(line);
    }
  }
  return blocks;
}

TEST(NativeDocument, HasExamplesThatParse) {
  std::size_t updates = 0;
  for (const Block& block : blocks_of(file_text("schemas/native.md"))) {
    ASSERT_TRUE(block.language == "json" || block.language == "ndjson") << block.language;
    std::string whole;
    for (const std::string& line : block.lines)
      whole += line + (block.language == "json" ? " " : "\n");
    // What is spread over lines to be read is one line when it is sent.
    for (const std::string& line : lines_of(whole)) {
      EXPECT_FALSE(update_of(line).ops.empty() && !line.starts_with(R"({"alive")")) << line;
      ++updates;
    }
  }
  EXPECT_GE(updates, 14U);
}

TEST(NativeDocument, ListsErrorsInTheParsersWords) {
  std::size_t rows = 0;
  for (const std::string& row : lines_of(file_text("schemas/native.md"))) {
    if (!row.starts_with("| `{")) continue;
    const std::size_t between = row.find("` | `");
    ASSERT_NE(between, std::string::npos) << row;
    const std::string line = row.substr(3, between - 3);
    EXPECT_EQ(refusal_of(line).text + "` |", row.substr(between + 5));
    ++rows;
  }
  EXPECT_GE(rows, 10U);
}

TEST(NativeDocument, MentionsEveryKey) {
  const std::string text = file_text("schemas/native.md");
  const auto expect_all = [&](const auto& keys) {
    for (const native::Key& key : keys) {
      EXPECT_NE(text.find("`" + std::string(key.name) + "`"), std::string::npos) << key.name;
    }
  };
  expect_all(native::line_keys);
  expect_all(native::market_keys);
  expect_all(native::outcome_keys);
}

template <class Keys>
std::set<std::string> names_of(const Keys& keys) {
  std::set<std::string> names;
  for (const native::Key& key : keys)
    names.emplace(key.name);
  return names;
}

std::set<std::string> properties_of(simdjson::dom::element schema, const std::string& definition) {
  std::set<std::string> names;
  const simdjson::dom::object properties = schema.at_pointer("/$defs/" + definition + "/properties");
  for (const auto [name, value] : properties)
    names.emplace(name);
  return names;
}

TEST(NativeSchema, HasTheKeysThatTheParserTakes) {
  simdjson::dom::parser parser;
  const simdjson::padded_string text(file_text("schemas/native.schema.json"));
  const simdjson::dom::element schema = parser.parse(text);
  EXPECT_EQ(std::string_view(schema["$schema"]), "https://json-schema.org/draft/2020-12/schema");
  std::set<std::string> line = properties_of(schema, "update");
  line.merge(properties_of(schema, "heartbeat"));
  EXPECT_EQ(line, names_of(native::line_keys));
  EXPECT_EQ(properties_of(schema, "market"), names_of(native::market_keys));
  EXPECT_EQ(properties_of(schema, "outcome"), names_of(native::outcome_keys));
}

TEST(NativeSchema, HasTheParsersStatusesAndBounds) {
  simdjson::dom::parser parser;
  const simdjson::padded_string text(file_text("schemas/native.schema.json"));
  const simdjson::dom::element schema = parser.parse(text);
  const auto expect_statuses = [&](const std::string& definition, auto find, std::size_t count) {
    const simdjson::dom::array names = schema.at_pointer("/$defs/" + definition + "/properties/status/enum");
    EXPECT_EQ(names.size(), count + 1) << "each, and null";
    for (const simdjson::dom::element name : names) {
      EXPECT_TRUE(name.is_null() || find(std::string_view(name))) << definition;
    }
  };
  expect_statuses("update", event_status_of, 9);
  expect_statuses("market", market_status_of, 6);
  expect_statuses("outcome", outcome_status_of, 8);
  EXPECT_EQ(std::int64_t(schema.at_pointer("/$defs/update/properties/clock_ms/maximum")),
            native::clock_ms_max);
  EXPECT_EQ(std::int64_t(schema.at_pointer("/$defs/market/properties/bet_delay/maximum")),
            native::bet_delay_s_max);
  EXPECT_EQ(std::int64_t(schema.at_pointer("/$defs/score/maximum")), native::score_max);
}

// --- Exports.

std::string export_of(const EventTable::Changed& changed) {
  std::string json;
  EventState state = changed.event->state;
  state.seq = Seq(7);
  append_state_json(
      json, {.state = state, .epoch = Epoch(3), .offset = Offset(11), .published_ms = 1'786'802'400'000});
  return json;
}

std::string export_after(std::string_view line) {
  EventTable table;
  const Update update = update_of(line);
  const auto changed = table.apply(update, SourceId{1});
  return changed && changed->size() == 1 ? export_of(changed->front()) : "nothing changed";
}

TEST(NativeExport, FedBackGivesTheSameExport) {
  for (const Block& block : blocks_of(file_text("schemas/native.md"))) {
    std::string line;
    for (const std::string& part : block.lines)
      line += part + " ";
    if (block.language != "json" || line.find("alive") != std::string::npos) continue;
    const std::string exported = export_after(line);
    EXPECT_EQ(export_after(exported), exported);
  }
  const std::string exported = export_after(
      R"({"event":"e","competition":"Cup","start_time":1786802400000,"period":"p","clock_ms":1,
          "home_score":1,"away_score":2,
          "attributes":{"a":"\u0001\"é","b":1.50,"c":100.0,"d":1e-9,"e":[null,{"x":true}]},
          "markets":[{"id":"m","name":"N","total_matched":0.001,"attributes":{"f":-3},"outcomes":[{"id":"o",
          "handicap":0.25,"price":1.855,"sp_near":"NaN","sp_far":"Infinity","best_lay":[[2,1.5,0.5]],
          "back":[[1.855,2],[1.85,0.125],[90000,1]]}]}]})");
  EXPECT_THAT(exported, HasSubstr(R"("competition":"Cup")"));
  EXPECT_EQ(export_after(exported), exported);
}

// --- The simulator.

TEST(NativeSimulator, SpeaksTheFormat) {
  simulate::MatchDayOptions options;
  options.events = 3;
  options.seed = 7;
  simulate::MatchDay day(options);
  NativeParser parser;
  Update update;
  std::string line;
  std::int64_t at_ms = 0;
  std::size_t heartbeats = 0;
  std::size_t updates = 0;
  while (day.next(line, at_ms)) {
    const auto parsed = parse(parser, line, update);
    ASSERT_TRUE(parsed) << line << "\n  " << parsed.error().text;
    EXPECT_EQ(update.source_time_ms, at_ms);
    (update.kind == UpdateKind::heartbeat ? heartbeats : updates) += 1;
    if (update.kind == UpdateKind::change) {
      EXPECT_GT(update.ops.size(), 1U) << line;
      EXPECT_TRUE(update.number) << line;
    }
  }
  EXPECT_GT(heartbeats, 100U);
  EXPECT_GT(updates, 1000U);
}

}  // namespace
}  // namespace touchline::native_tests
