#include "cmd/touchline/delta_update.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace touchline {
namespace {

class Teller {
 public:
  Teller(Update& update, const EventState& after, const Delta& delta)
      : out_(update), after_(after), delta_(delta) {}

  void tell() {
    out_.source_time_ms = delta_.source_time_ms;
    out_.on_event(text(Address(0, 0, Field::id)));
    // Attributes and odd prices get their numbers by first use: what uses a new number goes first, in order.
    std::vector<bool> told(delta_.changes.size(), false);
    for (const Change& name : delta_.changes) {
      if (name.at.field() != Field::attribute_name && name.at.field() != Field::exact_price) continue;
      for (std::size_t i = 0; i < told.size(); ++i) {
        if (!uses(delta_.changes[i].at, name.at)) continue;
        tell(delta_.changes[i]);
        told[i] = true;
        break;
      }
    }
    for (std::size_t i = 0; i < told.size(); ++i) {
      if (!told[i]) tell(delta_.changes[i]);
    }
  }

 private:
  static bool uses(Address cell, Address name) {
    if (name.field() == Field::attribute_name)
      return cell.field() == Field::attribute && cell.level() == name.level();
    return is_price_ladder(cell.field()) && cell.level() == exact_price_level + name.level();
  }

  std::string_view text(Address at) const { return after_.get(at).text; }

  void go_to(Address at) {
    if (at.market() == 0) {
      if (market_ != 0) out_.on_event(text(Address(0, 0, Field::id)));
    } else if (at.market() != market_ || at.outcome() < outcome_) {
      out_.on_market(text(Address(at.market(), 0, Field::id)), {});
      outcome_ = 0;
    }
    market_ = at.market();
    if (at.outcome() != 0 && (at.outcome() != outcome_)) {
      const Address handicap(at.market(), at.outcome(), Field::handicap);
      out_.on_outcome(text(Address(at.market(), at.outcome(), Field::id)),
                      after_.integer(handicap).value_or(0));
    }
    outcome_ = at.outcome();
  }

  void tell(const Change& change) {
    const Field field = change.at.field();
    if (field == Field::attribute_name || field == Field::exact_price || field == Field::owner ||
        field == Field::feed) {
      return;
    }
    go_to(change.at);
    if (is_identity(field)) return;
    const Value now = delta_.now(change);
    const std::uint32_t level = change.at.level();
    if (field == Field::attribute) {
      const std::string_view path = text(Address(0, 0, Field::attribute_name, level));
      switch (now.kind) {
        case ValueKind::none:
          return out_.attribute_erase(path);
        case ValueKind::integer:
          return out_.attribute(path, now.integer);
        case ValueKind::text:
          return out_.attribute_json(path, now.text);
      }
    }
    if (is_price_ladder(field) && level >= exact_price_level) {
      const std::string_view literal = text(Address(0, 0, Field::exact_price, level - exact_price_level));
      return now ? out_.exact_level(field, literal, now.integer) : out_.erase_exact_level(field, literal);
    }
    switch (now.kind) {
      case ValueKind::none:
        return out_.erase(field, level);
      case ValueKind::integer:
        return out_.set(field, now.integer, level);
      case ValueKind::text:
        return out_.set(field, now.text, level);
    }
  }

  Update& out_;
  const EventState& after_;
  const Delta& delta_;
  std::uint32_t market_ = 0;
  std::uint32_t outcome_ = 0;
};

}  // namespace

void fill_update(Update& update, const EventState& after, const Delta& delta) {
  Teller(update, after, delta).tell();
}

}  // namespace touchline
