#include "core/block.h"
#include "core/block_layout.h"
#include "core/ticks.h"
#include "core/varint.h"

#include <algorithm>
#include <optional>
#include <span>

namespace touchline {
namespace {

namespace layout = block_layout;
using Changes = std::span<const Change>;

bool is_text_change(const Change& change) {
  return change.now.kind == ValueKind::text ||
         (change.now.kind == ValueKind::none && change.before.kind == ValueKind::text);
}

bool was_integer(const Change& change) { return change.before.kind == ValueKind::integer; }
bool is_integer(const Change& change) { return change.now.kind == ValueKind::integer; }

// The best price of a ladder's integers before the delta, seen from the state after it. `changes` are all of
// the ladder's, whatever they turned from or into.
std::optional<std::uint32_t> best_before(const EventState::Cells& ladder, Changes changes, bool highest) {
  std::optional<std::uint32_t> best;
  const auto consider = [&](std::uint32_t level) {
    if (!best || (highest ? level > *best : level < *best)) best = level;
  };
  for (const Change& change : changes) {
    const std::uint32_t level = change.at.level();
    if (was_integer(change) && level < exact_price_level) consider(level);
  }
  const auto is_new = [&](std::uint32_t level) {
    return std::any_of(changes.begin(), changes.end(), [&](const Change& change) {
      return change.at.level() == level && !was_integer(change);
    });
  };
  const std::size_t count = ladder.keys.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t level = ladder.keys[highest ? count - 1 - i : i].level();
    if (level >= exact_price_level || is_new(level)) continue;
    consider(level);
    break;
  }
  return best;
}

class Writer {
 public:
  // Without a state every value is written in full (a merged delta).
  Writer(std::string& out, const EventState* after, const Delta& delta)
      : out_(out), after_(after), delta_(delta) {}

  void write(std::int64_t source_time_before_ms) {
    std::size_t texts = 0;
    for (const Change& change : delta_.changes)
      texts += is_text_change(change) ? 1U : 0U;
    // A merged delta may cancel out: no texts and no rows are said by an empty list of texts.
    const bool has_texts = texts != 0 || delta_.changes.empty();
    write_header(source_time_before_ms, has_texts);
    const bool rows = texts != delta_.changes.size();
    if (has_texts) write_texts(texts, rows);
    if (rows) write_rows();
  }

 private:
  bool merged() const { return after_ == nullptr; }

  void write_header(std::int64_t source_time_before_ms, bool texts) {
    const auto step = static_cast<std::int64_t>(static_cast<std::uint64_t>(delta_.source_time_ms) -
                                                static_cast<std::uint64_t>(source_time_before_ms));
    const bool critical = delta_.kind == DeltaClass::critical;
    const bool extended = critical || merged() || delta_.cause != Cause::source;
    put_varint(out_, zigzag(step) << layout::time_shift | (extended ? layout::extended : 0) |
                         (texts ? layout::has_texts : 0));
    if (!extended) return;
    const unsigned flags = (critical ? layout::flag_critical : 0) | (merged() ? layout::flag_merged : 0) |
                           static_cast<unsigned>(delta_.cause) << layout::cause_shift;
    out_.push_back(static_cast<char>(flags));
    if (merged()) put_varint(out_, delta_.merged);
  }

  void write_texts(std::size_t count, bool rows) {
    put_varint(out_, count << 1 | (rows ? 1 : 0));
    std::uint32_t market = 0;
    std::string_view last;
    for (const Change& change : delta_.changes) {
      if (!is_text_change(change)) continue;
      const bool erased = !(change.now.kind == ValueKind::text);
      put_varint(out_, static_cast<std::uint64_t>(change.at.market() - market) << 1 | (erased ? 1 : 0));
      market = change.at.market();
      put_varint(out_, change.at.outcome());
      put_varint(out_, static_cast<std::uint64_t>(change.at.field()));
      put_varint(out_, change.at.level());
      if (erased) continue;
      const bool has_old = !merged() && change.before.kind == ValueKind::text;
      const std::string_view text = delta_.now(change).text;
      write_text(has_old ? delta_.before(change).text : last, text);
      last = text;
    }
  }

  void write_text(std::string_view base, std::string_view text) {
    const std::size_t shorter = std::min(base.size(), text.size());
    std::size_t prefix = 0;
    while (prefix < shorter && base[prefix] == text[prefix])
      ++prefix;
    std::size_t suffix = 0;
    while (suffix < shorter - prefix && base[base.size() - 1 - suffix] == text[text.size() - 1 - suffix])
      ++suffix;
    const std::size_t middle = text.size() - prefix - suffix;
    put_varint(out_, prefix);
    put_varint(out_, suffix);
    put_varint(out_, middle);
    out_.append(text.substr(prefix, middle));
  }

  // The next integer change at or after `i`, or the end.
  std::size_t next_cell(std::size_t i) const {
    while (i < delta_.changes.size() && is_text_change(delta_.changes[i]))
      ++i;
    return i;
  }

