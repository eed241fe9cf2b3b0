#include "core/state_json.h"

#include "core/cell.h"
#include "core/state_names.h"
#include "core/time_text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

namespace touchline {
namespace {

constexpr std::array price_ladders{Field::back, Field::lay, Field::traded, Field::sp_back, Field::sp_lay};
constexpr std::array rank_ladders{Field::best_back, Field::best_lay, Field::best_display_back,
                                  Field::best_display_lay};

class StateWriter {
 public:
  StateWriter(std::string& out, const EventState& state) : out_(out), state_(state) {}

  void event(const StateView& view);

 private:
  struct Attribute {
    std::string_view path;
    Address at;
    Value value;
  };
  struct RankLevel {
    std::uint32_t rank;
    Value price;
    Value size;
  };

  void market(std::uint32_t market);
  void outcome(std::uint32_t market, std::uint32_t outcome);

  // A row is taken apart once; what its listing names is written in the listing's order, and whatever is left
  // goes under its attributes.
  void read_row(std::uint32_t market, std::uint32_t outcome);
  void scalars(std::initializer_list<Field> fields);
  void attributes();
  void price_ladder(Field field);
  void rank_ladder(Field field);
  void read_rank_ladder(Field field);

  void key(std::string_view name);
  void time_key(std::string_view name, std::int64_t time_ms);
  void separate(char opening);
  Address address(Field field) const { return {market_, outcome_, field}; }

  std::string& out_;
  const EventState& state_;

