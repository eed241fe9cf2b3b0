#include "core/client_json.h"

#include "core/cell.h"
#include "core/json_text.h"
#include "core/retention.h"
#include "core/state_names.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace touchline {
namespace {

using Changes = std::span<const Change>;

bool is_in_row(Address at, std::uint32_t market, std::uint32_t outcome) {
  return at.market() == market && at.outcome() == outcome;
}

// Whether an attribute's JSON says something: a member that is null would be taken away by a merge.
bool is_shown(const Value& attribute) {
  return attribute.kind != ValueKind::text || attribute.text != "null";
}
// A rank's size where this is its price, and the other way round.
Address other_part(Address at) { return {at.market(), at.outcome(), at.field(), at.level() ^ 1U}; }

bool is_object(const Value& attribute) {
  return attribute.kind == ValueKind::text && attribute.text.starts_with('{');
}

class Writer {
 public:
  Writer(std::string& out, const EventState& state) : out_(out), state_(state) {}

  void event();
  void event_patch(const Delta& delta);
  // An attribute was written that a patch cannot bring.
  bool holds_null() const { return holds_null_; }

 private:
  void market(std::uint32_t market);
  void outcome(std::uint32_t market, std::uint32_t outcome);
  void row(std::uint32_t market, std::uint32_t outcome);

  void market_patch(std::uint32_t market, Changes changes);
  void outcome_patch(std::uint32_t market, std::uint32_t outcome, Changes changes);
  void row_patch(Changes changes);
  // The changes of one field, which is a ladder or the attributes.
  void levels_patch(Changes changes);
  void level_value(const Change& change);
  bool was_visible(std::uint32_t market, std::uint32_t outcome, Changes of_row) const;
  bool market_was_visible(std::uint32_t market, Changes of_market) const;

  void open() { out_.push_back('{'); }
  void close() { out_.push_back('}'); }
  void open(std::string_view name) {
    key(name);
    open();
  }
  void key(std::string_view name);
  void null_key(std::string_view name) {
    key(name);
    out_.append("null");
  }
  void market_key(std::uint32_t market);
  void outcome_key(std::uint32_t market, std::uint32_t outcome);
  void level_key(Address at);
  void cell(Address at, const Value& value);
  void ranked(Address at);
  void value(Address at, const Value& value);
  void attribute(Address at, const Value& value);
  bool has_levels(Address at) const;

