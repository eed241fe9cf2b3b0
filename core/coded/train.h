// Learning the prior of the codec `coded` from recordings.
//
// A trace is what was asked and answered while a recording was written as groups of updates; it does not depend on
// any prior. From traces comes the prior that would have written them in the fewest bits, slots and vocabulary.
// Knows no file and no recording: deltas go in. Used by `touchline train` and by no running service.
#pragma once

#include "core/coded/coded.h"
#include "core/coded/prior.h"
#include "core/coded/streams.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace touchline::coded {

class Trace {
 public:
  // The event's next delta. `after` is its state behind it.
  void add(EventHandle event, const EventState& after, const Delta& delta,
           std::int64_t source_time_before_ms);

  struct Answer {
    std::uint16_t slot = 0;
    bool one = false;
  };
  struct Group {
    std::uint32_t updates = 0;
    std::vector<Answer> answers;
  };
  const std::vector<Group>& groups() const { return groups_; }
  std::uint64_t updates() const { return updates_; }
  // Texts that were set, in the order of first appearance, and in how many events each was.
  struct Said {
    CommonText text;
    std::set<std::uint32_t> events;
  };
  const std::vector<Said>& texts() const { return texts_; }

 private:
  std::vector<Group> groups_;
  std::uint64_t updates_ = 0;
  std::vector<Said> texts_;
  std::map<std::pair<std::uint32_t, std::string>, std::size_t> text_places_;
  struct Open {
    Model model;
    std::size_t group = 0;
  };
  std::unordered_map<EventHandle, Open> open_;
};

// The texts of a list of words: PROTOCOL.md does not know them, only the vocabulary that comes of them.
Result<std::vector<CommonText>> read_words(std::string_view lines);

PriorTable train(const std::vector<const Trace*>& traces, const std::vector<CommonText>& words);

}  // namespace touchline::coded
