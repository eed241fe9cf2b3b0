#include "tests/core/line_simulation.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>

namespace touchline::test {
namespace {

constexpr std::array markets{"m1", "m2", "m3"};
constexpr std::array outcomes{"o", "p"};
constexpr std::array ladders{Field::back, Field::lay, Field::traded};

// Few cells and few values, so that everything is touched often and bodies recur.
void add_prices(Random& random, Update& update) {
  update.on_outcome(random.pick(outcomes), random.one_in(3) ? 50 : 0);
  for (std::uint64_t left = 1 + random.below(3); left != 0; --left) {
    const Field ladder = random.pick(ladders);
    const auto level = static_cast<std::uint32_t>(150 + random.below(3));
    switch (random.below(6)) {
      case 0:
        update.erase(ladder, level);
        break;
      case 1:
        update.set(Field::last_price, static_cast<std::int64_t>(level));
        break;
      case 2:
        if (random.one_in(3)) {
          update.clear_field(ladder);
        } else {
          update.exact_level(ladder, "1.505", random.between(1, 3));
        }
        break;
      default:
        update.set(ladder, random.between(1, 3), level);
        break;
    }
  }
}

void add_definition(Random& random, Update& update, bool names_event) {
  update.definition();
  update.set(Field::status, random.between(2, 3));
  if (random.one_in(2)) update.set(Field::bet_delay, random.between(1, 2));
  if (random.one_in(2)) update.attribute("regulator", random.between(1, 2));
  if (!names_event && random.one_in(2)) update.its_event(Field::name, random.one_in(2) ? "A v B" : "B v A");
  update.on_outcome(random.pick(outcomes), 0);
  if (random.one_in(2)) update.set(Field::status, random.between(1, 2));
}

void add_scores(Random& random, Update& update) {
  if (random.one_in(2)) update.set(Field::home_score, random.between(0, 2));
  if (random.one_in(3)) update.set(Field::name, std::string_view("A v C"));
  if (random.one_in(2)) {
    if (random.one_in(2)) update.attribute_section("stats");
    update.attribute(random.one_in(2) ? "stats/runs" : "stats/wickets", random.between(0, 2));
  }
}

// Of a source that says which event a market is of only in its definition.
void add_market(Random& random, Update& update) {
  const std::string market = random.pick(markets);
  if (!random.one_in(5)) {
    update.on_market(market, {});
    if (random.one_in(10)) update.image();
    return add_prices(random, update);
  }
  update.on_market(market, market == "m3" ? "f" : "e");
  if (random.one_in(4)) update.image();
  add_definition(random, update, false);
  update.on_market(market, {});
  update.set(Field::total_matched, random.between(1, 3));
}

void add_event(Random& random, Update& update) {
  update.on_event(random.one_in(4) ? "f" : "e");
  if (random.one_in(12)) update.image();
  add_scores(random, update);
  for (std::uint64_t left = random.below(3); left != 0; --left) {
    update.on_market(random.pick(markets), {});
    if (random.one_in(8)) update.image();
    if (random.one_in(5)) add_definition(random, update, true);
    add_prices(random, update);
  }
}

// The updates of one time: from `begin` to before `end`.
struct Group {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool has_twins = false;
};

std::vector<Group> groups_of(const std::vector<Update>& story) {
  std::vector<Group> groups;
  std::set<std::uint64_t> bodies;
  for (std::size_t i = 0; i < story.size(); ++i) {
    if (i == 0 || story[i].source_time_ms != story[i - 1].source_time_ms) {
      groups.push_back({i, i, false});
      bodies.clear();
    }
    groups.back().end = i + 1;
    if (!bodies.insert(identity_of(story[i])).second) groups.back().has_twins = true;
  }
  return groups;
}

// Which line brings which update, restarts aside.
class OutagePlan {
 public:
  OutagePlan(Random& random, std::size_t count, Outages outages)
      : random_(random), outages_(outages), up_(count, true) {}

  // Which updates of the group each line brings: from `first` to before `second`.
  std::vector<std::pair<std::size_t, std::size_t>> next(const Group& group) {
    // Of the lines that are up one at least stays, so that everything is brought.
    const std::size_t steady = random_.below(up_.size());
    if (std::none_of(up_.begin(), up_.end(), [](bool up) { return up; })) up_[steady] = true;
    came_back_ = in_the_middle_ = came_back_in_the_middle_ = false;
    std::vector<std::pair<std::size_t, std::size_t>> brings;
    for (std::size_t line = 0; line < up_.size(); ++line) {
      const bool may_turn = up_[steady] && line != steady && (up_[line] || !came_back_in_the_middle_);
      const bool turns = outages_ != Outages::none && may_turn && random_.one_in(6);
      const std::pair whole(group.begin, group.end);
      const std::pair nothing(group.end, group.end);
      if (!turns) {
        brings.push_back(up_[line] ? whole : nothing);
      } else {
        brings.push_back(up_[line] ? until_it_breaks(group) : since_it_is_back(group));
        up_[line] = !up_[line];
      }
    }
    return brings;
  }