  void write_rows() {
    const auto& changes = delta_.changes;
    std::int64_t market = layout::first_market;
    for (std::size_t i = next_cell(0); i < changes.size();) {
      const Address at = changes[i].at;
      row_.clear();
      for (; i < changes.size() && changes[i].at.packed >> 32 == at.packed >> 32; i = next_cell(i + 1)) {
        row_.push_back(changes[i]);
      }
      const bool other = at.market() != market;
      put_varint(out_, static_cast<std::uint64_t>(at.outcome()) << layout::outcome_shift |
                           (other ? layout::other_market : 0) | (i == changes.size() ? layout::last_row : 0));
      if (other) put_zigzag(out_, std::int64_t{at.market()} - market);
      market = at.market();
      write_groups();
    }
  }

  void write_groups() {
    for (std::size_t i = 0; i < row_.size();) {
      std::size_t end = i + 1;
      while (end < row_.size() && row_[end].at.field() == row_[i].at.field())
        ++end;
      write_group(Changes(row_).subspan(i, end - i), end == row_.size());
      i = end;
    }
  }

  void write_group(Changes group, bool last) {
    const Field field = group[0].at.field();
    bool raw = false;
    if (is_price_ladder(field)) {
      raw = !std::all_of(group.begin(), group.end(), [](const Change& c) { return is_tick(c.at.level()); });
    }
    const auto number = static_cast<std::uint64_t>(field);
    const bool escaped = number >= layout::code_escape;
    const std::uint64_t code = escaped ? layout::code_escape : number + (raw ? layout::raw_twin : 0);
    put_varint(out_, code | (last ? layout::last_group : 0) | (group.size() > 1 ? layout::several : 0));
    if (escaped) put_varint(out_, number);
    if (group.size() > 1) put_varint(out_, group.size() - 2);

    const auto code_of = [&](std::uint32_t level) {
      return std::int64_t{is_price_ladder(field) && !raw ? tick_floor(level) : level};
    };
    std::int64_t previous = 0;
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (layout::has_levels(field)) {
        const std::int64_t level = code_of(group[i].at.level());
        if (i != 0) {
          put_varint(out_, static_cast<std::uint64_t>(level - previous - 1));
        } else if (is_price_ladder(field)) {
          put_zigzag(out_, level - code_of(reference(group)));
        } else {
          put_varint(out_, static_cast<std::uint64_t>(level));
        }
        previous = level;
      }
      write_value(group[i], is_ladder(field));
    }
  }

  // The price that a price ladder's first level is counted from: PROTOCOL.md, "Reference price".
  std::uint32_t reference(Changes group) const {
    if (merged()) return 0;
    const Address at = group[0].at;
    if (at.field() != Field::traded) {
      const auto ladder = after_->cells(at.market(), at.outcome()).field(at.field());
      const auto best = best_before(ladder, changes_of(at, at.field()), best_is_highest(at.field()));
      if (best) return *best;
    }
    const std::int64_t last = last_price(at);
    return last > 0 && last < exact_price_level ? static_cast<std::uint32_t>(last) : 0;
  }

  // As the rows of this block leave it: one that turned into a text still counts as it was.
  std::int64_t last_price(Address at) const {
    const Changes change = changes_of(at, Field::last_price);
    if (!change.empty() && is_text_change(change[0]) && was_integer(change[0]))
      return change[0].before.integer;
    return after_->integer(Address(at.market(), at.outcome(), Field::last_price)).value_or(0);
  }

  // All changes of one field of a row.
  Changes changes_of(Address row, Field field) const {
    const auto& changes = delta_.changes;
    const auto before = [](const Change& change, Address at) { return change.at < at; };
    const Address from(row.market(), row.outcome(), field, 0);
    const auto first = std::lower_bound(changes.begin(), changes.end(), from, before);
    auto last = first;
    while (last != changes.end() && last->at.packed >> 24 == from.packed >> 24)
      ++last;
    return {first, last};
  }

  void write_value(const Change& change, bool ladder) {
    const std::int64_t now = change.now.integer;
    if (merged()) {
      if (!is_integer(change)) return put_varint(out_, 0);
      out_.push_back(1);
      return put_zigzag(out_, now);
    }
    if (was_integer(change)) {
      if (!is_integer(change)) return put_varint(out_, 0);
      return put_zigzag(out_, static_cast<std::int64_t>(static_cast<std::uint64_t>(now) -
                                                        static_cast<std::uint64_t>(change.before.integer)));
    }
    if (ladder) return put_varint(out_, static_cast<std::uint64_t>(now));
    put_zigzag(out_, now);
  }

  std::string& out_;
  const EventState* after_;
  const Delta& delta_;
  std::vector<Change> row_;
};

}  // namespace

void encode_block(std::string& out, const EventState& after, const Delta& delta,
                  std::int64_t source_time_before_ms) {
  Writer(out, &after, delta).write(source_time_before_ms);
}

void encode_merged_block(std::string& out, const Delta& delta, std::int64_t source_time_before_ms) {
  Writer(out, nullptr, delta).write(source_time_before_ms);
}

void encode_state(std::string& out, const EventState& state) {
  Delta delta;  // in normal form as it is: every cell once, in table order
  delta.changes.reserve(state.cell_count());
  delta.arena.reserve(state.text_bytes());
  state.for_each([&](Address at, const Value& value) { delta.add(at, {}, value); });
  delta.source_time_ms = state.source_time_ms;
  encode_block(out, state, delta, 0);
}

}  // namespace touchline
