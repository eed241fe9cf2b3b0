// `touchline token`: a new token for a relay, and the line of it for the service.

#include "cmd/touchline/arguments.h"
#include "cmd/touchline/commands.h"
#include "feed/relay_tokens.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace touchline {
namespace {

struct TokenOptions {
  std::string name;
  std::string file;
};

// For its owner alone, and never over another one.
Result<void> keep(const std::string& token, const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const std::string text = token + "\n";
  const bool written =
      file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const std::string why = std::strerror(errno);
  const bool closed = file < 0 || ::close(file) == 0;
  if (!written || !closed) return Error{ErrorKind::environment, path + ": cannot be written: " + why, 0};
  return {};
}

int run_token(const TokenOptions& options) {
  if (const std::string complaint = complaint_about_name(options.name); !complaint.empty())
    return complain({ErrorKind::usage, complaint, 0});
  const std::string token = new_token();
  const std::string line = line_of_token(options.name, token) + "\n";
  if (options.file.empty()) return print(token + "\n" + line);
  if (const auto kept = keep(token, options.file); !kept) return complain(kept.error());
  return print(line);
}

}  // namespace

Command add_token(CLI::App& parent) {
  auto options = std::make_shared<TokenOptions>();
  CLI::App* app = parent.add_subcommand("token", "Make a token for a relay");
  app->add_option("NAME", options->name, "What the relay is to be called in the service's log")->required();
  app->add_option("--token-file", options->file, "Write the token there instead, for its owner alone");
  app->footer(
      "Prints the token, which only the relay is to know, and the line for the file of `serve --tokens`, "
      "from which\n"
      "nobody can tell the token.\n"
      "Examples:\n"
      "  touchline token edge-1\n"
      "  touchline token edge-2 --token-file edge-2.token >> relays.tokens");
  return {app, [options] { return run_token(*options); }};
}

}  // namespace touchline
