#include "feed/tcp_server.h"

#include "feed/clock.h"
#include "feed/tcp_listen.h"
#include "feed/tcp_stream.h"
#include "feed/transport.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <unordered_set>
#include <utility>

namespace touchline {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

class Connection;

// What a connection needs of the server that owns it.
struct Owner {
  Hub& hub;
  TcpServerOptions options;
  std::unordered_set<std::shared_ptr<Connection>> connections;
  std::function<void(const SessionNews&)> news;
  std::function<void()> waiting;
  std::function<void()> emptied;
  bool draining = false;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Owner> owner, asio::io_context& context, std::unique_ptr<ByteStream> stream,
             std::unique_ptr<Admission::Place> place)
      : owner_(std::move(owner)),
        stream_(std::move(stream)),
        place_(std::move(place)),
        timer_(context),
        session_(
            owner_->hub, owner_->options.session, stream_->peer(),
            {[this](const SessionNews& news) { report(news); }, owner_->waiting, [this] { pump_soon(); }},
            running_ms()) {}

  // What the stream has to agree with its peer takes from the time in which a hello must come.
  void start() {
    watch();
    stream_->open([self = shared_from_this()](const error_code& error) {
      if (self->closed_) return;
      if (error) return self->fail_to_open(error);
      self->opened_ = true;
      self->read();
      self->pump();
    });
  }

  void drain() { session_.drain(); }
  const ReaderSession& session() const { return session_; }
  std::string peer() const { return stream_->peer(); }
  void send_away(const std::string& why) { session_.dismiss(why, running_ms()); }
  // At once, without a last word.
  void cut() { close("cut off at the end of the service"); }

 private:
  void report(const SessionNews& news) {
    if (news.kind == SessionNews::Kind::joined && place_) place_->joined();
    if (owner_->news) owner_->news(news);
  }

  void fail_to_open(const error_code& error) {
    // A peer that only looked whether somebody listens is not worth a line.
    if (error != asio::error::eof)
      report({SessionNews::Kind::refused, stream_->peer(), "", "no handshake: " + error.message()});
    close("");
  }

  void read() {
    stream_->read_some(asio::buffer(received_),
                       [self = shared_from_this()](const error_code& error, std::size_t n) {
                         if (error == asio::error::eof) return self->close("closed by the reader");
                         if (error) return self->close(error.message());
                         self->session_.receive({self->received_.data(), n}, running_ms());
                         if (!self->closed_) self->read();
                       });
  }

  // Posted, because the hub may be in the middle of waking its readers.
  void pump_soon() {
    if (std::exchange(pumping_, true)) return;
    asio::post(timer_.get_executor(), [self = shared_from_this()] {
      self->pumping_ = false;
      self->pump();
    });
  }

  void pump() {
    if (closed_) return;
    if (!opened_) return session_.leaving() || session_.over() ? close("") : watch();
    if (pieces_.empty()) {
      pieces_ = session_.next_write(running_ms());
      buffers_.clear();
      for (const Hub::Piece& piece : pieces_)
        buffers_.emplace_back(piece.bytes.data(), piece.bytes.size());
      if (!pieces_.empty()) write();
    }
    if (session_.over()) return close("");
    watch();
  }

  void write() {
    stream_->write_some(buffers_, [self = shared_from_this()](const error_code& error, std::size_t n) {
      if (error) return self->close(error.message());
      self->advance(n);
      if (!self->buffers_.empty()) {
        self->session_.progress(running_ms());
        return self->write();
      }
      self->pieces_.clear();
      self->session_.written(running_ms());
      self->pump();
    });
  }

  void advance(std::size_t bytes) {
    std::size_t gone = 0;
    while (gone < buffers_.size() && bytes >= buffers_[gone].size())
      bytes -= buffers_[gone++].size();
    buffers_.erase(buffers_.begin(), buffers_.begin() + static_cast<std::ptrdiff_t>(gone));
    if (bytes != 0) buffers_.front() += bytes;
  }

  // Comes back when time may have something to say to the session.
  void watch() {
    const std::int64_t due = session_.due_ms();
    if (closed_ || due == watched_ms_) return;
    watched_ms_ = due;
    timer_.expires_after(std::chrono::milliseconds(std::max<std::int64_t>(due - running_ms(), 0)));
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (error || self->closed_) return;
      self->watched_ms_ = 0;
      self->session_.tick(running_ms());
      self->pump();
    });
  }

  void close(const std::string& why) {
    if (std::exchange(closed_, true)) return;
    session_.ended(why.empty() && owner_->draining ? "drained" : why);
    timer_.cancel();
    stream_->close();
    place_.reset();
    const auto keep = shared_from_this();
    owner_->connections.erase(keep);
    if (owner_->draining && owner_->connections.empty() && owner_->emptied) {
      std::exchange(owner_->emptied, {})();
    }
  }

  std::shared_ptr<Owner> owner_;
  std::unique_ptr<ByteStream> stream_;
  std::unique_ptr<Admission::Place> place_;
  asio::steady_timer timer_;
  ReaderSession session_;
  std::array<char, 4096> received_{};
  std::vector<Hub::Piece> pieces_;  // under way
  std::vector<asio::const_buffer> buffers_;
  std::int64_t watched_ms_ = 0;
  bool opened_ = false;
  bool pumping_ = false;
  bool closed_ = false;
};

}  // namespace

