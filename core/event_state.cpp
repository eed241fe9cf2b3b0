#include "core/event_state.h"

#include "core/digest.h"

#include <algorithm>

namespace touchline {
namespace {

auto text_position(const std::vector<std::pair<RowKey, std::string>>& texts, RowKey key) {
  return std::lower_bound(texts.begin(), texts.end(), key,
                          [](const auto& cell, RowKey k) { return cell.first < k; });
}

}  // namespace

EventState::Cells EventState::Cells::field(Field field) const {
  const auto first = std::lower_bound(keys.begin(), keys.end(), RowKey(field, 0));
  const auto last = std::upper_bound(first, keys.end(), RowKey(field, 0xFFFFFF));
  const auto begin = static_cast<std::size_t>(first - keys.begin());
  const auto count = static_cast<std::size_t>(last - first);
  return {keys.subspan(begin, count), values.subspan(begin, count)};
}

EventState::Row& EventState::row(Address at) {
  if (at.market() >= markets_.size()) markets_.resize(at.market() + 1);
  Market& market = markets_[at.market()];
  if (at.outcome() >= market.size()) market.resize(at.outcome() + 1);
  return market[at.outcome()];
}

const EventState::Row* EventState::find_row(std::uint32_t market, std::uint32_t outcome) const {
  if (market >= markets_.size() || outcome >= markets_[market].size()) return nullptr;
  return &markets_[market][outcome];
}

std::uint32_t EventState::outcome_count(std::uint32_t market) const {
  return market < markets_.size() ? static_cast<std::uint32_t>(markets_[market].size()) : 0;
}

EventState::Cells EventState::cells(std::uint32_t market, std::uint32_t outcome) const {
  const Row* row = find_row(market, outcome);
  return row == nullptr ? Cells{} : Cells{row->keys, row->values};
}

std::span<const std::pair<RowKey, std::string>> EventState::texts(std::uint32_t market,
                                                                  std::uint32_t outcome) const {
  const Row* row = find_row(market, outcome);
  if (row == nullptr) return {};
  return row->texts;
}

Value EventState::get(Address at) const {
  const Row* row = find_row(at.market(), at.outcome());
  if (row == nullptr) return {};
  const auto key = std::lower_bound(row->keys.begin(), row->keys.end(), at.key());
  if (key != row->keys.end() && *key == at.key()) {
    return Value::of(row->values[static_cast<std::size_t>(key - row->keys.begin())]);
  }
  if (!row->may_hold_text(at.key())) return {};
  const auto text = text_position(row->texts, at.key());
  if (text != row->texts.end() && text->first == at.key()) return Value::of(std::string_view(text->second));
  return {};
}

std::optional<std::int64_t> EventState::integer(Address at) const {
  const Value value = get(at);
  if (value.kind != ValueKind::integer) return std::nullopt;
  return value.integer;
}

EventState::Before EventState::take_text(Row& row, Address at) {
  if (!row.may_hold_text(at.key())) return {};
  const auto found = text_position(row.texts, at.key());
  if (found == row.texts.end() || found->first != at.key()) return {};
  const auto text = row.texts.begin() + (found - row.texts.cbegin());
  Before before{ValueKind::text, 0, std::move(text->second)};
  row.texts.erase(text);
  digest_ -= cell_hash(at, std::string_view(before.text));
  text_bytes_ -= before.text.size();
  --cell_count_;
  return before;
}

EventState::Before EventState::take_integer(Row& row, Address at) {
  const auto key = std::lower_bound(row.keys.begin(), row.keys.end(), at.key());
  if (key == row.keys.end() || *key != at.key()) return {};
  const auto value = row.values.begin() + (key - row.keys.begin());
  Before before{ValueKind::integer, *value, {}};
  digest_ -= cell_hash(at, *value);
  row.keys.erase(key);
  row.values.erase(value);
  --cell_count_;
  return before;
}

EventState::Before EventState::set(Address at, std::int64_t value) {
  Row& in = row(at);
  const auto key = std::lower_bound(in.keys.begin(), in.keys.end(), at.key());
  const auto place = in.values.begin() + (key - in.keys.begin());
  if (key != in.keys.end() && *key == at.key()) {
    const std::int64_t old = std::exchange(*place, value);
    digest_ += cell_hash(at, value) - cell_hash(at, old);
    return {ValueKind::integer, old, {}};
  }
  Before before = take_text(in, at);
  in.keys.insert(key, at.key());
  in.values.insert(place, value);
  digest_ += cell_hash(at, value);
  ++cell_count_;
  return before;
}

EventState::Before EventState::set(Address at, std::string_view text) {
  Row& in = row(at);
  Before before = take_integer(in, at);
  const auto found = text_position(in.texts, at.key());
  const auto place = in.texts.begin() + (found - in.texts.cbegin());
  digest_ += cell_hash(at, text);
  text_bytes_ += text.size();
  if (found != in.texts.cend() && found->first == at.key()) {
    digest_ -= cell_hash(at, std::string_view(place->second));
    text_bytes_ -= place->second.size();
    before = {ValueKind::text, 0, std::exchange(place->second, std::string(text))};
    return before;
  }
  in.texts.emplace(place, at.key(), std::string(text));
  in.text_fields |= 1ULL << static_cast<unsigned>(at.field());
  ++cell_count_;
  return before;
}

EventState::Before EventState::erase(Address at) {
  if (find_row(at.market(), at.outcome()) == nullptr) return {};
  Row& in = row(at);
  Before before = take_integer(in, at);
  if (before.kind == ValueKind::none) before = take_text(in, at);
  return before;
}

void EventState::release_empty_rows() {
  const auto is_empty = [](const Row& row) { return row.keys.empty() && row.texts.empty(); };
  while (!markets_.empty()) {
    Market& market = markets_.back();
    while (!market.empty() && is_empty(market.back()))
      market.pop_back();
    if (!market.empty()) break;
    markets_.pop_back();
  }
  markets_.shrink_to_fit();
  for (Market& market : markets_) {
    market.shrink_to_fit();
    for (Row& row : market) {
      row.keys.shrink_to_fit();
      row.values.shrink_to_fit();
      row.texts.shrink_to_fit();
    }
  }
}

std::uint64_t EventState::digest_from_scratch() const {
  std::uint64_t digest = 0;
  for_each([&](Address at, const Value& value) {
    digest += value.kind == ValueKind::integer ? cell_hash(at, value.integer) : cell_hash(at, value.text);
  });
  return digest;
}

std::size_t EventState::memory_bytes() const {
  std::size_t bytes = sizeof *this + markets_.capacity() * sizeof(Market);
  for (const Market& market : markets_) {
    bytes += market.capacity() * sizeof(Row);
    for (const Row& row : market) {
      bytes += row.keys.capacity() * sizeof(RowKey) + row.values.capacity() * sizeof(std::int64_t) +
               row.texts.capacity() * sizeof(row.texts[0]);
      for (const auto& text : row.texts) {
        if (text.second.capacity() > 15) bytes += text.second.capacity() + 1;
      }
    }
  }
  return bytes;
}

}  // namespace touchline
