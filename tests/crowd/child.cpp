#include "tests/crowd/child.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace touchline::crowd {
namespace {

constexpr std::size_t last_words_bytes = 2'000;

std::array<int, 2> pipe_ends() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  return ends;
}

}  // namespace

Child::Child(std::vector<std::string> arguments, std::function<void(std::string_view)> take)
    : take_(std::move(take)) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
    command_ += (command_.empty() ? "" : " ") + argument;
  }
  argv.push_back(nullptr);
  const auto in = pipe_ends();
  const auto out = pipe_ends();
  process_ = ::fork();
  if (process_ < 0) throw std::runtime_error("cannot fork");
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(in[0], STDIN_FILENO);
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(out[1], STDERR_FILENO);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  in_ = in[1];
  out_ = out[0];
  ::fcntl(out_, F_SETFL, O_NONBLOCK);
}

Child::~Child() {
  send(SIGKILL);
  wait();
  ::close(in_);
  ::close(out_);
}

bool Child::read() {
  std::array<char, 65'536> bytes{};
  while (true) {
    const ssize_t got = ::read(out_, bytes.data(), bytes.size());
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    part_.append(bytes.data(), static_cast<std::size_t>(got));
    std::size_t at = 0;
    for (auto end = part_.find('\n'); end != std::string::npos; end = part_.find('\n', at)) {
      const std::string_view line = std::string_view(part_).substr(at, end - at);
      last_words_.append(line.substr(0, last_words_bytes / 4)).append("\n");
      take_(line);
      at = end + 1;
    }
    part_.erase(0, at);
    if (last_words_.size() > last_words_bytes) last_words_.erase(0, last_words_.size() - last_words_bytes);
  }
}

void Child::write(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t sent = ::write(in_, text.data(), text.size());
    if (sent < 0 && errno != EINTR) throw std::runtime_error(command_ + " has ended");
    if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void Child::send(int signal) const {
  if (!ended_) ::kill(process_, signal);
}

void Child::wait() {
  if (std::exchange(ended_, true)) return;
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::int64_t Child::resident_bytes() const {
  std::ifstream file("/proc/" + std::to_string(process_) + "/statm");
  std::int64_t size = 0;
  std::int64_t resident = 0;
  file >> size >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

double Child::cpu_seconds() const {
  std::ifstream file("/proc/" + std::to_string(process_) + "/stat");
  std::string text;
  std::getline(file, text);
  // Behind the name, which may hold anything: eleven fields, then the two times.
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i)
    fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace touchline::crowd
