// The rules of source_rules.h, over this repository, and over texts that break each of them.

#include "tests/architecture/source_rules.h"
#include "tests/architecture/source_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace touchline::architecture {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

constexpr std::array<std::string_view, 4> rooms_with_rules{"cmd", "core", "feed", "storage"};
constexpr std::array<std::string_view, 9> endings{".h",  ".hh",  ".hpp", ".hxx", ".cpp",
                                                  ".cc", ".cxx", ".c",   ".ipp"};

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<SourceFile> sources_of(std::string_view room) {
  const std::filesystem::path root = TOUCHLINE_SOURCE_DIR;
  std::vector<SourceFile> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root / room)) {
    if (!entry.is_regular_file()) continue;
    if (std::ranges::find(endings, entry.path().extension().string()) == endings.end()) continue;
    files.push_back({entry.path().lexically_relative(root).generic_string(), read(entry.path())});
  }
  std::ranges::sort(files, {}, &SourceFile::path);
  return files;
}

SourceFile with_include(std::string path, const std::string& include) {
  return {std::move(path), "#include " + include + "\n"};
}

std::string repeated(std::string_view line, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i)
    text += line;
  return text;
}

// --- This repository.

TEST(Repository, EveryRoomHasSources) {
  for (const std::string_view room : rooms_with_rules)
    EXPECT_FALSE(sources_of(room).empty()) << room;
}

TEST(Repository, KeepsItsRules) {
  std::vector<SourceFile> files;
  for (const std::string_view room : rooms_with_rules)
    std::ranges::move(sources_of(room), std::back_inserter(files));
  for (const std::string& violation : check_all(files))
    ADD_FAILURE() << violation;
}

// --- Reading C++.

TEST(SourceText, CommentsAreBlankedAndLinesStay) {
  EXPECT_EQ(without_comments("a // b\nc /* d\ne */ f\n"), "a     \nc     \n     f\n");
  EXPECT_EQ(without_comments("// a \\\nstill a comment\nb"), "      \n               \nb");
}

TEST(SourceText, CommentMarksInsideLiteralsAreNoComments) {
  const std::string text = R"src(f("http://x", '"', R"(/* " */)", 1'000, '\'', "\"//"); g();)src";
  EXPECT_EQ(without_comments(text), text);
  EXPECT_THAT(code_only(text), AllOf(HasSubstr("1'000"), HasSubstr("g();"), testing::Not(HasSubstr("http"))));
}

TEST(SourceText, IncludesAreFoundWithTheirLines) {
  const auto includes = includes_of("#pragma once\n\n  #  include <map>  // why\n#include \"core/ids.h\"\n");
  ASSERT_THAT(includes, SizeIs(2));
  EXPECT_EQ(includes[0].line, 3U);
  EXPECT_EQ(includes[0].path, "map");
  EXPECT_EQ(includes[1].line, 4U);
  EXPECT_EQ(includes[1].path, "core/ids.h");
}

TEST(SourceText, IncludesInCommentsAreNone) {
  EXPECT_THAT(includes_of("// #include <map>\n/*\n#include <map>\n*/\n"), IsEmpty());
}

// --- Arrows.

TEST(Arrows, PointTowardsTheSchemas) {
  for (const char* target : {"\"core/ids.h\"", "\"schemas/protocol.capnp.h\"", "<map>", "<sys/socket.h>"}) {
    for (const char* path :
         {"cmd/touchline/serve.cpp", "feed/hub.cpp", "storage/journal.cpp", "core/frame.cpp"}) {
      EXPECT_THAT(check_arrows(with_include(path, target)), IsEmpty()) << path << " includes " << target;
    }
  }
  EXPECT_THAT(check_arrows(with_include("cmd/touchline/serve.cpp", "\"feed/hub.h\"")), IsEmpty());
  EXPECT_THAT(check_arrows(with_include("cmd/touchline/serve.cpp", "\"storage/journal.h\"")), IsEmpty());
  EXPECT_THAT(check_arrows(with_include("feed/ingest/native_parser.cpp", "\"feed/hub.h\"")), IsEmpty());
}