 private:
  // Within one time at most one line breaks off or comes back in the middle, and then no other comes back.
  std::size_t middle(const Group& group) {
    in_the_middle_ = true;
    return group.begin + 1 + random_.below(group.end - group.begin - 1);
  }
  bool may_be_in_the_middle(const Group& group) {
    return !in_the_middle_ && group.end - group.begin > 1 && random_.one_in(2);
  }
  std::pair<std::size_t, std::size_t> until_it_breaks(const Group& group) {
    return {group.begin, may_be_in_the_middle(group) ? middle(group) : group.begin};
  }
  std::pair<std::size_t, std::size_t> since_it_is_back(const Group& group) {
    const bool alone = outages_ == Outages::anywhere && !group.has_twins && !came_back_;
    came_back_ = true;
    came_back_in_the_middle_ = alone && may_be_in_the_middle(group);
    return {came_back_in_the_middle_ ? middle(group) : group.begin, group.end};
  }

  Random& random_;
  Outages outages_;
  std::vector<bool> up_;
  bool came_back_ = false;
  bool came_back_in_the_middle_ = false;
  bool in_the_middle_ = false;
};

}  // namespace

std::vector<Update> random_story(Random& random, const StoryOptions& options) {
  std::vector<Update> story;
  std::int64_t time_ms = 1'000;
  while (story.size() < options.updates) {
    if (!story.empty() && random.one_in(4)) {
      // A price flips back: the same body once more, of now.
      Update again = story[story.size() - 1 - random.below(std::min<std::size_t>(story.size(), 4))];
      again.source_time_ms = time_ms;
      story.push_back(std::move(again));
    } else {
      Update& update = story.emplace_back();
      update.source_time_ms = time_ms;
      if (options.naming == Naming::events) {
        add_event(random, update);
      } else if (random.one_in(6)) {
        update.on_event("e");
        add_scores(random, update);
      } else {
        for (std::uint64_t left = 1 + random.below(2); left != 0; --left)
          add_market(random, update);
      }
    }
    if (!random.one_in(3)) time_ms += random.between(1, 3);
  }
  return story;
}

std::vector<LineSteps> random_lines(Random& random, const std::vector<Update>& story, std::size_t count,
                                    Outages outages, Restarts restarts) {
  const auto groups = groups_of(story);
  std::vector<std::vector<bool>> brings(count, std::vector<bool>(story.size(), false));
  OutagePlan plan(random, count, outages);
  for (const Group& group : groups) {
    const auto parts = plan.next(group);
    for (std::size_t line = 0; line < count; ++line)
      std::fill(brings[line].begin() + static_cast<std::ptrdiff_t>(parts[line].first),
                brings[line].begin() + static_cast<std::ptrdiff_t>(parts[line].second), true);
  }
  std::vector<LineSteps> lines(count);
  for (std::size_t line = 0; line < count; ++line) {
    LineSteps& steps = lines[line];
    for (std::size_t g = 0; g < groups.size(); ++g) {
      for (std::size_t i = groups[g].begin; i < groups[g].end; ++i) {
        if (brings[line][i]) steps.push_back({Step::Kind::bring, i});
      }
      if (restarts == Restarts::none || steps.empty() || !random.one_in(10)) continue;
      // Again from further back: as it was brought then, or with what was missed then.
      const bool heals = random.one_in(2);
      LineSteps again;
      for (std::size_t i = groups[g - random.below(std::min<std::size_t>(g, 12) + 1)].begin;
           i < groups[g].end; ++i) {
        if (heals || brings[line][i]) again.push_back({Step::Kind::bring, i});
      }
      if (again.empty()) continue;
      // Nobody needs to be told of it where the line's time runs backwards.
      const bool backwards =
          story[again[0].update].source_time_ms < story[steps.back().update].source_time_ms;
      if (!backwards || random.one_in(2)) steps.push_back({Step::Kind::reconnect, 0});
      steps.insert(steps.end(), again.begin(), again.end());
    }
  }
  return lines;
}

std::vector<std::size_t> random_turns(Random& random, const std::vector<LineSteps>& lines) {
  std::vector<std::size_t> left;
  for (const LineSteps& line : lines)
    left.push_back(line.size());
  std::vector<std::size_t> turns;
  while (std::any_of(left.begin(), left.end(), [](std::size_t steps) { return steps != 0; })) {
    const std::size_t line = random.below(lines.size());
    for (std::uint64_t run = random.one_in(4) ? random.below(40) : random.below(4);
         run != 0 && left[line] != 0; --run) {
      turns.push_back(line);
      --left[line];
    }
  }
  return turns;
}

}  // namespace touchline::test
