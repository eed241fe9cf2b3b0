#include "feed/tcp_subscriber.h"

#include "feed/transport.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <utility>
#include <vector>

namespace touchline {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

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
        patience(options.answer_ms),
        received(options.read_bytes) {}

  // A line on which nothing came for three heartbeats is dead (PROTOCOL.md, "The conversation").
  void watch() {
    const std::uint32_t beat = subscriber.heartbeat_ms();
    const auto wait = std::chrono::milliseconds(subscriber.welcomed() ? std::int64_t{3} * beat : patience);
    if (over || stuck || wait.count() == 0) return;
    timer.expires_at(heard + wait);
    timer.async_wait([self = shared_from_this(), wait](const error_code& error) {
      if (error || self->over || self->stuck) return;
      if (std::chrono::steady_clock::now() < self->heard + wait) return self->watch();
      self->end(Error{ErrorKind::environment,
                      self->endpoint.text() + ": nothing came for " + std::to_string(wait.count()) + " ms",
                      0});
    });
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
  std::int64_t patience;
  std::chrono::steady_clock::time_point heard = std::chrono::steady_clock::now();
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
