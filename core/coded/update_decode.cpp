// The reading end of a coded update: what was told, put together to a delta.

#include "core/coded/coded.h"
#include "core/coded/header_walk.h"
#include "core/coded/range_coder.h"
#include "core/coded/update_walk.h"
#include "core/limits.h"

#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace touchline::coded {
namespace {

class ReadingSide {
 public:
  ReadingSide(const EventState& before, const RangeDecoder& coder, Delta& delta, Bounds bounds)
      : before_(before), coder_(coder), delta_(delta), bounds_(bounds) {}

  bool ok() {
    if (problem_ == nullptr && coder_.cut_short()) problem_ = "ends early";
    return problem_ == nullptr;
  }
  void complain(const char* what) {
    if (ok()) problem_ = what;
  }
  const char* problem() const { return problem_; }

  // As this update leaves it; 0 where it is no attribute.
  std::uint32_t called(Model& model, Address at) const {
    if (at.field() != Field::attribute) return 0;
    return model.attribute_names(at.level(), [&](std::uint32_t attribute) {
      const Address name(0, 0, Field::attribute_name, attribute);
      for (std::size_t i = 0; i < names_; ++i) {
        if (delta_.changes[i].at == name) return delta_.now(delta_.changes[i]).text;
      }
      return before_.get(name).text;
    });
  }

  // What only a writer knows.
  static bool has_market() { return false; }
  static std::uint32_t market() { return 0; }
  static bool has_outcome_row() { return false; }
  static std::uint32_t outcome() { return 0; }
  static bool has_market_row() { return false; }
  static bool has_cell(std::size_t /*at*/, bool /*best*/) { return false; }
  static bool is_raw(std::size_t /*at*/) { return false; }
  static bool is_derived() { return false; }

  bool enter_market(std::uint64_t market) {
    market_ = market;
    return admit(market, 0);
  }
  bool enter_row(std::uint64_t outcome) {
    row_from_ = delta_.changes.size();
    derived_.clear();
    // Each has a cell; a row that says nothing takes time, too.
    if (rows_++ == bounds_.cells) complain("has more rows than cells");
    if (!admit(market_, outcome)) return false;
    row_cells_ = before_.cells(static_cast<std::uint32_t>(market_), static_cast<std::uint32_t>(outcome));
    return true;
  }
  bool has_room(std::size_t cells) {
    if (delta_.changes.size() + cells > bounds_.cells) complain("has more cells than it may");
    return ok();
  }
  static void leave_row() {}

  // Whether a row may be written: numbers are given in order, so a new one is the next one.
  bool admit(std::uint64_t market, std::uint64_t outcome) {
    if (market >= limits::markets_per_event || outcome > limits::outcomes_per_market) {
      complain("names a market or outcome past the limit");
      return false;
    }
    const auto m = static_cast<std::uint32_t>(market);
    const auto o = static_cast<std::uint32_t>(outcome);
    if (m < before_.market_count() && o < before_.outcome_count(m)) return true;
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

  // Its cells are read into the delta.
  RowCells row() const { return RowCells(delta_.changes).subspan(row_from_); }
  void next_cell(Address at, std::size_t /*place*/) {
    has_room(1);
    const auto key = std::lower_bound(row_cells_.keys.begin(), row_cells_.keys.end(), at.key());
    Value old;
    if (key != row_cells_.keys.end() && *key == at.key()) {
      old = Value::of(row_cells_.values[static_cast<std::size_t>(key - row_cells_.keys.begin())]);
    } else {
      old = before_.get(at);
    }
    delta_.changes.push_back({at, delta_.hold(old), {}});
  }
  std::optional<std::int64_t> was(std::size_t at) const {
    const Change& change = change_at(at);
    if (change.before.kind != ValueKind::integer) return std::nullopt;
    return change.before.integer;
  }
  std::optional<std::int64_t> old_at(Address at) const {
    const auto key = std::lower_bound(row_cells_.keys.begin(), row_cells_.keys.end(), at.key());
    if (key == row_cells_.keys.end() || *key != at.key()) return std::nullopt;
    return row_cells_.values[static_cast<std::size_t>(key - row_cells_.keys.begin())];
  }
  bool is_erased(std::size_t at) const { return change_at(at).now.kind != ValueKind::integer; }
  std::int64_t now(std::size_t at) const { return change_at(at).now.integer; }
  static void erase(std::size_t /*at*/) {}
  void set(std::size_t at, std::int64_t value) {
    delta_.changes[row_from_ + at].now = {ValueKind::integer, value};
  }

  std::int64_t reference(Address group) const {
    if (group.field() != Field::traded) {
      const auto ladder = row_cells_.field(group.field());
      const bool highest = best_is_highest(group.field());
      const std::size_t count = ladder.keys.size();
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t level = ladder.keys[highest ? count - 1 - i : i].level();
        if (level < exact_price_level) return level;
      }
    }
    std::int64_t last = 0;
    const RowCells row = this->row();
    const auto change = std::find_if(row.begin(), row.end(),
                                     [](const Change& c) { return c.at.field() == Field::last_price; });
    if (change != row.end()) {
      last = change->now.integer;
    } else {
      last = before_.integer(Address(group.market(), group.outcome(), Field::last_price)).value_or(0);
    }
    return last > 0 && last < exact_price_level ? last : 0;
  }

