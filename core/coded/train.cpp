#include "core/coded/train.h"

#include "core/coded/prior.h"
#include "core/coded/update_write.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

namespace touchline::coded {
namespace {

// Takes bits as an encoder does, and remembers those of the model's slots.
class Listener {
 public:
  Listener(const Slot* slots, std::vector<Trace::Answer>& answers) : slots_(slots), answers_(answers) {}
  struct At {};
  static At at() { return {}; }
  static void go_on(At /*at*/) {}
  unsigned bit(At& /*at*/, Slot& slot, unsigned value) {
    if (&slot >= slots_ && &slot < slots_ + slot_count) {
      answers_.push_back({static_cast<std::uint16_t>(&slot - slots_), value != 0});
    } else {
      learn(slot, value);
    }
    return value;
  }
  static std::uint32_t plain(At& /*at*/, unsigned /*bits*/, std::uint32_t value) { return value; }

 private:
  const Slot* slots_;
  std::vector<Trace::Answer>& answers_;
};

constexpr std::size_t common_text_bytes_max = 120;
constexpr std::size_t vocabulary_bytes_max = 12U << 10;

}  // namespace

void Trace::add(EventHandle event, const EventState& after, const Delta& delta,
                std::int64_t source_time_before_ms) {
  static const Prior nothing;
  Open& open = open_[event];
  const bool first = !open.model.started() || open.model.updates == updates_per_group;
  if (first) {
    open.model.start(nothing);
    open.group = groups_.size();
    groups_.emplace_back();
  }
  Listener listener(open.model.slots(), groups_[open.group].answers);
  write_update(listener, open.model, first, after, delta, source_time_before_ms);
  ++groups_[open.group].updates;
  ++updates_;
  for (const Change& change : delta.changes) {
    if (change.now.kind != ValueKind::text) continue;
    const CommonText text{text_kind(change.at, change.before.kind == ValueKind::text,
                                    attribute_called(open.model, after, change.at)),
                          std::string(delta.now(change).text)};
    const auto [place, fresh] = text_places_.try_emplace({text.kind, text.text}, texts_.size());
    if (fresh) texts_.push_back({text, {}});
    texts_[place->second].events.insert(event.value);
  }
}

namespace {

// How often a slot was answered 1, and at all; each recording counts for as much as each other.
struct Tally {
  double ones = 0;
  double all = 0;
  std::uint32_t times = 0;
};

double weight_of(const Trace& trace) {
  std::size_t answers = 1;
  for (const Trace::Group& group : trace.groups())
    answers += group.answers.size();
  return 1 / static_cast<double>(answers);
}

std::vector<Tally> tally_of(const Trace& trace) {
  std::vector<Tally> tallies(slot_count);
  const double weight = weight_of(trace);
  for (const Trace::Group& group : trace.groups()) {
    for (const Trace::Answer& answer : group.answers) {
      Tally& tally = tallies[answer.slot];
      ++tally.times;
      tally.all += weight;
      if (answer.one) tally.ones += weight;
    }
  }
  return tallies;
}

// What is seen seldom is not sure: as if it had been answered both ways that often besides.
constexpr double doubt = 0.4;

int likely_of(const Tally& all, const Tally& left_out) {
  const double times = all.times - left_out.times;
  if (times <= 0) return 0;
  const double seen = all.all - left_out.all;
  const double once = seen / times;
  const double p = (std::max(0.0, all.ones - left_out.ones) + doubt * once) / (seen + 2 * doubt * once);
  return kept({static_cast<std::uint16_t>(within(std::round(p * 65'536), 64.0, 65472.0)), 0}).likely;
}

// For every slot the probability that its answers had, and of the eight degrees of firmness the one that would have
// cost the fewest bits, had each group of a recording begun with what the other recordings say.
std::vector<KeptSlot> train_slots(const std::vector<const Trace*>& traces) {
  std::vector<Tally> sums(slot_count);
  std::vector<std::vector<Tally>> tallies;
  for (const Trace* trace : traces) {
    tallies.push_back(tally_of(*trace));
    for (std::size_t i = 0; i < slot_count; ++i) {
      sums[i].ones += tallies.back()[i].ones;
      sums[i].all += tallies.back()[i].all;
      sums[i].times += tallies.back()[i].times;
    }
  }
  constexpr std::size_t degrees = std::size(told_of_firm);
  struct Tried {
    std::array<Slot, degrees> slots;
    std::array<double, degrees> cost{};
    std::array<Slot, degrees> begin;
    std::uint64_t group = 0;
  };
  std::vector<Tried> tried(slot_count);
  std::vector<double> costs(65'537);
  for (std::size_t p = 1; p <= 65'536; ++p)
    costs[p] = -std::log2(static_cast<double>(p) / 65'536);
  std::uint64_t group_number = 0;
  for (std::size_t t = 0; t < traces.size(); ++t) {
    for (std::size_t i = 0; i < slot_count; ++i) {
      if (tallies[t][i].times == 0) continue;
      const int likely = likely_of(sums[i], tallies[t][i]);
      for (unsigned degree = 0; degree < degrees; ++degree)
        tried[i].begin[degree] = slot_of({likely, degree});
    }
    const double weight = weight_of(*traces[t]);
    for (const Trace::Group& group : traces[t]->groups()) {
      ++group_number;
      for (const Trace::Answer& answer : group.answers) {
        Tried& slot = tried[answer.slot];
        if (std::exchange(slot.group, group_number) != group_number) slot.slots = slot.begin;
        for (std::size_t degree = 0; degree < degrees; ++degree) {
          Slot& now = slot.slots[degree];
          slot.cost[degree] += weight * costs[answer.one ? now.one : 65'536U - now.one];
          learn(now, answer.one ? 1 : 0);
        }
      }
    }
  }
  std::vector<KeptSlot> slots(slot_count);
  for (std::size_t i = 0; i < slot_count; ++i) {
    const auto best = std::min_element(tried[i].cost.begin(), tried[i].cost.end());
    slots[i] = {likely_of(sums[i], {}), static_cast<unsigned>(best - tried[i].cost.begin())};
  }
  return slots;
}

// Whether a text may be one of many feeds: no number of four digits or more is in it.
bool is_general(std::string_view text) {
  unsigned digits = 0;
  for (const char c : text) {
    digits = c >= '0' && c <= '9' ? digits + 1 : 0;
    if (digits >= 4) return false;
  }
  return text.size() >= 2;
}

std::vector<CommonText> train_texts(const std::vector<const Trace*>& traces, std::vector<CommonText> texts) {
  std::map<std::string, std::set<std::pair<std::size_t, std::uint32_t>>> events;
  std::map<std::string, std::set<std::size_t>> recordings;
  for (std::size_t i = 0; i < traces.size(); ++i) {
    for (const Trace::Said& said : traces[i]->texts()) {
      recordings[said.text.text].insert(i);
      for (const std::uint32_t event : said.events)
        events[said.text.text].insert({i, event});
    }
  }
  std::size_t bytes = 0;
  for (const Trace* trace : traces) {
    for (const Trace::Said& said : trace->texts()) {
      const std::string& text = said.text.text;
      if (!is_general(text) || text.size() > common_text_bytes_max) continue;
      if (recordings[text].size() < 2 && events[text].size() < 4) continue;
      if (std::find(texts.begin(), texts.end(), said.text) != texts.end()) continue;
      bytes += text.size() + 1;
      if (bytes > vocabulary_bytes_max) return texts;
      texts.push_back(said.text);
    }
  }
  return texts;
}

}  // namespace

Result<std::vector<CommonText>> read_words(std::string_view lines) {
  std::vector<CommonText> words;
  std::uint64_t number = 0;
  while (!lines.empty()) {
    ++number;
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    if (line.empty() || line.front() == '#') continue;
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos || tab == 0) {
      return Error{ErrorKind::malformed, "line " + std::to_string(number) + ": has no tab behind a name",
                   number};
    }
    const std::string_view name = line.substr(0, tab);
    const std::string text(line.substr(tab + 1));
    if (name.front() == '=') {
      words.push_back(
          {text_kind(Address(1, 0, Field::attribute), false, AttributeNames::hash(name.substr(1))), text});
    } else if (name == name_of(Field::attribute_name)) {
      words.push_back({text_kind(Address(0, 0, Field::attribute_name), false, 0), text});
    } else if (name == name_of(Field::type)) {
      words.push_back({text_kind(Address(1, 0, Field::type), false, 0), text});
    } else {
      return Error{ErrorKind::malformed,
                   "line " + std::to_string(number) + ": names no field that has common words", number};
    }
  }
  return words;
}

PriorTable train(const std::vector<const Trace*>& traces, const std::vector<CommonText>& words) {
  return {packed_slots(train_slots(traces)), train_texts(traces, words)};
}

}  // namespace touchline::coded
