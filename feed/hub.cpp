#include "feed/hub.h"

#include "core/check.h"
#include "core/coded/prior.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace touchline {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// Whether an event that the filter lets through today was let through ever since it began.
bool has_fixed_events(const Filter& filter) { return filter.sports.empty() && filter.competitions.empty(); }

std::string number(std::uint64_t value) { return std::to_string(value); }

}  // namespace

Hub::Hub(const LiveEvents& table, Epoch epoch, HubOptions options)
    : table_(table),
      epoch_(epoch),
      options_(std::move(options)),
      log_(options_.log_bytes_max),
      keyframes_(options_.keyframe_cache_bytes_max) {}

Welcome Hub::welcome(const Reader& reader, Offset offset, ResumeKind resume, std::string reason) const {
  return {protocol_version,
          {epoch_, offset},
          options_.durability,
          options_.heartbeat_ms,
          static_cast<std::uint32_t>(limits::frame_bytes),
          resume,
          std::move(reason),
          options_.publisher,
          reader.coded ? coded::prior_version : std::uint8_t{0},
          static_cast<std::uint8_t>(reader.coded ? std::bit_width(options_.coded_events_max) - 1 : 0)};
}

// Why a position cannot be gone on from; empty: it can.
std::string Hub::fault_of(const Reader& reader, const Hello& hello) const {
  if (hello.position->epoch != epoch_) {
    return "the position is of epoch " + number(hello.position->epoch.value) + ", this is epoch " +
           number(epoch_.value);
  }
  if (hello.position->offset > published_) {
    return "the position is ahead of the journal, which ends at offset " + number(published_.value);
  }
  if (hello.position->offset < begins_) {
    return "the position is in front of offset " + number(begins_.value) + ", where this relay began";
  }
  if (!has_fixed_events(reader.filter)) return "other events may match the filter since";
  return "";
}

void Hub::join(Reader& reader, const Hello& hello) {
  ++counts_.joins;
  readers_.insert(&reader);
  reader.filter = hello.filter;
  reader.coded = hello.coded_prior == coded::prior_version && options_.coded_events_max != 0;
  if (reader.coded) ++coded_readers_;
  if (!hello.position) {
    ++counts_.fresh;
    waiting_.push_back({&reader, ResumeKind::keyframes, "no position given"});
  } else if (std::string fault = fault_of(reader, hello); !fault.empty()) {
    ++counts_.refused;
    waiting_.push_back({&reader, ResumeKind::reset, std::move(fault)});
  } else {
    decide(reader, hello.position->offset, Ask::first);
  }
}

void Hub::leave(Reader& reader) {
  end_conflation(reader);
  if (readers_.erase(&reader) != 0 && reader.coded) --coded_readers_;
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.reader == &reader; });
  std::erase(course_readers_, &reader);
  std::erase_if(asking_again_, [&](const AskingAgain& asking) { return asking.reader == &reader; });
  std::erase_if(returning_, [&](const Returning& returning) { return returning.reader == &reader; });
}

// What brings a returning reader here in the fewest bytes: the tail, if need be from the journal, or keyframes of
// what changed since.
void Hub::decide(Reader& reader, Offset from, Ask ask) {
  const std::uint64_t keyframe_bytes = expected_keyframe_bytes(reader, from);
  const auto place = from == published_ ? std::optional(log_.end()) : log_.find(from);
  const char* const where = ask == Ask::done ? "the journal" : "memory";
  if (place && log_.bytes_from(*place) <= keyframe_bytes) {
    ++(ask == Ask::done ? counts_.journal_tails : counts_.tails);
    return follow_log(reader, from, *place,
                      "the tail from " + std::string(where) + ", " + number(log_.bytes_from(*place)) +
                          " bytes; keyframes of what changed: about " + number(keyframe_bytes));
  }
  const bool too_old = !place && from < cleared_;
  if (!place && !too_old && ask == Ask::first && ask_back) {
    returning_.push_back({&reader, from, keyframe_bytes, false});
    return ask_for_returning();
  }
  ++counts_.changed;
  const std::string tail =
      place ? "the tail from " + std::string(where) + ": " + number(log_.bytes_from(*place))
      : too_old
          ? "the position is older than retention: the journal begins behind offset " + number(cleared_.value)
          : "the tail is larger, or not kept any more";
  waiting_.push_back({&reader, ResumeKind::tail,
                      "keyframes of what changed, about " + number(keyframe_bytes) + " bytes; " + tail,
                      from});
}

// A reader that lacks all of it follows the log from a place on.
void Hub::follow_log(Reader& reader, Offset from, PublishedLog::Place place, std::string reason) {
  std::string frame;
  put(frame, welcome(reader, from, ResumeKind::tail, std::move(reason)));
  reader.own.push_back({from, std::make_shared<const std::string>(std::move(frame)), EventHandle()});
  reader.position = from;
  reader.coded_from = from;
  reader.place = place;
  reader.following = true;
  if (reader.filter.all()) return;
  for (const auto& event : table_.events()) {
    if (event) reader.follows[event->handle] = matches(reader, *event) ? Follow::yes : Follow::no;
  }
}

