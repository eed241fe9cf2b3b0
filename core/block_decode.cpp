#include "core/block.h"
#include "core/block_layout.h"
#include "core/limits.h"
#include "core/ticks.h"
#include "core/varint.h"

#include <algorithm>
#include <map>
#include <string>

namespace touchline {
namespace {

namespace layout = block_layout;

bool may_merge(std::uint64_t count) { return count != 0 && count <= 1ULL << 62; }

class Reader {
 public:
  Reader(const EventState& before, std::string_view block) : before_(before), in_(block) {}

  Result<Delta> read() {
    delta_.seq = before_.seq;
    const std::uint64_t head = in_.varint();
    delta_.source_time_ms =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(before_.source_time_ms) +
                                  static_cast<std::uint64_t>(unzigzag(head >> layout::time_shift)));
    if ((head & layout::extended) != 0) read_flags();
    delta_.seq = Seq(before_.seq.value + delta_.merged);
    bool rows = true;
    if ((head & layout::has_texts) != 0) rows = read_texts();
    if (rows && ok()) read_rows();
    if (ok() && in_.failed()) complain("ends early");
    if (ok() && !in_.done()) complain("goes on after its last row");
    if (!ok()) return Error{ErrorKind::malformed, "block " + problem_, in_.at()};
    delta_.normalise();
    return std::move(delta_);
  }

 private:
  bool ok() const { return problem_.empty(); }
  void complain(std::string problem) {
    if (ok()) problem_ = in_.failed() ? "ends early" : std::move(problem);
  }

  void read_flags() {
    const std::string_view byte = in_.bytes(1);
    if (byte.empty()) return complain("ends early");
    const auto flags = static_cast<unsigned char>(byte[0]);
    if ((flags & layout::flag_critical) != 0) delta_.kind = DeltaClass::critical;
    const unsigned cause = flags >> layout::cause_shift;
    if (cause > static_cast<unsigned>(Cause::feed_health)) return complain("has an unknown cause");
    delta_.cause = static_cast<Cause>(cause);
    if ((flags & layout::flag_merged) == 0) return;
    merged_ = true;
    delta_.merged = in_.varint();
    if (!may_merge(delta_.merged)) complain("merges an impossible number of deltas");
  }

  // Whether a row may be written: numbers are given in order, so a new one is the next one.
  bool admit(std::uint64_t market, std::uint64_t outcome) {
    if (market >= limits::markets_per_event || outcome > limits::outcomes_per_market) {
      complain("names a market or outcome past the limit");
      return false;
    }
    const auto m = static_cast<std::uint32_t>(market);
    const auto o = static_cast<std::uint32_t>(outcome);
    const std::uint32_t known = std::max(before_.market_count(), 1U) + new_markets_;
    if (m > known) {
      complain("leaves out a market number");
      return false;
    }
    if (m == known) ++new_markets_;
    auto [count, fresh] = outcomes_.try_emplace(m, std::max(before_.outcome_count(m), 1U));
    if (o > count->second) {
      complain("leaves out an outcome number");
      return false;
    }
    if (o == count->second) ++count->second;
    return true;
  }

  // Whether rows follow.
  bool read_texts() {
    const std::uint64_t head = in_.varint();
    const std::uint64_t count = head >> 1;
    if (count > in_.left()) {
      complain("announces more texts than it has bytes");
      return false;
    }
    std::uint64_t market = 0;
    std::string last;
    Address previous;
    for (std::uint64_t i = 0; i < count && ok(); ++i) {
      const std::uint64_t step = in_.varint();
      market += step >> 1;
      const std::uint64_t outcome = in_.varint();
      const std::uint64_t field = in_.varint();
      const std::uint64_t level = in_.varint();
      if (in_.failed() || !admit(market, outcome)) break;
      if (field >= field_count || level >= limits::levels_per_field) {
        complain("has a text in an unknown field");
        break;
      }
      const Address at(static_cast<std::uint32_t>(market), static_cast<std::uint32_t>(outcome),
                       static_cast<Field>(field), static_cast<std::uint32_t>(level));
      if (i != 0 && at <= previous) complain("has texts out of order");
      previous = at;
      read_text(at, (step & 1) != 0, last);
    }
    if (in_.failed()) complain("ends early");
    return (head & 1) != 0;
  }