  // A text was read; those of the event's own row are the first ones.
  void note_text(Address at) {
    if (at.field() == Field::attribute_name && at.market() == 0) names_ = delta_.changes.size() + 1;
    texts_in_ladders_ = texts_in_ladders_ || is_ladder(at.field());
  }
  bool can_derive() const { return !texts_in_ladders_; }

  void derive(Address row, std::uint32_t ranks) {
    derived_.clear();
    for (const Field best : {Field::best_back, Field::best_lay}) {
      best_levels(best == Field::best_back ? Field::back : Field::lay, ranks);
      const EventState::Cells held = row_cells_.field(best);
      std::size_t next = 0;
      for (std::uint32_t rank = 0; rank < ranks; ++rank) {
        for (const std::uint32_t level : {2 * rank, 2 * rank + 1}) {
          while (next < held.keys.size() && held.keys[next].level() < level)
            ++next;
          Change change{Address(row.market(), row.outcome(), best, level), {}, {}};
          if (next < held.keys.size() && held.keys[next].level() == level) {
            change.before = {ValueKind::integer, held.values[next]};
          }
          if (rank < levels_.size()) {
            const auto& [price, size] = levels_[rank];
            change.now = {ValueKind::integer, level % 2 == 0 ? std::int64_t{price} : size};
          }
          if (change.before.kind != change.now.kind || change.before.integer != change.now.integer)
            derived_.push_back(change);
        }
      }
    }
  }
  void take_derived(std::size_t& at) {
    if (!has_room(derived_.size())) return;
    delta_.changes.insert(delta_.changes.end(), derived_.begin(), derived_.end());
    at = row().size();
  }

 private:
  const Change& change_at(std::size_t at) const { return delta_.changes[row_from_ + at]; }

  // The best levels of a ladder as this update leaves it.
  void best_levels(Field field, std::uint32_t ranks) {
    levels_.clear();
    const EventState::Cells held = row_cells_.field(field);
    const RowCells row = this->row();
    const auto first =
        std::find_if(row.begin(), row.end(), [&](const Change& c) { return c.at.field() == field; });
    auto last = first;
    while (last != row.end() && last->at.field() == field)
      ++last;
    const bool highest = best_is_highest(field);
    std::size_t h = 0;  // of those held, from the best on
    const auto changes = static_cast<std::size_t>(last - first);
    std::size_t c = 0;
    while (levels_.size() < ranks && (h < held.keys.size() || c < changes)) {
      const std::size_t hi = highest ? held.keys.size() - 1 - h : h;
      const Change* change =
          c < changes ? &first[static_cast<std::ptrdiff_t>(highest ? changes - 1 - c : c)] : nullptr;
      const bool has_held = h < held.keys.size();
      const std::uint32_t level_held = has_held ? held.keys[hi].level() : 0;
      const std::uint32_t level_changed = change != nullptr ? change->at.level() : 0;
      const bool take_change =
          change != nullptr && (!has_held || level_changed == level_held ||
                                (highest ? level_changed > level_held : level_changed < level_held));
      const std::uint32_t level = take_change ? level_changed : level_held;
      if (level < exact_price_level) {
        if (!take_change) {
          levels_.emplace_back(level, held.values[hi]);
        } else if (change->now.kind == ValueKind::integer) {
          levels_.emplace_back(level, change->now.integer);
        }
      }
      if (take_change && has_held && level_changed == level_held) ++h;
      if (take_change) {
        ++c;
      } else {
        ++h;
      }
    }
  }

