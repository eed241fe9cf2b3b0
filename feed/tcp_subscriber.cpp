#include "feed/tcp_subscriber.h"

#include "feed/transport.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

namespace touchline {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using Time = std::chrono::steady_clock::time_point;

struct TcpSubscriber::Impl : std::enable_shared_from_this<Impl> {
  Impl(Loop& loop, ReceivingEnd& to, Endpoint at, std::function<void(Result<void>)> when_ended,
       TcpSubscriberOptions options)
      : subscriber(to),
        endpoint(std::move(at)),
        ended(std::move(when_ended)),
        resolver(loop.context()),
        socket(loop.context()),
        tls(std::move(options.tls)),
        timer(loop.context()),
        answer_max(options.answer_ms),
        frame_max(options.frame_ms),
        received(options.read_bytes) {}

  // A line on which nothing came for three heartbeats is dead, and so is one that drips: whose welcome, or a frame that
  // has begun, is not whole in its time (PROTOCOL.md, "The conversation").
  struct Deadline {
    Time at;
    std::string missed;
  };
  Deadline deadline() const {
    if (!subscriber.welcomed()) return {begun + answer_max, "no welcome came for " + text_of(answer_max)};
    Deadline next{Time::max(), ""};
    const milliseconds silence(std::int64_t{3} * subscriber.heartbeat_ms());
    if (silence.count() != 0) next = {heard + silence, "nothing came for " + text_of(silence)};
    if (frame_begun && *frame_begun + frame_max < next.at)
      next = {*frame_begun + frame_max, "a frame was not whole within " + text_of(frame_max)};
    return next;
  }
  static std::string text_of(milliseconds time) { return std::to_string(time.count()) + " ms"; }

  void watch() {
    if (over || stuck) return;
    // What begins meanwhile ends no sooner.
    timer.expires_at(std::min(deadline().at, std::chrono::steady_clock::now() + frame_max));
    timer.async_wait([self = shared_from_this()](const error_code& error) {
      if (error || self->over || self->stuck) return;
      const Deadline next = self->deadline();
      if (std::chrono::steady_clock::now() < next.at) return self->watch();
      self->end(Error{ErrorKind::environment, self->endpoint.text() + ": " + next.missed, 0});
    });
  }

  // Whether a frame is under way, and since when.
  void note_frames(std::size_t bytes) {
    read_bytes += bytes;
    const std::uint64_t whole = subscriber.whole_bytes();
    if (whole == read_bytes) {
      frame_begun.reset();
    } else if (!frame_begun || whole != whole_bytes) {
      frame_begun = heard;
    }
    whole_bytes = whole;
  }

  void start() {
    watch();
    resolver.async_resolve(
        endpoint.host, std::to_string(endpoint.port),
        [self = shared_from_this()](const error_code& error, const tcp::resolver::results_type& found) {
          if (error) return self->fail("cannot find", error);
          if (!self->over) self->connect(found);
        });
  }

  void connect(const tcp::resolver::results_type& found) {
    asio::async_connect(socket, found,
                        [self = shared_from_this()](const error_code& error, const tcp::endpoint&) {
                          if (error) return self->fail("cannot connect to", error);
                          if (!self->over) self->open();
                        });
  }

  void open() {
    stream = connected_stream(endpoint, std::move(socket), tls.get());
    stream->open([self = shared_from_this()](const error_code& error) {
      if (error) return self->fail("cannot agree with", error);
      if (self->over) return;
      self->write();
      self->read();
    });
  }

  void read() {
    stream->read_some(asio::buffer(received),
                      [self = shared_from_this()](const error_code& error, std::size_t n) {
                        if (error == asio::error::eof) return self->end({});
                        const bool welcomed = self->subscriber.welcomed();
                        self->heard = std::chrono::steady_clock::now();
                        if (error) return self->fail("lost", error);
                        if (const auto taken = self->subscriber.receive({self->received.data(), n}); !taken) {
                          Error wrong = taken.error();
                          wrong.text = self->endpoint.text() + ": " + wrong.text;
                          return self->end(wrong);
                        }
                        self->note_frames(n);
                        self->write();
                        if (welcomed != self->subscriber.welcomed()) self->watch();
                        if (!self->over && !self->stuck) self->read();
                      });
  }

  void write() {
    if (writing || over) return;
    if (sent == sending.size()) {
      if (!subscriber.has_output()) return;
      sending = subscriber.take_output();
      sent = 0;
    }
    writing = true;
    stream->write_some({asio::buffer(sending) + sent},
                       [self = shared_from_this()](const error_code& error, std::size_t n) {
                         self->writing = false;
                         self->sent += n;
                         if (!error) self->write();  // a failure shows at the next read
                       });
  }

  void fail(const char* what, const error_code& error) {
    end(Error{ErrorKind::environment, std::string(what) + " " + endpoint.text() + ": " + error.message(), 0});
  }

  void end(Result<void> result) {
    if (std::exchange(over, true)) return;
    error_code ignored;
    timer.cancel();
    resolver.cancel();
    socket.close(ignored);
    if (stream) stream->close();
    if (ended) std::exchange(ended, {})(std::move(result));
  }

  ReceivingEnd& subscriber;
  Endpoint endpoint;
  std::function<void(Result<void>)> ended;
  tcp::resolver resolver;
  tcp::socket socket;  // until it is connected
  std::unique_ptr<ByteStream> stream;
  std::shared_ptr<const TlsContext> tls;
  asio::steady_timer timer;
  milliseconds answer_max;
  milliseconds frame_max;
  Time begun = std::chrono::steady_clock::now();
  Time heard = begun;
  std::optional<Time> frame_begun;  // of the one that is not whole yet; none: between two
  std::uint64_t read_bytes = 0;
  std::uint64_t whole_bytes = 0;  // of these, of frames that are whole
  std::vector<char> received;
  std::string sending;
  std::size_t sent = 0;  // of it
  bool writing = false;
  bool over = false;
  bool stuck = false;
};

TcpSubscriber::TcpSubscriber(Loop& loop, ReceivingEnd& subscriber, const Endpoint& endpoint,
                             std::function<void(Result<void>)> ended, TcpSubscriberOptions options)
    : impl_(std::make_shared<Impl>(loop, subscriber, endpoint, std::move(ended), options)) {
  impl_->start();
}

TcpSubscriber::~TcpSubscriber() {
  impl_->ended = {};
  close();
}

void TcpSubscriber::close() { impl_->end({}); }

void TcpSubscriber::stop_reading() { impl_->stuck = true; }

}  // namespace touchline
