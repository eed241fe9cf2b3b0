// Recordings as they come: compressed, cut off, damaged, still growing, silent, or no text at all.

#include "tests/integration/files.h"
#include "tests/integration/program.h"
#include "tests/integration/stores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace touchline::integration {
namespace {

using testing::AllOf;
using testing::HasSubstr;

struct Format {
  const char* name;
  const char* suffix;
  const char* command;      // puts the compressed file beside the plain one
  bool checks_blocks;       // so that what stands in front of a damaged block is known to be right
  std::size_t checksum_at;  // from the end
};
void PrintTo(const Format& format, std::ostream* out) { *out << format.name; }

const std::vector<Format> formats{{"bzip2", ".bz2", "bzip2 -k -1", true, 2},
                                  {"gzip", ".gz", "gzip -k", false, 8},
                                  {"zstd", ".zst", "zstd -q -k", false, 4},
                                  {"xz", ".xz", "xz -k", false, 30}};

class Compressed : public testing::TestWithParam<Format> {
 protected:
  void SetUp() override {
    plain_ = simulate_day(folder_, 1, 6);
    replay({plain_}, folder_ / "plain.db");
    whole_ = bytes_of(compress(plain_));
    digests_ = digests_of(folder_ / "plain.db");
  }

  std::string compress(const std::string& path) const {
    const std::string command = std::string(GetParam().command) + " '" + path + "'";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;  // NOLINT(concurrency-mt-unsafe): one thread
    return path + GetParam().suffix;
  }

  // Says what is wrong with the file, by name, with how far it is good; keeps that, and sums up. Returns how many
  // messages were taken.
  std::uint64_t expect_broken_off(const std::string& bytes, const std::string& says) {
    write_bytes(path_, bytes);
    const Finished finished = run({"replay", path_, "--store", store_, "--json"});
    EXPECT_EQ(finished.exit_code, 2) << finished.err;
    EXPECT_THAT(finished.err, HasSubstr(says));
    if (finished.out.empty()) {
      EXPECT_THAT(finished.err, HasSubstr(path_ + ":1: byte 0 of the uncompressed data: "));
      return 0;
    }
    expect_sound(store_);
    const std::uint64_t messages = Summary(finished.out)["messages"];
    taken_ += messages;
    EXPECT_THAT(finished.err, HasSubstr(path_ + ":" + std::to_string(taken_ + 1) + ": byte "));
    EXPECT_THAT(finished.err, HasSubstr("of the uncompressed data: "));
    return messages;
  }

  // The same command, now that the file is whole, ends where it would have ended at once.
  void expect_the_rest() {
    write_bytes(path_, whole_);
    replay({path_}, store_);
    EXPECT_EQ(digests_of(store_), digests_);
    const auto taken = journal_of(store_).deltas;
    EXPECT_EQ(journal_difference(taken, journal_of(folder_ / "plain.db").deltas), "");
  }

  TempFolder folder_;
  std::string plain_;
  std::string whole_;  // compressed
  Digests digests_;
  std::uint64_t taken_ = 0;  // messages, over all runs
  std::string path_ = folder_ / "day" + std::string(GetParam().suffix);
  std::string store_ = folder_ / "day.db";
};

TEST_P(Compressed, RecordingsAreTakenFromFilesAndFromPipes) {
  write_bytes(path_, whole_ + whole_);  // two streams behind one another are one
  replay({path_}, store_);
  EXPECT_EQ(digests_of(store_), digests_);
  write_bytes(path_, whole_);
  const Finished piped = run_with_input({"replay", "-", "--store", folder_ / "piped.db"}, path_);
  EXPECT_EQ(piped.exit_code, 0) << piped.err;
  EXPECT_EQ(digests_of(folder_ / "piped.db"), digests_);
}

TEST_P(Compressed, RecordingsThatAreCutOffAreTakenUpToTheCut) {
  std::uint64_t last = 0;
  for (const std::size_t size : {whole_.size() * 2 / 3, whole_.size() - 6, whole_.size() - 1}) {
    const std::uint64_t messages = expect_broken_off(
        whole_.substr(0, size), std::string("the compressed data (") + GetParam().name + ") is cut off");
    EXPECT_TRUE(messages != 0 || last != 0) << size;
    last = messages;
  }
  expect_the_rest();
}

TEST_P(Compressed, RecordingsThatAreDamagedAreTakenAsFarAsAChecksumSaysSo) {
  std::string damaged = whole_;
  damaged[whole_.size() * 3 / 4] ^= 0x10;
  const std::uint64_t messages = expect_broken_off(damaged, "is damaged (");
  EXPECT_EQ(messages != 0, GetParam().checks_blocks);
  expect_the_rest();
}

// The stream itself can be unpacked to its end; only its checksum is wrong.
TEST_P(Compressed, RecordingsWhoseChecksumIsWrongAreNotTaken) {
  std::string damaged = whole_;
  damaged[damaged.size() - GetParam().checksum_at] ^= 0x10;
  if (!GetParam().checks_blocks) {
    EXPECT_EQ(expect_broken_off(damaged, "is damaged ("), 0U);
  }
  // What stands in front of it and has a checksum of its own is.
  EXPECT_NE(expect_broken_off(whole_ + damaged, "is damaged ("), 0U);
  write_bytes(path_, whole_ + whole_);
  replay({path_}, store_);
  EXPECT_EQ(digests_of(store_), digests_);
}

INSTANTIATE_TEST_SUITE_P(By, Compressed, testing::ValuesIn(formats),
                         [](const auto& test) { return std::string(test.param.name); });

class Recordings : public testing::Test {
 protected:
  Lines day() { return lines_of(simulate_day(folder_, 1, 7)); }
  TempFolder folder_;
  std::string store_ = folder_ / "day.db";
};

TEST_F(Recordings, ThatHaveChangedInFrontOfTheCursorAreNotTakenUp) {
  Lines lines = day();
  const std::string path = write_lines(folder_ / "day", {lines.begin(), lines.begin() + 500});
  replay({path}, store_);
  const auto before = digests_of(store_);
  std::ranges::reverse(lines[400]);  // as long as it was, and another
  write_lines(path, lines);
  const Finished finished = run({"replay", path, "--store", store_});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.err,
              AllOf(HasSubstr(path + ": its first "), HasSubstr("500 lines"), HasSubstr("another store")));
  EXPECT_EQ(digests_of(store_), before);
}

