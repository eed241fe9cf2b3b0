// The program as its users run it: a process with arguments, two streams to read, and an exit code.
//
// Knows processes, pipes and signals, and nothing of what the program does. A process never outlives its
// object. Waiting is always for something that the process does, with a deadline that fails the test; one
// thread a process collects what it writes, so that it never waits for the test.
#pragma once

#include "tests/instrumented.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace touchline::integration {

// Long enough for an instrumented build on a busy machine; nothing waits that long when all is well.
inline constexpr std::chrono::seconds patience{120};

struct Finished {
  int exit_code = -1;  // -1: it did not end by itself
  int signal = 0;      // that ended it
  std::string out;
  std::string err;
};

class Program {
 public:
  // Starts the program under test; standard input is the file, or empty.
  explicit Program(std::vector<std::string> arguments, const std::string& input_file = "/dev/null");
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();  // kills it if it still runs

  // The first line of standard error that holds `text`, once it is there whole. Empty, and a failure of the test,
  // if the process ends without it.
  std::string wait_for_line(std::string_view text);
  // How often the text stands in what it has written to standard error so far.
  std::size_t count_of(std::string_view text);
  // Whether it ends within so long.
  bool ends_within(std::chrono::microseconds time);
  void send(int signal);

  // To its end, which must come within the patience of a test.
  Finished wait();

 private:
  void collect();
  std::string line_with(std::string_view text) const;

  std::string command_;
  pid_t process_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::mutex mutex_;
  std::condition_variable news_;
  bool ended_ = false;
  Finished finished_;
  std::thread collector_;
};

Finished run(std::vector<std::string> arguments);
// Fed from a file, through standard input.
Finished run_with_input(std::vector<std::string> arguments, const std::string& input_file);

// Runs it, expects exit code 0, and returns standard output.
std::string output_of(std::vector<std::string> arguments);

// The numbers of a summary that was asked for as JSON.
class Summary {
 public:
  explicit Summary(const std::string& json);
  // A number that the summary does not have is a failure of the test.
  std::uint64_t operator[](const std::string& name) const;

 private:
  std::map<std::string, std::uint64_t> numbers_;
};

// The address in "... tcp://127.0.0.1:PORT", whatever its scheme.
std::string url_in(std::string_view line);

}  // namespace touchline::integration
