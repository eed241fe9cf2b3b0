#include "feed/hub.h"

#include "core/block.h"
#include "core/compress.h"
#include "core/varint.h"

#include <algorithm>

namespace touchline {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// Whether an event that the filter lets through today was let through ever since it began.
bool has_fixed_events(const Filter& filter) { return filter.sports.empty() && filter.competitions.empty(); }

}  // namespace

Welcome Hub::welcome(Offset offset, ResumeKind resume, std::string reason) const {
  return {protocol_version,
          {epoch_, offset},
          options_.durability,
          options_.heartbeat_ms,
          static_cast<std::uint32_t>(limits::frame_bytes),
          resume,
          std::move(reason),
          options_.publisher};
}

void Hub::join(Reader& reader, const Hello& hello) {
  ++counts_.joins;
  readers_.insert(&reader);
  reader.filter = hello.filter;
  if (resume_from_log(reader, hello)) return;
  std::string reason = "no position given";
  ResumeKind resume = ResumeKind::keyframes;
  if (hello.position) {
    resume = ResumeKind::reset;
    if (hello.position->epoch != epoch_) {
      reason = "the position is of another epoch";
    } else if (hello.position->offset > published_) {
      reason = "the position is ahead of the journal";
    } else if (!has_fixed_events(hello.filter)) {
      reason = "other events may match the filter since";
    } else {
      reason = "the position is older than what is kept in memory";
    }
  }
  waiting_.push_back({&reader, EventHandle(), resume, std::move(reason)});
}

void Hub::leave(Reader& reader) {
  readers_.erase(&reader);
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.reader == &reader; });
}

bool Hub::resume_from_log(Reader& reader, const Hello& hello) {
  if (!hello.position || hello.position->epoch != epoch_ || hello.position->offset > published_) return false;
  if (!has_fixed_events(hello.filter)) return false;
  const Offset from = hello.position->offset;
  std::uint64_t number = end_entry();
  if (from < published_) {
    // The entry that starts right behind the position; one that holds it in its middle is not cut.
    for (number = first_entry_; number < end_entry(); ++number) {
      if (entry(number).count != 0 && entry(number).first == from.next()) break;
    }
    if (number == end_entry()) return false;
  }
  ++counts_.tails;
  std::string frame;
  put(frame, welcome(from, ResumeKind::tail, "the tail is in memory"));
  reader.own.push_back({from, std::make_shared<const std::string>(std::move(frame)), EventHandle()});
  reader.position = from;
  reader.next_entry = number;
  reader.following = true;
  if (!reader.filter.all()) {
    for (const auto& event : table_.events()) {
      reader.follows[event->handle] = matches(reader, *event) ? Follow::yes : Follow::no;
    }
  }
  return true;
}

void Hub::resync(Reader& reader, EventHandle event) {
  ++counts_.resyncs;
  if (event.value == 0 || event.value > table_.events().size() || !reader.following) return;
  if (!reader.filter.all()) reader.follows[event] = Follow::asked;
  waiting_.push_back({&reader, event, ResumeKind::keyframes, "asked for"});
}

void Hub::capture(Offset head) {
  if (waiting_.empty()) return;
  for (const Waiting& waiting : std::exchange(waiting_, {})) {
    give_keyframes(waiting, head);
    if (waiting.reader->wake) waiting.reader->wake();
  }
}

void Hub::give_keyframes(const Waiting& waiting, Offset head) {
  Reader& reader = *waiting.reader;
  if (waiting.event.value != 0) {
    reader.own.push_back({head, keyframe(*table_.events()[waiting.event.value - 1], head), waiting.event});
    return;
  }
  reader.own.clear();
  const auto give = [&](std::string frame) {
    reader.own.push_back({head, std::make_shared<const std::string>(std::move(frame)), EventHandle()});
  };
  if (!reader.following) {
    std::string frame;
    put(frame, welcome(head, waiting.resume, waiting.reason));
    give(std::move(frame));
  }
  for (const auto& event : table_.events()) {
    // What was followed once is followed on, so that no reader keeps a state that nobody tells it about.
    const auto known = reader.follows.find(event->handle);
    const bool followed = known != reader.follows.end() && known->second != Follow::no;
    const bool wanted = followed || matches(reader, *event);
    if (!reader.filter.all()) reader.follows[event->handle] = wanted ? Follow::yes : Follow::no;
    if (wanted) reader.own.push_back({head, keyframe(*event, head), event->handle});
  }
  if (reader.following && head > reader.position) {
    // Fallen out of the log: the keyframes stand for what it missed, and only then does its position pass it.
    std::string body;
    put_skip(body, head.value - reader.position.value);
    std::string frame;
    put_frame(frame, FrameKind::deltas, body);
    give(std::move(frame));
  }
  reader.position = head;
  reader.following = true;
  reader.resetting = false;
  reader.next_entry = end_entry();
}