  std::string& out_;
  const EventState& state_;
  bool holds_null_ = false;
  const Delta* delta_ = nullptr;
};

// Names of ours, and texts that may hold anything.
void Writer::key(std::string_view name) {
  if (out_.back() != '{') out_.push_back(',');
  append_any_json_text(out_, name);
  out_.push_back(':');
}

void Writer::market_key(std::uint32_t market) { key(text_at(state_, Address(market, 0, Field::id))); }

// An outcome is what its id and its handicap say: ID, ID/HANDICAP where there is one, and so that no two are alike
// also where the id itself has a slash.
void Writer::outcome_key(std::uint32_t market, std::uint32_t outcome) {
  std::string name(text_at(state_, Address(market, outcome, Field::id)));
  const Address handicap(market, outcome, Field::handicap);
  const Value held = state_.get(handicap);
  if ((held && held != Value::of(0)) || name.find('/') != std::string::npos)
    append_plain_value(name.append("/"), handicap, held ? held : Value::of(0));
  key(name);
}

void Writer::level_key(Address at) {
  if (at.field() == Field::attribute) return key(attribute_path(state_, at.level()));
  std::string name;
  if (is_rank_ladder(at.field())) {
    append_integer(name, at.level() / 2);
  } else if (at.level() < exact_price_level) {
    append_plain_value(name, at, Value::of(at.level()));
  } else {
    name = exact_price_at(state_, at.level());
  }
  key(name);
}

void Writer::attribute(Address at, const Value& value) {
  if (value.kind != ValueKind::text) return append_json_value(out_, at, value);
  if (is_object(value) && value.text.find("null") != std::string_view::npos) holds_null_ = true;
  if (!append_compact_json(out_, value.text)) append_any_json_text(out_, value.text);
}

void Writer::value(Address at, const Value& value) {
  if (at.field() == Field::attribute) return attribute(at, value);
  const bool is_literal = unit_of(at.field()) != Unit::text && is_json_number(value.text);
  if (value.kind == ValueKind::text && !is_literal) return append_any_json_text(out_, value.text);
  if (value.kind == ValueKind::text) {
    out_.append(value.text);
  } else {
    append_json_value(out_, at, value);
  }
}

// [price, size] of one rank; a part that is not there is 0.
void Writer::ranked(Address at) {
  const auto part = [&](std::uint32_t level) {
    const Address cell(at.market(), at.outcome(), at.field(), level);
    const Value held = state_.get(cell);
    value(cell, held ? held : Value::of(0));
  };
  const std::uint32_t level = at.level() / 2 * 2;
  out_.push_back('[');
  part(level);
  out_.push_back(',');
  part(level + 1);
  out_.push_back(']');
}

bool has_members(Field field) { return is_ladder(field) || field == Field::attribute; }

// Scalars stand at level 0. Where sources' healths stand, the worst of them is shown.
bool is_scalar(Address at) {
  return !has_members(at.field()) && !is_bookkeeping(at.field()) && at.field() != Field::feed &&
         at.level() == 0;
}

std::string_view member_name(Field field) {
  return field == Field::attribute ? "attributes" : name_of(field);
}

void Writer::row(std::uint32_t market, std::uint32_t outcome) {
  std::optional<Field> opened;
  const auto end_opened = [&] {
    if (opened) close();
    opened.reset();
  };
  std::optional<std::uint32_t> rank;
  state_.for_each_in_row(market, outcome, [&](Address at, const Value& held) {
    const Field field = at.field();
    if (opened && *opened != field) end_opened();
    if (is_scalar(at)) {
      key(name_of(field));
      return value(at, held);
    }
    if (!has_members(field) || (field == Field::attribute && !is_shown(held))) return;
    if (!opened) {
      open(member_name(field));
      opened = field;
      rank.reset();
    }
    if (is_rank_ladder(field) && rank == at.level() / 2) return;
    rank = at.level() / 2;
    level_key(at);
    if (is_rank_ladder(field)) {
      ranked(at);
    } else {
      value(at, held);
    }
  });
  end_opened();
}

void Writer::outcome(std::uint32_t market, std::uint32_t outcome) {
  outcome_key(market, outcome);
  open();
  const Address handicap(market, outcome, Field::handicap);
  if (const Value held = state_.get(handicap)) {
    key(name_of(Field::handicap));
    value(handicap, held);
  }
  row(market, outcome);
  close();
}

void Writer::market(std::uint32_t market) {
  market_key(market);
  open();
  row(market, 0);
  open("outcomes");
  for (std::uint32_t number = 1; number < state_.outcome_count(market); ++number) {
    if (outcome_visible(state_, market, number)) outcome(market, number);
  }
  close();
  close();
}

void Writer::event() {
  open();
  key(name_of(Field::feed));
  append_json_text(out_, name_of(feed_health(state_)));
  row(0, 0);
  open("markets");
  for (std::uint32_t number = 1; number < state_.market_count(); ++number) {
    if (market_visible(state_, number)) market(number);
  }
  close();
  close();
}

bool Writer::has_levels(Address at) const {
  if (at.field() != Field::attribute)
    return !state_.cells(at.market(), at.outcome()).field(at.field()).keys.empty() ||
           !texts_of(state_, at).empty();
  const auto texts = texts_of(state_, at);
  return !state_.cells(at.market(), at.outcome()).field(at.field()).keys.empty() ||
         std::ranges::any_of(texts, [](const auto& cell) { return cell.second != "null"; });
}

void Writer::levels_patch(Changes changes) {
  const Field field = changes.front().at.field();
  if (!has_levels(changes.front().at)) return null_key(member_name(field));
  open(member_name(field));
  std::optional<std::uint32_t> rank;
  for (const Change& change : changes) {
    if (is_rank_ladder(field) && rank == change.at.level() / 2) continue;
    rank = change.at.level() / 2;
    level_key(change.at);
    level_value(change);
  }
  close();
}

void Writer::level_value(const Change& change) {
  const Address at = change.at;
  const Value now = delta_->now(change);
  if (is_rank_ladder(at.field()) && (now || state_.get(other_part(at)))) {
    ranked(at);
  } else if (now && (at.field() != Field::attribute || is_shown(now))) {
    value(at, now);
  } else {
    out_.append("null");
  }
}

// Changes of one row, of what it shows.
void Writer::row_patch(Changes changes) {
  for (std::size_t i = 0; i < changes.size();) {
    const Change& change = changes[i];
    const Field field = change.at.field();
    std::size_t end = i + 1;
    if (has_members(field)) {
      while (end < changes.size() && changes[end].at.field() == field)
        ++end;
      levels_patch(changes.subspan(i, end - i));
    } else if (is_scalar(change.at)) {
      key(name_of(field));
      level_value(change);
    }
    i = end;
  }
}

bool Writer::was_visible(std::uint32_t market, std::uint32_t outcome, Changes of_row) const {
  std::size_t added = 0;
  for (const Change& change : of_row) {
    if (is_bookkeeping(change.at.field())) continue;
    if (delta_->before(change)) return true;
    ++added;
  }
  // It was if it shows more than was added.
  std::size_t shown = 0;
  const auto count = [&](RowKey key) { return !is_bookkeeping(key.field()) && ++shown > added; };
  return std::ranges::any_of(state_.cells(market, outcome).keys, count) ||
         std::ranges::any_of(state_.texts(market, outcome),
                             [&](const auto& cell) { return count(cell.first); });
}

Changes row_of(Changes of_market, std::uint32_t market, std::uint32_t outcome) {
  const auto first = std::ranges::lower_bound(of_market, Address(market, outcome, Field::attribute), {},
                                              [](const Change& change) { return change.at; });
  auto last = first;
  while (last != of_market.end() && is_in_row(last->at, market, outcome))
    ++last;
  return {first, last};
}

bool Writer::market_was_visible(std::uint32_t market, Changes of_market) const {
  for (std::uint32_t outcome = 0; outcome < state_.outcome_count(market); ++outcome) {
    if (was_visible(market, outcome, row_of(of_market, market, outcome))) return true;
  }
  return false;
}

void Writer::outcome_patch(std::uint32_t market, std::uint32_t outcome, Changes changes) {
  const bool was = was_visible(market, outcome, changes);
  const bool is = outcome_visible(state_, market, outcome);
  if (!was && !is) return;
  if (!was) return this->outcome(market, outcome);
  outcome_key(market, outcome);
  if (!is) {
    out_.append("null");
    return;
  }
  open();
  row_patch(changes);
  close();
}

void Writer::market_patch(std::uint32_t market, Changes changes) {
  const bool was = market_was_visible(market, changes);
  const bool is = market_visible(state_, market);
  if (!was && !is) return;
  if (!was) return this->market(market);
  market_key(market);
  if (!is) {
    out_.append("null");
    return;
  }
  open();
  const Changes own = row_of(changes, market, 0);
  row_patch(own);
  changes = changes.subspan(own.size());
  const bool any = !changes.empty();
  if (any) open("outcomes");
  while (!changes.empty()) {
    const Changes row = row_of(changes, market, changes.front().at.outcome());
    outcome_patch(market, row.front().at.outcome(), row);
    changes = changes.subspan(row.size());
  }
  if (any) close();
  close();
}

void Writer::event_patch(const Delta& delta) {
  delta_ = &delta;
  Changes changes = delta.changes;
  open();
  const Changes own = row_of(changes, 0, 0);
  if (std::ranges::any_of(own, [](const Change& change) { return change.at.field() == Field::feed; })) {
    key(name_of(Field::feed));
    append_json_text(out_, name_of(feed_health(state_)));
  }
  row_patch(own);
  changes = changes.subspan(own.size());
  const bool any = !changes.empty();
  if (any) open("markets");
  while (!changes.empty()) {
    const std::uint32_t market = changes.front().at.market();
    const auto end = std::ranges::find_if(changes, [&](const Change& c) { return c.at.market() != market; });
    const auto count = static_cast<std::size_t>(end - changes.begin());
    market_patch(market, changes.first(count));
    changes = changes.subspan(count);
  }
  if (any) close();
  close();
}

// Whether the change is of the kind that no patch can say.
bool is_beyond_patches(const Delta& delta, const Change& change) {
  const Value before = delta.before(change);
  const Value now = delta.now(change);
  if (change.at == status_of_event) return before == forgotten || now == forgotten;
  if (change.at == Address(0, 0, Field::id)) return true;
  if (is_identity(change.at.field())) return static_cast<bool>(before);
  if (change.at.field() != Field::attribute) return false;
  return is_object(before) && is_object(now);
}

}  // namespace

void append_client_state(std::string& out, const EventState& state) { Writer(out, state).event(); }

bool append_client_patch(std::string& out, const EventState& after, const Delta& delta) {
  for (const Change& change : delta.changes) {
    if (is_beyond_patches(delta, change)) return false;
  }
  const std::size_t before = out.size();
  Writer writer(out, after);
  writer.event_patch(delta);
  if (!writer.holds_null()) return true;
  out.resize(before);
  return false;
}

}  // namespace touchline
