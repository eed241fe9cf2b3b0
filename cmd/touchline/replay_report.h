// What `replay` tells: progress while it runs, a summary at the end.
//
// Progress goes to standard error and only where that is a terminal; refused lines are one line each, the first
// few. The summary goes to standard output. Knows the counts and nothing of how they come about.
#pragma once

#include "cmd/touchline/pipeline.h"
#include "feed/endpoint.h"
#include "feed/player.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace touchline {

class ReplayReport {
 public:
  ReplayReport();

  void listening(const Endpoint& endpoint);
  void taken_up(const std::string& recording, std::uint64_t line);
  void refused(const Rejected& rejected);
  void note(const std::string& text);
  void progress(Pipeline& pipeline, const Player& player);
  enum class End : std::uint8_t { done, stopped, failed };
  void finish(Pipeline& pipeline, const Player& player, End end, bool json);

 private:
  void clear_progress();
  std::string text(Pipeline& pipeline, const Player& player, double seconds) const;
  std::string json(Pipeline& pipeline, const Player& player, double seconds, End end) const;

  bool terminal_;
  bool shown_ = false;
  std::uint64_t refused_ = 0;
  std::uint64_t notes_ = 0;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace touchline
