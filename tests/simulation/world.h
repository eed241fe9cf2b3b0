// A whole system under seeded faults: the real core, publisher, gate, hub, sessions, subscribers and journal over a
// simulated clock, network and disk.
//
// Sources repeat, reorder, lag and start over; lines are cut anywhere; relays are slow, dead, or come back without
// their states; commits take their time and fail; what is over is forgotten, what is old is cleared into an archive; the
// process is killed and the power goes at any moment. One seed gives one run. What must hold is the checker's to say. One thread.
#pragma once

#include "core/origin.h"
#include "core/subscriber.h"
#include "feed/publisher.h"
#include "feed/reader_session.h"
#include "storage/journal.h"
#include "tests/core/random_fixture.h"
#include "tests/simulation/checker.h"
#include "tests/simulation/vendor.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace touchline::simulation {

struct Tally {
  std::uint64_t kills = 0;
  std::uint64_t power_losses = 0;
  std::uint64_t failed_commits = 0;
  std::uint64_t commits = 0;
  std::uint64_t connections = 0;
  std::uint64_t sent_away = 0;
  std::uint64_t observations = 0;
  std::uint64_t merged = 0;
  std::uint64_t tails = 0;
  std::uint64_t journal_tails = 0;
  std::uint64_t changed = 0;
  std::uint64_t resets = 0;
  std::uint64_t resyncs = 0;
  std::uint64_t forgotten = 0;
  std::uint64_t clearings = 0;  // runs that took something away
  std::uint64_t broken_off = 0;
};

class World {
 public:
  // `store`: a path in a folder of its own, where nothing is yet.
  World(std::uint64_t seed, std::string store);
  ~World();

  // What was wrong; empty: nothing.
  std::vector<std::string> run();
  const Tally& tally() const { return tally_; }

 private:
  // One of a source's lines, and how far it was read.
  struct Line {
    std::size_t vendor = 0;
    LineRef ref;
    std::size_t next = 0;
    std::size_t noted = 0;  // as far as the journal was told
    bool down = false;
    std::vector<std::size_t> ahead;  // numbered: taken out of order, to be given later
  };
  struct Relay {
    std::unique_ptr<Subscriber> subscriber;
    std::unique_ptr<ReaderSession> session;  // while connected
    std::string out;                         // a write under way
    std::string to_relay;
    std::string to_publisher;
    std::int64_t back_ms = 0;  // not before
    int pace = 1;              // reads one step in so many
    bool dead = false;         // reads nothing for now
    Offset seen{};
  };
  // Everything that dies with the process.
  struct Process;

  void step();
  void start();
  void stop_process(bool power);
  void kill_somehow();
  void work_disk();
  void forget();
  void clear();
  void check_archive();
  void feed(Line& line);
  void serve(Relay& relay);
  void connect(Relay& relay);
  void cut(Relay& relay);
  static Hello hello_of(std::size_t relay);
  SubscriberEvents eyes_of(std::size_t relay);
  void settle();
  bool settled() const;

  test::Random random_;
  std::string store_;
  std::string archive_;
  bool relaxed_;
  std::int64_t forget_after_ms_;  // of being over
  std::int64_t keep_ms_;          // of the journal
  HubOptions hub_options_;
  Checker checker_;
  std::vector<Vendor> vendors_;
  std::vector<Line> lines_;
  std::vector<Relay> relays_;
  std::unique_ptr<Process> process_;
  std::set<EventHandle> forgotten_;                  // at any time
  std::optional<std::pair<Epoch, Batch>> in_doubt_;  // a commit that nobody knows the end of
  std::int64_t now_ms_ = 1'700'000'100'000;
  std::int64_t start_at_ms_ = 0;  // of the next process
  bool calm_ = false;             // no more faults
  Tally tally_;
};

}  // namespace touchline::simulation
