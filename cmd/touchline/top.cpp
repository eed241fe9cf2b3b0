// `touchline top`: what a service does, as its admin port says, again and again.

#include "cmd/touchline/arguments.h"
#include "cmd/touchline/commands.h"
#include "cmd/touchline/http_client.h"
#include "cmd/touchline/top_page.h"
#include "core/time_text.h"
#include "feed/clock.h"

#include <cmath>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

namespace touchline {
namespace {

struct TopOptions {
  std::string url;
  double interval_s = 2;
  std::uint64_t count = 0;  // 0: until it is stopped
};

Result<TopAnswers> ask(const Endpoint& endpoint) {
  TopAnswers answers;
  answers.at_s = static_cast<double>(steady_ms()) / 1'000;
  const std::pair<const char*, std::string*> pages[] = {
      {"/readyz", &answers.ready},      {"/version", &answers.version}, {"/sources", &answers.sources},
      {"/sessions", &answers.sessions}, {"/events", &answers.events},   {"/metrics", &answers.metrics},
  };
  for (const auto& [path, body] : pages) {
    auto answer = http_get(endpoint, path);
    if (!answer) return answer.error();
    *body = std::move(answer->body);
  }
  return answers;
}

// Drawn over what was there; cut at the screen's edge by the terminal itself.
Result<void> draw(const TopAnswers& now, const TopAnswers* before) {
  winsize size{};
  const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1;
  const auto lines = top_lines(now, before, known ? size.ws_row - 1U : 23U);
  if (!lines) return lines.error();
  std::string screen = "\033[?7l\033[H";
  for (const std::string& line : *lines)
    screen += line + "\033[K\n";
  screen += "\033[J\033[?7h";
  std::fputs(screen.c_str(), stdout);
  std::fflush(stdout);
  return {};
}

// SIGINT and SIGTERM end it cleanly: they are waited for in place of sleeping.
class StopSignals {
 public:
  StopSignals() {
    ::sigemptyset(&set_);
    ::sigaddset(&set_, SIGINT);
    ::sigaddset(&set_, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  // Whether one came within so long.
  bool came_within(double seconds) const {
    const double whole = std::floor(seconds);
    const timespec time{static_cast<std::time_t>(whole), static_cast<long>((seconds - whole) * 1e9)};
    return ::sigtimedwait(&set_, nullptr, &time) > 0;
  }

 private:
  sigset_t set_{};
};

int run_top(const TopOptions& options) {
  const auto endpoint = parse_admin_endpoint(options.url);
  if (!endpoint) return complain(endpoint.error());
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  const StopSignals signals;
  std::optional<TopAnswers> before;
  for (std::uint64_t shown = 0; options.count == 0 || shown < options.count; ++shown) {
    if (shown != 0 && signals.came_within(options.interval_s)) break;
    auto now = ask(*endpoint);
    if (!now) return complain(now.error());
    if (terminal) {
      if (const auto drawn = draw(*now, before ? &*before : nullptr); !drawn) return complain(drawn.error());
    } else {
      const auto line = top_line(*now, before ? &*before : nullptr);
      if (!line) return complain(line.error());
      if (const int code = print(time_text(wall_ms()) + "  " + *line + "\n"); code != exit_done) return code;
    }
    before = std::move(*now);
  }
  return exit_done;
}

}  // namespace

Command add_top(CLI::App& parent) {
  auto options = std::make_shared<TopOptions>();
  CLI::App* app = parent.add_subcommand("top", "Watch a service by its admin port");
  app->add_option("URL", options->url,
                  "What --admin of the service says: http://HOST:PORT, or a PORT of this machine")
      ->required();
  app->add_option("--interval-s", options->interval_s, "From one look to the next")
      ->check(CLI::Range(0.1, 3'600.0))
      ->capture_default_str();
  app->add_option("--count", options->count, "End after so many looks")->check(CLI::PositiveNumber);
  app->footer(
      "On a terminal: rates, sources, readers and events, drawn over in place. Elsewhere a line each time.\n"
      "Ends with exit code 3 when the service does not answer.\n"
      "Examples:\n"
      "  touchline top http://127.0.0.1:7480\n"
      "  touchline top http://127.0.0.1:7480 --count 3 --interval-s 0.5");
  return {app, [options] { return run_top(*options); }};
}

}  // namespace touchline