struct TcpServer::Impl {
  Impl(Loop& loop_in, Hub& hub, TcpServerOptions options)
      : loop(loop_in),
        owner(std::make_shared<Owner>(Owner{hub, std::move(options), {}, {}, {}, {}, false})),
        acceptor(loop.context()) {
    if (!owner->options.admission) owner->options.admission = std::make_shared<Admission>();
  }

  void accept(const std::shared_ptr<Impl>& self) {
    acceptor.async_accept([self](const error_code& error, tcp::socket socket) {
      if (error == asio::error::operation_aborted || !self->acceptor.is_open()) return;
      if (error) {
        // Out of descriptors, most likely: wait rather than spin.
        self->loop.after(std::chrono::milliseconds(100), [self] {
          if (self->acceptor.is_open()) self->accept(self);
        });
        return;
      }
      self->take(std::move(socket));
      self->accept(self);
    });
  }

  void take(tcp::socket socket) {
    error_code error;
    const auto from = socket.remote_endpoint(error);
    if (error) return;  // gone already
    auto place = owner->options.admission->admit(from.address(), running_ms());
    if (!place) return refuse(std::move(socket), place.error().text);
    auto connection = std::make_shared<Connection>(
        owner, loop.context(), accepted_stream(endpoint, std::move(socket), owner->options.tls.get()),
        std::move(*place));
    owner->connections.insert(connection);
    connection->start();
  }

  // As cheap as can be: nothing is read, waited for or kept. Where an answer would cost a handshake there is none.
  void refuse(tcp::socket socket, const std::string& why) {
    error_code ignored;
    if (!is_encrypted(endpoint) && !is_websocket(endpoint)) {
      std::string frame;
      put(frame, ErrorMessage{ErrorCode::limit, why});
      socket.non_blocking(true, ignored);
      socket.send(asio::buffer(frame), 0, ignored);
    }
    if (owner->news) owner->news({SessionNews::Kind::refused, set_up(socket), "", why});
    socket.shutdown(tcp::socket::shutdown_send, ignored);
    socket.close(ignored);
  }

  Loop& loop;
  std::shared_ptr<Owner> owner;
  tcp::acceptor acceptor;
  Endpoint endpoint;
};

TcpServer::TcpServer(Loop& loop, Hub& hub, TcpServerOptions options)
    : impl_(std::make_shared<Impl>(loop, hub, std::move(options))) {}

TcpServer::~TcpServer() {
  stop_accepting();
  // What is under way may come back when hub and owner are gone.
  impl_->owner->emptied = {};
  const auto connections = impl_->owner->connections;
  for (const auto& connection : connections)
    connection->cut();
}

Result<Endpoint> TcpServer::listen(const Endpoint& endpoint) {
  const auto taken = listen_on(impl_->acceptor, endpoint);
  if (!taken) return taken.error();
  impl_->owner->news = [this](const SessionNews& news) {
    if (on_news) on_news(news);
  };
  // Posted, because whoever answers wakes sessions, and a session may be asking in the middle of its own turn.
  impl_->owner->waiting = [this] {
    impl_->loop.post([this] {
      if (on_waiting) on_waiting();
    });
  };
  impl_->endpoint = *taken;
  impl_->accept(impl_);
  return *taken;
}

void TcpServer::stop_accepting() {
  error_code ignored;
  impl_->acceptor.close(ignored);
}

void TcpServer::send_away(const std::string& why) {
  const auto connections = impl_->owner->connections;
  for (const auto& connection : connections)
    connection->send_away(why);
}

void TcpServer::drain(std::function<void()> done) {
  stop_accepting();
  impl_->owner->draining = true;
  if (impl_->owner->connections.empty()) return done();
  impl_->owner->emptied = std::move(done);
  const auto connections = impl_->owner->connections;
  for (const auto& connection : connections)
    connection->drain();
}

std::size_t TcpServer::session_count() const { return impl_->owner->connections.size(); }

void TcpServer::each_session(
    const std::function<void(const std::string& peer, const ReaderSession&)>& visit) const {
  for (const auto& connection : impl_->owner->connections)
    visit(connection->peer(), connection->session());
}

}  // namespace touchline
