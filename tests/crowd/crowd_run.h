// One run: an origin, its relays and the crowd as processes of their own, a match day through all of it, and what of it
// came where.
//
// Starts, watches and ends the processes, plays the day, and compares what every client holds in the end with the
// origin's store. One thread; whatever ends that should not is a std::runtime_error with its last words.
#pragma once

#include "tests/crowd/child.h"
#include "tests/crowd/match_feed.h"
#include "tests/crowd/origin_side.h"
#include "tests/crowd/report.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace touchline::crowd {

struct CrowdRunOptions {
  std::string program;  // touchline
  std::string self;     // this program, for the processes of the crowd
  std::string folder = "/tmp";
  std::size_t clients = 1'000;
  std::size_t relays = 0;  // 0: as few as have descriptors for the clients
  int events = 8;
  double seconds = 30;
  double rate = 0;             // updates a second; 0: what this machine can be expected to carry to so many
  std::int64_t arrive_ms = 0;  // 0: 4,000 clients a second at each relay
  std::uint64_t seed = 1;
  bool kick_off =
      false;  // a tenth of the clients is there; the others come all at once, a third into the day
  std::vector<std::string> relay_options;
  // Across a network: the origin's address there, what is put in front of the commands at the edge, and the process of
  // the line in between, which is cut for so long in the middle of the day (slow_line.h).
  std::string origin_host = "127.0.0.1";
  std::vector<std::string> edge_prefix;
  int line = 0;
  double outage_s = 0;
};

class CrowdRun {
 public:
  explicit CrowdRun(CrowdRunOptions options);
  Report run();

 private:
  struct Clients {
    bool came_late = false;
    std::size_t count = 0;
    std::array<std::uint64_t, 8> progress{};  // as clients_process.h has them
    bool done = false;
    std::unique_ptr<Child> child;
  };
  enum Progress : std::uint8_t { joined, reached, stale, deltas, refused, ended, lost, faults };

  void start_origin();
  void start_relays();
  void start_clients(bool late);
  std::unique_ptr<Child> start(std::vector<std::string> arguments,
                               std::function<void(std::string_view)> take);
  void play();
  void let_others_come();
  void cut_line();
  void settle();
  void ask_for_reports();
  void take_line(Clients& clients, std::string_view line);
  void take_goal(bool late, std::string_view rest);
  void take_state(std::string_view rest);
  void judge();

  // Until it holds; the run has failed where nothing moves any more.
  void wait_until(const char* what, const std::function<bool()>& holds);
  void look(int timeout_ms);
  std::uint64_t sum(Progress what) const;
  std::size_t clients_of(bool late) const;
  double relay_cpu() const;
  std::int64_t relay_bytes() const;
  void say(const char* what) const;

  CrowdRunOptions options_;
  MatchFeed feed_;
  Report report_;
  std::string store_;
  std::unique_ptr<Child> origin_;
  std::string origin_readers_;
  std::string origin_feed_;
  std::string origin_admin_;
  std::unique_ptr<Line> source_;
  std::vector<std::unique_ptr<Child>> relays_;
  std::vector<std::string> relay_urls_;
  std::vector<std::unique_ptr<Clients>> crowd_;
  OriginStory story_;
  struct Arrivals {
    bool late;
    std::string event;
    std::uint64_t seq;
    std::vector<std::int64_t> at_ns;
  };
  std::vector<Arrivals> goals_;
  std::int64_t began_ns_ = 0;
  std::int64_t coming_from_ns_ = 0;  // since 1970: the others, at kick-off
  std::int64_t coming_until_ns_ = 0;
};

}  // namespace touchline::crowd
