// Nothing lost, doubled or reverted: what several lines of one source bring ends where the source itself
// ended, and on the way no cell ever goes back to an older value.

#include "core/origin.h"
#include "tests/core/line_simulation.h"
#include "tests/core/update_fixture.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace touchline {
namespace {

using test::LineSteps;
using test::Naming;
using test::Outages;
using test::Random;
using test::Restarts;
using test::Step;

constexpr int seeds = 80;

using Cells = std::map<std::string, std::string>;

// Everything that the origin's events say. Names that nothing is said of are left out: which market or runner
// was ever heard of in which event depends on who brought what first.
Cells cells_of(const Origin& origin) {
  Cells cells;
  for (const auto& event : origin.table().events()) {
    for (auto& [name, value] : test::named_cells(event->state)) {
      const bool names = name == "id" || name.ends_with("/id") || name.ends_with("/handicap");
      if (!names) cells.emplace(event->id + "|" + name, value);
    }
  }
  return cells;
}

// The same by market alone: one that finds its event late keeps its cells.
Cells by_market(const Cells& cells) {
  Cells moved;
  for (const auto& [name, value] : cells) {
    const std::size_t bar = name.find('|');
    moved.emplace(
        name.find('/', bar) == std::string::npos || name[bar + 1] != 'm' ? name : name.substr(bar + 1),
        value);
  }
  return moved;
}

std::string at(const Cells& cells, const std::string& name) {
  const auto found = cells.find(name);
  return found == cells.end() ? "nothing" : found->second;
}

struct Taking {
  Origin origin;
  std::vector<LineRef> lines;
  std::string items;

  explicit Taking(std::size_t line_count) {
    const SourceId source = origin.add_source();
    for (std::size_t i = 0; i < line_count; ++i)
      lines.push_back(origin.add_line(source));
  }

  Origin::Outcome take(std::size_t line, Update update) {
    const auto outcome = origin.take(lines[line], update, 5'000);
    EXPECT_TRUE(outcome) << outcome.error().text;
    items += origin.take_batch().items;
    return *outcome;
  }
};

// What the source's cells held behind each of its updates.
std::vector<Cells> told_alone(const std::vector<Update>& story, std::string* items = nullptr) {
  Taking alone(1);
  std::vector<Cells> truth;
  for (const Update& update : story) {
    alone.take(0, update);
    truth.push_back(cells_of(alone.origin));
  }
  if (items != nullptr) *items = alone.items;
  return truth;
}

// Which of the source's updates each cell's value comes from; it may only grow.
class Watch {
 public:
  explicit Watch(const std::vector<Cells>& truth) : truth_(truth) {}

  // `index`: of the update that was brought when the cells became these.
  testing::AssertionResult see(std::size_t index, Cells now) {
    Cells all = now;
    all.insert(before_.begin(), before_.end());
    for (const auto& [name, ignored] : all) {
      if (at(now, name) == at(before_, name)) continue;
      const auto from = from_.find(name);
      if (from != from_.end() && from->second > index) {
        return testing::AssertionFailure()
               << name << " went from " << at(before_, name) << " of update " << from->second << " to "
               << at(now, name) << " of update " << index;
      }
    }
    // Whatever is as this update left it is from this update, at least.
    for (const auto& [name, ignored] : truth_[index])
      note(index, name, now);
    for (const auto& [name, ignored] : before_)
      note(index, name, now);
    before_ = std::move(now);
    return testing::AssertionSuccess();
  }

 private:
  void note(std::size_t index, const std::string& name, const Cells& now) {
    if (index == 0 || at(truth_[index], name) == at(truth_[index - 1], name)) return;
    if (at(now, name) == at(truth_[index], name)) from_[name] = std::max(from_[name], index);
  }

  const std::vector<Cells>& truth_;
  Cells before_;
  std::map<std::string, std::size_t> from_;
};

testing::AssertionResult same(const Cells& left, const Cells& right) {
  for (const auto& [name, value] : left) {
    if (at(right, name) != value)
      return testing::AssertionFailure() << name << ": " << value << " against " << at(right, name);
  }
  for (const auto& [name, value] : right) {
    if (!left.contains(name)) return testing::AssertionFailure() << name << ": nothing against " << value;
  }
  return testing::AssertionSuccess();
}

testing::AssertionResult holds(std::uint64_t seed, Naming naming, std::size_t count, Outages outages) {
  Random random(seed);
  const auto story = test::random_story(random, {naming, 40 + random.below(60)});
  const auto truth = told_alone(story);
  const auto lines = test::random_lines(random, story, count, outages,
                                        outages == Outages::anywhere ? Restarts::none : Restarts::some);
  Taking run(count);
  // Where markets are named alone, each has one name only.
  const auto watched = [&](const Cells& cells) {
    return naming == Naming::markets ? by_market(cells) : cells;
  };
  std::vector<Cells> watched_truth;
  for (const Cells& cells : truth)
    watched_truth.push_back(watched(cells));
  Watch watch(watched_truth);
  std::vector<std::size_t> next(count, 0);
  for (const std::size_t line : test::random_turns(random, lines)) {
    const Step step = lines[line][next[line]++];
    if (step.kind == Step::Kind::reconnect) {
      run.origin.restart_line(run.lines[line]);
      continue;
    }
    if (run.take(line, story[step.update]) != Origin::Outcome::changed) continue;
    if (const auto seen = watch.see(step.update, watched(cells_of(run.origin))); !seen) return seen;
  }
  return same(truth.back(), cells_of(run.origin));
}

class Lines : public testing::TestWithParam<std::tuple<Naming, std::size_t>> {};

TEST_P(Lines, LoseDoubleAndRevertNothing) {
  const auto [naming, count] = GetParam();
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    EXPECT_TRUE(holds(seed, naming, count, Outages::between_times)) << "seed " << seed;
  }
}

TEST_P(Lines, MayComeBackInTheMiddleOfAMillisecond) {
  const auto [naming, count] = GetParam();
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    EXPECT_TRUE(holds(seed, naming, count, Outages::anywhere)) << "seed " << seed;
  }
}

TEST_P(Lines, ThatAllBringEverythingGiveTheBytesOfOne) {
  const auto [naming, count] = GetParam();
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    Random random(seed);
    const auto story = test::random_story(random, {naming, 60});
    std::string alone;
    told_alone(story, &alone);
    const auto lines = test::random_lines(random, story, count, Outages::none, Restarts::some);
    Taking run(count);
    std::vector<std::size_t> next(count, 0);
    for (const std::size_t line : test::random_turns(random, lines)) {
      const Step step = lines[line][next[line]++];
      if (step.kind == Step::Kind::reconnect) {
        run.origin.restart_line(run.lines[line]);
      } else {
        run.take(line, story[step.update]);
      }
    }
    EXPECT_EQ(run.items, alone) << "seed " << seed;
    EXPECT_EQ(run.origin.counts().late, 0U) << "seed " << seed;
  }
}

std::string name_of_case(const testing::TestParamInfo<Lines::ParamType>& info) {
  const auto [naming, count] = info.param;
  return std::to_string(count) + (naming == Naming::markets ? "ThatNameMarkets" : "ThatNameEvents");
}

INSTANTIATE_TEST_SUITE_P(Of, Lines,
                         testing::Combine(testing::Values(Naming::markets, Naming::events),
                                          testing::Values(std::size_t{1}, std::size_t{2}, std::size_t{3})),
                         name_of_case);

}  // namespace
}  // namespace touchline