  void read_text(Address at, bool erased, std::string& last) {
    const Value old = before_.get(at);
    if (erased) {
      if (old.kind != ValueKind::text && !merged_) return complain("erases a text that is not there");
      delta_.add(at, old, {});
      return;
    }
    const std::string_view base = !merged_ && old.kind == ValueKind::text ? old.text : std::string_view(last);
    const std::uint64_t prefix = in_.varint();
    const std::uint64_t suffix = in_.varint();
    const std::uint64_t middle = in_.varint();
    if (prefix > base.size() || suffix > base.size() - prefix)
      return complain("copies more of a text than there is");
    if (middle > limits::text_bytes || prefix + middle + suffix > limits::text_bytes) {
      return complain("has a text of more than " + std::to_string(limits::text_bytes) + " bytes");
    }
    // A copied text costs its block a few bytes only, so what it costs here is counted.
    new_text_bytes_ += prefix + middle + suffix;
    if (before_.text_bytes() + new_text_bytes_ > 2 * limits::event_text_bytes) {
      return complain("has more text than an event may have");
    }
    std::string text(base.substr(0, prefix));
    text.append(in_.bytes(middle));
    text.append(base.substr(base.size() - suffix));
    delta_.add(at, old, Value::of(std::string_view(text)));
    last = std::move(text);
  }

  void read_rows() {
    std::int64_t market = layout::first_market;
    std::int64_t previous_row = -1;
    for (bool last = false; !last && ok();) {
      const std::uint64_t head = in_.varint();
      if ((head & layout::other_market) != 0) {
        const std::int64_t step = in_.signed_varint();
        constexpr std::int64_t furthest = limits::markets_per_event;
        if (step < -furthest || step > furthest) return complain("names a market past the limit");
        market += step;
      }
      last = (head & layout::last_row) != 0;
      const std::uint64_t outcome = head >> layout::outcome_shift;
      if (in_.failed()) return complain("ends early");
      if (market < 0 || !admit(static_cast<std::uint64_t>(market), outcome)) {
        return complain("names a negative market");
      }
      const std::int64_t row = market << 12 | static_cast<std::int64_t>(outcome);
      if (row <= previous_row) return complain("has rows out of order");
      previous_row = row;
      read_groups(static_cast<std::uint32_t>(market), static_cast<std::uint32_t>(outcome));
    }
  }

  void read_groups(std::uint32_t market, std::uint32_t outcome) {
    last_price_ = before_.integer(Address(market, outcome, Field::last_price)).value_or(0);
    std::int64_t previous_field = -1;
    for (bool last = false; !last && ok();) {
      const std::uint64_t head = in_.varint();
      last = (head & layout::last_group) != 0;
      std::uint64_t number = head & layout::code_mask;
      if (number == layout::code_escape) number = in_.varint();
      const bool raw = number >= static_cast<std::uint64_t>(Field::back) + layout::raw_twin &&
                       number <= static_cast<std::uint64_t>(Field::sp_lay) + layout::raw_twin;
      if (raw) number -= layout::raw_twin;
      std::uint64_t count = 1;
      const bool several = (head & layout::several) != 0;
      if (several) count = in_.varint();
      if (in_.failed()) return complain("ends early");
      if (number >= field_count) return complain("has an unknown field");
      const auto field = static_cast<Field>(number);
      if (count > in_.left() || (several && !layout::has_levels(field))) {
        return complain("announces more cells than it can have");
      }
      if (several) count += 2;
      if (static_cast<std::int64_t>(number) <= previous_field) return complain("has fields out of order");
      previous_field = static_cast<std::int64_t>(number);
      read_cells(Address(market, outcome, field), count, raw);
    }
  }

