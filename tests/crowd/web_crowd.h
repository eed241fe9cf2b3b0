// A crowd of web clients in one process: real sockets, handshakes and frames, and some 50 bytes a client.
//
// Each follows one event, comes when it is due, comes back by its position when its connection ends, and when it is
// refused after as long as it is told. Every message is accounted for: one that does not follow on the last is a loss.
// Knows what CLIENTS.md says, and nothing of the publisher. One thread; descriptors are closed with it.
#pragma once

#include "tests/crowd/history.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <netinet/in.h>

namespace touchline::crowd {

struct WebCrowdOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::vector<std::string> events;  // each client follows one, in turns
  std::size_t clients = 1'000;
  std::int64_t arrive_ms = 1'000;    // over which they come, evenly
  std::size_t handshakes_max = 512;  // at a time
  std::size_t address_clients =
      9'000;                      // that come from one address of the loopback, which has ports for so many
  std::uint8_t address_from = 1;  // 127.N.0.1 and up; different for each crowd of one machine
};

struct WebCrowdCounts {
  std::uint64_t joins = 0;
  std::uint64_t refused = 0;
  std::uint64_t ended = 0;  // connections, by the other end
  std::uint64_t deltas = 0;
  std::uint64_t snapshots = 0;  // but for the first one of each client
  std::uint64_t lost = 0;       // numbers that nothing stands for
  std::uint64_t skipped = 0;    // numbers that a newer state stands for
  std::uint64_t bytes = 0;      // of messages, without frames
  std::uint64_t delta_bytes = 0;
  std::uint64_t faults = 0;  // what is no message, no frame, no answer
};

class WebCrowd {
 public:
  explicit WebCrowd(WebCrowdOptions options);
  WebCrowd(const WebCrowd&) = delete;
  WebCrowd& operator=(const WebCrowd&) = delete;
  ~WebCrowd();

  // Waits for what comes, up to so long, and takes it. True: this descriptor can be read.
  bool turn(int other, int timeout_ms);
  // A client has all of an event when it stands there.
  void expect(const std::string& event, std::uint64_t seq) { expected_[event] = seq; }

  std::size_t clients() const { return clients_.size(); }
  std::size_t joined() const { return joined_; }
  std::size_t stale() const { return stale_; }
  std::size_t reached() const;
  const WebCrowdCounts& counts() const { return counts_; }
  const std::string& fault() const { return fault_; }  // the first one
  std::vector<std::int64_t> join_times_ns() const { return join_times_ns_; }
  const History& history() const { return history_; }
  // How many stand at each place; null: have no state.
  std::unordered_map<const Place*, std::size_t> places() const;

 private:
  enum class State : std::uint8_t { away, connecting, asked, live };
  struct Client {
    int socket = -1;
    State state = State::away;
    bool is_stale = false;
    bool has_joined = false;
    Place* at = nullptr;
    std::unique_ptr<std::string> part;  // of what has not come whole
  };
  using Due = std::pair<std::int64_t, std::uint32_t>;

  void connect_due(std::int64_t now_ns);
  void connect(std::uint32_t index);
  void ask(std::uint32_t index);
  void read(std::uint32_t index);
  std::size_t take(Client& client, std::uint32_t index, std::string_view bytes);
  std::size_t take_answer(Client& client, std::uint32_t index, std::string_view bytes);
  bool take_frame(Client& client, std::string_view& bytes);
  void take_message(Client& client, std::string_view message);
  void take_snapshot(Client& client, std::string_view message);
  void take_delta(Client& client, std::string_view message);
  void join(Client& client);
  void set_stale(Client& client, bool stale);
  void close(Client& client, std::uint32_t index, std::int64_t back_in_ms);
  void fail(std::string why);

  WebCrowdOptions options_;
  sockaddr_in to_{};
  int epoll_ = -1;
  std::vector<Client> clients_;
  std::size_t arrived_ = 0;  // of those that come for the first time
  std::int64_t began_ns_ = 0;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> coming_back_;
  std::size_t handshakes_ = 0;
  std::size_t joined_ = 0;
  std::size_t stale_ = 0;
  std::int64_t now_ns_ = 0;  // of what is read at the moment, since 1970
  WebCrowdCounts counts_;
  std::string fault_;
  std::vector<std::int64_t> join_times_ns_;  // from when each was due
  std::unordered_map<std::string, std::uint64_t> expected_;
  History history_;
  std::vector<char> buffer_;
};

}  // namespace touchline::crowd
