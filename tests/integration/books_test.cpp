// The books of real recordings, against another implementation's of the same recordings.

#include "tests/integration/books.h"

#include "tests/integration/files.h"
#include "tests/integration/program.h"
#include "tests/integration/stores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>
#include <vector>

namespace touchline::integration {
namespace {

std::vector<std::string> with_books() {
  return recording_names([](const RecordingFile& file) { return !file.books.empty(); });
}

class RecordedBooks : public testing::TestWithParam<std::string> {};

TEST_P(RecordedBooks, AreAtEveryTimeThoseOfAnotherImplementation) {
  if (GetParam() == no_recording) GTEST_SKIP() << why_no_recordings();
  const RecordingFile recording = recording_named(GetParam());
  const TempFolder folder;
  const std::string store = folder / "match.db";
  replay({recording.path}, store);
  const auto expected = expected_books(recording.books);
  ASSERT_FALSE(expected.empty());
  for (const auto& [at, books] : expected) {
    const Books ours = as_expected(books_of_store(store, {"--at-source", std::to_string(at)}));
    EXPECT_GT(books.size(), 5U);
    EXPECT_EQ(books_difference(ours, books), "") << "at " << at;
  }
  expect_sound(store);
}

INSTANTIATE_TEST_SUITE_P(Of, RecordedBooks, testing::ValuesIn(with_books()),
                         [](const auto& test) { return test_name(test.param); });

TEST(RecordingsTogether, InOneStoreHaveTheSameBooks) {
  const auto files = recordings();
  if (files.empty()) GTEST_SKIP() << why_no_recordings();
  const TempFolder folder;
  const std::string store = folder / "all.db";
  std::vector<std::string> paths;
  for (const RecordingFile& file : files)
    paths.push_back(file.path);
  replay(paths, store);
  for (const RecordingFile& file : files) {
    if (file.books.empty()) continue;
    for (const auto& [at, books] : expected_books(file.books)) {
      const Books ours = as_expected(books_of_store(store, {"--at-source", std::to_string(at)}));
      EXPECT_EQ(books_difference(of_the_markets_of(ours, books), books), "") << file.name << " at " << at;
    }
  }
  expect_sound(store);
}

TEST(RecordingsTogether, OddsAndScoreOfOneMatchAreOneEvent) {
  const RecordingFile odds = recording_named("cricket-odds");
  const RecordingFile scores = recording_named("cricket-scores");
  if (odds.path.empty() || scores.path.empty()) GTEST_SKIP() << why_no_recordings();
  const TempFolder folder;
  const std::string store = folder / "cricket.db";
  replay({odds.path, scores.path}, store);
  simdjson::dom::parser parser;
  const std::string json = output_of({"export", store, "--event", "31573045"});
  const simdjson::dom::object event = parser.parse(json);
  const auto text = [&](const char* path) {
    const simdjson::dom::element value = event["attributes"][path];
    return simdjson::to_string(value);
  };
  EXPECT_EQ(text("matchStats/inningsStats/0/inningsRuns"), "163") << json.substr(0, 4000);
  EXPECT_EQ(text("matchStats/inningsStats/0/inningsWickets"), "7");
  EXPECT_EQ(text("matchStats/inningsStats/1/inningsRuns"), "111");
  EXPECT_EQ(text("matchStats/inningsStats/1/inningsWickets"), "10");
  const simdjson::dom::object market = event["markets"].at(0);
  EXPECT_EQ(std::string_view(market["id"]), "1.200806927");
  EXPECT_EQ(simdjson::dom::array(market["outcomes"]).size(), 2U);
  EXPECT_EQ(std::string_view(event["name"]), "Netherlands v Papua New Guinea");
}

}  // namespace
}  // namespace touchline::integration
