// The worked example of OPERATIONS.md, run as it stands there but for its port.

#include "tests/integration/files.h"
#include "tests/integration/program.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace touchline::integration {
namespace {

// The next block of commands behind `at`, which is moved behind it; continued lines are one.
std::vector<std::string> commands_in(const std::string& page, std::size_t& at) {
  const auto begin = page.find("```\n", at) + 4;
  const auto end = page.find("```\n", begin);
  at = end + 4;
  const std::string block = std::regex_replace(page.substr(begin, end - begin), std::regex("\\\\\n *"), "");
  std::istringstream in(block);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}

// Names of files in the folder; an address of the example is that of the service, or any free port.
std::vector<std::string> arguments_of(const std::string& line, const TempFolder& folder,
                                      const std::string& url) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) {
    const bool is_file = word.find('.') != std::string::npos && word.find("://") == std::string::npos;
    words.push_back(is_file ? folder / word : word.starts_with("tls://") ? url : word);
  }
  words.erase(words.begin());  // the program
  return words;
}

TEST(OperationsExample, OfCertificatesAndTokensRunsAsWritten) {
  const TempFolder folder;
  std::filesystem::create_directory(folder / "bin");
  const char* other = std::getenv("TOUCHLINE_PROGRAM");  // NOLINT(concurrency-mt-unsafe)
  std::filesystem::create_symlink(other != nullptr ? other : TOUCHLINE_PROGRAM, folder / "bin/touchline");
  const std::string page = bytes_of(std::string(TOUCHLINE_SOURCE_DIR) + "/OPERATIONS.md");
  std::size_t at = page.find("**A worked example**");
  ASSERT_NE(at, std::string::npos);
  std::unique_ptr<Program> service;
  for (const std::string& line : commands_in(page, at)) {
    if (line.starts_with("touchline serve")) {
      service = std::make_unique<Program>(arguments_of(line, folder, "tls://127.0.0.1:0"));
      continue;
    }
    const std::string script =
        "cd '" + folder.path().string() + "' && PATH=\"$PWD/bin:$PATH\" && " + line + " 2>err";
    EXPECT_EQ(std::system(script.c_str()), 0)  // NOLINT(concurrency-mt-unsafe)
        << line << "\n"
        << bytes_of(folder / "err");
  }
  ASSERT_TRUE(service);
  const std::string url = url_in(service->wait_for_line("serving readers on"));
  const auto reading = commands_in(page, at);
  ASSERT_EQ(reading.size(), 1U);
  Program reader(arguments_of(reading[0], folder, url));
  reader.wait_for_line(", epoch ");
  service->send(SIGTERM);
  EXPECT_EQ(service->wait().exit_code, 0);
  EXPECT_EQ(reader.wait().exit_code, 0);
}

}  // namespace
}  // namespace touchline::integration
