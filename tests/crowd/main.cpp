// `touchline_crowd`: how a match day reaches a crowd of web clients on this machine. scripts/crowd runs it.

#include "tests/crowd/clients_process.h"
#include "tests/crowd/crowd_run.h"
#include "tests/crowd/slow_line.h"

#include <CLI/CLI.hpp>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

namespace touchline::crowd {
namespace {

struct Options {
  CrowdRunOptions run;
  WebCrowdOptions clients;
  SlowLineOptions line;
  std::string url;
  bool json = false;
};

CLI::App* add_run(CLI::App& app, Options& options) {
  CrowdRunOptions& run = options.run;
  CLI::App* command = app.add_subcommand("run", "An origin, relays and a crowd of web clients");
  command->add_option("--clients", run.clients, "Web clients, each of one event")
      ->check(CLI::Range(1, 2'000'000))
      ->capture_default_str();
  command->add_option("--relays", run.relays, "Relays (as few as have descriptors for the clients)")
      ->check(CLI::Range(1, 120));
  command->add_option("--seconds", run.seconds, "In which the day is played")
      ->check(CLI::Range(1.0, 86'400.0))
      ->capture_default_str();
  command->add_option("--events", run.events, "Matches")->check(CLI::Range(1, 1'000))->capture_default_str();
  command->add_option("--rate", run.rate, "Updates a second (what two cores can be expected to carry)");
  command->add_option("--arrive-ms", run.arrive_ms,
                      "In which the clients come (4,000 a second at each relay)");
  command->add_flag(
      "--kick-off", run.kick_off,
      "A tenth of the clients is there; the others come within --arrive-ms a third into the day");
  command->add_option("--seed", run.seed, "Another seed, another day")->capture_default_str();
  command->add_option("--folder", run.folder, "Where the store is made, and removed again")
      ->capture_default_str();
  command->add_flag("--json", options.json, "One JSON object");
  command->add_option("--program", run.program, "touchline, to be measured (the one beside this one)");
  command->add_option("--relay-option", run.relay_options, "An option more for the relays, as --NAME=VALUE");
  command->add_option("--origin-host", run.origin_host, "The origin's address, where relays are elsewhere");
  command->add_option("--edge-prefix", run.edge_prefix, "What is put in front of the commands at the edge");
  command->add_option("--line", run.line, "The process of the `line` in between, for --outage-s");
  command->add_option("--outage-s", run.outage_s, "How long it is cut, from a third of the day on");
  return command;
}

CLI::App* add_clients(CLI::App& app, Options& options) {
  WebCrowdOptions& clients = options.clients;
  CLI::App* command = app.add_subcommand("clients", "One process of the crowd, as `run` starts it");
  command->add_option("--url", options.url, "http://A.B.C.D:PORT")->required();
  command->add_option("--clients", clients.clients, "How many")->required();
  command->add_option("--event", clients.events, "An event to follow")->required();
  command->add_option("--arrive-ms", clients.arrive_ms, "In which they come");
  command->add_option("--address-from", clients.address_from, "The second byte of their own addresses");
  return command;
}

CLI::App* add_line(CLI::App& app, Options& options) {
  SlowLineOptions& line = options.line;
  CLI::App* command = app.add_subcommand("line", "A long line to another network namespace");
  command->add_option("--device", line.device, "Its name at both ends")->capture_default_str();
  command->add_option("--far-end", line.far_end, "The other namespace, as /run/netns/NAME")->required();
  command->add_option("--delay-ms", line.delay_ms, "Each way")->capture_default_str();
  command->add_option("--loss", line.loss, "Of all packets")->capture_default_str();
  command->add_option("--seed", line.seed, "Which ones")->capture_default_str();
  return command;
}

bool split_url(const std::string& url, WebCrowdOptions& to) {
  const auto begin = url.find("://");
  const auto colon = url.rfind(':');
  if (begin == std::string::npos || colon <= begin) return false;
  to.host = url.substr(begin + 3, colon - begin - 3);
  return std::from_chars(url.data() + colon + 1, url.data() + url.size(), to.port).ec == std::errc();
}

// 0: as it should be; 1: something was lost or is wrong.
int run(Options& options, const std::string& self) {
  options.run.self = std::filesystem::absolute(self).string();
  if (options.run.program.empty())
    options.run.program = std::filesystem::path(options.run.self).replace_filename("touchline").string();
  options.run.folder += "/touchline-crowd-" + std::to_string(::getpid());
  std::filesystem::create_directories(options.run.folder);
  int code = 0;
  try {
    const Report report = CrowdRun(options.run).run();
    std::fprintf(options.json ? stderr : stdout, "%s", table_of(report).c_str());
    if (options.json) std::printf("%s", json_of(report).c_str());
    code = report.messages_lost == 0 && report.digest_mismatches == 0 && report.faults.empty() ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    code = 3;
  }
  std::filesystem::remove_all(options.run.folder);
  return code;
}

}  // namespace
}  // namespace touchline::crowd

int main(int count, char** arguments) {
  std::signal(SIGPIPE, SIG_IGN);
  touchline::crowd::Options options;
  CLI::App app("A match day in front of a crowd");
  app.require_subcommand(1);
  CLI::App* run = add_run(app, options);
  CLI::App* clients = add_clients(app, options);
  CLI::App* line = add_line(app, options);
  CLI11_PARSE(app, count, arguments);
  if (run->parsed()) return touchline::crowd::run(options, arguments[0]);
  if (line->parsed()) return touchline::crowd::run_slow_line(options.line);
  if (!clients->parsed() || !touchline::crowd::split_url(options.url, options.clients)) return 2;
  return touchline::crowd::run_clients(options.clients);
}
