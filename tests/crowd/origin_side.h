// What the origin says of itself: its pages over HTTP, and its store once everything is in it.
//
// The store is the witness: when each goal was committed, and how every event ended. Knows no crowd.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace touchline::crowd {

// A connection that blocks; it ends with its object. Throws std::runtime_error where there is none.
class Line {
 public:
  explicit Line(const std::string& url);  // tcp://A.B.C.D:PORT, whatever its scheme
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line();
  void send(std::string_view bytes) const;
  std::string receive_line();
  std::string receive_all() const;

 private:
  int socket_ = -1;
  std::string part_;
};

std::string http_get(const std::string& url, const std::string& target);
// The sum of all samples of one name.
double metric_of(std::string_view page, std::string_view name);

struct OriginEvent {
  std::uint64_t seq = 0;
  std::string state;  // as clients see it, members in the order of their names
};

struct OriginStory {
  std::map<std::string, OriginEvent> events;
  // When the commit of each delta was handed to the disk, in whole ms since 1970, by event and seq.
  std::map<std::pair<std::string, std::uint64_t>, std::int64_t> committed_ms;
};

OriginStory story_of(const std::string& store);

}  // namespace touchline::crowd