TEST(Arrows, NeverPointBackOrSideways) {
  const std::vector<std::pair<const char*, const char*>> wrong{
      {"core/block.h", "\"feed/hub.h\""},        {"core/block.h", "\"storage/journal.h\""},
      {"core/block.h", "\"cmd/touchline/x.h\""}, {"feed/hub.cpp", "\"storage/journal.h\""},
      {"feed/hub.cpp", "\"cmd/touchline/x.h\""}, {"storage/journal.cpp", "\"feed/hub.h\""},
      {"storage/journal.cpp", "\"cmd/x.h\""},    {"storage/journal.cpp", "<feed/hub.h>"},
      {"feed/hub.cpp", "\"tests/core/x.h\""},
  };
  for (const auto& [path, target] : wrong) {
    EXPECT_THAT(check_arrows(with_include(path, target)), ElementsAre(HasSubstr("must not include")))
        << path << " includes " << target;
  }
}

TEST(Arrows, NameThePlace) {
  EXPECT_THAT(check_arrows({"core/block.cpp", "\n\n#include \"feed/hub.h\"\n"}),
              ElementsAre("core/block.cpp:3: core must not include feed/hub.h"));
}

TEST(Arrows, IncludesAreWrittenFromTheRoot) {
  for (const char* target : {"\"ids.h\"", "\"../feed/hub.h\"", "\"sqlite3.h\""}) {
    EXPECT_THAT(check_arrows(with_include("core/block.cpp", target)), ElementsAre(HasSubstr("from the root")))
        << target;
  }
}

TEST(Arrows, EveryFileLiesInARoom) {
  EXPECT_THAT(check_arrows({"util/helpers.h", ""}), ElementsAre(HasSubstr("no known room")));
}

// --- Core without I/O.

TEST(SansIo, CoreMayUseValuesAndDurations) {
  EXPECT_THAT(
      check_core_is_sans_io({"core/arbiter.cpp",
                             "#include <chrono>\n#include <vector>\n#include <boost/system/result.hpp>\n"
                             "std::chrono::milliseconds wait{5};\n"
                             "auto t = update.time(0), u = at->time(), v = Update::time(0);\n"
                             "Millis time() const; // std::time(nullptr) is the caller's\n"
                             "auto text = \"steady_clock\";\n"}),
      IsEmpty());
}

TEST(SansIo, CoreIncludesNothingThatReachesOutside) {
  for (const char* target :
       {"<thread>", "<mutex>", "<iostream>", "<fstream>", "<filesystem>", "<spdlog/spdlog.h>",
        "<boost/asio.hpp>", "<boost/asio/ip/tcp.hpp>", "<boost/beast/core.hpp>", "<sqlite3.h>",
        "<sys/socket.h>", "<netinet/in.h>", "<arpa/inet.h>", "<netdb.h>", "<poll.h>", "<unistd.h>",
        "<condition_variable>", "<sys/time.h>"}) {
    EXPECT_THAT(check_core_is_sans_io(with_include("core/arbiter.h", target)),
                ElementsAre(StartsWith("core/arbiter.h:1: ")))
        << target;
  }
}

TEST(SansIo, CoreAsksNoClock) {
  for (const char* line :
       {"auto now = std::chrono::system_clock::now();", "using Clock = std::chrono::steady_clock;",
        "high_resolution_clock::now();", "auto t = std::time(nullptr);", "auto t = ::time(nullptr);",
        "return ::time(&now);", "t = time(0);", "return time(&now);", "clock_gettime(CLOCK_REALTIME, &now);",
        "gettimeofday(&now, nullptr);"}) {
    EXPECT_THAT(check_core_is_sans_io({"core/arbiter.cpp", std::string("\n") + line + "\n"}),
                ElementsAre(StartsWith("core/arbiter.cpp:2: core is told the time")))
        << line;
  }
}

TEST(SansIo, BindsCoreOnly) {
  EXPECT_THAT(check_core_is_sans_io(with_include("storage/store_thread.h", "<thread>")), IsEmpty());
  EXPECT_THAT(check_core_is_sans_io({"feed/publisher.cpp", "steady_clock::now();\n"}), IsEmpty());
}

// --- Libraries and their wrappers.

TEST(Wrappers, OnlyTheWrapperSeesSqlite) {
  EXPECT_THAT(check_library_wrappers(with_include("storage/sqlite.h", "<sqlite3.h>")), IsEmpty());
  EXPECT_THAT(check_library_wrappers(with_include("storage/sqlite.cpp", "<sqlite3.h>")), IsEmpty());
  for (const char* path :
       {"storage/journal.cpp", "cmd/touchline/inspect.cpp", "feed/hub.h", "core/block.h"}) {
    EXPECT_THAT(check_library_wrappers(with_include(path, "<sqlite3.h>")), SizeIs(1)) << path;
  }
}

