// A source of timed updates and the lines that bring them, made from a seed.
//
// A story is what the source says, in order: prices that flip to and fro, images, definitions, sections,
// markets that come before their event; several updates share a millisecond and identical bodies recur. Each
// line brings it with a lag of its own, goes down and comes back, and starts again further back. Knows no
// arbiter: what is to hold is the test's to say. Helpers of tests only.
#pragma once

#include "core/update.h"
#include "tests/core/random_fixture.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace touchline::test {

// How the source names things: markets alone, or events and their markets.
enum class Naming : std::uint8_t { markets, events };

struct StoryOptions {
  Naming naming = Naming::markets;
  std::size_t updates = 80;
};

std::vector<Update> random_story(Random& random, const StoryOptions& options);

// One thing that a line does next: bring an update, or be connected anew.
struct Step {
  enum class Kind : std::uint8_t { bring, reconnect };
  Kind kind = Kind::bring;
  std::size_t update = 0;
};
using LineSteps = std::vector<Step>;

// Where lines may go down and come back. They always break off anywhere, and every update is brought by one.
enum class Outages : std::uint8_t { none, between_times, anywhere };
enum class Restarts : std::uint8_t { none, some };

std::vector<LineSteps> random_lines(Random& random, const std::vector<Update>& story, std::size_t count,
                                    Outages outages, Restarts restarts);

// Whose turn it is: each line's number as often as it has steps, each now fast, now slow, now stuck.
std::vector<std::size_t> random_turns(Random& random, const std::vector<LineSteps>& lines);

}  // namespace touchline::test
