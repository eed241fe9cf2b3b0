// Every example of every `--help`, run as it is printed.
//
// From a scratch folder that holds what the examples name of the sources' folder (tests/recordings and the
// files *.example.*), in the order of `order` below: later commands use what earlier ones have made. Two things are
// put in their place: the ports, by free ones, so that tests may run beside one another; and the end of what would run
// for ever (serve, tail, relay, top), by a SIGTERM after a few seconds.

#include "tests/integration/files.h"
#include "tests/integration/program.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <sys/wait.h>

namespace touchline::integration {
namespace {

constexpr std::array order{"simulate", "replay", "inspect", "export", "diff", "trace", "verify", "archive",
                           "train",    "bench",  "token",   "serve",  "tail", "relay", "top"};
constexpr int seconds_max = 60;  // an example that takes longer is a bad example

struct Example {
  std::string command;
  std::string line;
};

std::vector<std::string> lines_in(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}

// Those of a command and of the commands below it, as the help lists them.
void collect(const std::vector<std::string>& command, std::vector<Example>& examples) {
  std::vector<std::string> arguments = command;
  arguments.emplace_back("--help");
  bool within_commands = false;
  for (const std::string& line : lines_in(output_of(arguments))) {
    if (line.starts_with("  touchline ") || line.starts_with("  openssl ")) {
      examples.push_back({command.empty() ? "" : command.front(), line.substr(2)});
    }
    if (line.empty()) within_commands = false;
    if (within_commands) {
      std::vector<std::string> below = command;
      below.push_back(line.substr(2, line.find(' ', 2) - 2));
      if (below.front() == "inspect" && below.size() > 1) below.insert(below.begin() + 1, "match-day.db");
      collect(below, examples);
    }
    if (line == "Subcommands:") within_commands = true;
  }
}

std::vector<Example> examples() {
  std::vector<Example> found;
  collect({}, found);
  const auto place = [](const Example& example) {
    return std::ranges::find(order, example.command) - order.begin();
  };
  std::ranges::stable_sort(found, {}, place);
  return found;
}

class HelpExamples : public testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path sources = TOUCHLINE_SOURCE_DIR;
    std::filesystem::create_directory(folder_ / "tests");
    std::filesystem::copy(sources / "tests/recordings", folder_ / "tests/recordings");
    write_bytes(folder_ / "feed.example.toml",
                with_free_ports(bytes_of((sources / "feed.example.toml").string())));
    for (const char* example : {"betfair-filter.example.json", "betfair-login.example.json"})
      std::filesystem::copy(sources / example, folder_ / example);
    std::filesystem::create_directory(folder_ / "bin");
    const char* other = std::getenv("TOUCHLINE_PROGRAM");  // NOLINT(concurrency-mt-unsafe)
    std::filesystem::create_symlink(other != nullptr ? other : TOUCHLINE_PROGRAM, folder_ / "bin/touchline");
  }

  // Port 0 for who listens; for who connects, that of the service of this test.
  std::string with_free_ports(const std::string& line) const {
    const bool connects = line.starts_with("touchline tail") || line.starts_with("touchline relay");
    const auto put = [&](const std::string& in, const std::string& scheme, const std::string& service) {
      return std::regex_replace(in, std::regex(scheme + "://127\\.0\\.0\\.1:744[0-9]"),
                                connects ? service : scheme + "://127.0.0.1:0");
    };
    const std::string with_admin =
        std::regex_replace(line, std::regex("http://127\\.0\\.0\\.1:748[0-9]"), admin_);
    return put(put(put(with_admin, "tcp", readers_), "tls", guarded_readers_), "http", {});
  }

  void expect_runs(const Example& example) const {
    std::string line = with_free_ports(example.line);
    line = std::regex_replace(line, std::regex("127\\.0\\.0\\.1:745[0-9]"),
                              "127.0.0.1:0");  // where relays listen
    // timeout's own end would be another exit code; that of what it ends stays. In the foreground it signals once, and
    // not a second time with its group, which would meet a program on its way out.
    line = std::regex_replace(line, std::regex("touchline (serve|tail|relay|top)"),
                              "timeout --foreground --preserve-status --signal=TERM 3 touchline $1");
    const std::string script = "cd '" + folder_.path().string() +
                               "' && export PATH=\"$PWD/bin:$PATH\" && exec timeout " +
                               std::to_string(seconds_max) + " sh -c '" + line + "' >out 2>err </dev/null";
    const int status = std::system(script.c_str());  // NOLINT(concurrency-mt-unsafe): one thread
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    const bool is_difference = example.command == "diff" && code == 1;  // which is what it shows
    EXPECT_TRUE(code == 0 || is_difference) << example.line << "\nended with " << code << ":\n"
                                            << bytes_of(folder_ / "err");
  }

  TempFolder folder_;
  std::string readers_;
  std::string guarded_readers_;
  std::string admin_;
};

TEST_F(HelpExamples, RunAsPrinted) {
  const auto all = examples();
  for (const char* command : order) {
    EXPECT_TRUE(std::ranges::any_of(all, [&](const Example& example) { return example.command == command; }))
        << command << " has no example";
  }
  std::unique_ptr<Program> service;
  std::unique_ptr<Program> guarded;
  for (const Example& example : all) {
    EXPECT_NE(std::ranges::find(order, example.command), order.end())
        << example.command << " has no place in the order";
    if (example.command == "tail" && !service) {
      service = std::make_unique<Program>(std::vector<std::string>{
          "serve", "--store", folder_ / "tailed.db", "--listen", "tcp://127.0.0.1:0", "--admin", "0",
          "--source", "day=" + (folder_ / "tests/recordings/matchday.ndjson.zst")});
      readers_ = url_in(service->wait_for_line("serving readers on"));
      admin_ = url_in(service->wait_for_line("admin on"));
      service->wait_for_line("a recording has ended");
      // With what the examples before this made.
      guarded = std::make_unique<Program>(std::vector<std::string>{
          "serve", "--store", folder_ / "read-by-few.db", "--listen", "tls://127.0.0.1:0", "--tls-cert",
          folder_ / "feed.pem", "--tls-key", folder_ / "feed.key", "--tokens", folder_ / "relays.tokens"});
      guarded_readers_ = url_in(guarded->wait_for_line("serving readers on"));
    }
    expect_runs(example);
  }
}

}  // namespace
}  // namespace touchline::integration
