// Reading ahead changes when lines are parsed and nothing of what comes out.

#include "feed/ingest/read_ahead.h"

#include "feed/ingest/recording.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <unistd.h>

namespace touchline {
namespace {

struct ReadAheadTest : testing::Test {
  ReadAheadTest() { std::filesystem::create_directories(folder); }
  ~ReadAheadTest() override { std::filesystem::remove_all(folder); }

  // The match day of this repository with a bad line now and then, the last two lines bad, and a cut at the end.
  std::string write_day(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    auto reader = LineReader::open(TOUCHLINE_SOURCE_DIR "/tests/recordings/matchday.ndjson.zst");
    const std::string path = folder / ("day-" + std::to_string(seed));
    std::ofstream out(path, std::ios::binary);
    for (auto line = reader->next(); line->kind != LineReader::Kind::end; line = reader->next()) {
      out << line->text << '\n';
      if (random() % 50 == 0) out << "{\"event\":7}\n\n";
    }
    out << "nothing\n[]\n{\"event\":\"m-1\",\"na";
    return path;
  }

  static std::unique_ptr<Playable> open(const std::string& path) {
    auto recording = Recording::open(path);
    EXPECT_TRUE(recording) << recording.error().text;
    return std::make_unique<Recording>(std::move(*recording));
  }

  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("touchline-ahead-" + std::to_string(::getpid()));
};

std::string place_of(const Cursor& cursor) {
  return " cursor " + std::to_string(cursor.byte) + "/" + std::to_string(cursor.line) + "/" +
         std::to_string(cursor.time_ms) + "/" + std::to_string(cursor.fingerprint);
}

// One step in words: what was refused, what came, and where the cursor stands before and after.
std::string step_of(Playable& playable, bool& more) {
  std::string words;
  const auto advanced = playable.advance(
      [&](const Rejected& rejected) { words += "refused " + describe(rejected) + rejected.content + '\n'; });
  more = advanced && *advanced != Advance::end;
  if (!advanced) words += "error " + advanced.error().text;
  if (advanced && *advanced == Advance::update) {
    words += std::to_string(identity_of(playable.update())) + " at " + std::to_string(playable.place().line) +
             "/" + std::to_string(playable.place().byte) + "/" + std::to_string(playable.time_ms());
    playable.taken();
  }
  return words + place_of(playable.cursor()) + " " + std::to_string(playable.bytes()) + " " +
         playable.unfinished().value_or("");
}

void expect_the_same(Playable& ahead, Playable& plain) {
  bool more = true;
  bool more_ahead = true;
  for (int i = 0; more; ++i) {
    const std::string expected = step_of(plain, more);
    ASSERT_EQ(step_of(ahead, more_ahead), expected) << "step " << i;
    ASSERT_EQ(more_ahead, more);
  }
  EXPECT_EQ(step_of(ahead, more_ahead), step_of(plain, more)) << "the end stays the end";
}

TEST_F(ReadAheadTest, GivesEveryUpdateRefusalAndCursorOfARecording) {
  const std::string path = write_day(1);
  ReadAhead read_ahead;
  const auto ahead = read_ahead.wrap(open(path));
  expect_the_same(*ahead, *open(path));
}

TEST_F(ReadAheadTest, GoesOnWhereACursorStands) {
  const std::string path = write_day(2);
  const auto begun = open(path);
  bool more = true;
  for (int i = 0; i < 700; ++i)
    step_of(*begun, more);
  const auto plain = open(path);
  auto taken_up = open(path);
  ASSERT_TRUE(plain->take_up(begun->cursor()));
  ASSERT_TRUE(taken_up->take_up(begun->cursor()));
  ReadAhead read_ahead;
  expect_the_same(*read_ahead.wrap(std::move(taken_up)), *plain);
}

TEST_F(ReadAheadTest, TellsWhereACompressedFileIsDamaged) {
  std::ifstream in(TOUCHLINE_SOURCE_DIR "/tests/recordings/matchday.ndjson.zst", std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(in), {});
  bytes.resize(bytes.size() * 2 / 3);
  const std::string path = folder / "damaged.zst";
  std::ofstream(path, std::ios::binary) << bytes;
  ReadAhead read_ahead;
  expect_the_same(*read_ahead.wrap(open(path)), *open(path));
}

TEST_F(ReadAheadTest, ServesManyRecordingsThatAreTakenUnevenlyOrLeft) {
  std::mt19937_64 random(3);
  ReadAhead read_ahead;
  std::vector<std::unique_ptr<Playable>> ahead;
  std::vector<std::unique_ptr<Playable>> plain;
  for (int i = 0; i < 12; ++i) {
    const std::string path = write_day(10 + static_cast<std::uint64_t>(i));
    ahead.push_back(read_ahead.wrap(open(path)));
    plain.push_back(open(path));
  }
  bool more = true;
  for (int i = 0; i < 20'000; ++i) {
    const std::size_t which = std::min(random() % 12, random() % 12);
    ASSERT_EQ(step_of(*ahead[which], more), step_of(*plain[which], more)) << "recording " << which;
  }
}

}  // namespace
}  // namespace touchline