TEST_F(Recordings, WithAnUnfinishedLastLineSayWhereItIs) {
  Lines lines = day();
  lines.resize(100);
  const std::string whole = text_of(lines);
  write_bytes(folder_ / "day", std::string_view(whole).substr(0, whole.size() - 20));
  const std::string place =
      (folder_ / "day") + ":100: byte " + std::to_string(whole.size() - lines.back().size() - 1);
  const Finished finished = run({"replay", folder_ / "day", "--store", store_});
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("unfinished lines"));
  EXPECT_THAT(finished.out, HasSubstr(place));
  EXPECT_THAT(finished.err, HasSubstr(place + ": the last line is unfinished and was not taken"));
  write_bytes(folder_ / "day", whole);
  const Finished grown = run({"replay", folder_ / "day", "--store", store_, "--json"});
  EXPECT_EQ(Summary(grown.out)["messages"], 1U);
  EXPECT_EQ(Summary(grown.out)["unfinished_lines"], 0U);
}

TEST_F(Recordings, ThatAreNoTextAreRefusedByName) {
  write_bytes(folder_ / "image", std::string("\x7f"
                                             "ELF\x02\x01\x01\0\0\0",
                                             10));
  for (const std::string& path : {std::string("/dev/zero"), folder_ / "image"}) {
    const Finished finished = run({"replay", path, "--store", store_});
    EXPECT_EQ(finished.exit_code, 2);
    EXPECT_THAT(finished.err, HasSubstr(path + ": is no text (a NUL at byte "));
  }
}

// A pipe that falls silent and a line that has no end are waited for, but a stop is heard.
TEST_F(Recordings, ThatNeverEndCanBeStopped) {
  const std::string path = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int pipe = ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(pipe, 0);
  const std::string line = "{\"event\":\"a\",\"name\":\"A\"}\n";
  for (const bool silent : {true, false}) {
    ASSERT_EQ(::write(pipe, line.data(), line.size()), static_cast<ssize_t>(line.size()));
    Program program({"replay", path, "--store", store_});
    std::atomic<bool> over = false;
    std::atomic<std::size_t> written = 0;
    std::thread writer([&] {
      const std::string bytes(4096, 'x');
      while (!silent && !over) {
        if (const ssize_t n = ::write(pipe, bytes.data(), bytes.size()); n > 0)
          written += static_cast<std::size_t>(n);
      }
    });
    // Well into what is thrown away of a line.
    while (!silent && written < 48U << 20)
      std::this_thread::yield();
    // It runs once its first line is on disk; before, a signal ends it as any program.
    for (int tries = 0; tries < 200 && run({"inspect", store_, "events"}).out.empty(); ++tries)
      EXPECT_FALSE(program.ends_within(std::chrono::milliseconds(100)));
    program.send(SIGTERM);
    const Finished finished = program.wait();
    over = true;
    writer.join();
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    EXPECT_THAT(finished.err, HasSubstr("stopped; run the same command again"));
    std::string rest(1U << 20, '\0');
    while (::read(pipe, rest.data(), rest.size()) > 0)
      continue;
  }
  ::close(pipe);
  EXPECT_THAT(digests_of(store_), testing::ElementsAre(testing::Key("a")));
}

}  // namespace
}  // namespace touchline::integration
