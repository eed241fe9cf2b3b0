// A crowd of readers on one thread of its own, for measurements: they count and decode nothing.
//
// Real sockets over loopback. Each keeps its position, so that it may go and come back with it. What is asked of
// the crowd is done on its thread, in the order in which it was asked; the numbers may be read from any.
#pragma once

#include "core/delta_counter.h"
#include "core/histogram.h"
#include "feed/endpoint.h"
#include "feed/loop.h"
#include "feed/tcp_subscriber.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace touchline {

class BenchCrowd {
 public:
  // When the update of an offset was due, in ns of the steady clock; 0: it does not count.
  using Due = std::function<std::int64_t(Offset)>;

  BenchCrowd(const Endpoint& endpoint, std::size_t readers, Due due);
  ~BenchCrowd();
  BenchCrowd(const BenchCrowd&) = delete;
  BenchCrowd& operator=(const BenchCrowd&) = delete;

  void connect();     // all of them at once
  void disconnect();  // all of them; they keep their positions
  void return_all();  // all of them at once, to where expect() says
  void move_to(const Endpoint& endpoint);
  void stall(std::size_t reader);
  // Goes, and is back at once with its position; its next deltas count as its return until it has caught up.
  void come_back(std::size_t reader);
  // From here on reached() counts who has come to this offset.
  void expect(Offset offset);
  void stop();  // ends the thread; then everything below stands still

  std::size_t welcomed() const { return welcomed_.load(); }
  std::size_t reached() const { return reached_.load(); }
  std::string failure() const;  // of the first reader whose connection was lost; after stop()

  struct Result {
    Histogram latencies;  // from due to received, of whoever was there all the time
    Histogram returns;    // from connecting anew to having caught up
    DeltaCounter::Counts counts;
    std::uint64_t merged_for_others = 0;  // deltas that came conflated to whoever was not stalled
    std::uint64_t lost = 0;               // connections that ended and were not to
  };
  const Result& result() const { return result_; }

 private:
  struct Reader {
    std::unique_ptr<DeltaCounter> counter;
    std::unique_ptr<TcpSubscriber> connection;
    std::int64_t connected_ns = 0;
    Offset wanted{};  // has returned when it comes here
    bool returning = false;
    bool stalled = false;
    bool reached = false;
  };

  void open(Reader& reader);
  void open_again(Reader& reader, Offset wanted);
  void welcome(Reader& reader, const Welcome& welcome);
  void take(Reader& reader, Offset before, Offset last);
  void note_position(Reader& reader);

  Endpoint endpoint_;
  Due due_;
  Loop loop_;
  std::vector<std::unique_ptr<Reader>> readers_;
  Offset expected_{};
  Offset newest_{};
  Result result_;
  std::string failure_;
  std::atomic<std::size_t> welcomed_{0};
  std::atomic<std::size_t> reached_{0};
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace touchline
