// What one slow reader has yet to be given, with its prices conflated to the latest.
//
// Deltas are taken in as they are published. Price deltas of an event that follow each other become one merged
// delta; a critical one stays as it is, and within an event the order stands. The frame that is made of it in
// the end gives events that have something critical first; where nothing could be merged, all comes in its order,
// so that who takes such a frame for an ordinary one is right. Knows no socket, no log and no filter. Loop thread.
#pragma once

#include "core/batch.h"
#include "core/delta.h"
#include "core/ids.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace touchline {

class Conflation {
 public:
  explicit Conflation(Offset start) : start_(start), until_(start) {}

  // The next delta, with its block as everybody else gets it.
  void add(const KeptDelta& kept, std::string_view block);
  void skip() {
    ++skipped_;
    until_ = until_.next();
    if (merged_ == 0) order_.push_back(skipped);
  }

  Offset start() const { return start_; }  // the position in front of it
  Offset until() const { return until_; }  // and behind it
  bool empty() const { return start_ == until_; }
  std::size_t bytes() const { return bytes_; }  // about
  std::uint64_t critical() const { return critical_; }
  std::uint64_t merged() const { return merged_; }  // deltas that went into another

  // All of it as the body of one deltas frame, for a connection with or without coded updates.
  std::string body(bool coded) const;

 private:
  struct Segment {
    Delta delta;
    std::string block;  // of a delta that stands alone
    std::int64_t source_time_before_ms = 0;
    std::size_t bytes = 0;
  };
  struct Pending {
    EventHandle event;
    bool critical = false;
    std::vector<Segment> segments;
  };

  static constexpr std::size_t skipped = static_cast<std::size_t>(-1);

  std::string body_in_order(bool coded) const;

  Offset start_;
  Offset until_;
  std::uint64_t skipped_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t critical_ = 0;
  std::uint64_t merged_ = 0;
  std::vector<Pending> pending_;  // in the order in which the events came up
  std::unordered_map<EventHandle, std::size_t> places_;
  std::vector<std::size_t> order_;  // as long as nothing was merged: of each delta, its event in `pending_`
};

}  // namespace touchline
