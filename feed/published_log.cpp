#include "feed/published_log.h"

#include "core/check.h"
#include "core/coded_frame.h"
#include "core/frame.h"

#include <algorithm>
#include <utility>

namespace touchline {

std::optional<PublishedLog::Entry> PublishedLog::entry_of(Bytes bytes, Offset before, std::uint64_t count) {
  Entry entry{std::move(bytes), before, count};
  DeltaItems items(*entry.bytes);
  DeltaItem item;
  std::uint64_t found = 0;
  for (std::size_t at = 0; at < entry.bytes->size(); at = items.at()) {
    entry.last_item = at;
    const auto more = items.next(item);
    if (!more || item.event.value == 0) return std::nullopt;
    ++found;
  }
  if (found != count || count == 0) return std::nullopt;
  return entry;
}

std::shared_ptr<const PublishedLog::Coded> PublishedLog::coded_of(CodedUpdates updates) {
  if (updates.updates.empty()) return nullptr;
  auto coded = std::make_shared<Coded>();
  coded->oldest_group = updates.updates.front().group;
  for (std::size_t i = 0; i < updates.updates.size(); ++i) {
    const CodedUpdates::Update& update = updates.updates[i];
    coded->oldest_group = std::min(coded->oldest_group, update.group);
    const ItemForm form = update.first ? ItemForm::first_of_group : ItemForm::later;
    const bool last = i + 1 == updates.updates.size();
    (last ? put_last_coded_item : put_coded_item)(coded->body, update.event, form, updates.update(i));
  }
  coded->updates = std::move(updates);
  return coded;
}

void PublishedLog::append(Entry entry) {
  entry.begins_at = ends_at_;
  ends_at_ += entry.bytes->size();
  entries_.push_back(std::move(entry));
  while (bytes() > bytes_max_ && entries_.size() > 1) {
    entries_.pop_front();
    ++first_;
  }
}

void PublishedLog::append_gap(Offset before, std::uint64_t count) {
  append({std::make_shared<const std::string>(), before, count});
}

void PublishedLog::prepend(std::deque<Entry> older) {
  std::uint64_t at = begins_at();
  while (!older.empty()) {
    Entry entry = std::move(older.back());
    older.pop_back();
    TL_CHECK(entries_.empty() || entry.after() == entries_.front().before);
    at -= entry.bytes->size();
    entry.begins_at = at;
    entries_.push_front(std::move(entry));
    --first_;
  }
}

std::optional<Offset> PublishedLog::oldest() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.front().before;
}

const PublishedLog::Entry* PublishedLog::at(Place place) const {
  return place.entry < end_entry() ? &entries_[place.entry - first_] : nullptr;
}

std::optional<PublishedLog::Place> PublishedLog::find(Offset position) const {
  if (entries_.empty() || position < entries_.front().before) return std::nullopt;
  const auto found = std::partition_point(entries_.begin(), entries_.end(),
                                          [&](const Entry& entry) { return entry.after() <= position; });
  if (found == entries_.end()) {
    if (position != entries_.back().after()) return std::nullopt;
    return end();
  }
  if (found->is_gap() && position != found->before) return std::nullopt;
  Place place{first_ + static_cast<std::uint64_t>(found - entries_.begin()), 0, 0};
  DeltaItems items(*found->bytes);
  DeltaItem item;
  for (Offset before = found->before; before < position; before = before.next()) {
    const auto more = items.next(item);
    TL_CHECK(more && *more);
    place.byte = items.at();
    ++place.item;
  }
  return place;
}

PublishedLog::Cut PublishedLog::cut(Place place, std::size_t room) const {
  const Entry& entry = entries_[place.entry - first_];
  const std::string_view rest = std::string_view(*entry.bytes).substr(place.byte);
  if (place.byte == 0 && rest.size() <= room) {
    return {rest, entry.count, entry.last_item, behind(place)};
  }
  Cut cut;
  DeltaItems items(rest);
  DeltaItem item;
  std::size_t end = 0;
  while (end < rest.size()) {
    const auto more = items.next(item);
    TL_CHECK(more && *more);
    if (cut.count != 0 && items.at() > room) break;
    cut.last_item = end;
    end = items.at();
    ++cut.count;
  }
  cut.bytes = rest.substr(0, end);
  cut.end = end == rest.size() ? behind(place) : Place{place.entry, place.byte + end, place.item + cut.count};
  return cut;
}

std::uint64_t PublishedLog::bytes_from(Place place) const {
  const Entry* entry = at(place);
  return entry == nullptr ? 0 : ends_at_ - entry->begins_at - place.byte;
}

}  // namespace touchline