Hub::Bytes Hub::keyframe(const LiveEvent& event, Offset head) {
  Cached& cached = keyframes_[event.handle];
  if (cached.frames && cached.seq == event.state.seq) return cached.frames;
  std::string block;
  encode_state(block, event.state);
  const std::string packed = compress(block);
  const bool compressed = packed.size() < block.size();
  const std::string& data = compressed ? packed : block;
  KeyframeChunk chunk{
      event.handle, event.state.seq, head, event.state.digest(), event.state.source_time_ms, 0, 0,
      compressed,   block.size(),    {}};
  chunk.chunks = static_cast<std::uint32_t>((data.size() + limits::keyframe_chunk_bytes - 1) /
                                            limits::keyframe_chunk_bytes);
  std::string frames;
  for (; chunk.chunk < chunk.chunks; ++chunk.chunk) {
    chunk.data = data.substr(chunk.chunk * limits::keyframe_chunk_bytes, limits::keyframe_chunk_bytes);
    put(frames, chunk);
  }
  keyframe_bytes_ += frames.size();
  auto bytes = std::make_shared<const std::string>(std::move(frames));
  cached = {event.state.seq, bytes};
  if (keyframe_bytes_ > options_.keyframe_cache_bytes_max) {
    keyframes_.clear();
    keyframe_bytes_ = 0;
  }
  return bytes;
}

bool Hub::matches(const Reader& reader, const LiveEvent& event) const {
  const Filter& filter = reader.filter;
  if (filter.all() || contains(filter.events, event.id)) return true;
  return contains(filter.sports, event.state.get(Address(0, 0, Field::sport)).text) ||
         contains(filter.competitions, event.state.get(Address(0, 0, Field::competition)).text);
}

void Hub::publish(const Batch& batch, Bytes items) {
  published_ = batch.last();
  append({std::move(items), batch.first, batch.count, batch.last_item});
}

void Hub::publish_control(Bytes frame) { append({std::move(frame), published_, 0, 0}); }

void Hub::append(Entry entry) {
  log_bytes_ += entry.bytes->size();
  log_.push_back(std::move(entry));
  while (log_bytes_ > options_.log_bytes_max && log_.size() > 1) {
    log_bytes_ -= log_.front().bytes->size();
    log_.pop_front();
    ++first_entry_;
  }
  for (Reader* reader : readers_) {
    if (reader->wake) reader->wake();
  }
}

std::vector<Hub::Piece> Hub::gather(Reader& reader) {
  std::vector<Piece> pieces;
  if (reader.resetting) return pieces;
  std::size_t gathered = 0;
  while (gathered < options_.gather_bytes) {
    if (!reader.own.empty() && reader.own.front().at <= std::min(published_, reader.position)) {
      const Bytes bytes = std::move(reader.own.front().bytes);
      if (!reader.filter.all() && reader.own.front().event.value != 0) {
        reader.follows[reader.own.front().event] = Follow::yes;
      }
      reader.own.pop_front();
      gathered += bytes->size();
      pieces.push_back({bytes, *bytes});
      continue;
    }
    // What waits for its offset to be on disk holds back everything behind it.
    if (!reader.following || reader.position > published_ || reader.next_entry >= end_entry()) break;
    if (reader.next_entry < first_entry_) {
      ++counts_.resets;
      reader.resetting = true;
      waiting_.push_back({&reader, EventHandle(), ResumeKind::reset, "fell out of the log"});
      break;
    }
    Entry& next = entry(reader.next_entry);
    if (next.count != 0 && next.first <= reader.position) {
      // It was under way to the disk when the reader's keyframes were taken, and is in them.
      ++reader.next_entry;
    } else if (next.count == 0) {
      if (next.first == reader.position) pieces.push_back({next.bytes, *next.bytes});
      gathered += next.bytes->size();
      ++reader.next_entry;
    } else if (reader.filter.all()) {
      gathered += gather_shared(reader, pieces, options_.gather_bytes - gathered);
    } else {
      gathered += gather_filtered(reader, next, pieces);
    }
  }
  for (const Piece& piece : pieces)
    counts_.bytes_out += piece.bytes.size();
  return pieces;
}

