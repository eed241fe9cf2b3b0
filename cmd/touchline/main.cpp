#include "cmd/touchline/commands.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace touchline {

int exit_code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::environment:
      return exit_environment;
    case ErrorKind::mismatch:
      return exit_finding;
    case ErrorKind::malformed:
    case ErrorKind::unsupported:
    case ErrorKind::limit:
    case ErrorKind::not_found:
    case ErrorKind::usage:
      return exit_usage;
  }
  return exit_usage;
}

int complain(const Error& error) {
  std::fprintf(stderr, "touchline: %s\n", error.text.c_str());
  return exit_code_of(error.kind);
}

namespace {

// How many letters to put in, take out or change to make one word of another.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

// The parser says of a mistyped command only that one is missing.
std::optional<Error> complain_about_command(std::string_view typed, std::span<const Command> commands) {
  if (typed.empty() || typed.starts_with('-')) return std::nullopt;
  std::string_view closest;
  std::size_t least = 3;  // further away it is another word
  std::string names;
  for (const Command& command : commands) {
    const std::string& name = command.app->get_name();
    if (typed == name) return std::nullopt;
    names += (names.empty() ? "" : ", ") + name;
    if (const std::size_t d = distance(typed, name); d < least) {
      least = d;
      closest = name;
    }
  }
  const std::string hint =
      closest.empty() ? "there are " + names : "did you mean \"" + std::string(closest) + "\"?";
  return Error{ErrorKind::usage, "no command \"" + std::string(typed) + "\"; " + hint, 0};
}

int run(int argc, char** argv) {
  CLI::App app{"Touchline: an origin-side live betting feed publisher"};
  app.name("touchline");
  app.set_version_flag("--version", std::string("touchline ") + TOUCHLINE_VERSION);
  app.require_subcommand(1);
  app.footer("Exit codes: 0 done, 1 a finding, 2 wrong usage or unusable input, 3 disk, port or peer.");
  const std::array commands{add_serve(app, {argv + 1, argv + argc}),
                            add_replay(app),
                            add_tail(app),
                            add_relay(app),
                            add_top(app),
                            add_inspect(app),
                            add_export(app),
                            add_diff(app),
                            add_trace(app),
                            add_verify(app),
                            add_archive(app),
                            add_simulate(app),
                            add_token(app),
                            add_train(app),
                            add_bench(app)};
  if (argc > 1) {
    if (const auto mistyped = complain_about_command(argv[1], commands)) return complain(*mistyped);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? exit_done : exit_usage;
  }
  for (const Command& command : commands) {
    if (command.app->parsed()) return command.run();
  }
  return exit_usage;
}

}  // namespace
}  // namespace touchline

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // so is a file that may not grow
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of the write, not the end of the process
  return touchline::run(argc, argv);
}