  const EventState& before_;
  const RangeDecoder& coder_;
  Delta& delta_;
  Bounds bounds_;
  std::size_t rows_ = 0;
  const char* problem_ = nullptr;
  std::uint64_t market_ = 0;
  EventState::Cells row_cells_;
  std::size_t row_from_ = 0;  // of the delta's changes
  boost::container::small_vector<Change, 8> derived_;
  // Price and size, the best first.
  boost::container::small_vector<std::pair<std::uint32_t, std::int64_t>, best_ranks_max> levels_;
  std::uint32_t new_markets_ = 0;
  std::map<std::uint32_t, std::uint32_t> outcomes_;  // rows known of each market that grew
  bool texts_in_ladders_ = false;
  std::size_t names_ = 0;  // up to here changes may be names of attributes
};

class Reader {
 public:
  Reader(Model& model, const EventState& before, std::string_view bytes, Bounds bounds)
      : model_(model),
        before_(before),
        bounds_(bounds),
        coder_(bytes),
        side_(before, coder_, delta_, bounds) {}

  Result<Delta> read(Place place) {
    HeaderWalk<RangeDecoder> header{coder_, model_};
    if (place == Place::first_of_group) header.best_ranks(0);
    delta_.seq = before_.seq.next();
    delta_.source_time_ms = plus(before_.source_time_ms, header.time_step(0));
    const auto kind = header.kind({});
    if (kind.cause > Cause::feed_health) side_.complain("has an unknown cause");
    delta_.cause = kind.cause;
    delta_.changes.reserve(changes_at_first);
    const bool texts = header.has_texts(false);
    if (texts) read_texts(header);
    if (side_.ok()) {
      UpdateWalk<RangeDecoder, ReadingSide> walk(coder_, model_, side_);
      walk.markets(texts);
    }
    if (side_.ok() && coder_.left_over()) side_.complain("goes on after its end");
    if (!side_.ok()) return malformed(std::string("coded update ") + side_.problem(), coder_.place());
    ++model_.updates;
    delta_.normalise();
    const DeltaClass usual = class_of(delta_);
    const DeltaClass other = usual == DeltaClass::price ? DeltaClass::critical : DeltaClass::price;
    delta_.kind = kind.other_class ? other : usual;
    return std::move(delta_);
  }

 private:
  std::uint32_t called_in_texts(Address at) {
    if (at.market() != 0 || at.field() != Field::attribute) return side_.called(model_, at);
    // The names that come with texts of the event's own row stand behind them.
    const Value name = before_.get(Address(0, 0, Field::attribute_name, at.level()));
    return name ? model_.attribute_names(at.level(), [&](std::uint32_t) { return name.text; }) : 1U;
  }

  void read_texts(HeaderWalk<RangeDecoder>& header) {
    const std::uint64_t count = header.text_count(0);
    Address previous;
    std::string text;
    for (std::uint64_t i = 0; i < count && side_.ok(); ++i) {
      const auto at = header.text_address(previous, i == 0, Address());
      if (!at) return side_.complain("names a text out of range or order");
      previous = *at;
      if (!side_.admit(at->market(), at->outcome()) || !side_.has_room(1)) return;
      side_.note_text(*at);
      const Value old = before_.get(*at);
      const bool has_old = old.kind == ValueKind::text;
      if (has_old && header.text_erased(*at, false)) {
        delta_.add(*at, old, {});
        continue;
      }
      const std::uint64_t text_bytes = before_.text_bytes() + new_text_bytes_;
      if (text_bytes > bounds_.text_bytes) return side_.complain("has more text than an event may have");
      const std::size_t bytes_max =
          std::min<std::uint64_t>(limits::text_bytes, bounds_.text_bytes - text_bytes);
      if (!header.text(*at, called_in_texts(*at), has_old ? old.text : std::string_view(), has_old, {}, text,
                       bytes_max)) {
        return side_.complain(bytes_max < limits::text_bytes ? "has more text than an event may have"
                                                             : "has a text that cannot be");
      }
      new_text_bytes_ += text.size();
      delta_.add(*at, old, Value::of(std::string_view(text)));
    }
  }

  static constexpr std::size_t changes_at_first = 16;

  Model& model_;
  const EventState& before_;
  Bounds bounds_;
  RangeDecoder coder_;
  Delta delta_;
  ReadingSide side_;
  std::uint64_t new_text_bytes_ = 0;
};

}  // namespace

Result<Delta> decode_update(Model& model, const Prior& prior, Place place, const EventState& before,
                            std::string_view bytes, Bounds bounds) {
  if (place == Place::first_of_group) model.start(prior);
  if (!model.started()) return malformed("coded update without the first one of its group", 0);
  return Reader(model, before, bytes, bounds).read(place);
}

}  // namespace touchline::coded
