#include "feed/tcp_subscriber.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <utility>
#include <vector>

namespace touchline {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

struct TcpSubscriber::Impl : std::enable_shared_from_this<Impl> {
  Impl(Loop& loop, Subscriber& to, Endpoint at, std::function<void(Result<void>)> when_ended,
       TcpSubscriberOptions options)
      : subscriber(to),
        endpoint(std::move(at)),
        ended(std::move(when_ended)),
        resolver(loop.context()),
        socket(loop.context()),
        received(options.read_bytes) {}

  void start() {
    resolver.async_resolve(
        endpoint.host, std::to_string(endpoint.port),
        [self = shared_from_this()](const error_code& error, const tcp::resolver::results_type& found) {
          if (error) return self->fail("cannot find", error);
          self->connect(found);
        });
  }

  void connect(const tcp::resolver::results_type& found) {
    asio::async_connect(socket, found,
                        [self = shared_from_this()](const error_code& error, const tcp::endpoint&) {
                          if (error) return self->fail("cannot connect to", error);
                          error_code ignored;
                          self->socket.set_option(tcp::no_delay(true), ignored);
                          self->write();
                          self->read();
                        });
  }

  void read() {
    socket.async_read_some(
        asio::buffer(received), [self = shared_from_this()](const error_code& error, std::size_t n) {
          if (error == asio::error::eof) return self->end({});
          if (error) return self->fail("lost", error);
          if (const auto taken = self->subscriber.receive({self->received.data(), n}); !taken) {
            Error wrong = taken.error();
            wrong.text = self->endpoint.text() + ": " + wrong.text;
            return self->end(wrong);
          }
          self->write();
          if (!self->over) self->read();
        });
  }

  void write() {
    if (writing || over || !subscriber.has_output()) return;
    sending = subscriber.take_output();
    writing = true;
    asio::async_write(socket, asio::buffer(sending),
                      [self = shared_from_this()](const error_code& error, std::size_t) {
                        self->writing = false;
                        if (!error) self->write();  // a failure shows at the next read
                      });
  }

  void fail(const char* what, const error_code& error) {
    end(Error{ErrorKind::environment, std::string(what) + " " + endpoint.text() + ": " + error.message(), 0});
  }

  void end(Result<void> result) {
    if (std::exchange(over, true)) return;
    error_code ignored;
    socket.close(ignored);
    if (ended) std::exchange(ended, {})(std::move(result));
  }

  Subscriber& subscriber;
  Endpoint endpoint;
  std::function<void(Result<void>)> ended;
  tcp::resolver resolver;
  tcp::socket socket;
  std::vector<char> received;
  std::string sending;
  bool writing = false;
  bool over = false;
};

TcpSubscriber::TcpSubscriber(Loop& loop, Subscriber& subscriber, const Endpoint& endpoint,
                             std::function<void(Result<void>)> ended, TcpSubscriberOptions options)
    : impl_(std::make_shared<Impl>(loop, subscriber, endpoint, std::move(ended), options)) {
  impl_->start();
}

TcpSubscriber::~TcpSubscriber() {
  impl_->ended = {};
  close();
}

void TcpSubscriber::close() { impl_->end({}); }

}  // namespace touchline
