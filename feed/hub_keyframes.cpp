// How states are given to a reader: all that it wants, or the one that it asked for.

#include "core/coded_frame.h"
#include "core/retention.h"
#include "feed/hub.h"

#include <algorithm>
#include <utility>

namespace touchline {

void Hub::resync(Reader& reader, EventHandle event) {
  if (event.value == 0 || event.value > table_.events().size() || !reader.following) return;
  if (!reader.asked.insert(event).second) return;
  ++counts_.resyncs;
  if (!reader.filter.all()) reader.follows[event] = Follow::asked;
  asking_again_.push_back({&reader, event});
}

bool Hub::has_waiting() const { return !asking_again_.empty() || (!waiting_.empty() && !course_); }

void Hub::capture(Offset head) {
  coded_cells_before_ = keyframes_.coded_cells();
  for (const auto& [reader, event] : std::exchange(asking_again_, {})) {
    if (reader->resetting) continue;  // it is in what comes
    reader->own.push_back({head, keyframe_of(event, head, reader->codec()), event});
    if (reader->wake) reader->wake();
  }
  // Whoever comes while a course is made waits for the next one, in which whatever did not change is at hand.
  if (waiting_.empty() || course_) return;
  std::vector<KeyframeCourse::Before> events;
  for (const auto& event : table_.events()) {
    if (event) events.push_back({event->handle, changed_at(event->handle), is_forgotten(event->state)});
  }
  course_ = std::make_shared<KeyframeCourse>(head, std::move(events));
  for (Waiting& waiting : std::exchange(waiting_, {}))
    begin_course(waiting);
  make_keyframes();
}

void Hub::begin_course(Waiting& waiting) {
  Reader& reader = *waiting.reader;
  const Offset head = course_->head();
  const bool keeps_states = reader.following || waiting.resume == ResumeKind::tail;
  const Offset from = reader.following ? reader.position : waiting.from;
  reader.own.clear();
  if (!reader.following) {
    std::string frame;
    put(frame, welcome(reader, keeps_states ? from : head, waiting.resume, std::move(waiting.reason)));
    reader.own.push_back({head, std::make_shared<const std::string>(std::move(frame)), EventHandle()});
  }
  course_readers_.push_back(&reader);
  Course& course = reader.course.emplace(Course{});
  course.keyframes = course_;
  if (keeps_states) course.from = from;
  course.asked = std::exchange(reader.asked, {});
  if (!reader.filter.all()) {
    for (const auto& event : table_.events()) {
      if (!event) continue;
      // What was followed once is followed on, so that no reader keeps a state that nobody tells it about.
      Follow& known = reader.follows.try_emplace(event->handle, Follow::no).first->second;
      if (known == Follow::asked) course.asked.insert(event->handle);
      known = known != Follow::no || matches(reader, *event) ? Follow::yes : Follow::no;
    }
  }
  // Of what is not known there is no keyframe in the course; who asked for it is told so.
  std::erase_if(course.asked, [&](EventHandle event) {
    if (table_.known(event) != nullptr) return false;
    reader.own.push_back({head, keyframe_of(event, head, reader.codec()), event});
    return true;
  });
  reader.position = head;
  reader.coded_from = head;
  reader.interrupted.clear();
  reader.following = true;
  reader.resetting = false;
  reader.place = log_.end();
}

bool Hub::wants(const Reader& reader, EventHandle event) const {
  const Course& course = *reader.course;
  if (!reader.filter.all() && reader.follows.at(event) == Follow::no) return false;
  if (course.asked.contains(event)) return true;
  const KeyframeCourse::Before& before = course.keyframes->before(event);
  // Of what is forgotten only those need to hear who may hold it.
  return course.from ? before.changed > *course.from : !before.is_forgotten;
}

bool Hub::is_wanted(EventHandle event, KeyframeCodec codec) const {
  return std::any_of(course_readers_.begin(), course_readers_.end(),
                     [&](const Reader* reader) { return reader->codec() == codec && wants(*reader, event); });
}

// Coding takes longer than making a block. Until the next portion so much is coded, and then no more.
Hub::Bytes Hub::keyframe(const LiveEvent& event, Offset head, KeyframeCodec codec) {
  const std::uint64_t coded = keyframes_.coded_cells() - coded_cells_before_;
  if (coded >= options_.keyframe_portion_cells) codec = KeyframeCodec::blocks;
  return keyframes_.frames(event, head, codec);
}

Hub::Bytes Hub::keyframe_of(EventHandle event, Offset head, KeyframeCodec codec) {
  const LiveEvent* const known = table_.known(event);
  return keyframe(known != nullptr ? *known : LiveEvent::gap(event), head, codec);
}

void Hub::keep_as_it_was(const LiveEvent& event) {
  if (!course_) return;
  for (const KeyframeCodec codec : {KeyframeCodec::blocks, KeyframeCodec::coded}) {
    if (course_->is_to_come(event.handle, codec) && is_wanted(event.handle, codec))
      course_->put(event.handle, codec, keyframe(event, course_->head(), codec));
  }
}

void Hub::make_keyframes() {
  while (course_) {
    std::size_t bytes = 0;
    coded_cells_before_ = keyframes_.coded_cells();
    const auto has_room = [&] {
      return bytes < options_.keyframe_portion_bytes &&
             keyframes_.coded_cells() - coded_cells_before_ < options_.keyframe_portion_cells;
    };
    while (!course_->complete() && has_room()) {
      const LiveEvent& event = *table_.known(course_->handle_at(course_->made()));
      keep_as_it_was(event);
      for (const KeyframeCodec codec : {KeyframeCodec::blocks, KeyframeCodec::coded}) {
        if (const auto& frames = course_->frames(event.handle, codec)) bytes += frames->size();
      }
      bytes += look_bytes;
      course_->pass();
    }
    auto readers = course_readers_;
    if (course_->complete()) {
      course_ = nullptr;
      course_readers_.clear();
    }
    for (Reader* reader : readers) {
      if (reader->wake) reader->wake();
    }
    if (course_ && on_more_keyframes) return on_more_keyframes();
  }
}

// The keyframes of its course that are made, as many as fit.
std::size_t Hub::gather_course(Reader& reader, std::vector<Piece>& pieces, std::size_t room) {
  Course& course = *reader.course;
  const KeyframeCourse& keyframes = *course.keyframes;
  if (keyframes.head() > published_) return 0;
  std::size_t gathered = 0;
  while (course.at < keyframes.made() && gathered < room) {
    const EventHandle event = keyframes.handle_at(course.at++);
    if (!wants(reader, event)) continue;
    const Bytes& frames = keyframes.frames(event, reader.codec());
    pieces.push_back({frames, *frames});
    ++counts_.keyframes;
    gathered += frames->size();
  }
  if (course.at != keyframes.size()) return gathered;
  if (course.from && keyframes.head() > *course.from) {
    // The keyframes stand for what it missed, and only then does its position pass it.
    std::string body;
    put_skip(body, keyframes.head().value - course.from->value);
    std::string frame;
    put_deltas_frame(frame, reader.coded, body);
    const auto skip = std::make_shared<const std::string>(std::move(frame));
    pieces.push_back({skip, *skip});
    gathered += skip->size();
  }
  reader.course.reset();
  return std::max<std::size_t>(gathered, 1);
}

}  // namespace touchline