  std::uint32_t market_ = 0;
  std::uint32_t outcome_ = 0;
  std::array<Value, field_count> values_;
  std::vector<Attribute> attributes_;
  std::vector<PriceLevel> price_levels_;
  std::vector<RankLevel> rank_levels_;
};

// Puts a comma behind what stands before, unless that is the opening bracket.
void StateWriter::separate(char opening) {
  if (out_.back() != opening) out_.push_back(',');
}

// Names of ours and paths alike: a path may hold anything.
void StateWriter::key(std::string_view name) {
  separate('{');
  append_json_text(out_, name);
  out_.push_back(':');
}

void StateWriter::time_key(std::string_view name, std::int64_t time_ms) {
  if (time_ms == 0) return;
  key(name);
  out_.push_back('"');
  append_time(out_, time_ms);
  out_.push_back('"');
}

void StateWriter::read_row(std::uint32_t market, std::uint32_t outcome) {
  market_ = market;
  outcome_ = outcome;
  values_.fill({});
  attributes_.clear();
  state_.for_each_in_row(market, outcome, [this](Address at, const Value& value) {
    const Field field = at.field();
    if (field == Field::attribute) {
      attributes_.push_back({attribute_path(state_, at.level()), at, value});
    } else if (!is_ladder(field) && at.level() == 0 && static_cast<std::size_t>(field) < field_count) {
      values_[static_cast<std::size_t>(field)] = value;
    }
  });
  for (const Field field : {Field::attribute_name, Field::exact_price, Field::owner, Field::feed}) {
    values_[static_cast<std::size_t>(field)] = {};
  }
}

void StateWriter::scalars(std::initializer_list<Field> fields) {
  for (const Field field : fields) {
    Value& value = values_[static_cast<std::size_t>(field)];
    if (!value) continue;
    key(name_of(field));
    append_json_value(out_, address(field), value);
    value = {};
  }
}

void StateWriter::attributes() {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const auto field = static_cast<Field>(i);
    if (values_[i]) attributes_.push_back({name_of(field), address(field), values_[i]});
  }
  // A field of ours goes before a source's attribute of the same name.
  std::sort(attributes_.begin(), attributes_.end(), [](const Attribute& a, const Attribute& b) {
    return std::tuple(a.path, a.at.field() == Field::attribute, a.at) <
           std::tuple(b.path, b.at.field() == Field::attribute, b.at);
  });
  key("attributes");
  out_.push_back('{');
  std::optional<std::string_view> last;
  for (const auto& [path, at, value] : attributes_) {
    if (path == last) {
      key("attribute/" + std::string(path));  // no key comes twice, and nothing is lost
    } else {
      key(path);
    }
    append_json_value(out_, at, value);
    last = path;
  }
  out_.push_back('}');
}

void StateWriter::price_ladder(Field field) {
  const Address ladder = address(field);
  price_levels(state_, ladder, price_levels_);
  if (price_levels_.empty()) return;
  key(name_of(field));
  out_.push_back('[');
  for (const PriceLevel& level : price_levels_) {
    separate('[');
    out_.push_back('[');
    append_json_price(out_, level);
    out_.push_back(',');
    append_json_value(out_, ladder, level.size);
    out_.push_back(']');
  }
  out_.push_back(']');
}

void StateWriter::read_rank_ladder(Field field) {
  rank_levels_.clear();
  const auto add = [this](RowKey cell, const Value& value) {
    const std::uint32_t rank = cell.level() / 2;
    auto place = std::lower_bound(rank_levels_.begin(), rank_levels_.end(), rank,
                                  [](const RankLevel& level, std::uint32_t r) { return level.rank < r; });
    if (place == rank_levels_.end() || place->rank != rank) {
      place = rank_levels_.insert(place, {rank, Value::of(0), Value::of(0)});
    }
    (cell.level() % 2 == 0 ? place->price : place->size) = value;
  };
  const auto cells = state_.cells(market_, outcome_).field(field);
  for (std::size_t i = 0; i < cells.keys.size(); ++i)
    add(cells.keys[i], Value::of(cells.values[i]));
  for (const auto& [cell, text] : texts_of(state_, address(field)))
    add(cell, Value::of(std::string_view(text)));
}

void StateWriter::rank_ladder(Field field) {
  read_rank_ladder(field);
  if (rank_levels_.empty()) return;
  key(name_of(field));
  out_.push_back('[');
  for (const RankLevel& level : rank_levels_) {
    separate('[');
    out_.push_back('[');
    append_integer(out_, level.rank);
    out_.push_back(',');
    append_json_value(out_, address(field), level.price);
    out_.push_back(',');
    append_json_value(out_, address(field), level.size);
    out_.push_back(']');
  }
  out_.push_back(']');
}

void StateWriter::outcome(std::uint32_t market, std::uint32_t outcome) {
  read_row(market, outcome);
  out_.push_back('{');
  scalars({Field::id});
  Value& handicap = values_[static_cast<std::size_t>(Field::handicap)];
  if (!handicap) handicap = Value::of(0);
  scalars({Field::handicap, Field::name, Field::status, Field::price, Field::last_price, Field::total_matched,
           Field::sp_near, Field::sp_far});
  attributes();
  for (const Field ladder : price_ladders)
    price_ladder(ladder);
  for (const Field ladder : rank_ladders)
    rank_ladder(ladder);
  out_.push_back('}');
}

void StateWriter::market(std::uint32_t market) {
  read_row(market, 0);
  out_.push_back('{');
  scalars({Field::id, Field::type, Field::status, Field::in_play, Field::version, Field::bet_delay,
           Field::total_matched});
  attributes();
  key("outcomes");
  out_.push_back('[');
  for (std::uint32_t number = 1; number < state_.outcome_count(market); ++number) {
    if (!outcome_visible(state_, market, number)) continue;
    separate('[');
    outcome(market, number);
  }
  out_.append("]}");
}

void append_digest(std::string& out, std::uint64_t digest) {
  constexpr std::string_view hex = "0123456789abcdef";
  out.push_back('"');
  for (int shift = 60; shift >= 0; shift -= 4)
    out.push_back(hex[digest >> shift & 0xF]);
  out.push_back('"');
}

void StateWriter::event(const StateView& view) {
  read_row(0, 0);
  out_.push_back('{');
  if (const Value id = state_.get(Address(0, 0, Field::id))) {
    key("event");
    append_json_value(out_, Address(0, 0, Field::id), id);
    values_[static_cast<std::size_t>(Field::id)] = {};
  }
  scalars({Field::sport, Field::name, Field::status});
  key("feed");
  append_json_text(out_, name_of(feed_health(state_)));
  const auto number = [this](std::string_view name, std::uint64_t value) {
    key(name);
    out_.append(std::to_string(value));
  };
  if (view.epoch.value != 0) number("epoch", view.epoch.value);
  number("seq", state_.seq.value);
  if (view.offset.value != 0) number("offset", view.offset.value);
  key("digest");
  append_digest(out_, state_.digest());
  time_key("published_at", view.published_ms);
  time_key("source_at", state_.source_time_ms);
  attributes();
  key("markets");
  out_.push_back('[');
  for (std::uint32_t number_of_market = 1; number_of_market < state_.market_count(); ++number_of_market) {
    if (!market_visible(state_, number_of_market)) continue;
    separate('[');
    market(number_of_market);
  }
  out_.append("]}");
}

}  // namespace

void append_state_json(std::string& out, const StateView& view) { StateWriter(out, view.state).event(view); }

}  // namespace touchline
