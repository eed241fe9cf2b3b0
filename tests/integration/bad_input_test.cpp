// Input that is no use: one line says what and where, the exit code says whose fault, and nothing stored suffers.

#include "storage/sqlite.h"
#include "tests/integration/betfair_fixture.h"
#include "tests/integration/files.h"
#include "tests/integration/program.h"
#include "tests/integration/stores.h"

#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filtering_stream.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace touchline::integration {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr int done = 0;
constexpr int finding = 1;
constexpr int unusable = 2;
constexpr int environment = 3;

// A good market between whose updates the bad lines stand.
const std::string first_line =
    R"({"op":"mcm","pt":1700000000000,"mc":[{"id":"1.5","img":true,"marketDefinition":{"eventId":"77","status":"OPEN",)"
    R"("version":1,"inPlay":false,"runners":[{"id":1,"status":"ACTIVE"}]},"rc":[{"id":1,"atb":[[1.5,10]]}]}]})";
const std::string last_line =
    R"({"op":"mcm","pt":1700000009000,"mc":[{"id":"1.5","rc":[{"id":1,"ltp":1.5}]}]})";

std::string mcm(const std::string& markets) {
  return R"({"op":"mcm","pt":1700000001000,"mc":)" + markets + "}";
}
std::string runner_change(const std::string& members) {
  return mcm(R"([{"id":"1.5","rc":[{"id":1,)" + members + "}]}]");
}

struct BadLine {
  const char* name;
  std::string line;
  const char* says;
};

void PrintTo(const BadLine& bad, std::ostream* out) { *out << bad.name; }

