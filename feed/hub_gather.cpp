// What a reader of the hub is sent next, and what becomes of one that is slow.

#include "core/check.h"
#include "core/coded_frame.h"
#include "core/varint.h"
#include "feed/hub.h"

#include <algorithm>
#include <utility>

namespace touchline {
namespace {

Hub::Piece own_piece(std::string bytes) {
  const auto owned = std::make_shared<const std::string>(std::move(bytes));
  return {owned, *owned};
}

// Whether the front of its own queue is due, whatever is on disk yet.
bool owes(const Hub::Reader& reader) {
  return !reader.own.empty() && reader.own.front().at <= reader.position;
}

bool at_conflation(const Hub::Reader& reader) {
  return reader.conflation && reader.place.entry == reader.conflation_begins.entry;
}

// Whether the event's keyframe will be given to it before what is conflated: then it follows from there on.
bool is_ahead_of_conflation(const Hub::Reader& reader, EventHandle event) {
  return std::any_of(reader.own.begin(), reader.own.end(), [&](const Hub::Own& own) {
    return own.event == event && own.at <= reader.conflation->start();
  });
}

}  // namespace

std::uint64_t Hub::behind_bytes(const Reader& reader) const {
  return reader.following && log_.holds(reader.place) ? log_.bytes_from(reader.place) : 0;
}

// Called with every batch, which the log holds from `begins` on.
void Hub::watch(Reader& reader, PublishedLog::Place begins, const Batch& batch, std::string_view items) {
  if (reader.conflation) return conflate(reader, batch, items);
  // Until its first keyframes are through, what gathers behind them is nobody's fault.
  if (!reader.following || reader.resetting || reader.course || owes(reader)) return;
  const bool slow = behind_bytes(reader) > options_.reader_bytes_max;
  if (slow != reader.slow) {
    // A batch that gathers already may still come without its deltas: it begins with the next one.
    reader.slow = slow;
    slow_readers_ += slow ? 1 : std::size_t{0} - 1;
    if (slow && slow_readers_ > options_.conflated_readers_max)
      reset(reader, ResetCause::too_many_slow, "too many are slow");
    return;
  }
  if (!slow || batch.deltas.empty()) return;
  reader.conflation.emplace(Offset(batch.first.value - 1));
  reader.conflation_begins = begins;
  conflate(reader, batch, items);
}

void Hub::conflate(Reader& reader, const Batch& batch, std::string_view bytes) {
  // Batches carry their deltas as long as anybody is slow.
  TL_CHECK(batch.deltas.size() == batch.count);
  DeltaItems items(bytes);
  DeltaItem item;
  for (const KeptDelta& kept : batch.deltas) {
    const auto more = items.next(item);
    TL_CHECK(more && *more && item.event == kept.event);
    if (reader.filter.all() || follow(reader, kept.event) || is_ahead_of_conflation(reader, kept.event)) {
      reader.conflation->add(kept, item.block);
    } else {
      reader.conflation->skip();
    }
  }
  reader.conflation_ends = log_.end();
  if (reader.conflation->bytes() > options_.conflated_bytes_max)
    reset(reader, ResetCause::too_much_waiting, "too much was waiting");
}

void Hub::end_conflation(Reader& reader) {
  reader.conflation.reset();
  if (std::exchange(reader.slow, false)) --slow_readers_;
}

// It is given the states of what changed, in place of the deltas.
void Hub::reset(Reader& reader, ResetCause cause, std::string reason) {
  ++counts_.resets;
  ++counts_.resets_by_cause[static_cast<std::size_t>(cause)];
  end_conflation(reader);
  reader.resetting = true;
  waiting_.push_back({&reader, ResumeKind::reset, std::move(reason)});
}

std::vector<Hub::Piece> Hub::gather(Reader& reader) {
  std::vector<Piece> pieces;
  std::size_t gathered = 0;
  while (!reader.resetting && gathered < options_.gather_bytes) {
    const std::size_t more = gather_next(reader, pieces, options_.gather_bytes - gathered);
    if (more == 0) break;
    gathered += more;
  }
  for (const Piece& piece : pieces)
    counts_.bytes_out += piece.bytes.size();
  return pieces;
}

std::size_t Hub::gather_next(Reader& reader, std::vector<Piece>& pieces, std::size_t room) {
  if (owes(reader)) {
    // What waits for its offset to be on disk holds back everything behind it.
    if (reader.own.front().at > published_) return 0;
    const Own own = std::move(reader.own.front());
    reader.own.pop_front();
    if (own.event.value != 0) {
      ++counts_.keyframes;
      if (!reader.filter.all()) reader.follows[own.event] = Follow::yes;
      reader.asked.erase(own.event);
      if (reader.coded) reader.interrupted[own.event] = own.at;
    }
    pieces.push_back({own.bytes, *own.bytes});
    return own.bytes->size();
  }
  if (reader.course) return gather_course(reader, pieces, room);
  if (!reader.following || reader.position > published_) return 0;
  if (at_conflation(reader)) return gather_conflated(reader, pieces);
  if (!log_.holds(reader.place)) {
    reset(reader, ResetCause::fell_out_of_log, "fell out of the log");
    return 0;
  }
  const PublishedLog::Entry* next = log_.at(reader.place);
  if (next == nullptr) return 0;
  if (next->count == 0) {
    reader.place = PublishedLog::behind(reader.place);
    if (next->before == reader.position) pieces.push_back({next->bytes, *next->bytes});
    return next->bytes->size();
  }
  if (next->after() <= reader.position) {
    // It was under way to the disk when the reader's keyframes were taken, and is in them.
    reader.place = PublishedLog::behind(reader.place);
    return 1;
  }
  if (next->is_gap()) {
    reset(reader, ResetCause::deltas_missing, "deltas are missing");
    return 0;
  }
  if (reader.coded) return gather_coded(reader, pieces, room);
  return reader.filter.all() ? gather_shared(reader, pieces, room) : gather_filtered(reader, pieces, room);
}

// One frame out of as many entries as fit; the length of its last item is implied.
std::size_t Hub::gather_shared(Reader& reader, std::vector<Piece>& pieces, std::size_t room) {
  const std::size_t head_at = pieces.size();
  pieces.emplace_back();
  std::size_t body = 0;
  std::size_t last_item = 0;
  while (const PublishedLog::Entry* next = log_.at(reader.place)) {
    const bool starts_here = body == 0 || (!owes(reader) && !at_conflation(reader));
    if (next->count == 0 || next->is_gap() || next->after() <= reader.position) break;
    if (!starts_here || body >= room) break;
    const PublishedLog::Cut cut = log_.cut(reader.place, room - body);
    if (body != 0 && body + cut.bytes.size() > room) break;
    pieces.push_back({next->bytes, cut.bytes});
    body += cut.bytes.size();
    last_item = cut.last_item;
    reader.position = Offset(reader.position.value + cut.count);
    reader.place = cut.end;
  }
  Piece& tail = pieces.back();
  const std::string_view item = tail.bytes.substr(last_item);
  ByteReader in(item);
  const std::uint64_t handle = in.varint() >> 1;
  in.varint();
  std::string head;
  put_last_item_head(head, EventHandle(static_cast<std::uint32_t>(handle)));
  const Piece block{tail.owner, item.substr(in.at())};
  body -= in.at() - head.size();

  std::string header;
  put_frame_header(header, FrameKind::deltas, body);
  const std::size_t frame = header.size() + body;
  if (last_item == 0 && pieces.size() == head_at + 2) {
    header += head;
    pieces.pop_back();
  } else {
    tail.bytes.remove_suffix(item.size());
    pieces.push_back(own_piece(std::move(head)));
  }
  pieces.push_back(block);
  pieces[head_at] = own_piece(std::move(header));
  return frame;
}

// Whether the reader is given the event's next delta.
bool Hub::follow(Reader& reader, EventHandle handle) {
  const auto [known, fresh] = reader.follows.try_emplace(handle, Follow::no);
  if (known->second != Follow::no) return known->second == Follow::yes;
  const LiveEvent* const event = table_.known(handle);
  if (event == nullptr || !matches(reader, *event)) return false;
  if (fresh) {
    // An event that began after the reader did: this is its first delta.
    known->second = Follow::yes;
    return true;
  }
  known->second = Follow::asked;
  asking_again_.push_back({&reader, handle});
  return false;
}

std::size_t Hub::gather_filtered(Reader& reader, std::vector<Piece>& pieces, std::size_t room) {
  const PublishedLog::Cut cut = log_.cut(reader.place, room);
  std::string body;
  std::uint64_t skipped = 0;
  DeltaItems items(cut.bytes);
  DeltaItem item;
  while (true) {
    const auto more = items.next(item);
    if (!more || !*more) break;
    if (!follow(reader, item.event)) {
      ++skipped;
      continue;
    }
    if (skipped != 0) put_skip(body, std::exchange(skipped, 0));
    put_item(body, item.event, item.block);
  }
  if (skipped != 0) put_skip(body, skipped);
  reader.position = Offset(reader.position.value + cut.count);
  reader.place = cut.end;
  std::string frame;
  put_frame(frame, FrameKind::deltas, body);
  pieces.push_back(own_piece(std::move(frame)));
  return pieces.back().bytes.size();
}

// Everything that waited, in one frame: only at its end do the counted offsets name a position again.
std::size_t Hub::gather_conflated(Reader& reader, std::vector<Piece>& pieces) {
  ++counts_.conflations;
  counts_.conflated += reader.conflation->merged();
  std::string frame;
  put_deltas_frame(frame, reader.coded, reader.conflation->body(reader.coded));
  pieces.push_back(own_piece(std::move(frame)));
  reader.position = reader.conflation->until();
  reader.coded_from = reader.position;
  reader.interrupted.clear();
  reader.last_event = EventHandle();
  reader.place = reader.conflation_ends;
  end_conflation(reader);
  // Keyframes that were to stand at a place within it are passed by: the next ones will do.
  for (const Own& own : std::exchange(reader.own, {})) {
    TL_CHECK(own.event.value != 0);  // a welcome is never passed by: nobody is slow before it
    asking_again_.push_back({&reader, own.event});
  }
  return pieces.back().bytes.size();
}

}  // namespace touchline