// One frame out of as many entries as fit; the length of its last item is implied.
std::size_t Hub::gather_shared(Reader& reader, std::vector<Piece>& pieces, std::size_t room) {
  const std::size_t head_at = pieces.size();
  pieces.emplace_back();
  std::size_t body = 0;
  const Entry* last = nullptr;
  while (reader.next_entry < end_entry()) {
    const Entry& next = entry(reader.next_entry);
    const bool waits = !reader.own.empty() && reader.own.front().at <= reader.position;
    if (next.count == 0 || next.first <= reader.position || (body != 0 && body + next.bytes->size() > room) ||
        waits)
      break;
    pieces.push_back({next.bytes, *next.bytes});
    body += next.bytes->size();
    last = &next;
    reader.position = Offset(next.first.value + next.count - 1);
    ++reader.next_entry;
  }
  const std::string_view item = std::string_view(*last->bytes).substr(last->last_item);
  ByteReader in(item);
  const std::uint64_t handle = in.varint() >> 1;
  in.varint();
  std::string head;
  put_last_item_head(head, EventHandle(static_cast<std::uint32_t>(handle)));
  const std::string_view block = item.substr(in.at());
  body -= in.at() - head.size();

  std::string header;
  put_frame_header(header, FrameKind::deltas, body);
  const std::size_t frame = header.size() + body;
  if (last->last_item == 0 && pieces.size() == head_at + 2) {
    header += head;
    pieces.pop_back();
  } else {
    pieces.back().bytes.remove_suffix(item.size());
    const auto owned = std::make_shared<const std::string>(std::move(head));
    pieces.push_back({owned, *owned});
  }
  pieces.push_back({last->bytes, block});
  const auto owned = std::make_shared<const std::string>(std::move(header));
  pieces[head_at] = {owned, *owned};
  return frame;
}

// Whether the reader is given the event's next delta.
bool Hub::follow(Reader& reader, EventHandle handle) {
  const auto [known, fresh] = reader.follows.try_emplace(handle, Follow::no);
  if (known->second != Follow::no) return known->second == Follow::yes;
  if (!matches(reader, *table_.events()[handle.value - 1])) return false;
  if (fresh) {
    // An event that began after the reader did: this is its first delta.
    known->second = Follow::yes;
    return true;
  }
  known->second = Follow::asked;
  waiting_.push_back({&reader, handle, ResumeKind::keyframes, "now matches the filter"});
  return false;
}

std::size_t Hub::gather_filtered(Reader& reader, const Entry& entry, std::vector<Piece>& pieces) {
  std::string body;
  std::uint64_t skipped = 0;
  DeltaItems items(*entry.bytes);
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
  reader.position = Offset(entry.first.value + entry.count - 1);
  ++reader.next_entry;
  std::string frame;
  put_frame(frame, FrameKind::deltas, body);
  const auto owned = std::make_shared<const std::string>(std::move(frame));
  pieces.push_back({owned, *owned});
  return owned->size();
}

std::string Hub::heartbeat(const Reader& reader, std::int64_t now_ms) const {
  std::string frame;
  put(frame, Heartbeat{reader.position, now_ms, {}});
  return frame;
}

void Hub::goodbye_all(const Goodbye& goodbye) {
  std::string frame;
  put(frame, goodbye);
  publish_control(std::make_shared<const std::string>(std::move(frame)));
}

}  // namespace touchline