const std::vector<BadLine> bad_lines{

    BadLine{"truncated", R"({"op":"mcm","pt":1700000001000,"mc":[{"id":"1.5")", "malformed JSON"},
    BadLine{"no JSON at all", "\"op\" hello", "malformed JSON"},
    BadLine{"a list", R"(["op"])", "the line is no object"},
    BadLine{"without op", R"({"pt":1700000001000,"mc":[],"x":"op"})", "op is missing"},
    BadLine{"an unknown op", R"({"op":"mcn","pt":1700000001000})", "unknown op \"mcn\""},
    BadLine{"without a time", R"({"op":"mcm","mc":[]})", "pt is missing"},
    BadLine{"a time as a text", R"({"op":"mcm","pt":"1700000001000","mc":[]})", "pt"},
    BadLine{"a time before 1970", R"({"op":"mcm","pt":-5,"mc":[]})", "pt is no publish time"},
    BadLine{"a time past all years", R"({"op":"mcm","pt":99999999999999999,"mc":[]})",
            "pt is no publish time"},
    BadLine{"markets as a text", mcm("\"1.5\""), "mc is no list"},
    BadLine{"a market as a number", mcm("[5]"), "mc[]"},
    BadLine{"a market without id", mcm("[{}]"), "id is missing"},
    BadLine{"a runner without id", mcm(R"([{"id":"1.5","rc":[{"ltp":2}]}])"), "id is missing"},
    BadLine{"a price as a text", runner_change(R"("ltp":"two")"), "last_price"},
    BadLine{"a ladder as a number", runner_change(R"("atb":5)"), "atb is no list"},
    BadLine{"a row too short", runner_change(R"("atb":[[1.5]])"), "atb[0]"},
    BadLine{"a negative size", runner_change(R"("atb":[[1.5,-3]])"), "negative"},
    BadLine{"a price of 0", runner_change(R"("atb":[[0,3]])"), "not above 0"},
    BadLine{"a huge number", runner_change(R"("tv":1e300)"), "out of range"},
    BadLine{"a number past all numbers", runner_change(R"("tv":1e999)"), "JSON"},
    BadLine{"a huge integer", runner_change(R"("tv":123456789012345678901234567890)"), "JSON"},
    BadLine{"a huge level", runner_change(R"("batb":[[99999999,1.5,3]])"), "level"},
    BadLine{"a bare NaN", runner_change(R"("ltp":NaN)"), "malformed JSON"},
    BadLine{"NaN as a last price", runner_change(R"("ltp":"NaN")"), "last_price"},
    BadLine{"another word as starting price", runner_change(R"("spn":"-Infinity")"), "sp_near"},
    BadLine{"invalid UTF-8", runner_change("\"name\":\"\xff\xfe\""), "UTF-8"},
    BadLine{"a bare control character", runner_change("\"name\":\"a\x01\""), "malformed JSON"},
    BadLine{"nesting without end",
            R"({"op":"mcm","pt":1,"mc":)" + std::string(5'000, '[') + std::string(5'000, ']') + "}", "JSON"},
    BadLine{"a definition without event", mcm(R"([{"id":"1.5","marketDefinition":{"status":"OPEN"}}])"),
            "eventId is missing"}};

class BadLines : public testing::TestWithParam<BadLine> {};

// Of the good lines alone.
const Digests& good_digests() {
  static const Digests digests = [] {
    const TempFolder folder;
    replay({write_lines(folder / "good", {first_line, last_line})}, folder / "good.db");
    return digests_of(folder / "good.db");
  }();
  return digests;
}

// Between good lines, the good ones count, and the store is the one that they make alone.
TEST_P(BadLines, AreRefusedByNameAmongGoodOnes) {
  const TempFolder folder;
  const std::string path = write_lines(folder / "match", {first_line, GetParam().line, last_line});
  const Finished finished = run({"replay", path, "--store", folder / "match.db", "--json"});
  EXPECT_EQ(finished.exit_code, finding);
  const std::string place = "refused " + path + ":2: byte ";
  EXPECT_THAT(finished.err, AllOf(StartsWith(place), HasSubstr(GetParam().says)));
  EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
  const auto byte = std::stoull(finished.err.substr(place.size()));
  EXPECT_GE(byte, first_line.size() + 1);
  EXPECT_LE(byte, first_line.size() + 1 + GetParam().line.size());
  EXPECT_EQ(Summary(finished.out)["rejected"], 1U);
  EXPECT_EQ(digests_of(folder / "match.db"), good_digests());
  expect_sound(folder / "match.db");
  EXPECT_THAT(output_of({"inspect", folder / "match.db", "rejected"}), HasSubstr(path));
}

// Alone, the whole input is of no use, and what is stored already stays as it is.
TEST(BadInput, OfNothingButBadLinesIsUnusable) {
  const TempFolder folder;
  const std::string store = folder / "match.db";
  replay({write_lines(folder / "good", {first_line, last_line})}, store);
  for (const BadLine& bad : bad_lines) {
    const std::string path = write_lines(folder / "bad", {bad.line});
    const Finished finished = run({"replay", path, "--store", store});
    EXPECT_EQ(finished.exit_code, unusable) << bad.name;
    EXPECT_THAT(finished.err, AllOf(HasSubstr(path + ":1: byte "), HasSubstr(bad.says))) << bad.name;
  }
  EXPECT_EQ(digests_of(store), good_digests());
  expect_sound(store);
}

INSTANTIATE_TEST_SUITE_P(Kind, BadLines, testing::ValuesIn(bad_lines),
                         [](const auto& test) { return test_name(test.param.name); });

TEST(BadInput, ALineOf50MegabytesIsSkippedWithItsPlace) {
  const TempFolder folder;
  const std::string path = folder / "long";
  write_bytes(path, first_line + "\n" + mcm("[{\"id\":\"" + std::string(50U << 20, '1') + "\"}]") + "\n" +
                        last_line + "\n");
  const Finished finished = run({"replay", path, "--store", folder / "match.db"});
  EXPECT_EQ(finished.exit_code, finding);
  EXPECT_THAT(finished.err,
              AllOf(StartsWith("refused " + path + ":2: byte " + std::to_string(first_line.size() + 1)),
                    HasSubstr("16777216")));
  EXPECT_EQ(digests_of(folder / "match.db"), good_digests());
}

TEST(BadInput, AMarketWithoutADefinitionIsKeptAndNoted) {
  const TempFolder folder;
  const std::string path =
      write_lines(folder / "match", {first_line, mcm(R"([{"id":"1.6","rc":[{"id":9,"ltp":2}]}])")});
  const Finished finished = run({"replay", path, "--store", folder / "match.db"});
  EXPECT_EQ(finished.exit_code, done);
  EXPECT_THAT(finished.err,
              AllOf(StartsWith("note " + path + ":2: byte " + std::to_string(first_line.size() + 1)),
                    HasSubstr("without a definition"), HasSubstr("market:")));
  EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
  EXPECT_THAT(output_of({"export", folder / "match.db", "--event", "market:1.6"}),
              HasSubstr("\"last_price\":2"));
}

// --- Inputs that cannot be read at all: the store's bytes are what they were.

class BadFiles : public testing::Test {
 protected:
  void SetUp() override {
    replay({write_lines(folder_ / "good", {first_line, last_line})}, store_);
    before_ = bytes_of_store(store_);
  }

  void expect_refused(const std::vector<std::string>& arguments, int exit_code, const std::string& says) {
    const Finished finished = run(arguments);
    EXPECT_EQ(finished.exit_code, exit_code) << arguments[0] << ": " << finished.err;
    EXPECT_THAT(finished.err, HasSubstr(says)) << arguments[0];
    EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(bytes_of_store(store_), before_) << "the store was touched";
  }

  TempFolder folder_;
  std::string store_ = folder_ / "match.db";
  std::map<std::string, std::string> before_;
};

TEST_F(BadFiles, AMissingRecordingIsUnusableInput) {
  const std::string path = folder_ / "nothing.bz2";
  expect_refused({"replay", path, "--store", store_}, unusable, path + ": ");
  // Nor is the good one beside it taken.
  expect_refused({"replay", folder_ / "good", path, "--store", store_}, unusable, path + ": ");
}

TEST_F(BadFiles, AnEmptyRecordingIsUnusableInput) {
  write_bytes(folder_ / "empty", "");
  expect_refused({"replay", folder_ / "empty", "--store", store_}, unusable,
                 (folder_ / "empty") + ": is empty");
}

TEST_F(BadFiles, AFolderIsNoRecording) {
  expect_refused({"replay", folder_.path().string(), "--store", store_}, unusable, "is a folder");
}

TEST_F(BadFiles, DamagedCompressionIsUnusableInput) {
  write_bytes(folder_ / "a.bz2", "BZh91AY&SY this is no bzip2 at all");
  expect_refused(
      {"replay", folder_ / "a.bz2", "--store", store_}, unusable,
      (folder_ / "a.bz2") + ":1: byte 0 of the uncompressed data: the compressed data (bzip2) is damaged");
  write_bytes(folder_ / "a.gz", "\x1f\x8b\x08 this is no gzip at all");
  expect_refused(
      {"replay", folder_ / "a.gz", "--store", store_}, unusable,
      (folder_ / "a.gz") + ":1: byte 0 of the uncompressed data: the compressed data (gzip) is damaged");
  write_bytes(folder_ / "a.zst", "\x28\xb5\x2f\xfd this is no zstd at all");
  expect_refused(
      {"replay", folder_ / "a.zst", "--store", store_}, unusable,
      (folder_ / "a.zst") + ":1: byte 0 of the uncompressed data: the compressed data (zstd) is damaged");
}

TEST_F(BadFiles, ATextIsNoStore) {
  const std::string text = folder_ / "notes.txt";
  write_bytes(text, "These are my notes, and nobody should write into them.\n");
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"replay", folder_ / "good", "--store", text},
        {"export", text, "--all"},
        {"inspect", text},
        {"verify", text},
        {"diff", text, "77", "--from", "1", "--to", "2"}}) {
    expect_refused(command, unusable, text + ": is not a Touchline store");
    EXPECT_EQ(bytes_of(text), "These are my notes, and nobody should write into them.\n");
  }
}

