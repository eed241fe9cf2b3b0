// The program's commands: each registers itself with the argument parser and says how it runs.
//
// One file a command. A command validates everything before it opens anything, writes its result to standard
// output and what it has to say about it to standard error, and returns one of the exit codes below.
#pragma once

#include "core/result.h"

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <vector>

namespace touchline {

inline constexpr int exit_done = 0;
inline constexpr int exit_finding = 1;      // verify found a fault, diff a difference, replay refused lines
inline constexpr int exit_usage = 2;        // wrong usage or unusable input
inline constexpr int exit_environment = 3;  // disk, port, peer

struct Command {
  CLI::App* app = nullptr;
  std::function<int()> run;
};

// With the arguments of the program, which it may have to read again.
Command add_serve(CLI::App& parent, std::vector<std::string> arguments);
Command add_replay(CLI::App& parent);
Command add_tail(CLI::App& parent);
Command add_relay(CLI::App& parent);
Command add_top(CLI::App& parent);
Command add_inspect(CLI::App& parent);
Command add_export(CLI::App& parent);
Command add_diff(CLI::App& parent);
Command add_trace(CLI::App& parent);
Command add_verify(CLI::App& parent);
Command add_archive(CLI::App& parent);
Command add_simulate(CLI::App& parent);
Command add_token(CLI::App& parent);
Command add_train(CLI::App& parent);
Command add_bench(CLI::App& parent);

int exit_code_of(ErrorKind kind);

// Prints "touchline: TEXT" to standard error and returns the exit code that fits.
int complain(const Error& error);

}  // namespace touchline
