// Follows the sampled deltas of a publisher: from the source's own time and from their arrival, over the wait for the
// journal and the commit, to the moment when readers may see them.
//
// Told of each moment as DeliveryTimes is; makes spans of it when the commit is done. A delta is looked at by its
// position alone, so that one that is not sampled costs a few instructions. Bounded by what may wait for a commit. Knows
// no collector. Loop thread.
#pragma once

#include "core/ids.h"
#include "feed/trace/span.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace touchline {

class DeltaTracer {
 public:
  using Give = std::function<void(Span)>;

  DeltaTracer(Epoch epoch, std::uint32_t every, Give give)
      : epoch_(epoch), every_(every), give_(std::move(give)) {}

  std::function<std::string(SourceId)> source_name;

  bool wants(Offset offset) const { return is_traced({epoch_, offset}, every_); }

  struct Taken {
    Offset offset;
    std::string event;
    SourceId source;
    std::int64_t source_time_ms = 0;  // 0: it gave none
    std::int64_t at_us = 0;
  };
  void took(Taken taken) {
    if (gathering_.size() < waiting_max) gathering_.push_back(std::move(taken));
  }
  // What was taken so far is in the batch that the journal is given now.
  void handed_over(std::int64_t now_us);
  // That batch is on disk.
  void committed(std::int64_t now_us);

 private:
  static constexpr std::size_t waiting_max = 1'024;

  void give_spans(const Taken& taken, std::int64_t committed_us);

  Epoch epoch_;
  std::uint32_t every_;
  Give give_;
  std::vector<Taken> gathering_;
  std::vector<Taken> under_way_;
  std::int64_t handed_over_us_ = 0;
};

}  // namespace touchline