TEST_F(BadFiles, AnotherDatabaseIsNoStore) {
  const std::string other = folder_ / "accounts.db";
  Database(other, Database::Mode::create)
      .run("CREATE TABLE accounts (id INTEGER); INSERT INTO accounts VALUES (1)");
  const auto bytes = bytes_of_store(other);
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"replay", folder_ / "good", "--store", other},
        {"export", other, "--all"},
        {"inspect", other},
        {"verify", other}}) {
    expect_refused(command, unusable, other + ": is not a Touchline store");
    EXPECT_EQ(bytes_of_store(other), bytes);
  }
}

TEST_F(BadFiles, AMissingStoreIsUnusableInputToThoseWhoRead) {
  const std::string store = folder_ / "missing.db";
  expect_refused({"export", store, "--all"}, unusable, store + ": ");
  expect_refused({"inspect", store}, unusable, store + ": ");
  expect_refused({"verify", store}, unusable, store + ": ");
  expect_refused({"diff", store, "77", "--from", "0", "--to", "1"}, unusable, store + ": ");
  EXPECT_FALSE(std::filesystem::exists(store));
}

TEST_F(BadFiles, AnEventThatIsNotThereIsUnusableInput) {
  expect_refused({"export", store_, "--event", "78"}, unusable, "no event 78");
  expect_refused({"export", store_, "--event", "77", "--seq", "99"}, unusable, "no seq 99");
  expect_refused({"diff", store_, "78", "--from", "0", "--to", "1"}, unusable, "no event 78");
}

