// Setting up the service's log: text for people, JSON lines for machines, to standard error.
//
// Knows spdlog and nothing of what is logged. Called once, before anything is logged.
// The level's names are spdlog's.
#pragma once

#include <string>

namespace touchline {

void set_up_log(const std::string& format, const std::string& level);

}  // namespace touchline
