#include "tests/simulation/world.h"

#include "core/coded/prior.h"
#include "core/retention.h"
#include "storage/clearing.h"
#include "storage/journal_reader.h"
#include "storage/read_thread.h"
#include "storage/verify.h"
#include "tests/simulation/power_loss.h"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace touchline::simulation {
namespace {

constexpr std::size_t wire_bytes_max = 600;  // what lies between two ends

std::string number(std::uint64_t n) { return std::to_string(n); }

}  // namespace

struct World::Process {
  std::unique_ptr<Journal> journal;
  Origin origin{{.snapshot_deltas = 20, .snapshot_interval_ms = 600'000, .snapshot_deltas_min = 5}};
  std::unique_ptr<Hub> hub;
  std::unique_ptr<Publisher> publisher;
  std::optional<Batch> under_way;
  std::optional<ReadThread::Question> question;
  bool more_keyframes = false;
};

World::World(std::uint64_t seed, std::string store)
    : random_(seed),
      store_(std::move(store)),
      archive_(store_ + ".archive"),
      relaxed_(random_.one_in(4)),
      forget_after_ms_(random_.between(0, 3'000)),
      keep_ms_(random_.between(0, 20'000)),
      checker_(relaxed_) {
  hub_options_.durability = relaxed_ ? Durability::relaxed : Durability::durable;
  hub_options_.log_bytes_max = random_.one_in(2) ? 3'000 : 1U << 20;
  hub_options_.gather_bytes = random_.one_in(2) ? 200 : 64'000;
  hub_options_.reader_bytes_max = random_.one_in(2) ? 300 : 64'000;
  hub_options_.conflated_bytes_max = random_.one_in(3) ? 3'000 : 1U << 20;
  hub_options_.conflated_readers_max = random_.one_in(3) ? 1 : 64;
  hub_options_.keyframe_portion_bytes = random_.one_in(2) ? 100 : 64'000;
  hub_options_.coded_events_max = seed % 2 == 0 ? 2 : 64;
  hub_options_.keyframe_cache_bytes_max = random_.one_in(3) ? 500 : 1U << 20;
  const auto messages = static_cast<std::size_t>(random_.between(30, 150));
  vendors_.emplace_back(random_, Vendor::Kind::timed, "t", messages);
  vendors_.emplace_back(random_, Vendor::Kind::numbered, "n", messages);
  vendors_.emplace_back(random_, Vendor::Kind::ending, "o", messages / 2);
  for (const std::size_t vendor : {0U, 0U, 1U, 2U})
    lines_.push_back({vendor, {}, 0, 0, false, {}});
  relays_.resize(static_cast<std::size_t>(random_.between(2, 5)));
  for (std::size_t i = 0; i < relays_.size(); ++i) {
    relays_[i].subscriber = std::make_unique<Subscriber>(hello_of(i), eyes_of(i));
    relays_[i].pace = random_.one_in(2) ? 1 : static_cast<int>(random_.between(5, 60));
  }
}

World::~World() { stop_process(false); }

// All but the first take coded updates.
Hello World::hello_of(std::size_t index) {
  Hello hello;
  if (index != 0) hello.coded_prior = coded::prior_version;
  return hello;
}

SubscriberEvents World::eyes_of(std::size_t index) {
  SubscriberEvents events;
  const auto epoch = [this, index] { return relays_[index].subscriber->position().epoch; };
  events.keyframe = [this, epoch](EventHandle event, const EventState& state, Offset offset) {
    checker_.saw_keyframe(epoch(), event, state, offset);
  };
  events.delta = [this, epoch](EventHandle event, const EventState& state, const Delta& delta,
                               Offset offset) { checker_.saw_delta(epoch(), event, state, delta, offset); };
  events.resync = [this, index](EventHandle event, std::string_view why) {
    ++tally_.resyncs;
    // Who came when it was forgotten holds nothing of an event that begins anew.
    checker_.require(forgotten_.contains(event), "relay " + number(index) + " had to ask for event " +
                                                     number(event.value) + ": " + std::string(why));
  };
  return events;
}

void World::start() {
  auto process = std::make_unique<Process>();
  auto journal = Journal::open(store_, now_ms_);
  if (!journal) {
    checker_.require(false, "after a crash: " + journal.error().text);
    return;
  }
  process->journal = std::make_unique<Journal>(std::move(*journal));
  for (const char* name : {"timed", "numbered", "ending"}) {
    if (const auto source = process->journal->source(name)) process->origin.add_source();
  }
  for (Line& line : lines_)
    line.ref = process->origin.add_line(SourceId(static_cast<std::uint32_t>(line.vendor + 1)));
  if (const auto restored = process->journal->restore(process->origin); !restored) {
    checker_.require(false, "after a crash: " + restored.error().text);
    return;
  }
  const auto begun = process->journal->begin({now_ms_, hub_options_.durability, EpochWish::keep});
  checker_.require(static_cast<bool>(begun), "a start failed");
  if (in_doubt_ && in_doubt_->second.count != 0 && process->journal->head() == in_doubt_->second.last()) {
    checker_.committed(in_doubt_->first, in_doubt_->second);
  }
  in_doubt_.reset();
  checker_.restarted(process->journal->epoch(), process->journal->head());
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    Line& line = lines_[i];
    const auto cursor = process->journal->cursor("line " + number(i));
    line.next = cursor && *cursor ? static_cast<std::size_t>((*cursor)->line) : 0;
    line.noted = line.next;
    line.ahead.clear();
  }
  process->hub = std::make_unique<Hub>(process->origin.table(), process->journal->epoch(), hub_options_);
  process->hub->restore_head(process->journal->head());
  for (const auto& event : process->origin.table().events())
    process->hub->restore_event(event->handle, process->origin.restored_at(event->handle));
  Process* self = process.get();
  process->hub->ask_back = [self](Offset after, Offset until, std::uint64_t bytes_max) {
    self->question = {after, until, bytes_max};
  };
  process->hub->on_more_keyframes = [self] { self->more_keyframes = true; };
  process->publisher = std::make_unique<Publisher>(
      process->origin, *process->hub, [self](Batch batch) { self->under_way = std::move(batch); });
  process->publisher->before_commit = [this](Origin& origin) {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      // Of what came out of order only the part without a hole was taken for good.
      std::size_t whole = lines_[i].next;
      for (const std::size_t held : lines_[i].ahead)
        whole = std::min(whole, held);
      if (whole == std::exchange(lines_[i].noted, whole)) continue;
      origin.advance({"line " + number(i), 0, whole, 0, 0});
    }
  };
  process_ = std::move(process);
}

// The end of the process, with or without the power of the machine.
void World::stop_process(bool power) {
  if (process_ == nullptr) return;
  lose_power_after(0);
  for (Relay& relay : relays_)
    cut(relay);
  tally_.tails += process_->hub->counts().tails;
  tally_.journal_tails += process_->hub->counts().journal_tails;
  tally_.changed += process_->hub->counts().changed;
  tally_.resets += process_->hub->counts().resets;
  process_.reset();
  restore_power(random_, !power);
  ++(power ? tally_.power_losses : tally_.kills);
  start_at_ms_ = now_ms_ + random_.between(0, 2'000);
}

// Within a commit: the writes that were made may have come through, and nobody was told.
void World::work_disk() {
  if (!process_->under_way) return process_->publisher->flush(now_ms_);
  if (!calm_ && random_.one_in(60)) lose_power_after(static_cast<int>(random_.below(8)));
  const Batch batch = *std::exchange(process_->under_way, std::nullopt);
  const auto result = process_->journal->commit(batch, now_ms_);
  if (power_is_lost()) {
    ++tally_.failed_commits;
    // Whether it came through is found out at the restart; only then is it the truth.
    const Epoch epoch = process_->journal->epoch();
    if (result) checker_.committed(epoch, batch);
    if (!result) in_doubt_ = {epoch, batch};
    // The process may live long enough to hear of it, and must show nothing of what failed.
    if (random_.one_in(2)) {
      process_->publisher->committed(batch, result, now_ms_);
      for (Relay& relay : relays_)
        serve(relay);
    }
    return stop_process(true);
  }
  ++tally_.commits;
  checker_.require(static_cast<bool>(result), "a commit failed: " + (result ? "" : result.error().text));
  checker_.committed(process_->journal->epoch(), batch);
  process_->publisher->committed(batch, result, now_ms_);
}

void World::forget() {
  if (process_->origin.forget(forget_after_ms_, now_ms_, {.looked_at = 20, .forgotten = 2}) == 0) return;
  for (const auto& event : process_->origin.table().events()) {
    if (is_forgotten(event->state)) forgotten_.insert(event->handle);
  }
  tally_.forgotten = forgotten_.size();
}

// Between commits. May be broken off at any step, and by the power at any write, to either file.
void World::clear() {
  if (process_->under_way) return;
  if (!calm_ && random_.one_in(6)) lose_power_after(static_cast<int>(random_.below(40)));
  std::uint64_t steps = calm_ || random_.one_in(2) ? 1'000'000 : random_.below(8);
  bool broken_off = false;
  Clearing clearing(store_, {.archive = archive_, .deltas_max = 1 + random_.below(100)});
  const auto report = clearing.run(now_ms_ - keep_ms_, [&](const ClearStep& step) {
    broken_off = broken_off || steps-- == 0;
    if (broken_off) return Result<std::uint64_t>(Error{ErrorKind::environment, "broken off", 0});
    return process_->journal->clear(step);
  });
  if (report && report->deltas() != 0) ++tally_.clearings;
  if (power_is_lost() || broken_off) {
    ++tally_.broken_off;
    return stop_process(power_is_lost());
  }
  checker_.require(static_cast<bool>(report), "clearing failed: " + (report ? "" : report.error().text));
  if (report) process_->hub->cleared(report->through);
}

// The archive ends where the store begins, or further on, and both say the same there.
void World::check_archive() {
  if (!std::filesystem::exists(archive_)) return;
  const auto report = verify(archive_);
  for (const Finding& finding : report ? report->findings : std::vector<Finding>())
    checker_.require(false, "the archive: " + finding.place + ": " + finding.what);
  checker_.require(report && report->sound(),
                   "verify finds faults in the archive" + (report ? "" : ": " + report.error().text));
  auto archive = JournalReader::open(archive_);
  auto store = JournalReader::open(store_);
  if (!archive || !store) return;
  checker_.require(archive->head() >= store->complete_after().value(),
                   "the store was cleared of what is in no archive");
  for (const EventEntry& event : *store->events()) {
    const auto base = store->cleared_through(event.handle);
    if (!base || *base == Seq(0)) continue;
    const auto here = store->state(event.handle, {.seq = *base});
    const auto there = archive->state(event.handle, {.seq = *base});
    checker_.require(here && there && here->state.seq == *base && there->state.seq == *base &&
                         here->state.digest() == there->state.digest(),
                     "archive and store differ in " + event.id);
  }
}

void World::feed(Line& line) {
  const Vendor& vendor = vendors_[line.vendor];
  if (line.down || process_->publisher->full()) return;
  std::size_t index = line.next;
  if (vendor.has_numbers()) {
    const bool at_end = line.next >= vendor.size();
    // An event's first message is where its numbers start: that one is not overtaken.
    const bool is_first = !at_end && vendor.message(line.next).number == 1;
    if (!at_end && !is_first && line.ahead.size() < 5 && random_.one_in(6)) {
      line.ahead.push_back(line.next++);  // delayed on its way
      return;
    }
    if (!line.ahead.empty() && (at_end || random_.one_in(3))) {
      index = line.ahead.front();
      line.ahead.erase(line.ahead.begin());
    } else if (line.next > 0 && !at_end && random_.one_in(8)) {
      index = static_cast<std::size_t>(random_.below(line.next));  // said again
      if (std::find(line.ahead.begin(), line.ahead.end(), index) != line.ahead.end()) return;
    } else if (at_end) {
      return;
    } else {
      ++line.next;
    }
  } else {
    if (line.next >= vendor.size()) return;
    ++line.next;
    // Line B loses some; line A, which may be behind it, brings them all. Not behind a restart, which the arbiter's
    // memory does not outlive: a line that is behind and loses some may then take back what the other had brought.
    const bool first_life = tally_.kills + tally_.power_losses == 0;
    if (first_life && &line == &lines_[1] && random_.one_in(5)) return;
  }
  Update update = vendor.message(index);
  const auto taken = process_->publisher->take(line.ref, update, now_ms_);
  checker_.require(static_cast<bool>(taken), "a message was refused: " + (taken ? "" : taken.error().text));
}

void World::connect(Relay& relay) {
  if (random_.one_in(6)) {
    const auto index = static_cast<std::size_t>(&relay - relays_.data());
    relay.subscriber = std::make_unique<Subscriber>(hello_of(index), eyes_of(index));
  }
  relay.subscriber->reconnect();
  ReaderSession::Owner owner;
  owner.news = [this](const SessionNews& news) {
    checker_.require(news.kind != SessionNews::Kind::refused || news.text == "no hello in time",
                     "a relay was refused: " + news.text);
    if (news.text.starts_with("took nothing")) ++tally_.sent_away;
  };
  relay.session = std::make_unique<ReaderSession>(*process_->hub, SessionOptions{}, "relay", owner, now_ms_);
  relay.to_publisher = relay.subscriber->take_output();
  relay.dead = !calm_ && random_.one_in(4);
  ++tally_.connections;
}

void World::cut(Relay& relay) {
  if (relay.session) relay.session->ended("cut");
  relay.session.reset();
  relay.out.clear();
  relay.to_relay.clear();
  relay.to_publisher.clear();
  relay.back_ms = now_ms_ + random_.between(0, calm_ ? 0 : 3'000);
}

// A little of everything that a connection does, each at its own pace.
void World::serve(Relay& relay) {
  if (!relay.session) {
    if (now_ms_ >= relay.back_ms) connect(relay);
    return;
  }
  ReaderSession& session = *relay.session;
  if (now_ms_ >= session.due_ms()) session.tick(now_ms_);
  if (session.over()) return cut(relay);
  if (relay.out.empty()) {
    for (const Hub::Piece& piece : session.next_write(now_ms_))
      relay.out.append(piece.bytes);
  }
  const std::size_t room = wire_bytes_max - std::min(wire_bytes_max, relay.to_relay.size());
  const std::size_t moved =
      std::min({relay.out.size(), room, static_cast<std::size_t>(random_.below(2'000))});
  relay.to_relay += relay.out.substr(0, moved);
  relay.out.erase(0, moved);
  if (moved != 0) relay.out.empty() ? session.written(now_ms_) : session.progress(now_ms_);

  const bool reads = !relay.dead && random_.one_in(static_cast<std::uint64_t>(relay.pace));
  if (reads && !relay.to_relay.empty()) {
    const std::size_t size = 1 + static_cast<std::size_t>(random_.below(relay.to_relay.size()));
    const auto taken = relay.subscriber->receive(std::string_view(relay.to_relay).substr(0, size));
    relay.to_relay.erase(0, size);
    checker_.require(static_cast<bool>(taken),
                     "a relay found the protocol broken: " + (taken ? "" : taken.error().text));
    if (!taken) return cut(relay);
  }
  relay.to_publisher += relay.subscriber->take_output();
  if (!relay.to_publisher.empty()) {
    const std::size_t size = 1 + static_cast<std::size_t>(random_.below(relay.to_publisher.size()));
    const std::string said = relay.to_publisher.substr(0, size);
    relay.to_publisher.erase(0, size);
    session.receive(said, now_ms_);
  }
}

void World::kill_somehow() {
  if (process_ == nullptr) return;
  stop_process(random_.one_in(2));
}

void World::step() {
  now_ms_ += random_.between(0, 40);
  if (process_ == nullptr) {
    if (now_ms_ >= start_at_ms_) start();
    return;
  }
  switch (random_.below(16)) {
    case 0:
    case 1:
    case 2:
      return work_disk();
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
      return feed(lines_[random_.below(lines_.size())]);
    case 8:
      if (std::exchange(process_->more_keyframes, false)) {
        process_->hub->make_keyframes();
        return process_->publisher->flush(now_ms_);
      }
      if (process_->question && random_.one_in(2)) {
        const auto question = *std::exchange(process_->question, std::nullopt);
        ReadBack entries;
        if (auto batches = ReadThread::read(store_, question)) {
          entries.emplace();
          for (PastBatch& batch : *batches) {
            entries->push_back(*PublishedLog::entry_of(std::make_shared<const std::string>(batch.items),
                                                       Offset(batch.first.value - 1), batch.count));
          }
        }
        process_->hub->read_back(question.until, std::move(entries));
        return process_->publisher->flush(now_ms_);
      }
      return process_->publisher->flush(now_ms_);
    case 9: {
      if (calm_) return;
      Relay& relay = relays_[random_.below(relays_.size())];
      Line& line = lines_[random_.below(lines_.size())];
      switch (random_.below(48)) {
        case 5:
        case 6:
        case 7:
        case 8:
          return clear();
        case 9:
        case 10:
        case 11:
        case 12:
        case 13:
          return forget();
        case 0:
          return kill_somehow();
        case 1:
          return cut(relay);
        case 2:
          relay.dead = !relay.dead;
          return;
        case 3:
          line.down = !line.down;
          return;
        case 4:
          now_ms_ += random_.between(0, 6'000);
          return;
        default:
          return;
      }
    }
    default:
      return serve(relays_[random_.below(relays_.size())]);
  }
}

bool World::settled() const {
  if (process_ == nullptr || process_->under_way || !process_->publisher->idle()) return false;
  if (process_->more_keyframes) return false;
  for (const Line& line : lines_) {
    if (line.next < vendors_[line.vendor].size() || !line.ahead.empty()) return false;
  }
  return std::all_of(relays_.begin(), relays_.end(), [&](const Relay& relay) {
    return relay.session && relay.subscriber->welcomed() && !relay.session->reader().course &&
           relay.out.empty() && relay.to_relay.empty() && relay.to_publisher.empty() &&
           relay.subscriber->position().offset == process_->hub->published();
  });
}

void World::settle() {
  calm_ = true;
  for (Line& line : lines_)
    line.down = false;
  for (Relay& relay : relays_) {
    relay.dead = false;
    relay.pace = 1;
  }
  for (int steps = 0; steps < 200'000 && !settled() && checker_.faults().empty(); ++steps)
    step();
  checker_.require(settled(), "it does not come to rest");
  if (!settled()) return;
  process_->publisher->checkpoint_all();
  for (int steps = 0; steps < 2'000; ++steps)
    serve(relays_[random_.below(relays_.size())]);
}

std::vector<std::string> World::run() {
  start();
  for (int steps = 0; steps < 1'200 && checker_.faults().empty(); ++steps)
    step();
  settle();
  if (!checker_.faults().empty()) return checker_.faults();
  std::map<std::string, const EventState*> states;
  for (const auto& event : process_->origin.table().events()) {
    states[event->id] = &event->state;
    for (std::size_t i = 0; i < relays_.size(); ++i) {
      const auto held = relays_[i].subscriber->states().find(event->handle);
      const bool same = held != relays_[i].subscriber->states().end() &&
                        held->second.digest() == event->state.digest() &&
                        held->second.seq == event->state.seq;
      if (is_forgotten(event->state) && held == relays_[i].subscriber->states().end()) continue;
      checker_.require(same, "relay " + number(i) + " does not hold " + event->id + " as the origin does");
    }
  }
  for (const Vendor& vendor : vendors_) {
    const std::string fault = vendor.fault_in(states);
    checker_.require(fault.empty(), fault);
  }
  stop_process(false);
  const auto report = verify(store_);
  checker_.require(report && report->sound(), "verify finds faults in the store");
  check_archive();
  tally_.observations = checker_.observations();
  tally_.merged = checker_.merged();
  return checker_.faults();
}

}  // namespace touchline::simulation