TEST_F(BadFiles, AFolderThatCannotBeWrittenIsTheEnvironments) {
  const std::string good = folder_ / "good";
  expect_refused({"replay", good, "--store", folder_ / "no-such-folder/match.db"}, environment,
                 "no-such-folder/match.db: ");
  expect_refused({"replay", good, "--store", folder_.path().string()}, environment,
                 folder_.path().string() + ": ");
  expect_refused({"export", store_, "--all", "-o", folder_ / "no-such-folder/out.json"}, environment,
                 "no-such-folder/out.json: ");
  if (::geteuid() == 0) return;  // to whom no folder is closed
  std::filesystem::create_directory(folder_ / "closed");
  std::filesystem::permissions(folder_ / "closed",
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  expect_refused({"replay", good, "--store", folder_ / "closed/match.db"}, environment, "closed/match.db: ");
}

TEST_F(BadFiles, AStoreThatSomebodyElseWritesIsTheEnvironments) {
  const int file = ::open(store_.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(file, LOCK_EX | LOCK_NB), 0);
  expect_refused({"replay", folder_ / "good", "--store", store_}, environment,
                 "another process is writing this store");
  ::close(file);
}

TEST_F(BadFiles, APortInUseIsTheEnvironments) {
  Program other({"serve", "--store", folder_ / "other.db", "--listen", "tcp://127.0.0.1:0"});
  const std::string url = url_in(other.wait_for_line("serving readers on"));
  const Finished replayed =
      run({"replay", folder_ / "good", "--store", folder_ / "third.db", "--listen", url});
  EXPECT_EQ(replayed.exit_code, environment);
  EXPECT_THAT(replayed.err, AllOf(HasSubstr("cannot listen on " + url), HasSubstr("in use")));
  const Finished served = run({"serve", "--store", folder_ / "third.db", "--listen", url});
  EXPECT_EQ(served.exit_code, environment);
  EXPECT_THAT(served.err, HasSubstr("cannot listen on " + url));
  for (const char* end : {"", "-wal", "-shm"})
    EXPECT_FALSE(std::filesystem::exists(folder_ / ("third.db" + std::string(end)))) << end;
  // What was there stays as it was.
  write_bytes(folder_ / "fourth.db", "");
  EXPECT_EQ(run({"serve", "--store", folder_ / "fourth.db", "--listen", url}).exit_code, environment);
  EXPECT_EQ(bytes_of(folder_ / "fourth.db"), "");
  EXPECT_EQ(run({"replay", folder_ / "good", "--store", store_, "--listen", url}).exit_code, environment);
  EXPECT_EQ(bytes_of_store(store_), before_);
}

TEST_F(BadFiles, AStoreIsNotPlayedIntoItself) {
  std::filesystem::create_hard_link(store_, folder_ / "hard.db");
  std::filesystem::create_symlink(store_, folder_ / "soft.db");
  for (const std::string& name : {store_, folder_ / "hard.db", folder_ / "soft.db"}) {
    expect_refused({"replay", name, "--store", store_}, unusable, name + ": is the store itself");
    expect_refused({"serve", "--store", store_, "--source", "day=" + name}, unusable,
                   name + ": is the store itself");
  }
}

TEST_F(BadFiles, AnExportDoesNotTakeTheStoresPlace) {
  std::filesystem::create_symlink(store_, folder_ / "soft.db");
  for (const std::string& name : {store_, folder_ / "soft.db", store_ + "-wal", store_ + "-shm"}) {
    expect_refused({"export", store_, "--all", "-o", name}, unusable, name + ": is the store itself");
    expect_refused({"export", folder_ / "soft.db", "--all", "-o", name}, unusable,
                   name + ": is the store itself");
  }
}

TEST_F(BadFiles, APublisherThatIsNotThereIsTheEnvironments) {
  std::string url;
  {
    Program other({"serve", "--store", folder_ / "other.db", "--listen", "tcp://127.0.0.1:0"});
    url = url_in(other.wait_for_line("serving readers on"));
  }
  const Finished finished = run({"tail", url});
  EXPECT_EQ(finished.exit_code, environment);
  EXPECT_THAT(finished.err, HasSubstr("cannot connect to " + url));
}

TEST_F(BadFiles, AMistypedCommandIsNamedWithTheOneThatWasMeant) {
  expect_refused({"repaly", folder_ / "good", "--store", store_}, unusable,
                 "no command \"repaly\"; did you mean \"replay\"?");
  expect_refused({"publish"}, unusable, "no command \"publish\"; there are serve, replay, ");
}

TEST_F(BadFiles, WrongUsageIsNamedAndTouchesNothing) {
  const std::string good = folder_ / "good";
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {},
           {"reply"},
           {"replay"},
           {"replay", good},
           {"replay", good, "--store", store_, "--speed", "fast"},
           {"replay", good, "--store", store_, "--speed", "-1"},
           {"replay", good, "--store", store_, "--speed", "1e-300"},
           {"replay", good, "--store", store_, "--speed", "1e7"},
           {"replay", good, "--store", store_, "--line-lag", "5"},
           {"replay", good, "--store", store_, "--line-lag", "-5", "--as-lines"},
           {"replay", good, "--store", store_, "--from", "2026-08-15T14:00:00Z", "--until",
            "2026-08-15T13:00:00Z"},
           {"replay", good, "--store", store_, "--wait-readers", "1"},
           {"replay", good, "--store", store_, "--until", "tomorrow"},
           {"replay", good, "--store", store_, "--listen", "127.0.0.1"},
           {"replay", good, "--store", store_, "--listen", "tcp://127.0.0.1:99999"},
           {"replay", good, "--store", store_, "--durability", "some"},
           {"export", store_},
           {"export", store_, "--all", "--event", "77"},
           {"export", store_, "--all", "--at-source", "noon"},
           {"export", store_, "--all", "--format", "xml"},
           {"tail", "127.0.0.1:7440"},
           {"tail", "tcp://127.0.0.1:7440", "--from", "here"},
           {"serve", "--store", folder_ / "x.db", "--source", "no-address"},
           {"serve", "--store", folder_ / "x.db", "--source", "a=" + folder_.path().string()},
           {"serve", "--store", folder_ / "x.db", "--source", "a=" + good + "@1e-300"},
           {"serve", "--store", folder_ / "x.db", "--listen", "tcp://127.0.0.1"},
           {"simulate", "--events", "0"},
       }) {
    const Finished finished = run(command);
    EXPECT_EQ(finished.exit_code, unusable) << testing::PrintToString(command) << finished.err;
    EXPECT_NE(finished.err, "") << testing::PrintToString(command);
    EXPECT_EQ(finished.signal, 0);
  }
  EXPECT_EQ(bytes_of_store(store_), before_);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "x.db"));
}

// What broke off in the middle is said, and taken up when the rest is there.
TEST_F(BadFiles, CompressionThatIsCutOffIsTakenUpWhenTheRestIsThere) {
  const std::string text = text_of(make_betfair_day({.seed = 71, .messages = 3'000}).lines);
  std::ostringstream packed;
  boost::iostreams::filtering_ostream out;
  out.push(boost::iostreams::gzip_compressor());
  out.push(packed);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.reset();
  const std::string path = folder_ / "day.gz";
  const std::string store = folder_ / "day.db";
  write_bytes(path, packed.str().substr(0, packed.str().size() * 2 / 3));
  const Finished finished = run({"replay", path, "--store", store});
  EXPECT_EQ(finished.exit_code, unusable);
  EXPECT_THAT(finished.err, HasSubstr("of the uncompressed data: the compressed data (gzip) is cut off"));
  write_bytes(path, packed.str());
  replay({path}, store);
  write_bytes(folder_ / "day", text);
  replay({folder_ / "day"}, folder_ / "whole.db");
  EXPECT_EQ(digests_of(store), digests_of(folder_ / "whole.db"));
}

}  // namespace
}  // namespace touchline::integration
