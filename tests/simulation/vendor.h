// What the sources of a simulated run say, and what is true when they have said it all.
//
// Every message is made up at the start, so that lines can repeat, lag and start over, and so that the truth is
// known without the code that is tried. Knows updates and nothing of what becomes of them.
#pragma once

#include "core/event_state.h"
#include "core/update.h"
#include "tests/core/random_fixture.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace touchline::simulation {

class Vendor {
 public:
  // ending: numbered, and its events are over again and again; what was said before they are forgotten may be gone.
  enum class Kind { timed, numbered, ending };

  Vendor(test::Random& random, Kind kind, std::string prefix, std::size_t messages);

  std::size_t size() const { return messages_.size(); }
  Update message(std::size_t index) const { return messages_[index]; }
  Kind kind() const { return kind_; }
  bool has_numbers() const { return kind_ != Kind::timed; }

  // What is not as it should be in the end; empty: nothing.
  std::string fault_in(const std::map<std::string, const EventState*>& states) const;

 private:
  Kind kind_;
  std::vector<Update> messages_;
  std::map<std::string, std::map<std::string, std::int64_t>> truth_;  // event -> cell -> value
};

}  // namespace touchline::simulation
