// What a reader of coded updates is sent: the updates as everybody gets them, and blocks until it can read those.

#include "core/check.h"
#include "core/coded_frame.h"
#include "feed/hub.h"

#include <utility>

namespace touchline {
namespace {

Hub::Piece own_piece(std::string bytes) {
  const auto owned = std::make_shared<const std::string>(std::move(bytes));
  return {owned, *owned};
}

// The body of a frame, whose last item is held back until it is known to be the last one.
class Body {
 public:
  void skip() { ++skipped_; }
  void add(const CodedItem& item) {
    flush();
    held_ = item;
    ++items_;
  }

  // The frame, behind an item of the event that was sent last; and which that is now.
  std::string frame(EventHandle& last_event) {
    std::string frame;
    if (skipped_ == 0 && items_ == 1 && bytes_.empty()) {
      put_coded_frame(frame, held_.event, held_.form, held_.bytes, last_event);
    } else {
      if (skipped_ != 0) {
        flush();
      } else {
        put_last_coded_item(bytes_, held_.event, held_.form, held_.bytes);
      }
      put_deltas_frame(frame, true, bytes_);
    }
    if (items_ != 0) last_event = held_.event;
    return frame;
  }

 private:
  void flush() {
    if (items_ != written_) {
      put_coded_item(bytes_, held_.event, held_.form, held_.bytes);
      written_ = items_;
    }
    if (skipped_ != 0) put_skip(bytes_, std::exchange(skipped_, 0));
  }

  std::string bytes_;
  CodedItem held_;
  std::uint64_t items_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t skipped_ = 0;  // behind the item that is held
};

}  // namespace

// Whether the reader has seen all of the update's group.
bool Hub::may_have_coded(Reader& reader, const CodedUpdates::Update& update) {
  if (update.group > reader.coded_from) {
    const auto interrupted = reader.interrupted.find(update.event);
    if (interrupted == reader.interrupted.end()) return true;
    if (update.group > interrupted->second) {
      reader.interrupted.erase(interrupted);
      return true;
    }
  }
  wanted_groups_.insert(update.event);
  return false;
}

std::size_t Hub::gather_coded(Reader& reader, std::vector<Piece>& pieces, std::size_t room) {
  const PublishedLog::Entry& entry = *log_.at(reader.place);
  const PublishedLog::Cut cut = log_.cut(reader.place, room);
  const bool whole = cut.count == entry.count;
  if (entry.coded && whole && reader.filter.all() && reader.interrupted.empty() &&
      entry.coded->oldest_group > reader.coded_from) {
    return gather_coded_whole(reader, pieces);
  }
  Body body;
  DeltaItems items(cut.bytes);
  DeltaItem item;
  for (std::size_t i = reader.place.item;; ++i) {
    const auto more = items.next(item);
    TL_CHECK(more);
    if (!*more) break;
    if (!reader.filter.all() && !follow(reader, item.event)) {
      body.skip();
      continue;
    }
    const CodedUpdates::Update* update = entry.coded ? &entry.coded->updates.updates[i] : nullptr;
    TL_CHECK(update == nullptr || update->event == item.event);
    if (update == nullptr || !may_have_coded(reader, *update)) {
      ++counts_.coded_blocks;
      body.add({item.event, ItemForm::block, 0, item.block});
    } else {
      ++counts_.coded;
      const ItemForm form = update->first ? ItemForm::first_of_group : ItemForm::later;
      body.add({item.event, form, 0, entry.coded->updates.update(i)});
    }
  }
  reader.position = Offset(reader.position.value + cut.count);
  reader.place = cut.end;
  // What was read back from the journal has no updates, though there were some: groups may have begun in it.
  if (!entry.coded) reader.coded_from = reader.position;
  pieces.push_back(own_piece(body.frame(reader.last_event)));
  return pieces.back().bytes.size();
}

// All of an entry, from bytes that are shared.
std::size_t Hub::gather_coded_whole(Reader& reader, std::vector<Piece>& pieces) {
  const PublishedLog::Entry& entry = *log_.at(reader.place);
  const auto& updates = entry.coded->updates.updates;
  counts_.coded += updates.size();
  const EventHandle last_event = std::exchange(reader.last_event, updates.back().event);
  const bool same = updates.size() == 1 && !updates[0].first && updates[0].event == last_event;
  const std::string_view body = same ? std::string_view(entry.coded->updates.bytes) : entry.coded->body;
  std::string header;
  put_coded_frame_header(header, same ? CodedHead::same_event : CodedHead::told, body.size());
  pieces.push_back(own_piece(std::move(header)));
  // The bytes live as long as what is coded.
  pieces.push_back({Bytes(entry.coded, &entry.coded->body), body});
  reader.position = entry.after();
  reader.place = PublishedLog::behind(reader.place);
  return pieces[pieces.size() - 2].bytes.size() + body.size();
}

}  // namespace touchline