  void read_cells(Address group, std::uint64_t count, bool raw) {
    const Field field = group.field();
    const bool ticks = is_price_ladder(field) && !raw;
    std::int64_t code = 0;
    for (std::uint64_t i = 0; i < count && ok(); ++i) {
      if (layout::has_levels(field)) {
        if (i != 0) {
          code += read_level() + 1;
        } else if (is_price_ladder(field)) {
          const std::uint32_t from = reference(group);
          code = in_.signed_varint();
          if (code < -(1 << 24) || code > 1 << 24) return complain("has a level out of range");
          code += std::int64_t{ticks ? tick_floor(from) : from};
        } else {
          code = read_level();
        }
      }
      if (in_.failed()) return complain("ends early");
      if (code < 0 || code >= (ticks ? tick_count : limits::levels_per_field))
        return complain("has a level out of range");
      const auto level = static_cast<std::uint32_t>(code);
      read_value(Address(group.market(), group.outcome(), field, ticks ? price_of_tick(level) : level));
    }
  }

  // A level or a step between two; one past any level is out of range whatever it is added to.
  std::int64_t read_level() {
    return static_cast<std::int64_t>(std::min<std::uint64_t>(in_.varint(), limits::levels_per_field));
  }

  std::uint32_t reference(Address group) const {
    if (merged_) return 0;
    if (group.field() != Field::traded) {
      const auto ladder = before_.cells(group.market(), group.outcome()).field(group.field());
      const bool highest = best_is_highest(group.field());
      const std::size_t size = ladder.keys.size();
      for (std::size_t i = 0; i < size; ++i) {
        const std::uint32_t level = ladder.keys[highest ? size - 1 - i : i].level();
        if (level < exact_price_level) return level;
      }
    }
    return last_price_ > 0 && last_price_ < exact_price_level ? static_cast<std::uint32_t>(last_price_) : 0;
  }

  void read_value(Address at) {
    const Value old = before_.get(at);
    const bool ladder = is_ladder(at.field());
    std::int64_t now = 0;
    bool erased = false;
    if (merged_) {
      erased = in_.varint() == 0;
      if (!erased) now = in_.signed_varint();
    } else if (old.kind == ValueKind::integer) {
      const std::uint64_t step = in_.varint();
      erased = step == 0;
      now = static_cast<std::int64_t>(static_cast<std::uint64_t>(old.integer) +
                                      static_cast<std::uint64_t>(unzigzag(step)));
    } else {
      now = ladder ? static_cast<std::int64_t>(in_.varint()) : in_.signed_varint();
    }
    if (at.field() == Field::last_price) last_price_ = erased ? 0 : now;
    delta_.add(at, old, erased ? Value{} : Value::of(now));
  }

  const EventState& before_;
  ByteReader in_;
  Delta delta_;
  bool merged_ = false;
  std::string problem_;
  std::uint32_t new_markets_ = 0;
  std::map<std::uint32_t, std::uint32_t> outcomes_;  // rows known of each market that the block names
  std::int64_t last_price_ = 0;
  std::uint64_t new_text_bytes_ = 0;
};

}  // namespace

Result<Delta> decode_block(const EventState& before, std::string_view block) {
  return Reader(before, block).read();
}

Result<BlockHeader> peek_block(std::string_view block) {
  ByteReader in(block);
  BlockHeader header;
  const std::uint64_t head = in.varint();
  if ((head & layout::extended) != 0) {
    const std::string_view byte = in.bytes(1);
    const unsigned flags = byte.empty() ? 0 : static_cast<unsigned char>(byte[0]);
    if ((flags & layout::flag_critical) != 0) header.kind = DeltaClass::critical;
    if ((flags & layout::flag_merged) != 0) header.merged = in.varint();
  }
  if (in.failed()) return malformed("block ends early", in.at());
  if (!may_merge(header.merged)) return malformed("block merges an impossible number of deltas", in.at());
  return header;
}

}  // namespace touchline
