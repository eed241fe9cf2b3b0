#include "core/event_table.h"

#include "core/check.h"
#include "core/life.h"
#include "core/retention.h"

#include <algorithm>
#include <utility>

namespace touchline {
namespace {

constexpr SourceId first_source{1};

bool not_identity(Address at) { return !is_identity(at.field()) && at.field() != Field::owner; }
bool in_image(Address at) { return not_identity(at) && !is_definition(at.field()); }
bool in_definition(Address at) { return is_definition(at.field()); }

bool holds_more_than_names(const EventState& state, std::uint32_t market) {
  bool found = false;
  for (std::uint32_t o = 0; o < state.outcome_count(market); ++o) {
    state.for_each_in_row(market, o, [&](Address at, const Value&) { found = found || not_identity(at); });
  }
  return found;
}

}  // namespace

std::string EventTable::unplaced_event(std::string_view market_id) {
  return std::string("market:").append(market_id);
}

LiveEvent* EventTable::find(std::string_view id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

const LiveEvent* EventTable::find(std::string_view id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

const LiveEvent* EventTable::home_of(std::string_view market_id) const {
  const auto found = homes_.find(market_id);
  return found == homes_.end() ? nullptr : found->second.event;
}

LiveEvent& EventTable::restore(EventHandle handle, EventState state) {
  TL_CHECK(handle.value == events_.size() + 1);
  auto live = std::make_unique<LiveEvent>();
  live->handle = handle;
  live->id = std::string(state.get(Address(0, 0, Field::id)).text);
  live->names = EventNames::of(state);
  live->state = std::move(state);
  LiveEvent& event = *events_.emplace_back(std::move(live));
  by_id_.emplace(event.id, &event);
  for (std::uint32_t m = 1; m < event.state.market_count(); ++m) {
    most_.outcomes = std::max(most_.outcomes, event.state.outcome_count(m));
    // A market that went over to another event left names behind, but nothing else.
    std::string id(event.state.get(Address(m, 0, Field::id)).text);
    if (holds_more_than_names(event.state, m)) {
      homes_.insert_or_assign(std::move(id), Home{&event, m});
    } else {
      homes_.try_emplace(std::move(id), Home{&event, m});
    }
  }
  most_.markets = std::max(most_.markets, event.state.market_count());
  most_.text_bytes = std::max(most_.text_bytes, event.state.text_bytes());
  return event;
}

Result<std::span<EventTable::Changed>> EventTable::apply(const Update& update, SourceId source) {
  source_ = source;
  changed_count_ = 0;
  event_ = nullptr;
  names_event_ = skip_market_ = false;
  market_ = outcome_ = 0;
  if (const auto fits = check_limits(update); !fits) return fits.error();
  for (const Op& op : update.ops)
    run_op(update, op);
  sweep();
  finish();
  return std::span(changed_).first(changed_count_);
}

void EventTable::run_op(const Update& update, const Op& op) {
  const auto text = [&] { return update.look(op.text); };
  if (op.kind == OpKind::market) return go_to_market(text(), update.look(op.extra), op.number);
  if (op.kind == OpKind::event) {
    names_event_ = op.text.size != 0;
    if (names_event_) return go_to_event(event_named(text()));
    sweep();
    event_ = nullptr;
    return;
  }
  if (skip_market_ || event_ == nullptr) return;
  const Address here(market_, outcome_, op.field, op.level);
  switch (op.kind) {
    case OpKind::event:
    case OpKind::market:
      break;
    case OpKind::image:
      image();
      break;
    case OpKind::definition:
      definition();
      break;
    case OpKind::outcome:
      go_to_outcome(text(), op.number);
      break;
    case OpKind::set_number:
      write(here, Value::of(op.number));
      break;
    case OpKind::set_text:
      write(here, Value::of(text()));
      break;
    case OpKind::erase:
      write(here, {});
      break;
    case OpKind::clear:
      clear(op.field);
      break;
    case OpKind::set_exact_level:
      write(Address(market_, outcome_, op.field, exact_level(update.look(op.extra))), Value::of(op.number));
      break;
    case OpKind::erase_exact_level:
      if (const auto known = event_->names.exact_price(update.look(op.extra))) {
        write(Address(market_, outcome_, op.field, exact_price_level + *known), {});
      }
      break;
    case OpKind::its_event:
      write(Address(0, 0, op.field), Value::of(text()));
      break;
    case OpKind::attribute_number:
    case OpKind::attribute_text:
    case OpKind::attribute_erase:
      attribute(update, op);
      break;
    case OpKind::attribute_section:
      replace_section(text());
      break;
  }
}

LiveEvent& EventTable::event_named(std::string_view id) {
  if (LiveEvent* known = find(id)) return *known;
  auto live = std::make_unique<LiveEvent>();
  live->handle = EventHandle(static_cast<std::uint32_t>(events_.size() + 1));
  live->id = std::string(id);
  LiveEvent& event = *events_.emplace_back(std::move(live));
  by_id_.emplace(event.id, &event);
  return event;
}

void EventTable::go_to_event(LiveEvent& event) {
  sweep();
  market_ = outcome_ = 0;
  skip_market_ = false;
  event_ = &event;
  for (current_ = 0; current_ < changed_count_; ++current_) {
    if (changed_[current_].event == event_) return;
  }
  if (changed_count_ == changed_.size()) changed_.emplace_back();
  if (before_change) before_change(event);
  Changed& changed = changed_[changed_count_++];
  changed.event = event_;
  changed.delta.clear();
  if (event.state.cell_count() == 0) write(Address(0, 0, Field::id), Value::of(std::string_view(event.id)));
  if (is_forgotten(event.state)) wake(event);
}

std::uint32_t EventTable::market_named(std::string_view id) {
  if (const auto known = event_->names.market(id)) return *known;
  const std::uint32_t market = event_->names.add_market(id);
  most_.markets = std::max(most_.markets, market + 1);
  write(Address(market, 0, Field::id), Value::of(id));
  if (source_ != first_source)
    write(Address(market, 0, Field::owner), Value::of(std::int64_t{source_.value}));
  return market;
}

void EventTable::go_to_market(std::string_view id, std::string_view event_id, std::int64_t version) {
  if (names_event_) {
    sweep();
    skip_market_ = false;
    market_ = market_named(id);
    outcome_ = 0;
    return;
  }
  const auto found = homes_.find(id);
  if (found == homes_.end()) {
    if (event_id.empty()) ++counts_.unplaced_markets;
    go_to_event(event_named(event_id.empty() ? unplaced_event(id) : std::string(event_id)));
    market_ = market_named(id);
    homes_.emplace(std::string(id), Home{event_, market_});
    return;
  }
  Home& home = found->second;
  sweep();
  if (!event_id.empty() && event_id != home.event->id) {
    // The market stands under two events for a while: the higher version of its definition tells which is
    // right.
    const std::int64_t known =
        home.event->state.integer(Address(home.market, 0, Field::version)).value_or(-1);
    if (version < known) {
      ++counts_.outdated_markets;
      skip_market_ = true;
      return;
    }
    move_market(home, event_named(event_id));
    home = Home{event_, market_};
    return;
  }
  go_to_event(*home.event);
  market_ = home.market;
}

void EventTable::move_market(Home from, LiveEvent& to) {
  ++counts_.moved_markets;
  // What it held is taken along; numbers that belong to the event are given anew. The copy is needed because
  // writing changes the rows that would be read.
  std::vector<std::pair<Address, std::pair<std::int64_t, std::string>>> cells;
  const EventState& state = from.event->state;
  const std::string id(state.get(Address(from.market, 0, Field::id)).text);
  for (std::uint32_t o = 0; o < state.outcome_count(from.market); ++o) {
    state.for_each_in_row(from.market, o, [&](Address at, const Value& value) {
      cells.push_back({at, {value.integer, std::string(value.text)}});
    });
  }
  const auto kind_of = [&](Address at) { return from.event->state.get(at).kind; };
  std::vector<ValueKind> kinds;
  for (const auto& cell : cells)
    kinds.push_back(kind_of(cell.first));

  go_to_event(to);
  market_ = market_named(id);
  const auto text_at = [&](Field field, std::uint32_t level) {
    return std::string(from.event->state.get(Address(0, 0, field, level)).text);
  };
  for (std::uint32_t o = 1; o < state.outcome_count(from.market); ++o) {
    const Value outcome_id = state.get(Address(from.market, o, Field::id));
    go_to_outcome(std::string(outcome_id.text),
                  state.integer(Address(from.market, o, Field::handicap)).value_or(0));
  }
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto& [at, held] = cells[i];
    std::uint32_t outcome = 0;
    if (at.outcome() != 0) {
      const std::string outcome_id(state.get(Address(from.market, at.outcome(), Field::id)).text);
      const auto handicap = state.integer(Address(from.market, at.outcome(), Field::handicap)).value_or(0);
      outcome = *to.names.outcome(market_, outcome_id, handicap);
    }
    std::uint32_t level = at.level();
    if (at.field() == Field::attribute) level = attribute_number(text_at(Field::attribute_name, level));
    if (is_price_ladder(at.field()) && level >= exact_price_level) {
      level = exact_level(text_at(Field::exact_price, level - exact_price_level));
    }
    const Address there(market_, outcome, at.field(), level);
    write(there,
          kinds[i] == ValueKind::integer ? Value::of(held.first) : Value::of(std::string_view(held.second)));
  }

  const std::uint32_t market = market_;
  go_to_event(*from.event);
  market_ = from.market;
  for (std::uint32_t o = 0; o < from.event->state.outcome_count(from.market); ++o) {
    replace_in_row(from.market, o, [](Address at) { return !is_identity(at.field()); });
  }
  sweep();
  go_to_event(to);
  market_ = market;
}

void EventTable::go_to_outcome(std::string_view id, std::int64_t handicap) {
  if (const auto known = event_->names.outcome(market_, id, handicap)) {
    outcome_ = *known;
    return;
  }
  outcome_ = event_->names.add_outcome(market_, id, handicap);
  most_.outcomes = std::max(most_.outcomes, outcome_ + 1);
  write(Address(market_, outcome_, Field::id), Value::of(id));
  if (handicap != 0) write(Address(market_, outcome_, Field::handicap), Value::of(handicap));
}

void EventTable::write(Address at, const Value& value) {
  EventState& state = event_->state;
  Delta& delta = changed_[current_].delta;
  if (!replaced_.empty()) rewritten_.push_back(at);
  EventState::Before before;
  switch (value.kind) {
    case ValueKind::none:
      before = state.erase(at);
      break;
    case ValueKind::integer:
      before = state.set(at, value.integer);
      break;
    case ValueKind::text:
      before = state.set(at, value.text);
      break;
  }
  const Value old{before.kind, before.integer, before.text};
  if (old == value) return;
  delta.add(at, old, value);
  if (at.market() == 0) own(at);
}

void EventTable::own(Address at) {
  if (is_identity(at.field()) || at.field() == Field::owner || at.field() == Field::feed) return;
  const Address owner(0, 0, Field::owner, owner_level(at));
  const std::int64_t owned_by = event_->state.integer(owner).value_or(first_source.value);
  if (owned_by == source_.value) return;
  write(owner, source_ == first_source ? Value{} : Value::of(std::int64_t{source_.value}));
}

void EventTable::replace(std::vector<Address> replaced) {
  // What an earlier replacement took away and was written since must not count as written again for this one.
  if (!rewritten_.empty()) sweep();
  replaced_.insert(replaced_.end(), replaced.begin(), replaced.end());
}

void EventTable::replace_in_row(std::uint32_t market, std::uint32_t outcome, bool (*chosen)(Address)) {
  std::vector<Address> replaced;
  event_->state.for_each_in_row(market, outcome, [&](Address at, const Value&) {
    if (chosen(at)) replaced.push_back(at);
  });
  replace(std::move(replaced));
}

void EventTable::sweep() {
  if (replaced_.empty()) return;
  std::sort(rewritten_.begin(), rewritten_.end());
  const std::vector<Address> replaced = std::exchange(replaced_, {});
  const std::vector<Address> rewritten = std::exchange(rewritten_, {});
  for (const Address at : replaced) {
    if (!std::binary_search(rewritten.begin(), rewritten.end(), at)) write(at, {});
  }
}

void EventTable::image() {
  if (market_ != 0) {
    for (std::uint32_t o = 0; o < event_->state.outcome_count(market_); ++o)
      replace_in_row(market_, o, in_image);
    return;
  }
  const auto owned_by_source = [this](Address owner) {
    return event_->state.integer(owner).value_or(first_source.value) == source_.value;
  };
  for (std::uint32_t m = 1; m < event_->state.market_count(); ++m) {
    if (!owned_by_source(Address(m, 0, Field::owner))) continue;
    for (std::uint32_t o = 0; o < event_->state.outcome_count(m); ++o)
      replace_in_row(m, o, not_identity);
  }
  std::vector<Address> replaced;
  event_->state.for_each_in_row(0, 0, [&](Address at, const Value&) {
    if (!not_identity(at) || at.field() == Field::feed) return;
    if (owned_by_source(Address(0, 0, Field::owner, owner_level(at)))) replaced.push_back(at);
  });
  replace(std::move(replaced));
}

void EventTable::clear(Field field) {
  std::vector<Address> levels;
  event_->state.for_each_in_row(market_, outcome_, [&](Address at, const Value&) {
    if (at.field() == field) levels.push_back(at);
  });
  for (const Address level : levels)
    write(level, {});
}

void EventTable::definition() {
  for (std::uint32_t o = 0; o < event_->state.outcome_count(market_); ++o)
    replace_in_row(market_, o, in_definition);
}

std::uint32_t EventTable::attribute_number(std::string_view path) {
  if (const auto known = event_->names.attribute(path)) return *known;
  const std::uint32_t number = event_->names.add_attribute(path);
  write(Address(0, 0, Field::attribute_name, number), Value::of(path));
  return number;
}

std::uint32_t EventTable::exact_level(std::string_view literal) {
  std::uint32_t number = 0;
  if (const auto known = event_->names.exact_price(literal)) {
    number = *known;
  } else {
    number = event_->names.add_exact_price(literal);
    write(Address(0, 0, Field::exact_price, number), Value::of(literal));
  }
  return exact_price_level + number;
}

void EventTable::attribute(const Update& update, const Op& op) {
  const std::string_view path = update.look(op.text);
  if (op.kind == OpKind::attribute_erase) {
    const auto known = event_->names.attribute(path);
    if (known) write(Address(market_, outcome_, Field::attribute, *known), {});
    return;
  }
  const Address at(market_, outcome_, Field::attribute, attribute_number(path));
  write(at, op.kind == OpKind::attribute_number ? Value::of(op.number) : Value::of(update.look(op.extra)));
}

void EventTable::replace_section(std::string_view path) {
  std::vector<Address> replaced;
  event_->state.for_each_in_row(market_, outcome_, [&](Address at, const Value&) {
    if (at.field() != Field::attribute) return;
    const std::string_view name = event_->state.get(Address(0, 0, Field::attribute_name, at.level())).text;
    const bool below = name.size() > path.size() && name.starts_with(path) && name[path.size()] == '/';
    if (below || name == path) replaced.push_back(at);
  });
  replace(std::move(replaced));
}

EventTable::Changed* EventTable::set_health(LiveEvent& event, SourceId source, FeedHealth health) {
  if (is_forgotten(event.state)) return nullptr;
  source_ = source;
  changed_count_ = 0;
  go_to_event(event);
  write(Address(0, 0, Field::feed, source.value), Value::of(static_cast<std::int64_t>(health)));
  finish();
  return changed_count_ == 0 ? nullptr : &changed_.front();
}

void EventTable::finish() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < changed_count_; ++i) {
    Delta& delta = changed_[i].delta;
    delta.normalise();
    if (delta.empty()) continue;
    if (only_woken(changed_[i])) {
      touchline::write(changed_[i].event->state, status_of_event, forgotten);
      continue;
    }
    most_.text_bytes = std::max(most_.text_bytes, changed_[i].event->state.text_bytes());
    delta.kind = class_of(delta);
    for (const Change& change : delta.changes) {
      if (change.at.field() != Field::status || change.at.outcome() != 0) continue;
      const auto from = change.before.integer;
      const auto to = change.now.integer;
      const bool expected =
          change.at.market() == 0
              ? expected_step(static_cast<EventStatus>(from), static_cast<EventStatus>(to))
              : expected_step(static_cast<MarketStatus>(from), static_cast<MarketStatus>(to));
      if (!expected) ++counts_.unexpected_steps;
    }
    if (kept != i) std::swap(changed_[kept], changed_[i]);
    ++kept;
  }
  changed_count_ = kept;
}

}  // namespace touchline
