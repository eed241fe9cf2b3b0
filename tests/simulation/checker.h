// The judge of a simulated run: what must hold, whatever happened. It knows what was committed and what every
// relay was shown, decodes for itself, and shares nothing with those that it judges but the codec.
#pragma once

#include "core/batch.h"
#include "core/delta.h"
#include "core/event_state.h"
#include "core/ids.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace touchline::simulation {

class Checker {
 public:
  // Whether anything may be seen before its commit.
  explicit Checker(bool relaxed) : relaxed_(relaxed) {}

  // The disk said that the batch is safe.
  void committed(Epoch epoch, const Batch& batch);
  // The publisher died; what it goes on from is what was committed.
  void restarted(Epoch epoch, Offset head);

  // What a relay was shown.
  void saw_keyframe(Epoch epoch, EventHandle event, const EventState& state, Offset offset);
  void saw_delta(Epoch epoch, EventHandle event, const EventState& state, const Delta& delta, Offset offset);

  void require(bool holds, const std::string& what) {
    if (!holds && faults_.size() < 5) faults_.push_back(what);
  }
  const std::vector<std::string>& faults() const { return faults_; }
  std::uint64_t observations() const { return observations_; }
  std::uint64_t merged() const { return merged_; }

 private:
  using Place = std::tuple<std::uint64_t, std::uint32_t, std::uint64_t>;  // epoch, event, seq

  void look(Epoch epoch, EventHandle event, const EventState& state, const char* who);

  bool relaxed_;
  std::uint64_t restarts_ = 0;
  Offset durable_{};
  std::map<EventHandle, EventState> states_;  // as committed
  std::map<Place, std::uint64_t> digests_;
  std::set<Place> critical_;
  std::uint64_t observations_ = 0;
  std::uint64_t merged_ = 0;
  std::vector<std::string> faults_;
};

}  // namespace touchline::simulation
