// An origin for measurements: a store, the whole pipeline, a port on loopback, and a made-up feed that goes
// through it.
//
// The real parts, wired as `serve` wires them. Knows what is to be taken and when, and nothing of who reads it.
// Loop thread.
#pragma once

#include "cmd/touchline/bench_feed.h"
#include "cmd/touchline/pipeline.h"
#include "feed/endpoint.h"
#include "feed/tcp_server.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace touchline {

class BenchOrigin {
 public:
  BenchOrigin(Loop& loop, BenchFeed& feed) : loop_(loop), feed_(feed) {}

  Result<void> open(const std::string& store, Durability durability);
  Result<void> close();  // and may be opened again

  // Takes so many updates as fast as they are committed, then calls `done`.
  void fill(std::size_t updates, std::function<void()> done);
  // Takes what is due, a turn every so often, until nothing is left and all of it is published; then calls `done`.
  void run(std::chrono::microseconds turn, std::function<void()> done);
  // As soon as the condition holds; it is looked at every millisecond.
  void when(std::function<bool()> condition, std::function<void()> work);
  void fail(const Error& error);

  const Endpoint& endpoint() const { return endpoint_; }
  Pipeline& pipeline() { return *pipeline_; }
  Offset head() { return pipeline_->origin().head(); }
  const std::optional<Error>& failure() const { return failure_; }

 private:
  Loop& loop_;
  BenchFeed& feed_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<TcpServer> server_;
  Endpoint endpoint_;
  LineRef line_{};
  std::optional<Error> failure_;
};

// Of this process, in bytes; 0 where the system does not say.
std::uint64_t resident_bytes();
// What all threads of this process have used, in seconds.
double cpu_seconds();

}  // namespace touchline
