// All live events of the origin, and how an update changes them.
//
// Finds the event, market and outcome that an update speaks of, gives numbers to new ones, writes the cells
// and returns one delta for each event that really changed. All or nothing: an update that breaks a limit
// leaves no trace. Knows no vendor, no order of arrival (arbiter, sequencer) and no encoding.
// Single-threaded.
#pragma once

#include "core/delta.h"
#include "core/event_names.h"
#include "core/event_state.h"
#include "core/ids.h"
#include "core/live_events.h"
#include "core/result.h"
#include "core/update.h"

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace touchline {

struct EventTableCounts {
  std::uint64_t unexpected_steps = 0;  // statuses that went where core/life.h does not expect
  std::uint64_t moved_markets = 0;     // markets that went over to another event
  std::uint64_t outdated_markets = 0;  // parts of updates that spoke of a market in an event that it has left
  std::uint64_t unplaced_markets = 0;  // markets that came before their definition
};

class EventTable : public LiveEvents {
 public:
  struct Changed {
    LiveEvent* event = nullptr;
    Delta delta;  // normal form, not empty; sequence number and times are the caller's to give
  };

  // Called with an event as it stands, before something may change it; for whoever needs it as it was.
  std::function<void(const LiveEvent&)> before_change;

  // The deltas are valid until the next call.
  Result<std::span<Changed>> apply(const Update& update, SourceId source);

  // Marks an event's feed from one source; changes nothing if it is so already.
  Changed* set_health(LiveEvent& event, SourceId source, FeedHealth health);

  // Takes away all that stands in an event but its id, and marks it as forgotten (core/retention.h). The caller ends
  // this with let_go(), when the delta has been made use of.
  Changed* forget(LiveEvent& event);
  static void let_go(LiveEvent& event);

  // Takes up an event as the journal has it.
  LiveEvent& restore(EventHandle handle, EventState state);

  LiveEvent* find(std::string_view id);
  const LiveEvent* find(std::string_view id) const;
  // The event of a market that is named alone; none: it is unknown.
  const LiveEvent* home_of(std::string_view market_id) const;
  const EventTableCounts& counts() const { return counts_; }

 private:
  struct Home {
    LiveEvent* event = nullptr;
    std::uint32_t market = 0;
  };

  // What the largest event and the largest market hold so far.
  struct Most {
    std::uint32_t markets = 0;
    std::uint32_t outcomes = 0;
    std::size_t text_bytes = 0;
  };

  // An event that nobody has named yet, for a market that came before its definition.
  static std::string unplaced_event(std::string_view market_id);

  Result<void> check_limits(const Update& update) const;
  Result<void> check_room(const Update& update) const;
  void run_op(const Update& update, const Op& op);
  void go_to_market(std::string_view id, std::string_view event_id, std::int64_t version);
  void go_to_outcome(std::string_view id, std::int64_t handicap);
  LiveEvent& event_named(std::string_view id);
  void go_to_event(LiveEvent& event);
  void wake(LiveEvent& event);
  bool only_woken(const Changed& changed) const;
  std::uint32_t market_named(std::string_view id);
  void move_market(Home from, LiveEvent& to);

  void write(Address at, const Value& value);
  void own(Address at);
  // A replacement first names what it would take away; sweep() takes away what was not written again since.
  void replace(std::vector<Address> replaced);
  void replace_in_row(std::uint32_t market, std::uint32_t outcome, bool (*chosen)(Address));
  void sweep();
  void image();
  void definition();
  void clear(Field field);
  void attribute(const Update& update, const Op& op);
  void replace_section(std::string_view path);
  std::uint32_t attribute_number(std::string_view path);
  std::uint32_t exact_level(std::string_view literal);
  void finish();

  TextMap<LiveEvent*> by_id_;
  TextMap<Home> homes_;  // where the markets of sources live that name no event
  EventTableCounts counts_;

  Most most_;

  // The update at work.
  SourceId source_;
  std::vector<Changed> changed_;
  std::size_t changed_count_ = 0;
  std::size_t current_ = 0;     // in changed_
  LiveEvent* event_ = nullptr;  // none: a market that names no event follows, or what follows is outdated
  bool names_event_ = false;    // the event was named: markets are its own
  bool skip_market_ = false;
  std::vector<Address> replaced_;
  std::vector<Address> rewritten_;  // since, of whatever address
  std::uint32_t market_ = 0;
  std::uint32_t outcome_ = 0;
};

}  // namespace touchline
