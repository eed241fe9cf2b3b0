#include "tests/integration/program.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace touchline::integration {
namespace {

// Another build of the program can be put in its place, such as an installed one.
std::string program_path() {
  const char* other = std::getenv("TOUCHLINE_PROGRAM");  // NOLINT(concurrency-mt-unsafe)
  return other != nullptr ? other : TOUCHLINE_PROGRAM;
}

// Of this process, with its end for the child: both are closed on exec.
std::array<int, 2> pipe_ends() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  return ends;
}

// Reads what is there; false at the end.
bool read_some(int from, std::string& to) {
  std::array<char, 65536> bytes{};
  const ssize_t got = ::read(from, bytes.data(), bytes.size());
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  to.append(bytes.data(), static_cast<std::size_t>(got));
  return got != 0;
}

}  // namespace

Program::Program(std::vector<std::string> arguments, const std::string& input_file) {
  arguments.insert(arguments.begin(), program_path());
  std::vector<char*> argv;
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
    command_ += (command_.empty() ? "" : " ") + argument;
  }
  argv.push_back(nullptr);
  const int input = ::open(input_file.c_str(), O_RDONLY | O_CLOEXEC);
  if (input < 0) throw std::runtime_error("cannot open " + input_file);
  const auto out = pipe_ends();
  const auto err = pipe_ends();
  process_ = ::fork();
  if (process_ < 0) throw std::runtime_error("cannot fork");
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that is killed takes its processes with it
    ::dup2(input, STDIN_FILENO);
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(err[1], STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(input);
  ::close(out[1]);
  ::close(err[1]);
  out_ = out[0];
  err_ = err[0];
  collector_ = std::thread([this] { collect(); });
}

Program::~Program() {
  send(SIGKILL);
  collector_.join();
  ::close(out_);
  ::close(err_);
}

void Program::collect() {
  std::array<pollfd, 2> streams{pollfd{out_, POLLIN, 0}, pollfd{err_, POLLIN, 0}};
  while (streams[0].fd >= 0 || streams[1].fd >= 0) {
    if (::poll(streams.data(), streams.size(), -1) < 0) continue;
    for (std::size_t i = 0; i < streams.size(); ++i) {
      if (streams[i].fd < 0 || streams[i].revents == 0) continue;
      std::string bytes;
      if (!read_some(streams[i].fd, bytes)) streams[i].fd = -1;
      const std::lock_guard lock(mutex_);
      (i == 0 ? finished_.out : finished_.err) += bytes;
      news_.notify_all();
    }
  }
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  // Under the lock, so that no signal is sent to whoever gets its number next.
  const std::lock_guard lock(mutex_);
  int status = 0;
  ::waitpid(process_, &status, 0);
  if (WIFEXITED(status)) finished_.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) finished_.signal = WTERMSIG(status);
  ended_ = true;
  news_.notify_all();
}

std::string Program::line_with(std::string_view text) const {
  const auto at = finished_.err.find(text);
  if (at == std::string::npos) return {};
  const auto end = finished_.err.find('\n', at);
  if (end == std::string::npos) return {};
  const auto before = finished_.err.rfind('\n', at);
  const auto begin = before == std::string::npos ? 0 : before + 1;
  return finished_.err.substr(begin, end - begin);
}

std::string Program::wait_for_line(std::string_view text) {
  std::unique_lock lock(mutex_);
  std::string line;
  const bool there =
      news_.wait_for(lock, patience, [&] { return !(line = line_with(text)).empty() || ended_; });
  if (line.empty()) {
    ADD_FAILURE() << command_ << (there ? "\n  ended without saying " : "\n  did not say in time ") << '"'
                  << text << "\"; it said:\n"
                  << finished_.err;
  }
  return line;
}

std::size_t Program::count_of(std::string_view text) {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (auto at = finished_.err.find(text); at != std::string::npos; at = finished_.err.find(text, at + 1))
    ++count;
  return count;
}

bool Program::ends_within(std::chrono::microseconds time) {
  std::unique_lock lock(mutex_);
  return news_.wait_for(lock, time, [this] { return ended_; });
}

void Program::send(int signal) {
  const std::lock_guard lock(mutex_);
  if (!ended_) ::kill(process_, signal);
}

Finished Program::wait() {
  if (!ends_within(patience)) {
    ADD_FAILURE() << command_ << "\n  did not end in time";
    send(SIGKILL);
  }
  std::unique_lock lock(mutex_);
  news_.wait(lock, [this] { return ended_; });
  return finished_;
}

Finished run(std::vector<std::string> arguments) { return Program(std::move(arguments)).wait(); }

Finished run_with_input(std::vector<std::string> arguments, const std::string& input_file) {
  return Program(std::move(arguments), input_file).wait();
}

std::string output_of(std::vector<std::string> arguments) {
  std::string command;
  for (const std::string& argument : arguments)
    command += " " + argument;
  Finished finished = run(std::move(arguments));
  EXPECT_EQ(finished.exit_code, 0) << "touchline" << command << "\n" << finished.err;
  return std::move(finished.out);
}

Summary::Summary(const std::string& json) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(json).get(object) != simdjson::SUCCESS) {
    ADD_FAILURE() << "no summary: " << json;
    return;
  }
  for (const auto [name, value] : object) {
    std::uint64_t number = 0;
    if (value.get(number) == simdjson::SUCCESS) numbers_[std::string(name)] = number;
  }
}

std::uint64_t Summary::operator[](const std::string& name) const {
  const auto found = numbers_.find(name);
  if (found != numbers_.end()) return found->second;
  ADD_FAILURE() << "the summary has no number " << name;
  return 0;
}

std::string url_in(std::string_view line) {
  const auto colon = line.find("://");
  if (colon == std::string_view::npos) return {};
  const auto space = line.find_last_of(" \"(=", colon);
  const auto at = space == std::string_view::npos ? 0 : space + 1;
  const auto end = line.find_first_of(" \",)", at);
  return std::string(line.substr(at, end == std::string_view::npos ? end : end - at));
}

}  // namespace touchline::integration
