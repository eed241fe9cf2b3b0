// Whether an update would break a limit, told before anything is touched.
#include "core/event_table.h"
#include "core/limits.h"

#include <unordered_set>
#include <utility>

namespace touchline {
namespace {

Error past(std::size_t limit, const char* what) {
  return {ErrorKind::limit, "more than " + std::to_string(limit) + " " + what, 0};
}

// Levels of price ladders end where the numbers of exact prices begin.
constexpr std::uint32_t levels_of(Field field) {
  return is_price_ladder(field) ? exact_price_level : limits::levels_per_field;
}

std::string joined(std::string_view a, std::string_view b) {
  std::string text(a);
  text.push_back('\0');
  return text.append(b);
}

}  // namespace

Result<void> EventTable::check_limits(const Update& update) const {
  for (const Op& op : update.ops) {
    if (op.text.size > limits::text_bytes || op.extra.size > limits::text_bytes) {
      return Error{ErrorKind::limit, "a text of more than " + std::to_string(limits::text_bytes) + " bytes",
                   0};
    }
    if (op.level >= levels_of(op.field)) {
      return Error{
          ErrorKind::limit,
          "a level of " + std::string(name_of(op.field)) + " past " + std::to_string(levels_of(op.field) - 1),
          0};
    }
  }
  // A market that moves may double what its new event holds.
  const std::size_t parts = update.ops.size();
  const bool has_room = 2 * most_.outcomes + parts <= limits::outcomes_per_market &&
                        most_.markets + parts <= limits::markets_per_event &&
                        2 * most_.text_bytes + update.arena.size() <= limits::event_text_bytes;
  return has_room ? Result<void>() : check_room(update);
}

// Walks the update as apply() will and counts what it would add. Only an update that may come near a limit is
// walked.
Result<void> EventTable::check_room(const Update& update) const {
  struct Count {
    const LiveEvent* event = nullptr;
    std::size_t markets = 1;
    std::size_t text_bytes = 0;
  };
  TextMap<Count> events;
  TextMap<std::size_t> outcomes;         // by event and market
  std::unordered_set<std::string> seen;  // outcomes by event, market and themselves
  const auto count_of = [&](std::string_view id) -> Count& {
    auto [found, fresh] = events.try_emplace(std::string(id));
    Count& count = found->second;
    if (const auto known = by_id_.find(id); fresh && known != by_id_.end()) {
      const EventState& state = known->second->state;
      count = {known->second, std::max<std::size_t>(state.market_count(), 1), state.text_bytes()};
    }
    return count;
  };

  bool names_event = false;
  std::string event;
  std::string_view market;
  for (const Op& op : update.ops) {
    const std::string_view text = update.look(op.text);
    if (op.kind == OpKind::event) {
      names_event = !text.empty();
      event = text;
      market = {};
    } else if (op.kind == OpKind::market) {
      market = text;
      const auto home = names_event ? homes_.end() : homes_.find(text);
      if (!names_event) event = update.look(op.extra);
      if (event.empty()) event = home != homes_.end() ? home->second.event->id : unplaced_event(text);
      Count& count = count_of(event);
      const auto known = count.event == nullptr ? std::nullopt : count.event->names.market(text);
      auto [found, fresh] = outcomes.try_emplace(joined(event, text), 1);
      if (!fresh) continue;
      if (known) {
        found->second = count.event->state.outcome_count(*known);
      } else {
        ++count.markets;
      }
      if (home != homes_.end() && home->second.event != count.event) {
        found->second += home->second.event->state.outcome_count(home->second.market);
        count.text_bytes += home->second.event->state.text_bytes();
      }
      if (count.markets > limits::markets_per_event)
        return past(limits::markets_per_event - 1, "markets in an event");
    } else if (op.kind == OpKind::outcome && !market.empty()) {
      const std::string in = joined(event, market);
      if (!seen.insert(joined(in, joined(text, std::to_string(op.number)))).second) continue;
      const Count& count = count_of(event);
      const auto number = count.event == nullptr ? std::nullopt : count.event->names.market(market);
      if (number && count.event->names.outcome(*number, text, op.number)) continue;
      if (++outcomes[in] > limits::outcomes_per_market) {
        return past(limits::outcomes_per_market - 1, "outcomes in a market");
      }
    }
    if (!event.empty() && count_of(event).text_bytes + update.arena.size() > limits::event_text_bytes) {
      return past(limits::event_text_bytes, "bytes of text in an event");
    }
  }
  return {};
}

}  // namespace touchline
