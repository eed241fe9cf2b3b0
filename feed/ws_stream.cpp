#include "feed/ws_stream.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace touchline {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;

namespace {

constexpr std::size_t message_bytes_max = 1U << 20;  // that are taken
constexpr std::size_t sent_message_bytes = 64U << 10;

class WsErrors final : public std::error_category {
 public:
  const char* name() const noexcept override { return "websocket"; }
  std::string message(int) const override { return "a text message came, where all are binary"; }
};

error_code text_message() {
  static const WsErrors category;
  return std::error_code(1, category);
}

// A ByteStream as Beast wants what it lies on. Its handlers are moved only, those of a ByteStream are copied.
class Below {
 public:
  using executor_type = asio::any_io_executor;
  using Signature = void(error_code, std::size_t);

  Below(executor_type executor, std::unique_ptr<ByteStream> stream)
      : executor_(std::move(executor)), stream_(std::move(stream)) {}

  executor_type get_executor() { return executor_; }
  ByteStream& stream() { return *stream_; }

  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& into, Handler&& handler) {
    return asio::async_initiate<Handler, Signature>(
        [this](auto done, const Buffers& buffers) {
          asio::mutable_buffer first;
          for (auto at = asio::buffer_sequence_begin(buffers);
               at != asio::buffer_sequence_end(buffers) && first.size() == 0; ++at)
            first = *at;
          if (first.size() == 0) return post(std::move(done));
          stream_->read_some(first, shared(std::move(done)));
        },
        handler, into);
  }

  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& from, Handler&& handler) {
    return asio::async_initiate<Handler, Signature>(
        [this](auto done, const Buffers& buffers) {
          const std::vector<asio::const_buffer> pieces(asio::buffer_sequence_begin(buffers),
                                                       asio::buffer_sequence_end(buffers));
          if (asio::buffer_size(pieces) == 0) return post(std::move(done));
          stream_->write_some(pieces, shared(std::move(done)));
        },
        handler, from);
  }

 private:
  template <class Handler>
  static ByteStream::Done shared(Handler handler) {
    return [kept = std::make_shared<Handler>(std::move(handler))](const error_code& error, std::size_t n) {
      (*kept)(error, n);
    };
  }
  template <class Handler>
  void post(Handler handler) {
    asio::post(executor_, [handler = std::move(handler)]() mutable { handler(error_code(), 0); });
  }

  executor_type executor_;
  std::unique_ptr<ByteStream> stream_;
};

// What Beast asks for at the end of a conversation in good order, and where its own timer has run out.
template <class Handler>
void async_teardown(beast::role_type, Below& below, Handler&& handler) {
  below.stream().close();
  asio::post(below.get_executor(),
             [handler = std::forward<Handler>(handler)]() mutable { handler(error_code()); });
}
void beast_close_socket(Below& below) { below.stream().close(); }

}  // namespace

struct WsStream::Core {
  Core(const asio::any_io_executor& executor, std::unique_ptr<ByteStream> below, std::string host_in)
      : host(std::move(host_in)), socket(executor, std::move(below)) {
    socket.binary(true);
    socket.auto_fragment(false);
    socket.read_message_max(message_bytes_max);
  }
  ByteStream& below() { return socket.next_layer().stream(); }

  std::string host;  // empty: the side that was connected to
  websocket::stream<Below, false> socket;
  bool opened = false;
};

WsStream::WsStream(const asio::any_io_executor& executor, std::unique_ptr<ByteStream> below)
    : WsStream(executor, std::move(below), "") {}

WsStream::WsStream(const asio::any_io_executor& executor, std::unique_ptr<ByteStream> below, std::string host)
    : core_(std::make_shared<Core>(executor, std::move(below), std::move(host))) {}

WsStream::~WsStream() = default;

void WsStream::open(std::function<void(const error_code&)> done) {
  core_->below().open([core = core_, done = std::move(done)](const error_code& error) {
    if (error) return done(error);
    const auto opened = [core, done](const error_code& failure) {
      core->opened = !failure;
      done(failure);
    };
    if (core->host.empty()) {
      core->socket.async_accept(opened);
    } else {
      core->socket.async_handshake(core->host, "/", opened);
    }
  });
}

void WsStream::read_some(asio::mutable_buffer into, Done done) {
  core_->socket.async_read_some(
      into, [this, core = core_, into, done = std::move(done)](const error_code& error, std::size_t n) {
        if (error == websocket::error::closed) return done(asio::error::eof, n);
        if (error) return done(error, n);
        if (core->socket.got_text()) {
          if (std::exchange(core->opened, false))
            core->socket.async_close(websocket::close_code::unknown_data, [core](const error_code&) {});
          return done(text_message(), 0);
        }
        if (n == 0) return read_some(into, done);  // an empty message, or the end of one
        done({}, n);
      });
}

void WsStream::write_some(const std::vector<asio::const_buffer>& from, Done done) {
  std::vector<asio::const_buffer> message;
  std::size_t bytes = 0;
  for (const asio::const_buffer& piece : from) {
    if (bytes == sent_message_bytes) break;
    message.push_back(asio::buffer(piece, sent_message_bytes - bytes));
    bytes += message.back().size();
  }
  core_->socket.async_write(
      message, [core = core_, bytes, done = std::move(done)](const error_code& error, std::size_t) {
        done(error, error ? 0 : bytes);
      });
}

void WsStream::close() {
  // The last word goes out at once or not at all: nothing is waited for.
  if (std::exchange(core_->opened, false))
    core_->socket.async_close(websocket::close_code::normal, [core = core_](const error_code&) {});
  core_->below().close();
}

std::string WsStream::peer() const { return core_->socket.next_layer().stream().peer(); }

}  // namespace touchline