std::uint64_t Hub::expected_keyframe_bytes(const Reader& reader, Offset from) {
  const bool for_all = reader.filter.all();
  if (for_all && reckoned_ && reckoned_->from == from && reckoned_->published == published_ &&
      reckoned_->codec == reader.codec()) {
    return reckoned_->bytes;
  }
  std::uint64_t bytes = 0;
  for (const auto& event : table_.events()) {
    if (event && changed_at(event->handle) > from && matches(reader, *event))
      bytes += keyframes_.expected_bytes(*event, reader.codec());
  }
  if (for_all) reckoned_ = {from, published_, reader.codec(), bytes};
  return bytes;
}

// One question at a time, which reaches back as far as anybody needs.
void Hub::ask_for_returning() {
  if (asking_ || returning_.empty()) return;
  asking_ = true;
  Offset after = returning_.front().from;
  std::uint64_t bytes = 0;
  for (Returning& returning : returning_) {
    returning.asked = true;
    after = std::min(after, returning.from);
    bytes = std::max(bytes, returning.keyframe_bytes);
  }
  const std::uint64_t room = log_.bytes_max() - std::min<std::uint64_t>(log_.bytes_max(), log_.bytes());
  ask_back(after, log_.oldest().value_or(published_), std::min(bytes, room));
}

void Hub::read_back(Offset until, ReadBack entries) {
  asking_ = false;
  // What was read may have lost its neighbour meanwhile.
  if (entries && log_.oldest().value_or(published_) == until) log_.prepend(std::move(*entries));
  std::vector<Reader*> woken;
  for (Returning& returning : std::exchange(returning_, {})) {
    if (!returning.asked) {
      returning_.push_back(returning);
      continue;
    }
    decide(*returning.reader, returning.from, Ask::done);
    woken.push_back(returning.reader);
  }
  ask_for_returning();
  for (Reader* reader : woken) {
    if (reader->wake) reader->wake();
  }
}

void Hub::restore_head(Offset head) {
  published_ = head;
  changed_.assign(table_.events().size(), head);
}

void Hub::restore_event(EventHandle event, Offset last) {
  if (changed_.size() < event.value) changed_.resize(event.value);
  changed_[event.value - 1] = last;
}

void Hub::begin_anew(Epoch epoch, Offset head, Durability durability) {
  TL_CHECK(readers_.empty());
  epoch_ = epoch;
  published_ = begins_ = head;
  options_.durability = durability;
  log_ = PublishedLog(options_.log_bytes_max);
  keyframes_ = KeyframeCache(options_.keyframe_cache_bytes_max);
  coded_cells_before_ = 0;
  changed_.clear();
  course_ = nullptr;
  reckoned_.reset();
}

void Hub::replaced(EventHandle event, Offset as_of) {
  keyframes_.drop(event);
  if (changed_at(event) < as_of) restore_event(event, as_of);
}

void Hub::jump(Offset to) {
  log_.append_gap(published_, to.value - published_.value);
  published_ = to;
  for (Reader* reader : readers_) {
    // The others have the log up to here first.
    if (reader->conflation)
      reset(*reader, ResetCause::deltas_missing, "deltas are missing behind those that wait for it");
    if (reader->wake) reader->wake();
  }
}

void Hub::note_changed(const Batch& batch) {
  for (const Batch::Touch& touch : batch.touches)
    restore_event(touch.event, batch.last());
}

Offset Hub::changed_at(EventHandle event) const {
  return event.value <= changed_.size() ? changed_[event.value - 1] : Offset(0);
}

bool Hub::matches(const Reader& reader, const LiveEvent& event) const {
  const Filter& filter = reader.filter;
  if (filter.all() || contains(filter.events, event.id)) return true;
  return contains(filter.sports, event.state.get(Address(0, 0, Field::sport)).text) ||
         contains(filter.competitions, event.state.get(Address(0, 0, Field::competition)).text);
}

void Hub::publish(const Batch& batch, Bytes items, CodedUpdates coded) {
  TL_CHECK(coded.updates.empty() || coded.updates.size() == batch.count);
  const PublishedLog::Place begins = log_.end();
  const std::string_view bytes = *items;
  log_.append({std::move(items), published_, batch.count, batch.last_item, 0,
               PublishedLog::coded_of(std::move(coded))});
  published_ = batch.last();
  for (Reader* reader : readers_) {
    watch(*reader, begins, batch, bytes);
    if (reader->wake) reader->wake();
  }
}

void Hub::publish_control(Bytes frames) {
  log_.append({std::move(frames), published_, 0, 0});
  for (Reader* reader : readers_) {
    if (reader->wake) reader->wake();
  }
}

std::string Hub::heartbeat(const Reader& reader, std::int64_t now_ms) const {
  std::string frame;
  put(frame, Heartbeat{reader.position, now_ms, sources ? sources(now_ms) : std::vector<SourceHealth>()});
  return frame;
}

void Hub::goodbye_all(const Goodbye& goodbye) {
  std::string frame;
  put(frame, goodbye);
  publish_control(std::make_shared<const std::string>(std::move(frame)));
}

}  // namespace touchline
