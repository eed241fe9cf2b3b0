// The peers beside which Touchline is measured: NATS JetStream and Redis streams, through their C clients.
//
//   touchline_peers nats|redis publish|latency PORT FILE [RATE SUBSCRIBERS]
//
// scripts/bench starts the servers and runs this. Prints one JSON object.

#include "tests/bench/peers.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace touchline::peers {

void fail(const std::string& what) {
  std::fprintf(stderr, "touchline_peers: %s\n", what.c_str());
  std::exit(3);  // NOLINT(concurrency-mt-unsafe)
}

std::string stamped(std::int64_t due_ns, const std::string& line) {
  std::string message = std::to_string(due_ns);
  message.insert(0, due_digits - message.size(), '0');
  return message + line;
}

std::int64_t due_in(const char* message, std::size_t size) {
  if (size < due_digits) return 0;
  return std::strtoll(std::string(message, due_digits).c_str(), nullptr, 10);
}

namespace {

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 4) {
    std::fprintf(stderr, "usage: touchline_peers nats|redis publish|latency PORT FILE [RATE SUBSCRIBERS]\n");
    return 2;
  }
  Task task;
  task.port = std::atoi(arguments[2].c_str());
  std::ifstream in(arguments[3]);
  for (std::string line; std::getline(in, line);)
    task.lines.push_back(line);
  if (task.lines.empty()) fail(arguments[3] + ": no lines");
  if (arguments.size() > 4) task.rate = std::atof(arguments[4].c_str());
  if (arguments.size() > 5) task.subscribers = std::atoi(arguments[5].c_str());
  const bool nats = arguments[0] == "nats";
  if (arguments[1] == "publish") {
    const Published published = nats ? publish_to_nats(task) : publish_to_redis(task);
    std::printf("{\"peer\":\"%s\",\"messages\":%zu,\"messages_per_s\":%.0f}\n", arguments[0].c_str(),
                published.messages, static_cast<double>(published.messages) / published.seconds);
  } else {
    const Latencies latencies = nats ? latency_of_nats(task) : latency_of_redis(task);
    std::printf(
        "{\"peer\":\"%s\",\"received\":%llu,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,"
        "\"max_ms\":%.3f}\n",
        arguments[0].c_str(), static_cast<unsigned long long>(latencies.count()),
        latencies.percentile_ms(0.5), latencies.percentile_ms(0.99), latencies.percentile_ms(0.999),
        latencies.max_ms());
  }
  return 0;
}

}  // namespace
}  // namespace touchline::peers

int main(int count, char** arguments) {
  return touchline::peers::run(std::vector<std::string>(arguments + 1, arguments + count));
}
