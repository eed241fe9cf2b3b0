#include "cmd/touchline/commands.h"

#include <array>
#include <csignal>
#include <cstdio>

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

int run(int argc, char** argv) {
  CLI::App app{"Touchline: an origin-side live betting feed publisher"};
  app.name("touchline");
  app.set_version_flag("--version", std::string("touchline ") + TOUCHLINE_VERSION);
  app.require_subcommand(1);
  app.footer("Exit codes: 0 done, 1 a finding, 2 wrong usage or unusable input, 3 disk, port or peer.");
  const std::array commands{add_serve(app),   add_replay(app),   add_tail(app),
                            add_inspect(app), add_export(app),   add_diff(app),
                            add_verify(app),  add_simulate(app), add_bench(app)};
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
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of the write, not the end of the process
  return touchline::run(argc, argv);
}