TEST(Wrappers, OnlyFeedKnowsAsioAndBeast) {
  for (const char* target : {"<boost/asio.hpp>", "<boost/asio/awaitable.hpp>", "<boost/beast/http.hpp>"}) {
    EXPECT_THAT(check_library_wrappers(with_include("feed/listeners.cpp", target)), IsEmpty()) << target;
    for (const char* path : {"storage/journal.cpp", "cmd/touchline/serve.cpp", "core/frame.h"}) {
      EXPECT_THAT(check_library_wrappers(with_include(path, target)), SizeIs(1)) << path << " " << target;
    }
  }
}

TEST(Wrappers, BeastStaysInFourFiles) {
  std::vector<SourceFile> files{
      with_include("feed/admin.cpp", "<boost/beast/http.hpp>"),
      with_include("feed/ingest.cpp", "<boost/beast/http.hpp>"),
      with_include("feed/listeners.cpp", "<boost/beast/websocket.hpp>"),
      with_include("feed/clients/http_request.cpp", "<boost/beast/http/parser.hpp>"),
      with_include("feed/hub.cpp", "<map>")};
  EXPECT_THAT(check_beast_is_confined(files), IsEmpty());
  files.push_back(with_include("feed/subscriber.cpp", "<boost/beast/core.hpp>"));
  EXPECT_THAT(check_beast_is_confined(files), SizeIs(5));
}

// --- The form of a file.

TEST(HeaderOpening, StandsBeforeOrAfterPragmaOnce) {
  for (const std::string& text :
       {repeated("// Knows.\n", 3) + "#pragma once\n", repeated("// Knows.\n", 10) + "\n#pragma once\n",
        "#pragma once\n\n" + repeated("// Knows.\n", 3) + "\n#include <map>\n",
        "// Licence\n#pragma once\n" + repeated("// Knows.\n", 4)}) {
    EXPECT_THAT(check_header_opening({"core/ids.h", text}), IsEmpty()) << text;
  }
}

TEST(HeaderOpening, MustBeThereAndShort) {
  for (const std::string& text :
       {std::string("#pragma once\n"), std::string(), std::string("// a\n// b\n// c\n"),
        repeated("// Knows.\n", 2) + "#pragma once\n", repeated("// Knows.\n", 11) + "#pragma once\n",
        std::string("#pragma once\n#include <map>\n// a\n// b\n// c\n"),
        std::string("// a\n// b\n// c\n#ifndef IDS\n#define IDS\n#endif\n")}) {
    EXPECT_THAT(check_header_opening({"core/ids.h", text}), SizeIs(1)) << text;
  }
}

TEST(HeaderOpening, IsAskedOfHeadersOnly) {
  EXPECT_THAT(check_header_opening({"core/ids.cpp", "int x;\n"}), IsEmpty());
}

TEST(FileForm, FiveHundredLinesAndNoMore) {
  EXPECT_THAT(check_file_form({"core/ids.cpp", repeated("\n", 500)}), IsEmpty());
  EXPECT_THAT(check_file_form({"core/ids.cpp", repeated("\n", 501)}),
              ElementsAre(HasSubstr("longer than 500")));
}

TEST(FileForm, EndingsAreHAndCpp) {
  EXPECT_THAT(check_file_form({"core/ids.hpp", ""}), SizeIs(1));
  EXPECT_THAT(check_file_form({"core/ids.cc", ""}), SizeIs(1));
}

// --- All of them together.

TEST(AllRules, AreAsked) {
  std::vector<SourceFile> files;
  for (const char* path : {"core/a.hpp", "core/b.h", "core/c.cpp", "core/d.cpp", "core/e.cpp"}) {
    files.push_back({path, "#include \"feed/hub.h\"\n#include <sqlite3.h>\n#include <boost/beast.hpp>\n"});
  }
  const Violations violations = check_all(files);
  for (const char* part : {"must not include", "no I/O", "storage/sqlite alone", "only feed knows Asio",
                           "at most 4 files", "#pragma once", "end in .h or .cpp"}) {
    EXPECT_THAT(violations, testing::Contains(HasSubstr(part)));
  }
}

}  // namespace
}  // namespace touchline::architecture
